import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { walk } from "../../test/support/capture-walk.ts";
import { concat, ints, memorySource, payload, pcapHeader, pcapRecord } from "../../test/support/capture-writer.ts";
import { content, same, unzstd, zstdBlock, zstdFrame } from "../../test/support/compressed.ts";
import { kindAndFrame, survives } from "../../test/support/format-suite.ts";
import { newNotes } from "./format.ts";
import { Input } from "./input.ts";
import { MAX_WINDOW, Unzstd } from "./zstd.ts";

interface Vector {
  readonly kind: string;
  readonly length: number;
  readonly way: string;
  readonly packed: string;
}

const { vectors } = JSON.parse(readFileSync("test/vectors/zstd.json", "utf8")) as { vectors: readonly Vector[] };
const packedOf = ({ packed }: Vector) => new Uint8Array(Buffer.from(packed, "base64"));

describe("what zstd has written", () => {
  test.each(vectors.map((vector) => [vector.kind, vector.length, vector.way, vector] as const))(
    "%s, %i bytes, %s: whole and byte by byte",
    async (kind, length, _, vector) => {
      const plain = content(kind, length);
      for (const options of [{}, { piece: 1, into: 1000 }, { piece: 50, into: 7777 }]) {
        const { bytes, problems } = await unzstd(packedOf(vector), options);
        expect(problems).toEqual([]);
        expect(same(bytes, plain)).toBe(true);
      }
    },
  );

  test("cut at every byte: a beginning of it, and a problem", async () => {
    for (const vector of vectors) {
      const packed = packedOf(vector);
      const plain = content(vector.kind, vector.length);
      for (let cut = 4; cut < packed.length; cut += packed.length > 1500 ? 37 : 1) {
        const { bytes, problems } = await unzstd(packed.subarray(0, cut));
        expect(problems.map(kindAndFrame), `${vector.kind} cut at ${cut}`).toEqual([["truncated", 0]]);
        expect(same(bytes, plain.subarray(0, bytes.length))).toBe(true);
      }
    }
  });
});

// --- frames by hand

const RAW = 0;
const RUN = 1;
const PACKED = 2;
const block = zstdBlock;
const frame = zstdFrame;

const skippable = (length: number, nibble = 0, declared = length) =>
  concat(ints(false, [0x184d2a50 + nibble, 4], [declared, 4]), payload(length, 5));

const P = payload(100);

describe("frames", () => {
  test("blocks as they are, of one byte, and empty ones", async () => {
    const packed = frame([
      block(RAW, P),
      block(RAW, new Uint8Array(0)),
      block(RUN, Uint8Array.of(7), { size: 100_000 }),
      block(RUN, Uint8Array.of(7), { size: 0 }),
      block(RAW, P, { last: true }),
    ]);
    for (const piece of [1, 1000]) {
      const { bytes, problems } = await unzstd(packed, { piece });
      expect(problems).toEqual([]);
      expect(same(bytes, concat(P, new Uint8Array(100_000).fill(7), P))).toBe(true);
    }
  });

  test("several are one stream; those to be skipped are no part of it", async () => {
    const one = frame([block(RAW, P, { last: true })]);
    const packed = concat(skippable(300), one, skippable(0, 15), one, one, skippable(9_000, 3));
    for (const piece of [1, 1000]) {
      const { bytes, problems } = await unzstd(packed, { piece });
      expect(problems).toEqual([]);
      expect(same(bytes, concat(P, P, P))).toBe(true);
    }
  });

  test("a skippable frame cut short, or of 4 GiB that are not there", async () => {
    const one = frame([block(RAW, P, { last: true })]);
    for (const tail of [skippable(50, 0, 51), skippable(50, 0, 0xffffffff), skippable(0).subarray(0, 6)]) {
      const { bytes, problems } = await unzstd(concat(one, tail));
      expect(same(bytes, P)).toBe(true);
      expect(problems.map(({ kind }) => kind)).toEqual(["truncated"]);
    }
  });

  test("anything else behind a frame is a problem", async () => {
    const { bytes, problems } = await unzstd(concat(frame([block(RAW, P, { last: true })]), payload(30, 1)));
    expect(same(bytes, P)).toBe(true);
    expect(problems.map(({ detail }) => detail)).toEqual([
      "zstd: something else follows the compressed data at byte 109",
    ]);
  });

  test.each<[string, Uint8Array, string, string]>([
    ["a window beyond the limit", frame([], { window: 28 }), "limit", `limit ${MAX_WINDOW}`],
    ["the largest window there can be", frame([], { window: 41 }), "limit", "2199023255552"],
    [
      "one segment of 2^40 bytes",
      frame([], { descriptor: 0xe0, fields: ints(false, [1n << 40n, 8]) }),
      "limit",
      "1099511627776",
    ],
    [
      "a dictionary",
      frame([block(RAW, P, { last: true })], { descriptor: 1, fields: Uint8Array.of(9) }),
      "unsupported",
      "dictionary 9",
    ],
    ["a reserved bit", frame([block(RAW, P, { last: true })], { descriptor: 8 }), "malformed", "reserved"],
    ["a block of the fourth kind", frame([block(3, P, { last: true })]), "malformed", "kind"],
    [
      "a block longer than any",
      frame([block(RUN, Uint8Array.of(1), { size: 131_073, last: true })]),
      "malformed",
      "131073",
    ],
    ["a block longer than the window", frame([block(RUN, P, { size: 2000 })], { window: 10 }), "malformed", "2000"],
    [
      "less than it declares",
      frame([block(RAW, P, { last: true })], { descriptor: 0x20, fields: Uint8Array.of(101) }),
      "malformed",
      "length",
    ],
    [
      "more than it declares",
      frame([block(RAW, P), block(RAW, P, { last: true })], { descriptor: 0x20, fields: Uint8Array.of(101) }),
      "malformed",
      "more than",
    ],
    [
      "a wrong checksum",
      concat(frame([block(RAW, P, { last: true })], { descriptor: 4 }), payload(4)),
      "malformed",
      "checksum",
    ],
    [
      "a checksum cut short",
      concat(frame([block(RAW, P, { last: true })], { descriptor: 4 }), payload(3)),
      "truncated",
      "early",
    ],
  ])("%s", async (_, packed, kind, words) => {
    const { problems } = await unzstd(packed);
    expect(problems).toMatchObject([{ kind }]);
    expect(problems[0]?.detail).toContain(words);
  });

  test("a dictionary of number 0 is none", async () => {
    const packed = frame([block(RAW, P, { last: true })], { descriptor: 1, fields: Uint8Array.of(0) });
    expect(await unzstd(packed)).toMatchObject({ problems: [] });
  });
});

