/**
 * DEFLATE (RFC 1951), resumable at any byte. Owns the bit stream, the codes and the 32 KiB of history; knows nothing of gzip.
 *
 * Why not DecompressionStream: it discards what it had decoded when the data is damaged or cut, it cannot tell where a
 * member ends (browsers refuse a file of several members), and it is asynchronous in the middle of a synchronous reader.
 * A fast path: indexes bytes directly, and checks bounds once per symbol.
 */
import { ParseError } from "../bytes/parse-error.ts";
import type { Input } from "./input.ts";

/** What `run` stopped for: more input, output to be taken before `slide`, or the end of the stream. */
export const NEED_INPUT = 0;
const FULL = 1;
export const FINISHED = 2;
export type Progress = typeof NEED_INPUT | typeof FULL | typeof FINISHED;

/** Farthest that a match can reach back (RFC 1951 section 2). */
const HISTORY = 32_768;
const LONGEST_MATCH = 258;
/** Output between two slides: large enough that moving the history costs little. */
const OUTPUT = 256 * 1024;

/** A symbol takes at most 48 bits; the decoder loads up to 8 bytes for it, and looks no farther than this. */
const SYMBOL_BYTES = 12;

const BLOCK_HEADER = 0;
const STORED = 1;
const CODES = 2;
const AT_END = 3;

export class Inflate {
  /** Decoded bytes; those from `begin` to `end` are new since the last `slide`. */
  readonly out = new Uint8Array(HISTORY + OUTPUT + LONGEST_MATCH);
  end = 0;
  private readonly input: Input;
  private state = BLOCK_HEADER;
  private lastBlock = false;
  private storedLeft = 0;
  /** Fewer than 8 bits between calls: whole bytes stay in `input`. */
  private hold = 0;
  private bits = 0;
  /** Where the present stream begins in `out`: no match may reach before it. */
  private floor = 0;
  private literals = FIXED_LITERALS;
  private distances = FIXED_DISTANCES;
  /** What `decode` found wrong; it stops there. */
  private wrong = "";
  private readonly tail = new Uint8Array(3 * SYMBOL_BYTES);

  constructor(input: Input) {
    this.input = input;
  }

  /** Begins another stream behind the one that finished. */
  restart(): void {
    this.state = BLOCK_HEADER;
    this.lastBlock = false;
    this.floor = this.end;
  }

  /** Makes room, keeping the history; how many bytes everything has moved towards the front. */
  slide(): number {
    const by = Math.max(0, this.end - HISTORY);
    this.out.copyWithin(0, by, this.end);
    this.end -= by;
    this.floor = Math.max(0, this.floor - by);
    return by;
  }

  /** Decodes as far as input and room go. Throws ParseError `malformed`; what was decoded before stays in `out`. */
  run(): Progress {
    for (;;) {
      let went: boolean;
      if (this.state === BLOCK_HEADER) went = this.atomically(() => this.blockHeader());
      else if (this.state === STORED) went = this.stored();
      else if (this.state === CODES) went = this.codes();
      else return FINISHED;
      if (this.end > this.out.length - LONGEST_MATCH) return FULL;
      if (!went) return NEED_INPUT;
    }
  }

  /** Runs a step that wants all its input at once; when it lacks some, as if it had not begun. */
  private atomically(step: () => boolean): boolean {
    const { hold, bits } = this;
    const start = this.input.start;
    if (step()) {
      this.giveBack();
      return true;
    }
    this.hold = hold;
    this.bits = bits;
    this.input.start = start;
    return false;
  }

  /** Returns whole bytes to the input. */
  private giveBack(): void {
    this.input.start -= this.bits >> 3;
    this.bits &= 7;
    this.hold &= (1 << this.bits) - 1;
  }

  /** The next `count` bits, at most 16, or -1 when the input lacks them. */
  private take(count: number): number {
    const { input } = this;
    while (this.bits < count) {
      if (input.start >= input.end) return -1;
      this.hold |= (input.bytes[input.start++] as number) << this.bits;
      this.bits += 8;
    }
    const value = this.hold & ((1 << count) - 1);
    this.hold >>>= count;
    this.bits -= count;
    return value;
  }

