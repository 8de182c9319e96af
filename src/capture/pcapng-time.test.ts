import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Frame } from "./frame.ts";
import { clockOf, setTime } from "./pcapng-time.ts";

function timeOf(resolution: number, count: bigint, offset = 0n): [number, number] {
  const frame = new Frame();
  setTime(frame, clockOf(resolution, offset), Number(count >> 32n), Number(count & 0xffffffffn));
  return [frame.seconds, frame.nanos];
}

/** The same in rational arithmetic. */
function expected(resolution: number, count: bigint, offset: bigint): [number, number] {
  const units = (resolution & 0x80) === 0 ? 10n ** BigInt(resolution) : 2n ** BigInt(resolution & 0x7f);
  return [Number(count / units + offset), Number(((count % units) * 1_000_000_000n) / units)];
}

describe("pcapng timestamps", () => {
  test.each([
    [6, 1_340_954_905_298_858n, 0n, 1_340_954_905, 298_858_000],
    [9, 1_340_954_905_298_858_123n, 0n, 1_340_954_905, 298_858_123],
    [0, 5n, 0n, 5, 0],
    [3, 1_500n, -10n, -9, 500_000_000],
    [6, 0n, -10n, -10, 0],
    // Finer than a nanosecond: truncated. tshark 4.0 overflows 64 bits here and prints 1340954.001408398.
    [12, 1_340_954_905_298_858_123n, 0n, 1_340_954, 905_298_858],
    [0x8a, 1_536n, 0n, 1, 500_000_000],
    [0x9e, (7n << 30n) + 1n, 0n, 7, 0],
    [0x9e, (7n << 30n) + 2n, 0n, 7, 1],
    [0xa0, (7n << 32n) + 0xffff_ffffn, 0n, 7, 999_999_999],
    [127, 0xffff_ffff_ffff_ffffn, 0n, 0, 0],
  ])("resolution %i, count %i, offset %i", (resolution, count, offset, seconds, nanos) => {
    expect(timeOf(resolution, count, offset)).toEqual([seconds, nanos]);
  });

  test("exact for every resolution, count and offset whose seconds a number can hold, with and without the offset", () => {
    const resolutions = fc.oneof(fc.integer({ min: 0, max: 127 }), fc.integer({ min: 128, max: 255 }));
    const counts = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
    const offsets = fc.bigInt({ min: -(1n << 51n), max: 1n << 51n });
    fc.assert(
      fc.property(resolutions, counts, offsets, (resolution, count, offset) => {
        const wanted = expected(resolution, count, offset);
        fc.pre(Number.isSafeInteger(wanted[0]) && Number.isSafeInteger(wanted[0] - Number(offset)));
        expect(timeOf(resolution, count, offset)).toEqual(wanted);
      }),
      { numRuns: 20_000 },
    );
  });
});
