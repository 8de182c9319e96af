/**
 * A compressed block of zstd (RFC 8878 section 3.1.1.3): literals, then sequences of "so many literals, then so many bytes from
 * so far back". Owns what blocks of one frame hand on: trees, tables, the last distances. Knows nothing of frames and files.
 *
 * Every number is checked before it is used: no block yields more than BLOCK_MAX bytes, none reads outside of itself or before
 * the beginning of the frame, and the work is bounded by what is read and what comes out.
 */
import {
  buildFseTable,
  Corrupt,
  type FseTable,
  type HuffmanTable,
  oneSymbol,
  readFseTable,
  readHuffmanTable,
  startOfBits,
} from "./zstd-tables.ts";

/** Section 3.1.1.2.4: no block is longer, compressed or not. */
export const BLOCK_MAX = 128 * 1024;

/** Kinds of literals. */
const RAW = 0;
const ONE_BYTE = 1;
const COMPRESSED = 2;

/** How codes of a block are coded: by a table everybody knows, always one and the same, described, as in the block before. */
const PREDEFINED = 0;
const ALWAYS_ONE = 1;
const DESCRIBED = 2;

/** Codes of lengths and distances: from which value on, and with how many bits besides (sections 3.1.1.3.2.1.1). */
const LITERAL_BITS = Uint8Array.from([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
]);
const MATCH_BITS = Uint8Array.from([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3,
  3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
]);
const LITERAL_BASES = basesOf(LITERAL_BITS, 0);
const MATCH_BASES = basesOf(MATCH_BITS, 3);

/** Each code's values follow those of the one before. */
function basesOf(bits: Uint8Array, first: number): Int32Array {
  const bases = new Int32Array(bits.length);
  let base = first;
  bits.forEach((width, code) => {
    bases[code] = base;
    base += 1 << width;
  });
  return bases;
}

/** Of a kind of code: its longest description, its last symbol, and the table everybody knows (section 3.1.1.3.2.2). */
interface Kind {
  readonly maxLog: number;
  readonly maxSymbol: number;
  readonly log: number;
  readonly counts: readonly number[];
}