  /** Section 3.2.3. */
  private blockHeader(): boolean {
    if (this.lastBlock) {
      // What is left of the last byte is padding.
      this.giveBack();
      this.hold = this.bits = 0;
      this.state = AT_END;
      return true;
    }
    const header = this.take(3);
    if (header < 0) return false;
    let complete = true;
    if (header >> 1 === 0) complete = this.storedHeader();
    else if (header >> 1 === 1) {
      this.literals = FIXED_LITERALS;
      this.distances = FIXED_DISTANCES;
      this.state = CODES;
    } else if (header >> 1 === 2) complete = this.dynamicHeader();
    else throw this.damage("a block of the reserved type 3");
    if (complete) this.lastBlock = (header & 1) === 1;
    return complete;
  }

  /** Section 3.2.4. */
  private storedHeader(): boolean {
    this.take(this.bits & 7);
    const length = this.take(16);
    const complement = length < 0 ? -1 : this.take(16);
    if (complement < 0) return false;
    if ((length ^ complement) !== 0xffff) throw this.damage("a stored block whose length and its complement disagree");
    this.storedLeft = length;
    this.state = STORED;
    return true;
  }

  private stored(): boolean {
    const { input, out } = this;
    const count = Math.min(this.storedLeft, input.end - input.start, out.length - LONGEST_MATCH + 1 - this.end);
    out.set(input.bytes.subarray(input.start, input.start + count), this.end);
    input.start += count;
    this.end += count;
    this.storedLeft -= count;
    if (this.storedLeft === 0) this.state = BLOCK_HEADER;
    return this.storedLeft === 0;
  }

  /** Section 3.2.7: the code lengths of the two codes, themselves coded. */
  private dynamicHeader(): boolean {
    const counts = this.take(14);
    if (counts < 0) return false;
    const literalCount = (counts & 31) + 257;
    const distanceCount = ((counts >> 5) & 31) + 1;
    const lengthCount = (counts >> 10) + 4;
    if (literalCount > 286 || distanceCount > 30) throw this.damage("a block with too many codes");
    const lengths = new Uint8Array(320);
    for (let i = 0; i < lengthCount; i++) {
      const length = this.take(3);
      if (length < 0) return false;
      lengths[LENGTH_ORDER[i] as number] = length;
    }
    const lengthCode = codeOf(lengths.subarray(0, 19));
    if (lengthCode === undefined || !lengthCode.complete) throw this.damage("a block with an impossible code");
    lengths.fill(0);
    for (let i = 0; i < literalCount + distanceCount; ) {
      const symbol = this.symbol(lengthCode);
      if (symbol < 0) return false;
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      const extra = this.take(symbol === 16 ? 2 : symbol === 17 ? 3 : 7);
      if (extra < 0) return false;
      const times = extra + (symbol === 18 ? 11 : 3);
      if ((symbol === 16 && i === 0) || i + times > literalCount + distanceCount) {
        throw this.damage("a block whose code lengths repeat nothing or too often");
      }
      lengths.fill(symbol === 16 ? (lengths[i - 1] as number) : 0, i, i + times);
      i += times;
    }
    if (lengths[256] === 0) throw this.damage("a block without an end");
    const literals = codeOf(lengths.subarray(0, literalCount));
    const distances = codeOf(lengths.subarray(literalCount, literalCount + distanceCount));
    // Of incomplete codes only one with a single symbol is in use (section 3.2.7, last paragraph).
    const usable = (code: Code | undefined) => code !== undefined && (code.complete || code.symbols <= 1);
    if (literals === undefined || distances === undefined || !usable(literals) || !usable(distances)) {
      throw this.damage("a block with an impossible code");
    }
    this.literals = literals;
    this.distances = distances;
    this.state = CODES;
    return true;
  }

  /** One symbol of a block header, bit by bit; -1 when the input lacks some. */
  private symbol(code: Code): number {
    for (let length = 1, value = 0, first = 0, index = 0; length <= MAX_CODE; length++) {
      const bit = this.take(1);
      if (bit < 0) return -1;
      value |= bit;
      const count = code.counts[length] as number;
      if (value - count < first) return code.sorted[index + value - first] as number;
      index += count;
      first = (first + count) << 1;
      value <<= 1;
    }
    throw this.damage("a code that stands for nothing");
  }

