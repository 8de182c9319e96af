import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Xxh64 } from "./xxh64.ts";

const text = (value: string) => new TextEncoder().encode(value);

function low32(bytes: Uint8Array, cuts: readonly number[] = []): number {
  const sum = new Xxh64();
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    sum.update(bytes, at, Math.max(at, Math.min(cut, bytes.length)));
    at = Math.max(at, Math.min(cut, bytes.length));
  }
  sum.update(bytes, at, bytes.length);
  return sum.low32();
}

/** The specification in BigInt, seed 0. */
function xxh64(bytes: Uint8Array): bigint {
  const P = [
    11400714785074694791n,
    14029467366897019727n,
    1609587929392839161n,
    9650029242287828579n,
    2870177450012600261n,
  ];
  const [p1, p2, p3, p4, p5] = P as [bigint, bigint, bigint, bigint, bigint];
  const wrap = (value: bigint) => BigInt.asUintN(64, value);
  const rotate = (value: bigint, bits: bigint) => wrap((value << bits) | (value >> (64n - bits)));
  const round = (lane: bigint, word: bigint) => wrap(rotate(wrap(lane + word * p2), 31n) * p1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  let sum = p5;
  if (bytes.length >= 32) {
    const lanes = [wrap(p1 + p2), p2, 0n, wrap(-p1)];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i] as bigint, view.getBigUint64(at + 8 * i, true));
    }
    sum = wrap(lanes.reduce((all, lane, i) => all + rotate(lane, [1n, 7n, 12n, 18n][i] as bigint), 0n));
    for (const lane of lanes) sum = wrap((sum ^ round(0n, lane)) * p1 + p4);
  }
  sum = wrap(sum + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    sum = wrap(rotate(sum ^ round(0n, view.getBigUint64(at, true)), 27n) * p1 + p4);
  }
  if (at + 4 <= bytes.length) {
    sum = wrap(rotate(sum ^ wrap(BigInt(view.getUint32(at, true)) * p1), 23n) * p2 + p3);
    at += 4;
  }
  for (; at < bytes.length; at++) sum = wrap(rotate(sum ^ wrap(BigInt(view.getUint8(at)) * p5), 11n) * p1);
  sum = wrap((sum ^ (sum >> 33n)) * p2);
  sum = wrap((sum ^ (sum >> 29n)) * p3);
  return sum ^ (sum >> 32n);
}

describe("XXH64", () => {
  test.each([
    ["", 0xef46db3751d8e999n],
    ["a", 0xd24ec4f1a98c6e5bn],
    ["abc", 0x44bc2cf5ad770999n],
  ])("of %j", (value, sum) => {
    expect(xxh64(text(value))).toBe(sum);
    expect(low32(text(value))).toBe(Number(sum & 0xffffffffn));
  });

  test("of every length up to four stripes", () => {
    for (let length = 0; length <= 130; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 97 + length);
      expect(low32(bytes), `${length} bytes`).toBe(Number(xxh64(bytes) & 0xffffffffn));
    }
  });

  test("of anything, in pieces of any size", () => {
    const cuts = fc.array(fc.nat(400), { maxLength: 6 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), cuts, (bytes, at) => {
        expect(low32(bytes, at)).toBe(Number(xxh64(bytes) & 0xffffffffn));
      }),
      { numRuns: 500 },
    );
  });
});
