/**
 * zstd (RFC 8878) as a source of bytes over another one: its frames, one after the other. Knows nothing of captures. Damage ends
 * the bytes and becomes a problem; what was decoded before it is delivered.
 *
 * The decoder is our own: fzstd, the library for it, checks too little of what it reads. 24 bytes keep it busy for longer than
 * anybody waits, it moves the whole window for every block, however small, and leaves the checksum alone.
 */
import { type Notes, report } from "./format.ts";
import type { ByteSource, Input } from "./input.ts";
import type { CaptureProblem } from "./problem.ts";
import { Xxh64 } from "./xxh64.ts";
import { BLOCK_MAX, BlockDecoder } from "./zstd-block.ts";
import { Corrupt } from "./zstd-tables.ts";

/** A frame, or one to be skipped (section 3.1.2), as which pzstd begins its files. */
export function isZstd(head: Uint8Array): boolean {
  return head.length >= MAGIC && (isFrame(head, 0) || isSkippable(head, 0));
}

/** Bytes by which frames are known. */
const MAGIC = 4;
/** Magic, descriptor, window, dictionary and content size, at their longest. */
const HEADER_MAX = 18;
const BLOCK_HEADER = 3;
const CHECKSUM = 4;

/**
 * How far back a frame may refer, all of which has to be kept. zstd itself takes no more unless told to (`--long=27`); its
 * strongest ordinary level needs as much, the usual one 2 MiB.
 */
export const MAX_WINDOW = 1 << 27;
/** Room behind the window, so that it need not be moved for every block. */
const SLACK = 1 << 20;

const RAW = 0;
const RUN = 1;
const COMPRESSED = 2;

/** What comes next. */
const BETWEEN = 0;
const BLOCK = 1;
const TRAILER = 2;
const DONE = 3;

/** `step` lacks input. */
const WAIT = -1;

export class Unzstd implements ByteSource {
  readonly name: string;
  /** The frames may say; what they say is not known to be true. */
  readonly size = undefined;
  private readonly input: Input;
  private readonly notes: Notes;
  private state: typeof BETWEEN | typeof BLOCK | typeof TRAILER | typeof DONE = BETWEEN;
  private needed = 0;
  private frames = 0;
  /** Reported when everything before it has been delivered, so that it stands behind the right frame. */
  private problem: Pick<CaptureProblem, "kind" | "detail"> | undefined;

  /** What blocks yield; as much of it as the window reaches back is kept. */
  private out: Uint8Array = new Uint8Array(0);
  private delivered = 0;
  private produced = 0;

  /** Of the frame at hand. */
  private readonly decoder = new BlockDecoder();
  private window = 0;
  private content: number | undefined;
  private total = 0;
  private sum: Xxh64 | undefined;

  /** `input` begins with a frame. */
  constructor(input: Input, notes: Notes) {
    this.name = input.name;
    this.input = input;
    this.notes = notes;
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
    this.problem = undefined;
    this.delivered = this.produced;
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
    this.input.want(this.needed);
    return this.input.fill();
  }

  /** Bytes delivered, 0 at the end, or WAIT when the input has to be filled first. */
  private advance(into: Uint8Array): number {
    for (;;) {
      if (this.delivered < this.produced) return this.deliver(into);
      if (this.state === DONE) return this.finish();
      if (!this.step()) return WAIT;
    }
  }

  private deliver(into: Uint8Array): number {
    const count = Math.min(into.length, this.produced - this.delivered);
    into.set(this.out.subarray(this.delivered, this.delivered + count));
    this.delivered += count;
    return count;
  }

  /** Reads on by one header, block or trailer; false when it is not there yet. */
  private step(): boolean {
    try {
      if (this.state === BETWEEN) return this.begin();
      return this.state === BLOCK ? this.block() : this.trailer();
    } catch (error) {
      if (!(error instanceof Corrupt)) throw error;
      this.fail("malformed", `zstd at byte ${this.input.offset}: ${error.message}`);
      return true;
    }
  }

  /** Whether so many bytes are there; at the end of the input the file is cut, and that is the answer. */
  private lacks(bytes: number): boolean {
    const { input } = this;
    if (input.end - input.start >= bytes) return false;
    if (input.ended) this.fail("truncated", `the compressed data ends early, at byte ${input.offset}`);
    else this.needed = bytes;
    return true;
  }

  /** Before a frame, or at the end. */
  private begin(): boolean {
    const { input } = this;
    const left = input.end - input.start;
    if (left < HEADER_MAX && !input.ended) {
      this.needed = HEADER_MAX;
      return false;
    }
    if (left === 0 && input.skipping === 0) {
      this.state = DONE;
      return true;
    }
    if (this.lacks(MAGIC + 1)) return true;
    const { bytes, start } = input;
    if (isSkippable(bytes, start)) {
      if (this.lacks(2 * MAGIC)) return true;
      input.skip(2 * MAGIC + input.view.getUint32(start + MAGIC, true));
      return true;
    }
    if (isFrame(bytes, start)) this.header();
    else this.fail("malformed", `zstd: something else follows the compressed data at byte ${input.offset}`);
    return true;
  }

