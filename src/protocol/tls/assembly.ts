/**
 * Assembly: one handshake message put together from pieces, with the frames that carried it. Owns copying and its limits;
 * knows nothing of records: the stream decides which bytes belong to the message.
 */
import { BLOCK_SIZE, type Blocks } from "../../bytes/blocks.ts";
import { isHandshakeType } from "./names.ts";

/** A handshake message (RFC 5246 section 7.4, RFC 8446 section 4) with where it was. */
export class HandshakeEvent {
  /** `sslv2`: the message stood in an SSLv2 record (RFC 5246 appendix E.2); `type` is then SSLv2's: 1 ClientHello, 4 ServerHello. */
  readonly format: "tls" | "sslv2";
  /** HandshakeType, e.g. 11 = Certificate. */
  readonly type: number;
  /** Bytes of the body: without the 4-byte header; for SSLv2 without the message type. */
  readonly length: number;
  /** Frames that carried any of its bytes, ascending, distinct. The last one completes the message. */
  readonly frames: readonly number[];
  /** 1-based number, within this direction, of the record in which the message begins; counts the records seen. */
  readonly record: number;
  /** What was captured from the start of the body: `kept` bytes from `bytes[start]` on. */
  private readonly bytes: Uint8Array;
  private readonly start: number;
  private readonly kept: number;
  private view: Uint8Array | undefined = undefined;

  constructor(
    format: "tls" | "sslv2",
    type: number,
    length: number,
    frames: readonly number[],
    record: number,
    bytes: Uint8Array,
    start: number,
    kept: number,
  ) {
    this.format = format;
    this.type = type;
    this.length = length;
    this.frames = frames;
    this.record = record;
    this.bytes = bytes;
    this.start = start;
    this.kept = kept;
  }

  /** Every byte of the body was captured, and it is not longer than 1 MiB. */
  get whole(): boolean {
    return this.kept === this.length;
  }

  /** The body when it is whole. Like `captured` it may be a view of what was handed in: valid only while the event is handled. */
  get body(): Uint8Array | undefined {
    return this.whole ? this.captured : undefined;
  }

  /** What was captured from the start of the body (possibly nothing), at most 1 MiB. Most messages are never looked into. */
  get captured(): Uint8Array {
    this.view ??= this.bytes.subarray(this.start, this.start + this.kept);
    return this.view;
  }

  /** A copy of the first so many bytes of the body; undefined when fewer were captured. */
  beginning(count: number): Uint8Array | undefined {
    if (this.kept < count) return undefined;
    const copy = new Uint8Array(count);
    for (let i = 0; i < count; i++) copy[i] = this.bytes[this.start + i] as number;
    return copy;
  }

  /** With bytes of its own, for an event that is handed on later. */
  own(): HandshakeEvent {
    const { format, type, length, frames, record, kept } = this;
    // Not slice(): on a Buffer that would be a view of the caller's reused memory.
    return new HandshakeEvent(format, type, length, frames, record, new Uint8Array(this.captured), 0, kept);
  }
}

/**
 * Longest body kept. OpenSSL takes certificate chains up to 100 KiB (SSL_MAX_CERT_LIST_DEFAULT), Go up to 256 KiB, and
 * post-quantum chains grow. Memory follows what was captured, not what a header claims, so the limit can be wide.
 */
const MAX_BODY = 1024 * 1024;

/** Most frames listed per message: the longest body in 256-byte segments. Beyond it the newest replaces the last. */
const MAX_FRAMES = 4096;

const EMPTY = new Uint8Array(0);
/** Never written to. */
const NONE: number[] = [];

export class Assembly {
  private readonly blocks: Blocks;
  /** The block that `body` is, or was given out as. */
  private block: Uint8Array | undefined;
  private format: "tls" | "sslv2" = "tls";
  private record = 0;
  private headerLength = 4;
  private headerRead = 0;
  private type = 0;
  private length = 0;
  /** Bytes of the body that went by, captured or not. */
  private passed = 0;
  /** The captured start of the body: `kept` bytes from `body[from]` on. */
  private body: Uint8Array = EMPTY;
  private from = 0;
  private kept = 0;
  /** Nothing more is kept: bytes are missing, or the limit is reached. */
  private cut = false;
  private frames: number[] = NONE;

  /** `blocks`: where the bytes of bodies that come in pieces are kept; `giveBack` returns them. */
  constructor(blocks: Blocks) {
    this.blocks = blocks;
  }

  /** Begins the next message. `sslv2Length`: for an SSLv2 message, whose header is the message type alone, the length of its body. */
  begin(record: number, sslv2Length?: number): void {
    this.record = record;
    this.format = sslv2Length === undefined ? "tls" : "sslv2";
    this.headerLength = sslv2Length === undefined ? 4 : 1;
    this.length = sslv2Length ?? 0;
    this.headerRead = 0;
    this.type = 0;
    this.passed = 0;
    this.body = EMPTY;
    this.from = 0;
    this.kept = 0;
    this.cut = false;
    this.frames = NONE;
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
    if (this.headerRead === 0 && this.headerLength === 4 && end - at >= 4) {
      this.type = bytes[at] as number;
      this.length = ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
      this.headerRead = 4;
      at += 4;
    }
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

  /** The message as it stands. */
  event(): HandshakeEvent {
    // Out of order on the wire is in order here, so frames may come descending.
    const frames = isAscending(this.frames) ? this.frames : [...new Set(this.frames)].sort((a, b) => a - b);
    return new HandshakeEvent(
      this.format,
      this.type,
      this.length,
      frames,
      this.record,
      this.body,
      this.from,
      this.kept,
    );
  }

  /** Events handed out so far are not looked at any more. */
  giveBack(): void {
    if (this.block === undefined) return;
    this.blocks.give(this.block);
    this.block = undefined;
  }

  private headerByte(byte: number): void {
    if (this.headerRead === 0) this.type = byte;
    else this.length = this.length * 256 + byte;
    this.headerRead += 1;
  }

  private keep(bytes: Uint8Array, start: number, end: number): void {
    const wanted = this.kept + (end - start);
    if (wanted > MAX_BODY) this.cut = true;
    // The usual case, a message in one piece, needs no copy.
    else if (wanted === this.length && this.kept === 0) {
      this.body = bytes;
      this.from = start;
      this.kept = wanted;
      return;
    }
    const count = Math.min(end - start, MAX_BODY - this.kept);
    if (this.kept + count > this.body.length) this.grow(this.kept + count);
    this.body.set(bytes.subarray(start, start + count), this.kept);
    this.kept += count;
  }

  /** A claimed length alone must not cost memory. */
  private grow(needed: number): void {
    if (this.kept === 0 && needed <= BLOCK_SIZE && this.block === undefined) {
      this.block = this.blocks.take();
      this.body = this.block;
      return;
    }
    const size = needed >= this.length ? this.length : Math.max(needed, this.body.length * 2, BLOCK_SIZE);
    const grown = new Uint8Array(Math.min(size, this.length, MAX_BODY));
    grown.set(this.body.subarray(0, this.kept));
    this.body = grown;
  }

  private note(frame: number): void {
    // Most are in one frame; an array that is added to takes room for many.
    if (this.frames === NONE) this.frames = [frame];
    const last = this.frames.length - 1;
    if (this.frames[last] === frame) return;
    if (this.frames.length < MAX_FRAMES) this.frames.push(frame);
    else this.frames[last] = frame;
  }
}

function isAscending(frames: readonly number[]): boolean {
  for (let i = 1; i < frames.length; i++) if ((frames[i] as number) <= (frames[i - 1] as number)) return false;
  return true;
}
