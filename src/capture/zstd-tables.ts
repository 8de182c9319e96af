/**
 * The two kinds of decoding tables of zstd (RFC 8878 section 4): FSE, made of how often symbols occur, and Huffman. Owns reading
 * their descriptions and building them; knows nothing of what symbols mean.
 *
 * Descriptions that do not add up are refused (`Corrupt`), so that whatever a table is asked lies within it.
 */

/** What is wrong, in words. Never leaves the decoder: it becomes a problem of the file. */
export class Corrupt extends Error {}

/** A state machine: a symbol for each state, and how the next state is found: `base` plus so many bits. */
export interface FseTable {
  /** States are 2^log. */
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

const MIN_LOG = 5;

/**
 * Reads the description of a table between `at` and `end` (section 4.1.1) of symbols up to `maxSymbol`; answers with the table and
 * where the description ends.
 */
export function readFseTable(
  bytes: Uint8Array,
  at: number,
  end: number,
  maxLog: number,
  maxSymbol: number,
): { readonly table: FseTable; readonly end: number } {
  if (at >= end) throw new Corrupt("a table without a description");
  const log = ((bytes[at] as number) & 15) + MIN_LOG;
  if (log > maxLog) throw new Corrupt(`a table of 2^${log} states`);
  const counts = new Int16Array(maxSymbol + 1);
  let position = 8 * at + 4;
  let left = 1 << log;
  let symbol = 0;
  while (left > 0) {
    if (symbol > maxSymbol) throw new Corrupt("a table of too many symbols");
    // Values up to left + 1; the smaller ones take a bit less.
    const width = 32 - Math.clz32(left + 1);
    const value = peek(bytes, position, width);
    const lower = value & ((1 << (width - 1)) - 1);
    const few = (1 << width) - 1 - (left + 1);
    let count: number;
    if (lower < few) {
      count = lower;
      position += width - 1;
    } else {
      count = value >= 1 << (width - 1) ? value - few : value;
      position += width;
    }
    // 0 stands for "less than one", which takes a state all the same.
    count--;
    counts[symbol++] = count;
    left -= Math.abs(count);
    if (count !== 0) continue;
    for (let zeros = 3; zeros === 3; position += 2) {
      zeros = peek(bytes, position, 2);
      symbol += zeros;
      if (symbol > maxSymbol + 1) throw new Corrupt("a table of too many symbols");
    }
  }
  const done = (position + 7) >> 3;
  if (left < 0 || done > end) throw new Corrupt("a table that does not add up");
  return { table: buildFseTable(counts, log), end: done };
}

/** `width` bits, up to 16, that begin at bit `position`, the lowest first; zeros behind the end. */
function peek(bytes: Uint8Array, position: number, width: number): number {
  const at = position >> 3;
  const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
  return (word >>> (position & 7)) & ((1 << width) - 1);
}

/** Of how many states each symbol has, which add up to 2^log; -1 for "less than one" (section 4.1.1). */
export function buildFseTable(counts: ArrayLike<number>, log: number): FseTable {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  const next = new Uint16Array(counts.length);
  let last = size;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    const count = counts[symbol] as number;
    if (count === -1) symbols[--last] = symbol;
    next[symbol] = Math.abs(count);
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let state = 0;
  for (let symbol = 0; symbol < counts.length; symbol++) {
    for (let i = 0; i < (counts[symbol] as number); i++) {
      symbols[state] = symbol;
      do state = (state + step) & (size - 1);
      while (state >= last);
    }
  }
  for (let state = 0; state < size; state++) {
    const symbol = symbols[state] as number;
    const number = next[symbol] as number;
    next[symbol] = number + 1;
    const width = log - (31 - Math.clz32(number));
    bits[state] = width;
    bases[state] = (number << width) - size;
  }
  return { log, symbols, bits, bases };
}

/** The table of one symbol that needs no bits. */
export function oneSymbol(symbol: number): FseTable {
  return { log: 0, symbols: Uint8Array.of(symbol), bits: new Uint8Array(1), bases: new Uint16Array(1) };
}

/** By the next `log` bits: symbol and, in the upper byte, of how many bits it is. */
export interface HuffmanTable {
  readonly log: number;
  readonly entries: Uint16Array;
}

/** Longest code (section 4.2.1). */
const MAX_HUFFMAN_LOG = 11;
const MAX_WEIGHTS = 255;
const MAX_WEIGHT_LOG = 6;

/** Reads the description of a tree between `at` and `end` (section 4.2.1); answers with the table and where it ends. */
export function readHuffmanTable(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly table: HuffmanTable; readonly end: number } {
  if (at >= end) throw new Corrupt("a tree without a description");
  const header = bytes[at] as number;
  const weights = new Uint8Array(MAX_WEIGHTS + 1);
  let count: number;
  let done: number;
  if (header >= 128) {
    count = header - 127;
    done = at + 1 + ((count + 1) >> 1);
    if (done > end) throw new Corrupt("a tree that runs past its block");
    for (let i = 0; i < count; i++) {
      const pair = bytes[at + 1 + (i >> 1)] as number;
      weights[i] = (i & 1) === 0 ? pair >> 4 : pair & 15;
    }
  } else {
    done = at + 1 + header;
    if (done > end) throw new Corrupt("a tree that runs past its block");
    count = readWeights(bytes, at + 1, done, weights);
  }
  return { table: buildHuffmanTable(weights, count), end: done };
}

/** Weights as FSE compresses them: two states take turns until the bits are used up (section 4.2.1.2). */
function readWeights(bytes: Uint8Array, at: number, end: number, weights: Uint8Array): number {
  const { table, end: start } = readFseTable(bytes, at, end, MAX_WEIGHT_LOG, MAX_WEIGHTS);
  const from = 8 * start;
  let position = startOfBits(bytes, start, end);
  const take = (width: number): number => {
    position -= width;
    return position < from ? 0 : peek(bytes, position, width);
  };
  let one = take(table.log);
  let two = take(table.log);
  if (position < from) throw new Corrupt("a tree without weights");
  for (let count = 0; count + 2 <= MAX_WEIGHTS; ) {
    weights[count++] = table.symbols[one] as number;
    one = (table.bases[one] as number) + take(table.bits[one] as number);
    if (position < from) {
      weights[count++] = table.symbols[two] as number;
      return count;
    }
    [one, two] = [two, one];
  }
  throw new Corrupt("a tree of too many weights");
}

/**
 * Where a stream that is read backwards between `start` and `end` begins: below the highest bit set in its last byte, which only
 * marks the place (section 4.1). In bits from the beginning of `bytes`.
 */
export function startOfBits(bytes: Uint8Array, start: number, end: number): number {
  const last = end > start ? (bytes[end - 1] as number) : 0;
  if (last === 0) throw new Corrupt("a stream of bits without its mark");
  return 8 * end - 8 + (31 - Math.clz32(last));
}

/** `count` weights, behind which the last one is what is left to fill the tree. */
function buildHuffmanTable(weights: Uint8Array, count: number): HuffmanTable {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const weight = weights[i] as number;
    if (weight > MAX_HUFFMAN_LOG) throw new Corrupt("a tree of codes too long");
    if (weight > 0) sum += 1 << (weight - 1);
  }
  const log = 32 - Math.clz32(sum);
  const left = (1 << log) - sum;
  if (sum === 0 || log > MAX_HUFFMAN_LOG || (left & (left - 1)) !== 0) throw new Corrupt("a tree that does not add up");
  weights[count] = 32 - Math.clz32(left);
  const entries = new Uint16Array(1 << log);
  // Codes of the lowest weight, the longest ones, come first; within a weight in the order of symbols.
  let at = 0;
  for (let weight = 1; weight <= log; weight++) {
    for (let symbol = 0; symbol <= count; symbol++) {
      if (weights[symbol] !== weight) continue;
      const next = at + (1 << (weight - 1));
      entries.fill(symbol | ((log + 1 - weight) << 8), at, next);
      at = next;
    }
  }
  return { log, entries };
}
