/**
 * gzip (RFC 1952) as a source of bytes over another one: members, their headers and checksums. DEFLATE is fflate's; of captures
 * it knows nothing. Damage ends the bytes and becomes a problem; what was decoded before it is delivered.
 *
 * Why not DecompressionStream: it discards what it had decoded when the data is damaged or cut, it cannot tell where a
 * member ends (browsers refuse a file of several members), and it is asynchronous in the middle of a synchronous reader.
 */
import { type FlateError, Inflate } from "fflate/browser";
import { type Notes, report } from "./format.ts";
import type { ByteSource, Input } from "./input.ts";

/** Section 2.3.1; 8 is DEFLATE, the only method there is. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b && head[2] === 8;
}

/**
 * The longest member header that is read: file name and comment have no limit of their own. They are those of one file;
 * gzip itself writes a name only.
 */
const MAX_HEADER = 64 * 1024;

/**
 * Compressed bytes decoded at a time, at most. DEFLATE expands at most 1032 times (a match of 258 bytes in two bits), and fflate
 * decodes all of a piece at once: a bomb becomes 17 MB once, in a buffer of at most twice that.
 * Measured on 232 MB that hold 400: pieces of 64 KiB take 0.85 of the time, of 4 KiB 1.6 times as long.
 */
const PIECE = 16 * 1024;

/** Decoded bytes of a piece that make the next one smaller: a bomb goes on in steps of this size, as a reader's buffer. */
const ENOUGH = 1 << 20;

const HEADER = 0;
const DATA = 1;
const TRAILER = 2;
const DONE = 3;

/**
 * Verified: CRC-32 and length of every member, at its end. Not verified, because fflate does not: that the codes of a block are
 * complete and not more than there can be, and the complement of a stored length. Such damage can be delivered as bytes
 * before the checksum tells of it. Nor is time bounded: blocks made of impossible codes cost fflate more than a second for each
 * KB of them (measured: 80 s for 60 KB).
 */
export class Gunzip implements ByteSource {
  readonly name: string;
  /** Not known before the end; the trailer's is modulo 2^32 and of the last member only. */
  readonly size = undefined;
  private readonly input: Input;
  private readonly notes: Notes;
  private state = HEADER;
  private inflate = new Inflate();
  /** Compressed bytes for the next push: fewer than PIECE where they expand much, and where damage is narrowed down. */
  private piece = PIECE;
  /** Decoded and not delivered yet. */
  private out: Uint8Array = new Uint8Array(0);
  private crc = 0;
  private length = 0;
  private members = 0;
  /** Reported when everything before it has been delivered, so that it stands behind the right frame. */
  private problem: { kind: "truncated" | "malformed"; detail: string } | undefined;

  constructor(input: Input, notes: Notes) {
    this.name = input.name;
    this.input = input;
    this.notes = notes;
  }

  read(into: Uint8Array): number | Promise<number> {
    for (;;) {
      const got = this.advance(into);
      if (got !== WAIT) return got;
      const pending = this.input.fill();
      if (pending !== undefined) return this.readLater(into, pending);
    }
  }

  close(): void {
    this.state = DONE;
    this.input.close();
  }

  private async readLater(into: Uint8Array, filled: Promise<void>): Promise<number> {
    await filled;
    for (;;) {
      const got = this.advance(into);
      if (got !== WAIT) return got;
      await this.input.fill();
    }
  }

  /** Bytes delivered, 0 at the end, or WAIT when the input has to be filled first. */
  private advance(into: Uint8Array): number {
    for (;;) {
      const count = Math.min(into.length, this.out.length);
      if (count > 0) {
        into.set(this.out.subarray(0, count));
        this.out = this.out.subarray(count);
        return count;
      }
      if (this.state === DONE) return this.finish();
      if (this.step()) continue;
      const { input } = this;
      if (!input.ended) {
        input.want(input.end - input.start + PIECE);
        return WAIT;
      }
      this.cut();
    }
  }

