/**
 * TlsStream: one direction of one connection, fed ordered TCP payload and gaps, giving records, handshake messages and
 * alerts with the frames that carried them. Sans-IO; knows nothing of TCP, files or verdicts.
 */

/** A handshake message (RFC 5246 section 7.4, RFC 8446 section 4) with where it was. */
export interface HandshakeEvent {
  /** HandshakeType, e.g. 11 = Certificate. */
  readonly type: number;
  /** Length field of the message: bytes of the body, without the 4-byte header. */
  readonly length: number;
  /** The body, a copy; undefined when part of it was never captured or exceeded a limit. */
  readonly body: Uint8Array | undefined;
  /** When `body` is undefined: what was captured from its start (possibly nothing). */
  readonly partial: Uint8Array | undefined;
  /** Frames that carried any of its bytes, ascending, distinct. The last one completes the message. */
  readonly frames: readonly number[];
  /** 1-based number, within this direction, of the record in which the message begins. */
  readonly record: number;
}

export interface TlsEvents {
  /** Called once per complete record header, before its content. `length` is the record's length field. */
  record(type: number, version: number, length: number, frame: number): void;
  handshake(message: HandshakeEvent): void;
  /** A plaintext alert. */
  alert(level: number, description: number, frame: number): void;
  changeCipherSpec(frame: number): void;
  /** A record whose content cannot be read without keys (application_data, or handshake/alert after ChangeCipherSpec). */
  encrypted(type: number, length: number, frame: number): void;
  /** The bytes of this direction are not TLS. `head`: its first bytes (at most 512), for showing. Called at most once. */
  notTls(head: Uint8Array, frame: number): void;
}