  /** Section 3.1.1.1. */
  private header(): void {
    const { input } = this;
    const { view, start } = input;
    const descriptor = view.getUint8(start + MAGIC);
    const single = (descriptor & 0x20) !== 0;
    const contentBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
    const length = MAGIC + 1 + (single ? 0 : 1) + dictionaryBytes + contentBytes;
    if (this.lacks(length)) return;
    if ((descriptor & 8) !== 0) throw new Corrupt("a reserved bit of the header is set");
    let at = start + MAGIC + 1;
    if (!single) {
      const exponent = view.getUint8(at) >> 3;
      const base = 2 ** (10 + exponent);
      this.window = base + (base / 8) * (view.getUint8(at) & 7);
      at++;
    }
    let dictionary = 0;
    for (let i = 0; i < dictionaryBytes; i++) dictionary += view.getUint8(at + i) * 2 ** (8 * i);
    at += dictionaryBytes;
    if (dictionary !== 0) {
      this.fail(
        "unsupported",
        `zstd at byte ${input.offset}: compressed with dictionary ${dictionary}, which is needed`,
      );
      return;
    }
    this.content = contentOf(view, at, contentBytes);
    if (single) this.window = this.content as number;
    if (this.window > MAX_WINDOW) {
      const detail = `zstd at byte ${input.offset}: a window of ${this.window} bytes (limit ${MAX_WINDOW})`;
      this.fail("limit", detail);
      return;
    }
    input.start = at + contentBytes;
    this.frames++;
    this.decoder.reset();
    this.sum = (descriptor & 4) !== 0 ? new Xxh64() : undefined;
    // Nothing before a frame can be referred to, and all of it has been delivered.
    this.delivered = this.produced = 0;
    this.total = 0;
    this.state = BLOCK;
  }

  /** Section 3.1.1.2. */
  private block(): boolean {
    const { input, window } = this;
    if (this.lacks(BLOCK_HEADER)) return this.state === DONE;
    const { bytes, start } = input;
    const header =
      (bytes[start] as number) | ((bytes[start + 1] as number) << 8) | ((bytes[start + 2] as number) << 16);
    const kind = (header >> 1) & 3;
    const size = header >>> 3;
    if (kind > COMPRESSED) throw new Corrupt("a block of a kind that does not exist");
    if (size > Math.min(window, BLOCK_MAX)) throw new Corrupt(`a block of ${size} bytes`);
    const stored = kind === RUN ? 1 : size;
    if (this.lacks(BLOCK_HEADER + stored)) return this.state === DONE;
    this.makeRoom();
    const { out } = this;
    const from = this.produced;
    const data = start + BLOCK_HEADER;
    if (kind === RAW) {
      out.set(bytes.subarray(data, data + size), from);
      this.produced = from + size;
    } else if (kind === RUN) {
      this.produced = from + size;
      out.fill(bytes[data] as number, from, this.produced);
    } else {
      const reach = Math.min(this.total, window);
      const end = this.decoder.decode(bytes, data, data + size, out, from, reach);
      if (end - from > Math.min(window, BLOCK_MAX)) throw new Corrupt("a block that yields too much");
      this.produced = end;
    }
    input.start = data + stored;
    this.total += this.produced - from;
    if (this.content !== undefined && this.total > this.content) throw new Corrupt("more than the frame declares");
    this.sum?.update(out, from, this.produced);
    if ((header & 1) !== 0) this.state = TRAILER;
    return true;
  }

  /** At the end of a frame: what it declares about its content. */
  private trailer(): boolean {
    const { input, sum } = this;
    if (sum !== undefined && this.lacks(CHECKSUM)) return this.state === DONE;
    const isWrong = sum !== undefined && input.view.getUint32(input.start, true) !== sum.low32();
    if (sum !== undefined) input.start += CHECKSUM;
    if (isWrong || (this.content !== undefined && this.total !== this.content)) {
      this.fail("malformed", `zstd: checksum or length of frame ${this.frames} is wrong: what is in it may be damaged`);
    } else this.state = BETWEEN;
    return true;
  }

  /** Room for a block; what the window reaches back to stays. */
  private makeRoom(): void {
    const { out, produced, window } = this;
    if (produced + BLOCK_MAX <= out.length) return;
    const most = window + Math.max(SLACK, window >> 3);
    if (out.length < most + BLOCK_MAX) {
      // A window that is only declared costs nothing.
      const larger = new Uint8Array(Math.min(Math.max(2 * out.length, produced + 2 * BLOCK_MAX), most + BLOCK_MAX));
      larger.set(out.subarray(0, produced));
      this.out = larger;
      if (produced + BLOCK_MAX <= larger.length) return;
    }
    const kept = Math.min(produced, window);
    this.out.copyWithin(0, produced - kept, produced);
    this.delivered = this.produced = kept;
  }

  private fail(kind: CaptureProblem["kind"], detail: string): void {
    this.problem = { kind, detail };
    this.state = DONE;
  }

  private finish(): 0 {
    if (this.problem !== undefined) report(this.notes, this.problem.kind, this.problem.detail);
    this.problem = undefined;
    return 0;
  }
}

/** Section 3.1.1.1.4; undefined when it is not said. */
function contentOf(view: DataView, at: number, length: number): number | undefined {
  switch (length) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256;
    case 4:
      return view.getUint32(at, true);
    case 8:
      return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
    default:
      return undefined;
  }
}

function isFrame(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x28 && bytes[at + 1] === 0xb5 && bytes[at + 2] === 0x2f && bytes[at + 3] === 0xfd;
}

function isSkippable(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at];
  return (
    first !== undefined &&
    first >> 4 === 5 &&
    bytes[at + 1] === 0x2a &&
    bytes[at + 2] === 0x4d &&
    bytes[at + 3] === 0x18
  );
}
