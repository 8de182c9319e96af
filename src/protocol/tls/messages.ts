/**
 * TLS handshake messages as values: what the bytes said, in wire order, unknown codes kept.
 * Owns the shape and the parsing of each message body; knows nothing of records, TCP or of what the values mean for a verdict.
 *
 * Sources: RFC 5246 (TLS 1.2) section 7.4, RFC 8446 (TLS 1.3) section 4, RFC 6066 (server_name), RFC 7301 (ALPN),
 * RFC 5246 appendix E.2 (SSLv2-format ClientHello). Every parser takes a whole body and returns or throws ParseError.
 */
import { Cursor } from "../../bytes/cursor.ts";
import { toLatin1 } from "../../bytes/text.ts";

export interface Extension {
  readonly type: number;
  readonly data: Uint8Array;
}

export interface ClientHello {
  /** `sslv2` for a hello in SSLv2 record format (RFC 5246 appendix E.2). */
  readonly format: "tls" | "sslv2";
  /** legacy_version as sent, e.g. 0x0303. */
  readonly version: number;
  /** 32 bytes; for `sslv2` the challenge as sent (16 to 32 bytes). */
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
  /** What it offers to resume with besides the session id: the ticket of session_ticket (RFC 5077), the first identity of pre_shared_key. */
  readonly tickets: readonly Uint8Array[];
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
  /** NamedGroup of key_share (TLS 1.3): of the server's share, or what a HelloRetryRequest asks for. Undefined when not sent. */
  readonly group: number | undefined;
}

/** HandshakeType of the messages this project reads (RFC 8446 section 4); `names.ts` names the others. */
export const HANDSHAKE_TYPE = {
  clientHello: 1,
  serverHello: 2,
  newSessionTicket: 4,
  encryptedExtensions: 8,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
  compressedCertificate: 25,
} as const;

/** RFC 8446 section 4.1.3: SHA-256 of "HelloRetryRequest". */
// biome-ignore format: two rows of 16 bytes
export const HELLO_RETRY_RANDOM: Uint8Array = Uint8Array.of(
  0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
  0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
);

/** The body of a ClientHello (without the 4-byte header). SSL 3.0 to TLS 1.3. */
export function parseClientHello(body: Uint8Array): ClientHello {
  const cursor = new Cursor(body, "clientHello");
  const version = cursor.u16("version");
  const random = cursor.take(32, "random");
  const sessionId = cursor.take(cursor.u8("sessionIdLength"), "sessionId");
  if (sessionId.length > MAX_SESSION_ID) throw cursor.fail("malformed", "sessionId", "longer than 32 bytes");
  const cipherSuites = codes16(cursor.sub(cursor.u16("cipherSuitesLength"), "cipherSuites"));
  const compressionMethods = Array.from(cursor.take(cursor.u8("compressionLength"), "compressionMethods"));
  const extensions = parseExtensions(cursor);
  return {
    format: "tls",
    version,
    random,
    sessionId,
    cipherSuites,
    compressionMethods,
    ...clientExtensions(extensions, body),
  };
}

/** An SSLv2-format ClientHello from its version field on (without record header and message type). */
export function parseSslv2ClientHello(body: Uint8Array): ClientHello {
  const cursor = new Cursor(body, "sslv2ClientHello");
  const version = cursor.u16("version");
  const cipherLength = cursor.u16("cipherSpecLength");
  const sessionIdLength = cursor.u16("sessionIdLength");
  const challengeLength = cursor.u16("challengeLength");
  if (cipherLength % 3 !== 0) throw cursor.fail("malformed", "cipherSpecLength", "not a multiple of 3");
  const ciphers = cursor.sub(cipherLength, "cipherSpecs");
  const cipherSuites: number[] = [];
  while (ciphers.remaining > 0) cipherSuites.push(ciphers.u24("kind"));
  const sessionId = cursor.take(sessionIdLength, "sessionId");
  const random = cursor.take(challengeLength, "challenge");
  cursor.end();
  return {
    format: "sslv2",
    version,
    random,
    sessionId,
    cipherSuites,
    compressionMethods: [],
    ...clientExtensions(undefined, body),
  };
}

/**
 * The body of a ServerHello or of a HelloRetryRequest in its form (RFC 8446 section 4.1.4).
 * Drafts 14 to 21 of TLS 1.3 (version 0x7f0e–0x7f15) had neither session id nor compression method: empty and 0 here.
 */
