/**
 * gzip (RFC 1952) as a source of bytes over another one: its members, one after the other. Knows nothing of captures. Damage
 * ends the bytes and becomes a problem; what was decoded before it is delivered.
 *
 * pako is zlib in JavaScript. DecompressionStream would not do: it discards what it had decoded when the data is damaged or
 * cut, and cannot tell where a member ends.
 */
import {
  Z_BUF_ERROR,
  Z_NO_FLUSH,
  Z_OK,
  Z_STREAM_END,
  ZStream,
  zlibInflate,
  zlibInflateInit2,
  zlibInflateReset,
} from "pako";
import { type Notes, report } from "./format.ts";
import type { ByteSource, Input } from "./input.ts";

/** Section 2.3.1; 8 is DEFLATE, the only method there is. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b && head[2] === 8;
}

/** zlib's windowBits: the full window of 32 KiB, in a gzip wrapper alone. */
const GZIP_WINDOW = 15 + 16;
/** Bytes by which `isGzip` knows a member. */
const MAGIC = 3;

const WITHIN = 0;
const BETWEEN = 1;
const DONE = 2;

/** `advance` lacks input. */
const WAIT = -1;

export class Gunzip implements ByteSource {
  readonly name: string;
  /** Not known before the end; the trailer's is modulo 2^32 and of the last member only. */
  readonly size = undefined;
  private readonly input: Input;
  private readonly notes: Notes;
  private readonly stream = new ZStream();
  private state = WITHIN;
  private members = 1;
  /** Reported when everything before it has been delivered, so that it stands behind the right frame. */
  private problem: { kind: "truncated" | "malformed"; detail: string } | undefined;

  /** `input` begins with a member. */
  constructor(input: Input, notes: Notes) {
    this.name = input.name;
    this.input = input;
    this.notes = notes;
    zlibInflateInit2(this.stream, GZIP_WINDOW);
  }

  read(into: Uint8Array): number | Promise<number> {
    for (;;) {
      const got = this.advance(into);
      if (got !== WAIT) return got;
      const pending = this.fill();
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
      await this.fill();
    }
  }

  private fill(): void | Promise<void> {
    this.input.want(this.input.end - this.input.start + 1);
    return this.input.fill();
  }

  /** Bytes delivered, 0 at the end, or WAIT when the input has to be filled first. */
  private advance(into: Uint8Array): number {
    for (;;) {
      if (this.state === DONE) return this.finish();
      const got = this.state === WITHIN ? this.inflate(into) : this.between();
      if (got !== 0) return got;
    }
  }

  /** Bytes delivered, WAIT, or 0 when the state has changed. */
  private inflate(into: Uint8Array): number {
    const { input, stream } = this;
    stream.input = input.bytes;
    stream.next_in = input.start;
    stream.avail_in = input.end - input.start;
    stream.output = into as Uint8Array<ArrayBuffer>;
    stream.next_out = 0;
    stream.avail_out = into.length;
    const result = zlibInflate(stream, Z_NO_FLUSH);
    input.start = stream.next_in;
    if (result === Z_STREAM_END) this.state = BETWEEN;
    else if (result !== Z_OK && result !== Z_BUF_ERROR) this.fail(this.inWords(stream.msg));
    else if (stream.next_out === 0) {
      if (!input.ended) return WAIT;
      this.problem = { kind: "truncated", detail: `the compressed data ends early, at byte ${input.offset}` };
      this.state = DONE;
    }
    return stream.next_out;
  }

  private inWords(message: string): string {
    // The trailer: CRC-32 and length of what was compressed.
    if (message === "incorrect data check" || message === "incorrect length check")
      return `gzip: checksum or length of member ${this.members} is wrong: frames of it may be damaged`;
    return `gzip at byte ${this.input.offset}: ${message}`;
  }

  /** Behind a member: another one, padding, or something else. WAIT, or 0 when the state may have changed. */
  private between(): number {
    const { input } = this;
    // Some tapes and downloads are padded with zeros.
    while (input.start < input.end && input.bytes[input.start] === 0) input.start++;
    const left = input.end - input.start;
    if (left < MAGIC && !input.ended) return WAIT;
    if (left === 0) this.state = DONE;
    else if (isGzip(input.bytes.subarray(input.start, input.end))) {
      zlibInflateReset(this.stream);
      this.members++;
      this.state = WITHIN;
    } else this.fail(`gzip: something else follows the compressed data at byte ${input.offset}`);
    return 0;
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