  /** The symbols of a block: from the input while it has plenty, its last bytes from a copy with room behind them. */
  private codes(): boolean {
    const { input, tail } = this;
    if (input.end - input.start >= SYMBOL_BYTES) {
      input.start = this.decode(input.bytes, input.start, input.end - SYMBOL_BYTES, input.end);
    }
    if (this.wrong === "" && this.state === CODES && this.end <= this.out.length - LONGEST_MATCH) {
      const left = input.end - input.start;
      tail.fill(0);
      tail.set(input.bytes.subarray(input.start, input.end));
      input.start += this.decode(tail, 0, left + 3, left);
    }
    if (this.wrong !== "") throw this.damage(this.wrong);
    return this.state !== CODES;
  }

  /**
   * Decodes symbols until the block ends, room runs out, a symbol would need bytes at or behind `limit`, or loading has passed
   * `lastLoad`, behind which SYMBOL_BYTES are readable. The position behind the last whole symbol, whole bytes given back.
   */
  private decode(source: Uint8Array, position: number, lastLoad: number, limit: number): number {
    const out = this.out;
    const outLimit = out.length - LONGEST_MATCH;
    const bitLimit = limit * 8;
    const literals = this.literals;
    const distances = this.distances;
    const floor = this.floor;
    const literalTable = literals.table;
    const distanceTable = distances.table;
    let at = position;
    let to = this.end;
    let hold = this.hold;
    let bits = this.bits;
    let ended = false;
    while (at <= lastLoad && to <= outLimit) {
      const atBefore = at;
      const holdBefore = hold;
      const bitsBefore = bits;
      if (bits < 16) {
        hold |= ((source[at] as number) | ((source[at + 1] as number) << 8)) << bits;
        at += 2;
        bits += 16;
      }
      let entry = literalTable[hold & TABLE_MASK] as number;
      if (entry === 0) entry = longCode(literals, hold);
      hold >>>= entry & 15;
      bits -= entry & 15;
      const symbol = entry >> 4;
      if (symbol < 256 && entry !== 0) {
        if (at * 8 - bits > bitLimit) {
          at = atBefore;
          hold = holdBefore;
          bits = bitsBefore;
          break;
        }
        out[to++] = symbol;
        continue;
      }
      let length = 0;
      let distance = 0;
      if (symbol > 256) {
        if (bits < 16) {
          hold |= ((source[at] as number) | ((source[at + 1] as number) << 8)) << bits;
          at += 2;
          bits += 16;
        }
        const lengthExtra = LENGTH_EXTRA[symbol - 257] as number;
        length = (LENGTH_BASE[symbol - 257] as number) + (hold & ((1 << lengthExtra) - 1));
        hold >>>= lengthExtra;
        bits -= lengthExtra;
        if (bits < 16) {
          hold |= ((source[at] as number) | ((source[at + 1] as number) << 8)) << bits;
          at += 2;
          bits += 16;
        }
        entry = distanceTable[hold & TABLE_MASK] as number;
        if (entry === 0) entry = longCode(distances, hold);
        hold >>>= entry & 15;
        bits -= entry & 15;
        if (bits < 16) {
          hold |= ((source[at] as number) | ((source[at + 1] as number) << 8)) << bits;
          at += 2;
          bits += 16;
        }
        const distanceExtra = DISTANCE_EXTRA[entry >> 4] as number;
        distance = (DISTANCE_BASE[entry >> 4] as number) + (hold & ((1 << distanceExtra) - 1));
        hold >>>= distanceExtra;
        bits -= distanceExtra;
      }
      if (at * 8 - bits + (entry === 0 ? MAX_CODE : 0) > bitLimit) {
        at = atBefore;
        hold = holdBefore;
        bits = bitsBefore;
        break;
      }
      if (entry === 0) {
        this.wrong = "a code that stands for nothing";
        break;
      }
      if (symbol === 256) {
        ended = true;
        break;
      }
      if (length === 0 || distance > to - floor) {
        this.wrong = "a match that reaches before the beginning";
        break;
      }
      if (distance >= length && length > 24) {
        out.copyWithin(to, to - distance, to - distance + length);
        to += length;
      } else {
        for (const stop = to + length; to < stop; to++) out[to] = out[to - distance] as number;
      }
    }
    this.end = to;
    this.bits = bits & 7;
    this.hold = hold & ((1 << this.bits) - 1);
    if (ended) this.state = BLOCK_HEADER;
    return at - (bits >> 3);
  }

