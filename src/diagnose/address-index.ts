/**
 * Which list of addresses an address is on. Owns the search: CIDR blocks are sorted once, an address is found by halving, then
 * by stepping from the narrowest block around it to the wider ones. Knows nothing of services beyond their lists.
 */
import { type AddressWords, parseAddress } from "../bytes/address.ts";
import { ParseError } from "../bytes/parse-error.ts";

/** What `AddressIndex` needs of a list. */
export interface BlockList {
  /** CIDR blocks, IPv4 and IPv6; in an address without a length all bits count. */
  readonly blocks: readonly string[];
}

export interface Listed<L> {
  readonly list: L;
  /** As in the list. */
  readonly block: string;
}

/** A CIDR block as numbers. */
export interface Block {
  /** The first address, unsigned. */
  readonly words: AddressWords;
  /** How many of 128 bits are fixed: 96 more than an IPv4 block says. */
  readonly bits: number;
}

interface Entry<L> extends Listed<L>, Block {
  /** Position of the list: of several blocks around an address the one of the first list counts. */
  readonly rank: number;
  /** The narrowest other block around this one. */
  parent: Entry<L> | undefined;
}

export class AddressIndex<L extends BlockList> {
  readonly #entries: readonly Entry<L>[];

  /** In order of preference. Throws ParseError when a block is none. */
  constructor(lists: readonly L[]) {
    const entries = lists.flatMap((list, rank) =>
      list.blocks.map((block): Entry<L> => ({ list, block, rank, ...parseBlock(block), parent: undefined })),
    );
    // A wider block comes before those inside it; of equal ones the preferred is found first.
    entries.sort((a, b) => compareBlocks(a, b) || b.rank - a.rank);
    let around: Entry<L> | undefined;
    for (const entry of entries) {
      // CIDR blocks never overlap in part: what does not end before this one begins is around it.
      while (around !== undefined && !isWithin(entry.words, around)) around = around.parent;
      entry.parent = around;
      around = entry;
    }
    this.#entries = entries;
  }

  /** Throws ParseError when `ip` is no address. */
  find(ip: string): Listed<L> | undefined {
    const words = unsigned(parseAddress(ip));
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare((this.#entries[middle] as Entry<L>).words, words) <= 0) low = middle + 1;
      else high = middle;
    }
    let best: Entry<L> | undefined;
    for (let entry = this.#entries[low - 1]; entry !== undefined; entry = entry.parent) {
      // Of one list the narrowest.
      if (isWithin(words, entry) && (best === undefined || entry.rank < best.rank)) best = entry;
    }
    return best;
  }
}

/** `52.112.0.0/14`, or an address. Throws ParseError (malformed). */
export function parseBlock(block: string): Block {
  const slash = block.indexOf("/");
  const address = slash < 0 ? block : block.slice(0, slash);
  const words = unsigned(parseAddress(address));
  // parseAddress gives IPv4 the prefix ::ffff:0:0/96.
  const before = address.includes(":") ? 0 : 96;
  const length = slash < 0 ? `${128 - before}` : block.slice(slash + 1);
  const bits = before + Number(length);
  if (!/^\d{1,3}$/.test(length) || bits > 128) throw malformed(block, "has no length that can be");
  if (words.some((word, i) => (word & ~maskOf(bits - 32 * i)) !== 0))
    throw malformed(block, "has address bits beyond its length");
  return { words, bits };
}

function malformed(block: string, what: string): ParseError {
  return new ParseError("malformed", "block", 0, `"${block.slice(0, 64)}" ${what}`);
}

/** By their first addresses; of those that begin alike the widest first. */
export function compareBlocks(one: Block, other: Block): number {
  return compare(one.words, other.words) || one.bits - other.bits;
}

export function isWithin(words: AddressWords, { words: first, bits }: Block): boolean {
  return words.every((word, i) => ((word ^ (first[i] as number)) & maskOf(bits - 32 * i)) === 0);
}

/** The first `bits` of 32; a shift by 32 is none in JavaScript. */
function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

function compare(a: AddressWords, b: AddressWords): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3];
}

function unsigned([w0, w1, w2, w3]: AddressWords): AddressWords {
  return [w0 >>> 0, w1 >>> 0, w2 >>> 0, w3 >>> 0];
}
