/**
 * Other addresses in the place of real ones, prefix by prefix: two addresses that begin with the same bits get two that begin with as many
 * equal bits (Xu, Fan, Ammar, Moon: Prefix-Preserving IP Address Anonymization, ICNP 2002), so that networks stay networks. Owns the
 * mapping; knows nothing of where addresses stand.
 *
 * What kind of address it is stays visible, because verdicts depend on it: private ones stay private, and of those that are nobody's
 * (loopback, multicast) nothing is changed. This is no perfect anonymity: who knows one address of a network, or sends traffic of his own
 * through the capture, learns prefixes of its neighbours.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type AddressWords, addressText, parseAddress } from "../bytes/address.ts";

/** Prefixes of IPv4 of which the first bits stay: word, bits (RFC 1918, 3927, 6598). */
const KEPT_PREFIXES: readonly (readonly [number, number])[] = [
  [0x0a000000, 8],
  [0x64400000, 10],
  [0xa9fe0000, 16],
  [0xac100000, 12],
  [0xc0a80000, 16],
];
/** Those that stay as they are: this host, loopback, multicast and reserved ones (RFC 6890). */
const KEPT_WHOLE: readonly (readonly [number, number])[] = [
  [0x00000000, 8],
  [0x7f000000, 8],
  [0xe0000000, 3],
];

/** 64:ff9b::/96, behind which stands an IPv4 address (RFC 6052). */
const NAT64 = 0x0064ff9b;

export class AddressMap {
  private readonly key: Uint8Array;
  private readonly known = new Map<string, AddressWords>();
  private readonly knownV4 = new Map<number, number>();
  /** Version, number of the bit, the bits before it. */
  private readonly input = new Uint8Array(2 + 16);
  private readonly view = new DataView(this.input.buffer);

  /** `key`: random; whoever has it can undo the mapping. */
  constructor(key: Uint8Array) {
    this.key = key;
  }

  /** Of an IPv4 address as a word, signed. */
  v4(word: number): number {
    const known = this.knownV4.get(word);
    if (known !== undefined) return known;
    const mapped = this.mapV4(word);
    this.knownV4.set(word, mapped);
    return mapped;
  }

  /** Of an IPv6 address. */
  v6(words: AddressWords): AddressWords {
    const key = words.join();
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const mapped = this.mapV6(words);
    this.known.set(key, mapped);
    return mapped;
  }

  /** Of an address as text. Throws ParseError for what is none. */
  text(ip: string): string {
    const words = parseAddress(ip);
    if (!ip.includes(":")) return addressText(4, 0, 0, 0xffff, this.v4(words[3] | 0));
    return addressText(6, ...this.v6(words.map((word) => word | 0) as unknown as AddressWords));
  }

  private mapV4(word: number): number {
    if (KEPT_WHOLE.some((prefix) => isIn(word, prefix))) return word;
    const kept = KEPT_PREFIXES.find((prefix) => isIn(word, prefix));
    if (kept !== undefined) return this.permute(4, [word, 0, 0, 0], kept[1], 32)[0];
    // A public one must not become another kind. Going on until it is public again still maps no two to the same one, and all of a
    // /16 go on together.
    let mapped = word;
    do mapped = this.permute(4, [mapped, 0, 0, 0], 0, 32)[0];
    while ([...KEPT_WHOLE, ...KEPT_PREFIXES].some((prefix) => isIn(mapped, prefix)));
    return mapped;
  }

  private mapV6(words: AddressWords): AddressWords {
    const [w0, w1, w2, w3] = words;
    const isLow = w0 === 0 && w1 === 0 && w2 === 0;
    // Unspecified, and loopback.
    if (isLow && w3 >>> 1 === 0) return words;
    const holdsV4 = isLow || (w0 === 0 && w1 === 0 && w2 === 0xffff) || (w0 === NAT64 && w1 === 0 && w2 === 0);
    if (holdsV4) return [w0, w1, w2, this.v4(w3 | 0)];
    return this.permute(6, words, keptBits(w0), 128);
  }

  /** Flips every bit from `first` on, or not, as a function of the bits before it. */
  private permute(version: 4 | 6, words: AddressWords, first: number, bits: number): AddressWords {
    const { input, view } = this;
    const mapped: [number, number, number, number] = [words[0] | 0, words[1] | 0, words[2] | 0, words[3] | 0];
    for (let bit = first; bit < bits; bit++) {
      input.fill(0);
      input[0] = version;
      input[1] = bit;
      for (let index = 0; index <= bit >> 5; index++) {
        const before = bit - 32 * index;
        const mask = before >= 32 ? -1 : before === 0 ? 0 : -1 << (32 - before);
        view.setInt32(2 + 4 * index, (words[index] as number) & mask);
      }
      const [byte = 0] = hmac(sha256, this.key, input);
      if ((byte & 0x80) !== 0) mapped[bit >> 5] = (mapped[bit >> 5] as number) ^ (1 << (31 - (bit & 31)));
    }
    return mapped;
  }
}

function isIn(word: number, [prefix, bits]: readonly [number, number]): boolean {
  return (word ^ prefix) >>> (32 - bits) === 0;
}

/** Bits that tell what kind of address it is (RFC 4291 section 2.4, RFC 4193): of global unicast the first three. */
function keptBits(word: number): number {
  if (word >>> 29 === 1) return 3;
  if (word >>> 25 === 0x7e) return 8;
  if (word >>> 22 === 0x3fa) return 64;
  return 16;
}