  /** One step of the state machine; false when it lacks input. */
  private step(): boolean {
    if (this.state === HEADER) return this.header();
    if (this.state === TRAILER) return this.trailer();
    return this.data();
  }

  private header(): boolean {
    const { input } = this;
    const { bytes, start, end } = input;
    if (this.members > 0) {
      // Some tapes and downloads are padded with zeros.
      while (input.start < end && bytes[input.start] === 0) input.start++;
      if (input.start > start) return true;
      if (start === end && input.ended) {
        this.state = DONE;
        return true;
      }
    }
    if (end - start < 10) return false;
    if (!isGzip(bytes.subarray(start, end))) {
      this.fail(`gzip: something else follows the compressed data at byte ${input.offset}`);
      return true;
    }
    const flags = bytes[start + 3] as number;
    let at = start + 10;
    if ((flags & FEXTRA) !== 0) {
      if (end - at < 2) return this.headerLacks();
      at += 2 + ((bytes[at] as number) | ((bytes[at + 1] as number) << 8));
    }
    for (const text of [FNAME, FCOMMENT]) {
      if ((flags & text) === 0) continue;
      const zero = at < end ? bytes.indexOf(0, at) : -1;
      if (zero < 0 || zero >= end) return this.headerLacks();
      at = zero + 1;
    }
    if ((flags & FHCRC) !== 0) at += 2;
    if (at > end) return this.headerLacks();
    this.members++;
    this.inflate = new Inflate((decoded) => {
      this.out = decoded;
    });
    this.crc = 0;
    this.length = 0;
    input.start = at;
    this.state = DATA;
    return true;
  }

  private headerLacks(): boolean {
    if (this.input.end - this.input.start < MAX_HEADER) return false;
    this.fail(`gzip: a member header longer than ${MAX_HEADER} bytes at byte ${this.input.offset}`);
    return true;
  }

  /**
   * Whole pieces except at the end of the file, however the source delivers them: the outcome of damage, which depends on where
   * pieces end, is then the same for the same file. fflate discards what it decoded in a piece that turns out damaged; halves of
   * it are tried until the byte is found, so that everything before is delivered.
   */
  private data(): boolean {
    const { input, inflate } = this;
    const there = input.end - input.start;
    if (there === 0 || (there < this.piece && !input.ended)) return false;
    const count = Math.min(there, this.piece);
    const before = save(inflate);
    try {
      inflate.push(input.bytes.subarray(input.start, input.start + count));
    } catch (error) {
      if (!isDamage(error)) throw error;
      restore(inflate, before);
      if (count > 1) this.piece = count >> 1;
      else this.fail(`gzip: damaged at byte ${input.offset}: ${error.message}`);
      return true;
    }
    this.crc = crc32(this.crc, this.out, 0, this.out.length);
    this.length = (this.length + this.out.length) >>> 0;
    const unused = unusedAfterEnd(inflate);
    input.start += count - (unused ?? 0);
    if (unused !== undefined) this.state = TRAILER;
    this.piece = this.out.length > ENOUGH ? Math.max(1, count >> 1) : Math.min(PIECE, this.piece * 2);
    return true;
  }

  /** Section 2.3.1: CRC-32 and length of what was compressed, little-endian. */
  private trailer(): boolean {
    const { input } = this;
    if (input.end - input.start < 8) return false;
    const crc = input.view.getUint32(input.start, true);
    const length = input.view.getUint32(input.start + 4, true);
    if (crc !== this.crc || length !== this.length) {
      this.fail(`gzip: checksum or length of member ${this.members} is wrong: frames of it may be damaged`);
      return true;
    }
    input.start += 8;
    this.state = HEADER;
    return true;
  }

  private cut(): void {
    if (this.state === DATA) this.out = storedSoFar(this.inflate);
    this.problem = { kind: "truncated", detail: `the compressed data ends early, at byte ${this.input.offset}` };
    this.state = DONE;
  }