describe("hostile blocks", () => {
  /** Literals as they are, then the given sequences section. */
  const packed = (literals: number, ...sequences: readonly number[]) =>
    block(PACKED, concat(Uint8Array.of(literals << 3), payload(literals), Uint8Array.from(sequences)), { last: true });

  // Modes 0x54: each code always one and the same.
  test.each<[string, Uint8Array, string]>([
    // 24 bytes that keep fzstd busy for longer than anybody waits.
    ["98 000 sequences of 65 kB each", packed(1, 0xff, 0xff, 0xff, 0x54, 0, 0, 52, 1), "98047 sequences"],
    ["43 000 sequences in one bit", packed(1, 0xff, 0x00, 0x28, 0x54, 0, 0, 52, 1), "cut short"],
    ["more than a block may yield", packed(1, 2, 0x54, 1, 0, 52, 0xff, 0xff, 0xff, 0xff, 1), "yields too much"],
    ["a match before the beginning", packed(1, 1, 0x54, 1, 3, 0, 0x0f), "before the beginning"],
    ["a distance of 0: the last one less one", packed(0, 1, 0x54, 0, 1, 0, 0x03), "before the beginning"],
    ["literals that are not there", packed(1, 1, 0x54, 2, 0, 0, 1), "more literals"],
    ["bits left over", packed(1, 1, 0x54, 1, 0, 0, 0x02), "left over"],
    ["no mark in the last byte", packed(1, 1, 0x54, 1, 0, 0, 0), "mark"],
    ["a code that does not exist", packed(1, 1, 0x54, 36, 0, 0, 1), "does not exist"],
    ["a table that was not there before", packed(1, 1, 0xc0, 1), "not there before"],
    ["reserved bits", packed(1, 1, 0x55, 1, 0, 0, 1), "reserved"],
    ["bytes behind no sequences", packed(3, 0, 0), "behind the end"],
    ["nothing behind the literals", packed(3), "without sequences"],
    ["nothing at all", block(PACKED, new Uint8Array(0), { last: true }), "without content"],
    [
      "a tree that was not there before",
      block(PACKED, Uint8Array.of(0x13, 0x40, 0, 1, 0), { last: true }),
      "without a tree",
    ],
    [
      "a tree of weights that do not add up",
      block(PACKED, Uint8Array.of(0x12, 0xc0, 0, 0x81, 0x35, 1), { last: true }),
      "add up",
    ],
    ["literals beyond their block", block(PACKED, Uint8Array.of(0xf8, 1, 2), { last: true }), "past their block"],
    [
      "a block of a million literals",
      block(PACKED, Uint8Array.of(0xfd, 0xff, 0xff, 1), { last: true }),
      "1048575 literals",
    ],
  ])("%s", async (_, bytes, words) => {
    const { problems } = await unzstd(frame([bytes]));
    expect(problems).toMatchObject([{ kind: "malformed" }]);
    expect(problems[0]?.detail).toContain(words);
  });

  test("a bomb comes out block by block, as it is asked for", () => {
    const bomb = frame(Array.from({ length: 10_000 }, () => block(RUN, Uint8Array.of(0), { size: 131_072 })));
    const input = new Input(memorySource(bomb), 1 << 20);
    const source = new Unzstd(input, newNotes());
    const into = new Uint8Array(1000);
    for (let i = 0; i < 132; i++) expect(source.read(into)).toBe(i === 131 ? 72 : 1000);
    // One block of 4 bytes behind the header.
    expect(input.offset).toBe(6 + 4);
  });

  test("a window that is only declared costs no memory; many small blocks do not move it about", async () => {
    const blocks = Array.from({ length: 100_000 }, () => block(RUN, Uint8Array.of(1), { size: 3 }));
    const before = process.memoryUsage().arrayBuffers;
    const { bytes, problems } = await unzstd(frame(blocks, { window: 27 }));
    expect([bytes.length, problems.map(({ kind }) => kind)]).toEqual([300_000, ["truncated"]]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
  });

  test("a window that is used to its end", async () => {
    // 3 MiB through a window of 1 MiB, then a match as far back as it reaches, and one further.
    const runs = Array.from({ length: 24 }, (_, i) => block(RUN, Uint8Array.of(i), { size: 131_072 }));
    const match = (distance: number) => {
      // Distances of 2^20 and more: code 20, and 20 bits for what is beyond it; 3 bytes are taken.
      const value = distance + 3 - (1 << 20);
      const bits = (1 << 20) | value;
      return packed(0, 1, 0x54, 0, 20, 0, bits & 255, (bits >> 8) & 255, bits >> 16);
    };
    const far = await unzstd(frame([...runs, match(1 << 20)], { window: 20 }));
    expect(far.problems).toEqual([]);
    expect([...far.bytes.subarray(-3)]).toEqual([16, 16, 16]);
    const further = await unzstd(frame([...runs, match((1 << 20) + 1)], { window: 20 }));
    expect(further.problems.map(({ kind }) => kind)).toEqual(["malformed"]);
  });
});

describe("a capture inside", () => {
  const records = Array.from({ length: 30 }, (_, i) => pcapRecord(payload(200 + i, i), { seconds: i }));
  const plain = concat(pcapHeader(), ...records);

  test("frames before the damage are read, and the damage is named behind them", async () => {
    const half = concat(pcapHeader(), ...records.slice(0, 10));
    const file = concat(frame([block(RAW, half), block(3, payload(9))]));
    const seen = await walk(memorySource(file, { piece: 100 }));
    expect([seen.format, seen.frames.length]).toEqual(["pcap+zstd", 10]);
    expect(seen.problems.map(kindAndFrame)).toEqual([["malformed", 10]]);
  });

  test("a wrong checksum is named, and all frames are read", async () => {
    const file = concat(frame([block(RAW, plain, { last: true })], { descriptor: 4 }), payload(4));
    const seen = await walk(memorySource(file));
    expect(seen.frames).toHaveLength(30);
    expect(seen.problems.map(({ detail }) => detail)).toEqual([
      "zstd: checksum or length of frame 1 is wrong: what is in it may be damaged",
    ]);
  });

  test("mutated: returns or throws ParseError", async () => {
    const [first] = vectors.filter(({ kind }) => kind === "text").map(packedOf) as [Uint8Array];
    for (const packed of [frame([block(RAW, plain, { last: true })]), first]) {
      const changes = fc.array(fc.tuple(fc.nat(packed.length - 1), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      });
      await fc.assert(
        fc.asyncProperty(changes, async (list) => {
          const hostile = Uint8Array.from(packed);
          for (const [at, value] of list) hostile[at] = value;
          await survives(hostile);
        }),
        { numRuns: 500 },
      );
    }
  });

  test("a frame header followed by anything: returns or throws ParseError", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.nat(255), (noise, descriptor) =>
        survives(concat(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, descriptor, 0x58), noise)),
      ),
      { numRuns: 1000 },
    );
  });

  test("a compressed block of anything: returns or throws ParseError", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 3, maxLength: 200 }), async (noise) => {
        const { problems } = await unzstd(frame([block(PACKED, noise, { last: true })]));
        expect(problems.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 5000 },
    );
  });
});