const LITERAL_LENGTHS: Kind = {
  maxLog: 9,
  maxSymbol: 35,
  log: 6,
  counts: [
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
  ],
};
const MATCH_LENGTHS: Kind = {
  maxLog: 9,
  maxSymbol: 52,
  log: 6,
  counts: [
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
  ],
};
const DISTANCES: Kind = {
  maxLog: 8,
  maxSymbol: 31,
  log: 5,
  counts: [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
};

/** Made when first needed: most captures are not compressed. */
const KNOWN = new Map<Kind, FseTable>();

function knownTable(kind: Kind): FseTable {
  let table = KNOWN.get(kind);
  if (table === undefined) {
    table = buildFseTable(kind.counts, kind.log);
    KNOWN.set(kind, table);
  }
  return table;
}

/** A match is at least so long. */
const MIN_MATCH = 3;
/** What a shift by eight bits at most leaves of four bytes. */
const BITS_AT_ONCE = 24;

/** Blocks of one frame. */
export class BlockDecoder {
  private huffman: HuffmanTable | undefined;
  private literalLengths: FseTable | undefined;
  private matchLengths: FseTable | undefined;
  private distances: FseTable | undefined;
  /** The last distances, latest first. */
  private last1 = 1;
  private last2 = 4;
  private last3 = 8;
  private readonly literals = new Uint8Array(BLOCK_MAX);
  private literalCount = 0;

  /** A new frame begins: nothing is known of earlier blocks. */
  reset(): void {
    this.huffman = this.literalLengths = this.matchLengths = this.distances = undefined;
    this.last1 = 1;
    this.last2 = 4;
    this.last3 = 8;
  }

  /**
   * Decodes the block `bytes[start … end)` to `out` from `at` on, where BLOCK_MAX bytes are free; answers where it ends there. Of
   * `out`, `reach` bytes before `at` may be referred to. Throws Corrupt.
   */
  decode(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number, reach: number): number {
    const sequences = this.readLiterals(bytes, start, end);
    return this.execute(bytes, sequences, end, out, at, reach);
  }

  /** Fills `literals`; answers where the sequences begin. */
  private readLiterals(bytes: Uint8Array, start: number, end: number): number {
    if (start >= end) throw new Corrupt("a block without content");
    const first = bytes[start] as number;
    const kind = first & 3;
    const format = (first >> 2) & 3;
    // Section 3.1.1.3.1.1: the fields of the header are that many bytes, the sizes in them that many bits.
    const isPlain = kind === RAW || kind === ONE_BYTE;
    const header = isPlain ? [1, 2, 1, 3][format] : [3, 3, 4, 5][format];
    const at = start + (header as number);
    if (at > end) throw new Corrupt("literals that run past their block");
    const low =
      first | ((bytes[start + 1] ?? 0) << 8) | ((bytes[start + 2] ?? 0) << 16) | ((bytes[start + 3] ?? 0) << 24);
    if (isPlain) {
      const size = (format & 1) === 0 ? first >> 3 : (low >>> 4) & (format === 1 ? 0xfff : 0xfffff);
      return this.plainLiterals(bytes, at, end, kind, size);
    }
    const width = [10, 10, 14, 18][format] as number;
    const mask = (1 << width) - 1;
    const size = (low >>> 4) & mask;
    // The second size begins at bit 4 + width; of the longest it goes on in the fifth byte.
    const packed = format === 3 ? (low >>> 22) | ((bytes[start + 4] as number) << 10) : (low >>> (4 + width)) & mask;
    this.countLiterals(size);
    const done = at + packed;
    if (done > end) throw new Corrupt("literals that run past their block");
    let from = at;
    if (kind === COMPRESSED) {
      const described = readHuffmanTable(bytes, at, done);
      this.huffman = described.table;
      from = described.end;
    }
    const { huffman, literals } = this;
    if (huffman === undefined) throw new Corrupt("literals without a tree");
    if (format === 0) huffmanStream(huffman, bytes, from, done, literals, 0, size);
    else fourStreams(huffman, bytes, from, done, literals, size);
    return done;
  }

  private plainLiterals(bytes: Uint8Array, at: number, end: number, kind: number, size: number): number {
    this.countLiterals(size);
    const length = kind === ONE_BYTE ? 1 : size;
    if (at + length > end) throw new Corrupt("literals that run past their block");
    if (kind === ONE_BYTE) this.literals.fill(bytes[at] as number, 0, size);
    else this.literals.set(bytes.subarray(at, at + size));
    return at + length;
  }

  private countLiterals(size: number): void {
    if (size > BLOCK_MAX) throw new Corrupt(`${size} literals in a block`);
    this.literalCount = size;
  }

  /** Reads the tables of the sequences that begin at `start`, and carries the sequences out. */
  private execute(bytes: Uint8Array, start: number, end: number, out: Uint8Array, from: number, reach: number): number {
    let at = start;
    if (at >= end) throw new Corrupt("a block without sequences");
    let count = bytes[at++] as number;
    if (count > 127) {
      // One byte more; 255 stands for two, and 0x7f00 besides.
      const isLong = count === 255;
      if (at + (isLong ? 2 : 1) > end) throw new Corrupt("sequences that run past their block");
      count = isLong
        ? 0x7f00 + (bytes[at] as number) + ((bytes[at + 1] as number) << 8)
        : ((count - 128) << 8) + (bytes[at] as number);
      at += isLong ? 2 : 1;
    }
    const { literals, literalCount } = this;
    if (count === 0) {
      if (at !== end) throw new Corrupt("bytes behind the end of a block");
      out.set(literals.subarray(0, literalCount), from);
      return from + literalCount;
    }
    if (count > BLOCK_MAX / MIN_MATCH) throw new Corrupt(`${count} sequences in a block`);
    if (at >= end) throw new Corrupt("sequences that run past their block");
    const modes = bytes[at++] as number;
    if ((modes & 3) !== 0) throw new Corrupt("reserved bits of a block are set");
    const lengths = readTable(modes >> 6, LITERAL_LENGTHS, this.literalLengths, bytes, at, end);
    const distances = readTable((modes >> 4) & 3, DISTANCES, this.distances, bytes, lengths.end, end);
    const matches = readTable((modes >> 2) & 3, MATCH_LENGTHS, this.matchLengths, bytes, distances.end, end);
    this.literalLengths = lengths.table;
    this.distances = distances.table;
    this.matchLengths = matches.table;
    return this.sequences(count, bytes, matches.end, end, out, from, reach);
  }

  private sequences(
    count: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    from: number,
    reach: number,
  ): number {
    const { literals, literalCount } = this;
    const lengths = this.literalLengths as FseTable;
    const distances = this.distances as FseTable;
    const matches = this.matchLengths as FseTable;
    const most = from + BLOCK_MAX;
    const first = 8 * start;
    let { last1, last2, last3 } = this;
    let position = startOfBits(bytes, start, end) - lengths.log;
    let lengthState = bitsAt(bytes, position, lengths.log);
    position -= distances.log;
    let distanceState = bitsAt(bytes, position, distances.log);
    position -= matches.log;
    let matchState = bitsAt(bytes, position, matches.log);
    let at = from;
    let taken = 0;
    for (let left = count; left > 0; left--) {
      const lengthCode = lengths.symbols[lengthState] as number;
      const matchCode = matches.symbols[matchState] as number;
      const distanceBits = distances.symbols[distanceState] as number;
      position -= distanceBits;
      // Distances beyond 2^30 are beyond every window.
      if (distanceBits > 30) throw new Corrupt("a match before the beginning");
      let value = 1 << distanceBits;
      if (distanceBits > BITS_AT_ONCE) {
        const upper = distanceBits - BITS_AT_ONCE;
        value += bitsAt(bytes, position + BITS_AT_ONCE, upper) << BITS_AT_ONCE;
        value += bitsAt(bytes, position, BITS_AT_ONCE);
      } else value += bitsAt(bytes, position, distanceBits);
      const matchBits = MATCH_BITS[matchCode] as number;
      position -= matchBits;
      const match = (MATCH_BASES[matchCode] as number) + bitsAt(bytes, position, matchBits);
      const lengthBits = LITERAL_BITS[lengthCode] as number;
      position -= lengthBits;
      const length = (LITERAL_BASES[lengthCode] as number) + bitsAt(bytes, position, lengthBits);
      if (left > 1) {
        const a = lengths.bits[lengthState] as number;
        position -= a;
        lengthState = (lengths.bases[lengthState] as number) + bitsAt(bytes, position, a);
        const b = matches.bits[matchState] as number;
        position -= b;
        matchState = (matches.bases[matchState] as number) + bitsAt(bytes, position, b);
        const c = distances.bits[distanceState] as number;
        position -= c;
        distanceState = (distances.bases[distanceState] as number) + bitsAt(bytes, position, c);
      }
      if (position < first) throw new Corrupt("sequences that are cut short");

      // Section 3.1.1.5: small values repeat one of the last distances, another one where there are no literals.
      let distance: number;
      if (value > 3) {
        distance = value - 3;
        last3 = last2;
        last2 = last1;
        last1 = distance;
      } else {
        const which = length === 0 ? value : value - 1;
        distance = which === 0 ? last1 : which === 1 ? last2 : which === 2 ? last3 : last1 - 1;
        if (which > 1) last3 = last2;
        if (which > 0) {
          last2 = last1;
          last1 = distance;
        }
      }

      if (taken + length > literalCount) throw new Corrupt("more literals are used than there are");
      if (at + length + match > most) throw new Corrupt("a block that yields too much");
      if (distance === 0 || distance > reach + (at - from) + length) throw new Corrupt("a match before the beginning");
      if (length > COPIED_SINGLY) out.set(literals.subarray(taken, taken + length), at);
      else for (let i = 0; i < length; i++) out[at + i] = literals[taken + i] as number;
      taken += length;
      at += length;
      const source = at - distance;
      if (match > COPIED_SINGLY && distance >= match) out.copyWithin(at, source, source + match);
      else if (match > COPIED_SINGLY && distance === 1) out.fill(out[source] as number, at, at + match);
      else for (let i = 0; i < match; i++) out[at + i] = out[source + i] as number;
      at += match;
    }
    if (position !== first) throw new Corrupt("bits are left over behind the sequences");
    this.last1 = last1;
    this.last2 = last2;
    this.last3 = last3;
    const rest = literalCount - taken;
    if (at + rest > most) throw new Corrupt("a block that yields too much");
    out.set(literals.subarray(taken, literalCount), at);
    return at + rest;
  }
}

/** So few bytes are copied faster in a loop than by a call. */
const COPIED_SINGLY = 32;

function readTable(
  mode: number,
  kind: Kind,
  before: FseTable | undefined,
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly table: FseTable; readonly end: number } {
  if (mode === PREDEFINED) return { table: knownTable(kind), end: at };
  if (mode === DESCRIBED) return readFseTable(bytes, at, end, kind.maxLog, kind.maxSymbol);
  if (mode === ALWAYS_ONE) {
    if (at >= end || (bytes[at] as number) > kind.maxSymbol) throw new Corrupt("a code that does not exist");
    return { table: oneSymbol(bytes[at] as number), end: at + 1 };
  }
  if (before === undefined) throw new Corrupt("a table that was not there before");
  return { table: before, end: at };
}

/**
 * Up to BITS_AT_ONCE bits from bit `position` on, the lowest first. What lies outside of the block is read too, and is found out
 * afterwards by the position.
 */
function bitsAt(bytes: Uint8Array, position: number, width: number): number {
  const at = position >> 3;
  const word =
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24);
  return (word >>> (position & 7)) & ((1 << width) - 1);
}