  private fail(detail: string): void {
    this.problem = { kind: "malformed", detail };
    this.state = DONE;
  }

  private finish(): 0 {
    if (this.problem !== undefined) report(this.notes, this.problem.kind, this.problem.detail);
    this.problem = undefined;
    return 0;
  }
}

const WAIT = -1;

const FHCRC = 2;
const FEXTRA = 4;
const FNAME = 8;
const FCOMMENT = 16;

/**
 * What an Inflate of fflate 0.8.2 holds between two pushes. Private to it, but its API does not tell that a stream has ended, nor
 * where; a release that renames them does not compile, one that changes what they mean fails the tests of members and damage.
 */
interface Held {
  /** `f`: the present block is the last. `l`: its literal code, null between blocks. `p`: bits of `input[0]` already used. */
  readonly state: { readonly f?: number; readonly l?: unknown; readonly p?: number };
  /** The last 32 KiB decoded. */
  readonly history: Uint8Array;
  /** Input not used yet. */
  readonly input: Uint8Array;
}

/** A push replaces history and input, but writes into the state. */
function save(inflate: Inflate): Held {
  return { state: { ...inflate["s"] }, history: inflate["o"], input: inflate["p"] };
}

function restore(inflate: Inflate, held: Held): void {
  inflate["s"] = held.state;
  inflate["o"] = held.history;
  inflate["p"] = held.input;
}

/** How many of the bytes pushed lie behind the end of the stream; undefined when it has not ended. */
function unusedAfterEnd(inflate: Inflate): number | undefined {
  const { state, input } = save(inflate);
  if (!state.f || state.l) return undefined;
  // What is left of a byte that was begun is padding.
  return input.length - (state.p ? 1 : 0);
}

/** What is there of a stored block (RFC 1951 section 3.2.4) that fflate still wants the rest of: up to 64 KiB. */
function storedSoFar(inflate: Inflate): Uint8Array {
  const { state, input } = save(inflate);
  const bit = state.p ?? 0;
  const [low = 0, high = 0] = input;
  const type = ((low | (high << 8)) >> (bit + 1)) & 3;
  // Three bits of header up to the next whole byte, then the length and its complement.
  const begin = ((bit + 3 + 7) >> 3) + 4;
  return state.l || type !== 0 ? new Uint8Array(0) : new Uint8Array(input.subarray(begin));
}

function isDamage(error: unknown): error is FlateError {
  return error instanceof Error && typeof (error as Partial<FlateError>).code === "number";
}

/** CRC-32 of RFC 1952 section 8, eight bytes at a step: byte by byte it would cost as much as inflating. */
function crc32(before: number, bytes: Uint8Array, from: number, to: number): number {
  const table = CRC;
  let crc = ~before;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    crc =
      (table[1792 + (((bytes[at] as number) ^ crc) & 255)] as number) ^
      (table[1536 + (((bytes[at + 1] as number) ^ (crc >>> 8)) & 255)] as number) ^
      (table[1280 + (((bytes[at + 2] as number) ^ (crc >>> 16)) & 255)] as number) ^
      (table[1024 + ((bytes[at + 3] as number) ^ (crc >>> 24))] as number) ^
      (table[768 + (bytes[at + 4] as number)] as number) ^
      (table[512 + (bytes[at + 5] as number)] as number) ^
      (table[256 + (bytes[at + 6] as number)] as number) ^
      (table[bytes[at + 7] as number] as number);
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] as number)) & 255] as number);
  return ~crc >>> 0;
}

/** CRC[256 n + b]: byte b followed by n zero bytes. */
const CRC = crcTables();

function crcTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const crc = tables[at - 256] as number;
    tables[at] = (crc >>> 8) ^ (tables[crc & 255] as number);
  }
  return tables;
}