  private damage(what: string): ParseError {
    return new ParseError("malformed", "gzip", this.input.offset, what);
  }
}

const MAX_CODE = 15;
/** Codes up to this length are looked up at once; longer ones are rare. */
const TABLE_BITS = 10;
const TABLE_MASK = (1 << TABLE_BITS) - 1;

/** A canonical Huffman code (section 3.2.2). */
interface Code {
  /** By the next TABLE_BITS bits: symbol << 4 | length, 0 for a longer code or none. */
  readonly table: Uint16Array;
  /** Number of codes by length. */
  readonly counts: Uint16Array;
  /** Symbols in the order of their codes. */
  readonly sorted: Uint16Array;
  readonly symbols: number;
  readonly complete: boolean;
}

/** Undefined when the lengths ask for more codes than there are. */
function codeOf(lengths: Uint8Array): Code | undefined {
  const counts = new Uint16Array(MAX_CODE + 1);
  for (const length of lengths) counts[length] = (counts[length] as number) + 1;
  const symbols = lengths.length - (counts[0] as number);
  counts[0] = 0;
  const starts = new Uint16Array(MAX_CODE + 2);
  const codes = new Uint16Array(MAX_CODE + 2);
  let left = 1;
  for (let length = 1; length <= MAX_CODE; length++) {
    const count = counts[length] as number;
    left = left * 2 - count;
    if (left < 0) return undefined;
    starts[length + 1] = (starts[length] as number) + count;
    codes[length + 1] = ((codes[length] as number) + count) << 1;
  }
  const table = new Uint16Array(1 << TABLE_BITS);
  const sorted = new Uint16Array(symbols);
  lengths.forEach((length, symbol) => {
    if (length === 0) return;
    const place = starts[length] as number;
    starts[length] = place + 1;
    sorted[place] = symbol;
    const code = codes[length] as number;
    codes[length] = code + 1;
    if (length > TABLE_BITS) return;
    let reversed = 0;
    for (let bit = 0; bit < length; bit++) reversed |= ((code >> bit) & 1) << (length - 1 - bit);
    for (let entry = reversed; entry <= TABLE_MASK; entry += 1 << length) table[entry] = (symbol << 4) | length;
  });
  return { table, counts, sorted, symbols, complete: left === 0 };
}

/** symbol << 4 | length of the code at the low end of `hold`, 0 when there is none. */
function longCode(code: Code, hold: number): number {
  for (let length = 1, value = 0, first = 0, index = 0; length <= MAX_CODE; length++) {
    value |= (hold >>> (length - 1)) & 1;
    const count = code.counts[length] as number;
    if (value - count < first) return ((code.sorted[index + value - first] as number) << 4) | length;
    index += count;
    first = (first + count) << 1;
    value <<= 1;
  }
  return 0;
}

/** Section 3.2.7. */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Section 3.2.5; symbols 286 and 287 never occur, their base of 0 says so. */
const LENGTH_BASE = Uint16Array.of(
  ...[
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ],
  ...[0, 0],
);
const LENGTH_EXTRA = Uint8Array.of(
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  1,
  1,
  1,
  1,
  2,
  2,
  2,
  2,
  3,
  3,
  3,
  3,
  4,
  4,
  4,
  4,
  5,
  5,
  5,
  5,
  0,
  0,
  0,
);

/** Section 3.2.5; symbols 30 and 31 never occur, their base is farther than any history. */
const DISTANCE_BASE = Uint32Array.of(
  ...[1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769],
  ...[1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577, 0xffffffff, 0xffffffff],
);
const DISTANCE_EXTRA = Uint8Array.of(
  ...[0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 0, 0],
);

/** Section 3.2.6. */
const FIXED_LITERALS = fixedCode(288, (symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8));
const FIXED_DISTANCES = fixedCode(32, () => 5);

function fixedCode(size: number, length: (symbol: number) => number): Code {
  const code = codeOf(Uint8Array.from({ length: size }, (_, symbol) => length(symbol)));
  if (code === undefined) throw new RangeError("impossible");
  return code;
}
