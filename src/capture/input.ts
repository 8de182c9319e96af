/**
 * The bytes of a file, as a window that slides over a source. Owns the one reused buffer of a reader and the rule how it is
 * refilled: what is left moves to the front, the source writes into the free space. Knows nothing of formats.
 *
 * Part of the per-frame fast path: readers index `bytes` directly between `start` and `end` and advance `start` themselves.
 */

/** Where bytes come from: a file, a pipe, a decompressor, a browser's File. Reads never overlap. */
export interface ByteSource {
  readonly name: string;
  /** Size in bytes when it is known beforehand. */
  readonly size: number | undefined;
  /**
   * Fills `into` from the front with at most `into.length` bytes; how many, 0 at the end and only there.
   * Answers at once (plain files, for speed) or later (pipes).
   */
  read(into: Uint8Array): number | Promise<number>;
  close(): void;
  /**
   * Closes, and starts again from the first byte at the next `read`. Absent where bytes come only once (pipes).
   * A set of many files is read with it without holding all of them open.
   */
  rewind?(): void;
  /** The next `read` begins at this byte. Absent where bytes come in their order alone (pipes, compressed data). */
  seek?(offset: number): void;
}

/**
 * Measured on 1.08 GB in the page cache, 21 runs interleaved: the whole analysis takes 619 ms with 512 KiB, 625 with 256 KiB,
 * 642 with 1 MiB: the buffer should leave room for the rest in the processor's cache (2 MiB there).
 */
export const BUFFER_SIZE = 1 << 19;

/**
 * Of a source that cannot seek, what is held in memory for a format that has to: twice what Network Monitor 3 writes into one
 * file unless told otherwise, with room.
 */
export const MAX_KEPT = 1 << 26;

export class Input {
  bytes: Uint8Array;
  view: DataView;
  /** The unread bytes are `bytes[start … end)`. Valid until the next `fill`. */
  start = 0;
  end = 0;
  /** The source has ended: what is between `start` and `end` is all there will be. */
  ended = false;
  /** Bytes that `skip` still has to discard from what the source delivers. */
  skipping = 0;
  private readonly source: ByteSource;
  /** Absolute offset of `bytes[0]` in the source. */
  private base = 0;
  private wanted = 0;
  /** Nothing is given up: the window grows instead of sliding. */
  private keeping = false;

  constructor(source: ByteSource, bufferSize: number) {
    this.source = source;
    this.bytes = new Uint8Array(bufferSize);
    this.view = new DataView(this.bytes.buffer);
  }

  get name(): string {
    return this.source.name;
  }

  /** Absolute offset of the next unread byte. */
  get offset(): number {
    return this.base + this.start;
  }

  /** Announces that the reader cannot go on before `length` unread bytes are there; the caller has bounded it. */
  want(length: number): void {
    this.wanted = length;
  }

  /** Steps over `length` bytes without ever holding more than a buffer of them. */
  skip(length: number): void {
    const here = Math.min(length, this.end - this.start);
    this.start += here;
    this.skipping += length - here;
  }

  /** Whether the source can be read from any place. If not, `keep`, before anything is read, lets `seek` go back. */
  get canSeek(): boolean {
    return this.source.seek !== undefined;
  }

  /** From now on all bytes stay, up to MAX_KEPT: there the input ends. */
  keep(): void {
    this.keeping = true;
  }

  /** The next unread byte is the one at `offset`. True when the source had to be read anew for it. */
  seek(offset: number): boolean {
    const { source } = this;
    const at = offset - this.base;
    this.skipping = 0;
    if (at >= 0 && at <= this.end) {
      this.start = at;
      return false;
    }
    if (source.seek === undefined) {
      if (at < 0) throw new RangeError(`${this.name}: byte ${offset} is gone`);
      this.start = this.end;
      this.skipping = at - this.end;
      return false;
    }
    source.seek(offset);
    this.base = offset;
    this.start = this.end = 0;
    this.ended = false;
    return true;
  }

  /** One read of the source. Afterwards there are more unread bytes, or fewer to skip, or `ended` is set. */
  fill(): void | Promise<void> {
    if (this.ended) return;
    if (this.keeping) this.grow();
    else this.makeRoom();
    if (this.end === this.bytes.length) {
      if (this.keeping) this.ended = true;
      return;
    }
    const got = this.source.read(this.end === 0 ? this.bytes : this.bytes.subarray(this.end));
    if (typeof got !== "number") return got.then((count) => this.took(count));
    this.took(got);
  }

  close(): void {
    this.ended = true;
    this.start = this.end = 0;
    this.bytes = new Uint8Array(0);
    this.view = new DataView(this.bytes.buffer);
    this.source.close();
  }

  private took(count: number): void {
    if (count === 0) {
      this.ended = true;
      return;
    }
    this.end += count;
    const dropped = Math.min(this.skipping, count);
    this.start += dropped;
    this.skipping -= dropped;
  }

  private grow(): void {
    this.wanted = 0;
    if (this.end < this.bytes.length) return;
    this.replace(Math.min(2 * this.bytes.length, MAX_KEPT), 0);
  }

  private makeRoom(): void {
    const left = this.end - this.start;
    this.base += this.start;
    if (this.wanted > this.bytes.length) {
      this.replace(this.wanted, this.start);
    } else if (left > 0 && this.start > 0) {
      this.bytes.copyWithin(0, this.start, this.end);
    }
    this.wanted = 0;
    this.start = 0;
    this.end = left;
  }

  /** A larger buffer with what is in the old one from `from` on. */
  private replace(size: number, from: number): void {
    const larger = new Uint8Array(size);
    larger.set(this.bytes.subarray(from, this.end));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}
