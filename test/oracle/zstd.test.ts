/**
 * The zstd decoder against zstd itself: whatever it compresses comes out again, and what it calls damaged is damaged here too.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { content, same, unzstd } from "../support/compressed.ts";

const HAS_ZSTD = spawnSync("zstd", ["--version"]).status === 0;
const HAS_PZSTD = spawnSync("pzstd", ["--version"]).status === 0;

function zstd(plain: Uint8Array, ...options: readonly string[]): Uint8Array {
  return execFileSync("zstd", ["-c", ...options], {
    input: plain,
    maxBuffer: 1 << 28,
    stdio: ["pipe", "pipe", "ignore"],
  });
}

describe.skipIf(!HAS_ZSTD)("what zstd compresses (needs zstd; skipped when absent)", () => {
  const kinds = ["zeros", "short period", "random", "skewed", "mixed", "text", "records"];
  const ways = ["-1", "-3", "-9", "-19", "--ultra -22", "--fast=7", "-3 --no-check", "-3 --long=27", "-3 -T2 -B70000"];
  test.each(kinds.flatMap((kind) => ways.map((way) => [kind, way] as const)))("%s, %s", async (kind, way) => {
    const plain = content(kind, 700_000);
    const { bytes, problems } = await unzstd(zstd(plain, ...way.split(" ")));
    expect(problems).toEqual([]);
    expect(same(bytes, plain)).toBe(true);
  });

  test.each([0, 1, 2, 31, 255, 256, 65_791, 65_792, 131_071, 131_072, 131_073, 300_000])("%i bytes", async (length) => {
    const plain = content("text", length);
    for (const way of [[], ["--content-size"], [`--stream-size=${length}`]]) {
      const { bytes, problems } = await unzstd(zstd(plain, "-3", ...way), { piece: 1000, into: 333 });
      expect(problems).toEqual([]);
      expect(same(bytes, plain)).toBe(true);
    }
  });

  test.skipIf(!HAS_PZSTD)("frames that begin with one to be skipped, as pzstd writes them", async () => {
    const plain = content("records", 3_000_000);
    const packed = execFileSync("pzstd", ["-c", "-q", "-p", "3"], { input: plain, maxBuffer: 1 << 28 });
    const { bytes, problems } = await unzstd(packed);
    expect(problems).toEqual([]);
    expect(same(bytes, plain)).toBe(true);
  });

  test("a window larger than is taken is named, not allocated", async () => {
    const { bytes, problems } = await unzstd(zstd(content("text", 400_000), "-3", "--long=30", "--zstd=wlog=30"));
    expect(bytes.length).toBe(0);
    expect(problems.map(({ kind }) => kind)).toEqual(["limit"]);
  });
});

/**
 * A stream of bits must be consumed to its last one (RFC 8878 sections 4.1 and 4.2.2); zstd, for speed, does not look in every
 * case, and goes on with what it has made up.
 */
const STRICTER = /cut short|do not fill their stream|bits are left over/;

describe.skipIf(!HAS_ZSTD)("what zstd calls damaged (needs zstd; skipped when absent)", () => {
  /** Deterministic, so that what fails once fails again. */
  let state = 4711;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };

  test.each([
    ["text", 3000, "-3"],
    ["text", 3000, "-19"],
    ["records", 9000, "-3"],
    ["records", 9000, "-19 --no-check"],
    ["skewed", 4000, "-1 --no-check"],
    ["mixed", 9000, "--ultra -22 --no-check"],
  ])("%s, %i bytes, %s", { timeout: 120_000 }, async (kind, length, way) => {
    const packed = zstd(content(kind, length), ...way.split(" "));
    let damaged = 0;
    for (let round = 0; round < 150; round++) {
      const hostile = Uint8Array.from(packed);
      // The tables and lengths stand in front.
      for (let changes = 1 + random(2); changes > 0; changes--) {
        const at = 4 + random(random(2) === 0 ? 60 : hostile.length - 4);
        hostile[at] = (hostile[at] as number) ^ (1 << random(8));
      }
      const theirs = spawnSync("zstd", ["-dcq"], { input: hostile, maxBuffer: 1 << 28 });
      const { bytes, problems } = await unzstd(hostile);
      const hex = Buffer.from(hostile).toString("hex");
      if (theirs.status === 0) {
        if (problems.length > 0) expect(problems[0]?.detail, hex).toMatch(STRICTER);
        else expect(same(bytes, theirs.stdout), hex).toBe(true);
      } else {
        damaged++;
        expect(problems.length, `${theirs.stderr} ${hex}`).toBe(1);
      }
    }
    expect(damaged).toBeGreaterThan(10);
  });
});