/** Section 3.1.1.3.1.6: the lengths of three streams, then four, each for a quarter of the literals. */
function fourStreams(
  table: HuffmanTable,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  size: number,
): void {
  const quarter = (size + 3) >> 2;
  let at = start + 6;
  if (at > end || 3 * quarter > size) throw new Corrupt("four streams for too little");
  for (let stream = 0; stream < 4; stream++) {
    const length = (bytes[start + 2 * stream] as number) | ((bytes[start + 2 * stream + 1] as number) << 8);
    const next = stream === 3 ? end : at + length;
    if (next > end) throw new Corrupt("a stream that runs past its block");
    huffmanStream(table, bytes, at, next, out, stream * quarter, stream === 3 ? size : (stream + 1) * quarter);
    at = next;
  }
}

/** Decodes the stream `bytes[start … end)` to `out[from … to)`. */
function huffmanStream(
  { log, entries }: HuffmanTable,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  from: number,
  to: number,
): void {
  const first = 8 * start;
  let position = startOfBits(bytes, start, end);
  for (let at = from; at < to; at++) {
    // Codes shorter than the longest may stand at the very beginning, where there are fewer bits than are looked at.
    const missing = first + log - position;
    if (missing > log) throw new Corrupt("literals that are cut short");
    const peeked = missing > 0 ? bitsAt(bytes, first, log - missing) << missing : bitsAt(bytes, position - log, log);
    const entry = entries[peeked] as number;
    out[at] = entry & 0xff;
    position -= entry >> 8;
  }
  if (position !== first) throw new Corrupt("literals do not fill their stream");
}
