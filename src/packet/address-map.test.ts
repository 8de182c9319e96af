import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AddressWords, addressText, parseAddress } from "../bytes/address.ts";
import { AddressMap } from "./address-map.ts";

const map = new AddressMap(new Uint8Array(32).fill(1));

/** Leading bits that two addresses have in common, of `bits`. */
function common(a: AddressWords, b: AddressWords, bits: number): number {
  const all = (words: AddressWords) =>
    words
      .map((word) => (word >>> 0).toString(2).padStart(32, "0"))
      .join("")
      .slice(128 - bits);
  const [one, other] = [all(a), all(b)];
  let count = 0;
  while (count < bits && one[count] === other[count]) count++;
  return count;
}

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const ip = (value: number): string => addressText(4, 0, 0, 0xffff, value);

describe("IPv4", () => {
  test("addresses of one /16 keep exactly the prefixes that they have in common", () => {
    fc.assert(
      fc.property(word, fc.nat(0xffff), (value, low) => {
        const other = (value & 0xffff0000) | low;
        const [a, b] = [map.v4(value), map.v4(other)];
        expect(common([0, 0, 0, a], [0, 0, 0, b], 32)).toBe(common([0, 0, 0, value], [0, 0, 0, other], 32));
      }),
    );
  });

  test.each([
    ["10.1.2.3", /^10\./],
    ["172.20.1.1", /^172\.(1[6-9]|2\d|3[01])\./],
    ["192.168.7.7", /^192\.168\./],
    ["169.254.1.1", /^169\.254\./],
    ["100.64.9.9", /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./],
    ["127.0.0.1", /^127\.0\.0\.1$/],
    ["0.0.0.0", /^0\.0\.0\.0$/],
    ["255.255.255.255", /^255\.255\.255\.255$/],
    ["224.0.0.251", /^224\.0\.0\.251$/],
  ])("%s stays of its kind", (address, kind) => {
    expect(map.text(address)).toMatch(kind);
  });

  test("a public address becomes another public one", () => {
    const special =
      /^(0|10|127|22[4-9]|2[3-5]\d)\.|^(192\.168|169\.254|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;
    fc.assert(
      fc.property(word, (value) => {
        fc.pre(!special.test(ip(value)));
        expect(ip(map.v4(value))).not.toMatch(special);
      }),
    );
  });

  test("no two become the same", () => {
    const all = Array.from({ length: 4096 }, (_, i) => map.v4(Math.imul(i, 0x9e3779b1)));
    expect(new Set(all).size).toBe(4096);
  });
});

describe("IPv6", () => {
  test("addresses keep exactly the prefixes that they have in common", () => {
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.integer({ min: 3, max: 127 }), word, (words, bit, noise) => {
        const [, w1, w2, w3] = words;
        const value: AddressWords = [0x20000000 | (words[0] & 0x1fffffff), w1, w2, w3];
        const flipped = value.map((one, i) =>
          i < bit >> 5 ? one : i > bit >> 5 ? one ^ noise : one ^ (1 << (31 - (bit & 31))),
        ) as unknown as AddressWords;
        expect(common(map.v6(value), map.v6(flipped), 128)).toBe(bit);
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    ["::1", /^::1$/],
    ["::", /^::$/],
    ["fe80::1234", /^fe80::/],
    ["fd00:1::1", /^fd/],
    ["2001:db8::1", /^[23]/],
    ["::ffff:10.1.2.3", /^::ffff:10\./],
    ["64:ff9b::a01:203", /^64:ff9b::a/],
    ["ff02::1:2", /^ff02:/],
  ])("%s stays of its kind", (address, kind) => {
    expect(map.text(address)).toMatch(kind);
  });

  test("what stands for an IPv4 address becomes what stands for its other one", () => {
    const other = parseAddress(map.text("192.0.2.17"))[3];
    expect(map.text("::ffff:192.0.2.17")).toBe(addressText(6, 0, 0, 0xffff, other));
    expect(map.text("64:ff9b::c000:211")).toBe(addressText(6, 0x64ff9b, 0, 0, other));
  });
});

test("another key, other addresses; the same key, the same", () => {
  const other = new AddressMap(new Uint8Array(32).fill(2));
  const again = new AddressMap(new Uint8Array(32).fill(1));
  expect(other.text("192.0.2.1")).not.toBe(map.text("192.0.2.1"));
  expect(again.text("192.0.2.1")).toBe(map.text("192.0.2.1"));
  expect(map.text("192.0.2.1")).toBe(reference("192.0.2.1"));
});

/** The definition, bit by bit, with Node's own HMAC. */
function reference(address: string): string {
  const value = parseAddress(address)[3] >>> 0;
  let mapped = 0;
  for (let bit = 0; bit < 32; bit++) {
    const prefix = bit === 0 ? 0 : (value & (-1 << (32 - bit))) >>> 0;
    const input = Buffer.alloc(18);
    input[0] = 4;
    input[1] = bit;
    input.writeUInt32BE(prefix, 2);
    const flip = (createHmac("sha256", Buffer.alloc(32, 1)).update(input).digest()[0] as number) >> 7;
    mapped = mapped * 2 + (((value >>> (31 - bit)) & 1) ^ flip);
  }
  return ip(mapped | 0);
}