export function parseServerHello(body: Uint8Array): ServerHello {
  const cursor = new Cursor(body, "serverHello");
  const version = cursor.u16("version");
  const random = cursor.take(32, "random");
  const early = isEarlyTls13(body);
  const sessionId = early ? new Uint8Array(0) : cursor.take(cursor.u8("sessionIdLength"), "sessionId");
  if (sessionId.length > MAX_SESSION_ID) throw cursor.fail("malformed", "sessionId", "longer than 32 bytes");
  const cipherSuite = cursor.u16("cipherSuite");
  const compressionMethod = early ? 0 : cursor.u8("compressionMethod");
  const extensions = parseExtensions(cursor);
  const selected = find(extensions, SUPPORTED_VERSIONS, body);
  const alpn = find(extensions, ALPN, body);
  const protocol = alpn === undefined ? undefined : protocolNames(alpn)[0];
  const share = find(extensions, KEY_SHARE, body);
  return {
    version,
    random,
    sessionId,
    cipherSuite,
    compressionMethod,
    extensions,
    selectedVersion: selected === undefined ? undefined : whole(selected, (field) => field.u16("version")),
    ...(protocol === undefined ? {} : { alpn: protocol }),
    isHelloRetryRequest: isHelloRetryRequest(body),
    acceptsPsk: find(extensions, PRE_SHARED_KEY, body) !== undefined,
    group: share?.u16("group"),
  };
}

/** The ticket of a NewSessionTicket, in the layout up to TLS 1.2 (RFC 5077 section 3.3) or that of TLS 1.3 (RFC 8446 section 4.6.1). */
export function sessionTicket(body: Uint8Array, tls13: boolean): Uint8Array {
  const cursor = new Cursor(body, "newSessionTicket");
  cursor.u32("lifetime");
  if (tls13) {
    cursor.u32("ageAdd");
    cursor.take(cursor.u8("nonceLength"), "nonce");
  }
  return cursor.take(cursor.u16("ticketLength"), "ticket");
}

/** The protocol that ALPN settled on in an EncryptedExtensions (RFC 8446 section 4.3.1). */
export function encryptedAlpn(body: Uint8Array): string | undefined {
  const alpn = find(parseExtensions(new Cursor(body, "encryptedExtensions")), ALPN, body);
  return alpn === undefined ? undefined : protocolNames(alpn)[0];
}

/** The session id of a hello, ClientHello or ServerHello, that parses. */
export function helloSessionId(body: Uint8Array): Uint8Array {
  return isEarlyTls13(body) ? new Uint8Array(0) : body.subarray(35, 35 + (body[34] as number));
}

/** Drafts 14 to 21 of TLS 1.3, whose ServerHello had no session id. */
export function isEarlyTls13(body: Uint8Array): boolean {
  return body[0] === 0x7f && (body[1] as number) <= 0x15;
}

/** RFC 8446 section 4.1.3: a ServerHello with this random is a HelloRetryRequest. */
export function isHelloRetryRequest(body: Uint8Array): boolean {
  for (let i = 0; i < HELLO_RETRY_RANDOM.length; i++) if (body[2 + i] !== HELLO_RETRY_RANDOM[i]) return false;
  return true;
}

/** The version both sides go on with, e.g. 0x0304: selected_version where sent (RFC 8446 section 4.2.1), else server_version. */
export function negotiatedVersion(serverHello: ServerHello): number {
  return serverHello.selectedVersion ?? serverHello.version;
}

/**
 * The certificates of a Certificate message (RFC 5246 section 7.4.2; `tls13`: RFC 8446 section 4.4.2), in wire order, as DER:
 * views of `body`. Empty when the peer had none.
 */
export function parseCertificateList(body: Uint8Array, tls13: boolean): Uint8Array[] {
  const cursor = new Cursor(body, "certificate");
  if (tls13) cursor.take(cursor.u8("contextLength"), "context");
  const list = cursor.sub(cursor.u24("listLength"), "list");
  cursor.end();
  const certificates: Uint8Array[] = [];
  while (list.remaining > 0) {
    const field = `[${certificates.length}]`;
    const certificate = list.take(list.u24(field), field);
    if (certificate.length === 0) throw list.fail("malformed", field, "empty certificate");
    if (tls13) list.take(list.u16(`${field}.extensionsLength`), `${field}.extensions`);
    certificates.push(certificate);
  }
  return certificates;
}

/** RFC 5246 section 7.4.1.2: opaque SessionID<0..32>. */
const MAX_SESSION_ID = 32;

// Extension types (IANA) whose content is read.
const SERVER_NAME = 0;
const SUPPORTED_GROUPS = 10;
const EC_POINT_FORMATS = 11;
const SIGNATURE_ALGORITHMS = 13;
const ALPN = 16;
const SESSION_TICKET = 35;
const PRE_SHARED_KEY = 41;
const SUPPORTED_VERSIONS = 43;
const KEY_SHARE = 51;

