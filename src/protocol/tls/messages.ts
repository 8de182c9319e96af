/**
 * TLS handshake messages as values: what the bytes said, in wire order, unknown codes kept.
 * Owns the shape and the parsing of each message body; knows nothing of records, TCP or of what the values mean for a verdict.
 *
 * Sources: RFC 5246 (TLS 1.2) section 7.4, RFC 8446 (TLS 1.3) section 4, RFC 6066 (server_name), RFC 7301 (ALPN),
 * RFC 5246 appendix E.2 (SSLv2-format ClientHello).
 */

export interface Extension {
  readonly type: number;
  readonly data: Uint8Array;
}

export interface ClientHello {
  /** `sslv2` for a hello in SSLv2 record format (RFC 5246 appendix E.2). */
  readonly format: "tls" | "sslv2";
  /** legacy_version as sent, e.g. 0x0303. */
  readonly version: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  /** Wire order, GREASE kept. SSLv2 3-byte cipher kinds keep all three bytes. */
  readonly cipherSuites: readonly number[];
  readonly compressionMethods: readonly number[];
  /** Wire order; undefined when the hello has no extensions block at all. */
  readonly extensions: readonly Extension[] | undefined;
  /** host_name of server_name, lower-cased, without a trailing dot. Absent when not sent. */
  readonly serverName?: string;
  /** Protocol names as sent, wire order (non-ASCII bytes as U+00xx). */
  readonly alpn: readonly string[];
  /** supported_versions, wire order, GREASE kept; empty when not sent. */
  readonly supportedVersions: readonly number[];
  readonly supportedGroups: readonly number[];
  readonly ecPointFormats: readonly number[];
  readonly signatureAlgorithms: readonly number[];
  /** The session_ticket extension (RFC 5077) carried a ticket, or pre_shared_key was offered. */
  readonly offersTicket: boolean;
}

export interface ServerHello {
  readonly version: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cipherSuite: number;
  readonly compressionMethod: number;
  readonly extensions: readonly Extension[] | undefined;
  /** selected_version of supported_versions; undefined when not sent. */
  readonly selectedVersion: number | undefined;
  /** ALPN answered in the ServerHello (TLS 1.2 and earlier). */
  readonly alpn?: string;
  /** The random is that of HelloRetryRequest (RFC 8446 section 4.1.3). */
  readonly isHelloRetryRequest: boolean;
  /** pre_shared_key answered: a TLS 1.3 resumption. */
  readonly acceptsPsk: boolean;
}
