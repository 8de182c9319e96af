/**
 * gzip (RFC 1952) as a source of bytes over another one: members, their headers and checksums. Owns nothing of DEFLATE and
 * nothing of captures. Damage ends the bytes and becomes a problem; what was decoded before it is delivered.
 */
import { ParseError } from "../bytes/parse-error.ts";
import { type Notes, report } from "./format.ts";
import { FINISHED, Inflate, NEED_INPUT, type Progress } from "./inflate.ts";
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

const HEADER = 0;
const DATA = 1;
const TRAILER = 2;
const DONE = 3;

export class Gunzip implements ByteSource {
  readonly name: string;
  /** Not known before the end; the trailer's is modulo 2^32 and of the last member only. */
  readonly size = undefined;
  private readonly input: Input;
  private readonly notes: Notes;
  private readonly inflate: Inflate;
  private state = HEADER;
  /** Of `inflate.out`: delivered up to here, and in the checksum up to there. */
  private delivered = 0;
  private summed = 0;
  private crc = 0;
  private length = 0;
  private members = 0;
  /** Reported when everything before it has been delivered, so that it stands behind the right frame. */
  private problem: { kind: "truncated" | "malformed"; detail: string } | undefined;

  constructor(input: Input, notes: Notes) {
    this.name = input.name;
    this.input = input;
    this.notes = notes;
    this.inflate = new Inflate(input);
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
    const { inflate } = this;
    for (;;) {
      const count = Math.min(into.length, inflate.end - this.delivered);
      if (count > 0) {
        into.set(inflate.out.subarray(this.delivered, this.delivered + count));
        this.delivered += count;
        return count;
      }
      if (this.state === DONE) return this.finish();
      const moved = inflate.slide();
      this.delivered -= moved;
      this.summed -= moved;
      if (this.step() || inflate.end > this.delivered) continue;
      if (!this.input.ended) {
        this.input.want(this.input.end - this.input.start + 1);
        return WAIT;
      }
      this.cut();
    }
  }

  /** One step of the state machine; false when it lacks input. */
  private step(): boolean {
    try {
      if (this.state === HEADER) return this.header();
      if (this.state === TRAILER) return this.trailer();
      const progress: Progress = this.inflate.run();
      this.sum();
      if (progress === FINISHED) this.state = TRAILER;
      return progress !== NEED_INPUT;
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.sum();
      this.fail(error.message);
      return true;
    }
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
    if (this.members > 0) this.inflate.restart();
    this.members++;
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

  private sum(): void {
    const { inflate } = this;
    this.crc = crc32(this.crc, inflate.out, this.summed, inflate.end);
    this.length = (this.length + inflate.end - this.summed) >>> 0;
    this.summed = inflate.end;
  }

  private cut(): void {
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