/** The extensions block to the end of the message; undefined when there is none (RFC 5246 section 7.4.1.2 allows that). */
function parseExtensions(cursor: Cursor): Extension[] | undefined {
  if (cursor.remaining === 0) return undefined;
  const block = cursor.sub(cursor.u16("extensionsLength"), "extensions");
  cursor.end();
  const extensions: Extension[] = [];
  while (block.remaining > 0) {
    const type = block.u16(`[${extensions.length}].type`);
    const field = `[${extensions.length}]`;
    extensions.push({ type, data: block.take(block.u16(field), field) });
  }
  return extensions;
}

function clientExtensions(extensions: readonly Extension[] | undefined, body: Uint8Array) {
  const list16 = (type: number): number[] => {
    const field = find(extensions, type, body);
    return field === undefined ? [] : whole(field, (data) => codes16(data.sub(data.u16("length"), "list")));
  };
  const list8 = (type: number): Cursor | undefined => {
    const field = find(extensions, type, body);
    return field === undefined ? undefined : whole(field, (data) => data.sub(data.u8("length"), "list"));
  };
  const versions = list8(SUPPORTED_VERSIONS);
  const formats = list8(EC_POINT_FORMATS);
  const alpn = find(extensions, ALPN, body);
  const serverName = hostName(find(extensions, SERVER_NAME, body));
  return {
    extensions,
    ...(serverName === undefined ? {} : { serverName }),
    alpn: alpn === undefined ? [] : protocolNames(alpn),
    supportedVersions: versions === undefined ? [] : codes16(versions),
    supportedGroups: list16(SUPPORTED_GROUPS),
    ecPointFormats: formats === undefined ? [] : Array.from(formats.rest()),
    signatureAlgorithms: list16(SIGNATURE_ALGORITHMS),
    tickets: offeredTickets(extensions),
  };
}

function offeredTickets(extensions: readonly Extension[] = []): Uint8Array[] {
  return extensions.flatMap(({ type, data }) => offeredTicket(type, data) ?? []);
}

/**
 * What an extension of a ClientHello offers to resume with: a ticket (RFC 5077 section 3.2), or the first identity of
 * pre_shared_key (RFC 8446 section 4.2.11: length of the list, length of the ticket, ticket). A broken one offers nothing.
 */
export function offeredTicket(type: number, data: Uint8Array): Uint8Array | undefined {
  if (type === SESSION_TICKET && data.length > 0) return data;
  if (type === PRE_SHARED_KEY && data.length > 4)
    return data.subarray(4, 4 + (((data[2] as number) << 8) | (data[3] as number)));
  return undefined;
}

/** The content of the first extension of a type; its data is a view of `body`, from which errors count. */
function find(extensions: readonly Extension[] | undefined, type: number, body: Uint8Array): Cursor | undefined {
  const data = extensions?.find((candidate) => candidate.type === type)?.data;
  if (data === undefined) return undefined;
  return new Cursor(data, `extension(${type})`, 0, data.length, data.byteOffset - body.byteOffset);
}

function whole<T>(cursor: Cursor, read: (cursor: Cursor) => T): T {
  const value = read(cursor);
  cursor.end();
  return value;
}

function codes16(list: Cursor): number[] {
  const codes: number[] = [];
  while (list.remaining > 0) codes.push(list.u16(`[${codes.length}]`));
  return codes;
}

/** RFC 6066 section 3. An empty extension, as a server sends it, names nothing. */
function hostName(field: Cursor | undefined): string | undefined {
  if (field === undefined || field.remaining === 0) return undefined;
  const list = whole(field, (data) => data.sub(data.u16("listLength"), "list"));
  let name: string | undefined;
  while (list.remaining > 0) {
    const type = list.u8("nameType");
    const bytes = list.take(list.u16("nameLength"), "name");
    if (type === 0 && name === undefined) name = toLatin1(bytes).toLowerCase().replace(/\.$/, "");
  }
  return name === "" ? undefined : name;
}

/** The host_name in the data of a server_name extension, as in `ClientHello.serverName`. */
export function parseServerName(data: Uint8Array): string | undefined {
  return hostName(new Cursor(data, `extension(${SERVER_NAME})`));
}

/** RFC 7301 section 3.1. */
function protocolNames(field: Cursor): string[] {
  const list = whole(field, (data) => data.sub(data.u16("listLength"), "list"));
  const names: string[] = [];
  while (list.remaining > 0) names.push(toLatin1(list.take(list.u8("length"), `[${names.length}]`)));
  return names;
}
