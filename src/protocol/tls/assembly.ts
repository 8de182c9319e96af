/**
 * Assembly: one handshake message put together from pieces, with the frames that carried it. Owns copying and its limits;
 * knows nothing of records: the stream decides which bytes belong to the message.
 */
import { isHandshakeType } from "./names.ts";

/** A handshake message (RFC 5246 section 7.4, RFC 8446 section 4) with where it was. */
export interface HandshakeEvent {
  /** `sslv2`: the message stood in an SSLv2 record (RFC 5246 appendix E.2); `type` is then SSLv2's: 1 ClientHello, 4 ServerHello. */
  readonly format: "tls" | "sslv2";
  /** HandshakeType, e.g. 11 = Certificate. */
  readonly type: number;
  /** Bytes of the body: without the 4-byte header; for SSLv2 without the message type. */
  readonly length: number;
  /** The body, a copy; undefined when part of it was never captured or it is longer than 1 MiB. */
  readonly body: Uint8Array | undefined;
  /** When `body` is undefined: what was captured from its start (possibly nothing), at most 1 MiB. */
  readonly partial: Uint8Array | undefined;
  /** Frames that carried any of its bytes, ascending, distinct. The last one completes the message. */
  readonly frames: readonly number[];
  /** 1-based number, within this direction, of the record in which the message begins; counts the records seen. */
  readonly record: number;
}

/**
 * Longest body kept. OpenSSL takes certificate chains up to 100 KiB (SSL_MAX_CERT_LIST_DEFAULT), Go up to 256 KiB, and
 * post-quantum chains grow. Memory follows what was captured, not what a header claims, so the limit can be wide.
 */
const MAX_BODY = 1024 * 1024;

/** Most frames listed per message: the longest body in 256-byte segments. Beyond it the newest replaces the last. */
const MAX_FRAMES = 4096;

/** First allocation for a body that arrives in pieces: a claimed length alone must not cost memory. */
const FIRST_ALLOCATION = 2048;

const EMPTY = new Uint8Array(0);

export class Assembly {
  readonly format: "tls" | "sslv2";
  private readonly record: number;
  private readonly headerLength: number;
  private headerRead = 0;
  private type = 0;
  private length = 0;
  /** Bytes of the body that went by, captured or not. */
  private passed = 0;
  /** The captured start of the body: `kept` bytes of `body`. */
  private body: Uint8Array = EMPTY;
  private kept = 0;
  /** Nothing more is kept: bytes are missing, or the limit is reached. */
  private cut = false;
  private readonly frames: number[] = [];

  /** `sslv2Length`: for an SSLv2 message, whose header is the message type alone, the length of its body. */
  constructor(record: number, sslv2Length?: number) {
    this.record = record;
    this.format = sslv2Length === undefined ? "tls" : "sslv2";
    this.headerLength = sslv2Length === undefined ? 4 : 1;
    this.length = sslv2Length ?? 0;
  }

  get headerDone(): boolean {
    return this.headerRead === this.headerLength;
  }

  /** The header is there and its type is in no registry. */
  get isStrange(): boolean {
    return this.headerDone && !isHandshakeType(this.type, this.format);
  }

  /** Bytes of the body still to come; meaningful once `headerDone`. */
  get missing(): number {
    return this.length - this.passed;
  }

  get complete(): boolean {
    return this.headerDone && this.missing === 0;
  }

  /** Takes what belongs to this message of `bytes[start..end)`; returns the index of the first byte that does not. */
  add(bytes: Uint8Array, start: number, end: number, frame: number): number {
    if (start < end) this.note(frame);
    let at = start;
    while (at < end && !this.headerDone) this.headerByte(bytes[at++] as number);
    if (!this.headerDone) return at;
    const stop = Math.min(end, at + this.missing);
    if (!this.cut && stop > at) this.keep(bytes, at, stop);
    this.passed += stop - at;
    return stop;
  }

  /** `count` bytes of the body (at most `missing`) were not captured. */
  miss(count: number): void {
    this.passed += count;
    this.cut = true;
  }

  /** The message as it stands: with its body when every byte was kept. */
  event(): HandshakeEvent {
    const captured = this.kept === this.body.length ? this.body : this.body.slice(0, this.kept);
    const whole = this.kept === this.length;
    return {
      format: this.format,
      type: this.type,
      length: this.length,
      body: whole ? captured : undefined,
      partial: whole ? undefined : captured,
      // Out of order on the wire is in order here, so frames may come descending.
      frames: [...new Set(this.frames)].sort((a, b) => a - b),
      record: this.record,
    };
  }

  private headerByte(byte: number): void {
    if (this.headerRead === 0) this.type = byte;
    else this.length = this.length * 256 + byte;
    this.headerRead += 1;
  }

  private keep(bytes: Uint8Array, start: number, end: number): void {
    const wanted = this.kept + (end - start);
    if (wanted > MAX_BODY) this.cut = true;
    const count = Math.min(end - start, MAX_BODY - this.kept);
    if (this.kept + count > this.body.length) {
      const size = wanted >= this.length ? this.length : Math.max(wanted, this.body.length * 2, FIRST_ALLOCATION);
      const grown = new Uint8Array(Math.min(size, this.length, MAX_BODY));
      grown.set(this.body.subarray(0, this.kept));
      this.body = grown;
    }
    // Not slice(): on a Buffer that would be a view of the caller's reused memory.
    this.body.set(bytes.subarray(start, start + count), this.kept);
    this.kept += count;
  }

  private note(frame: number): void {
    const last = this.frames.length - 1;
    if (this.frames[last] === frame) return;
    if (this.frames.length < MAX_FRAMES) this.frames.push(frame);
    else this.frames[last] = frame;
  }
}
