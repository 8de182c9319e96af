import { constants, deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { walk } from "../../test/support/capture-walk.ts";
import { concat, memorySource, payload, pcapHeader, pcapRecord } from "../../test/support/capture-writer.ts";
import { kindAndFrame, survives } from "../../test/support/format-suite.ts";
import { newNotes } from "./format.ts";
import { Gunzip } from "./gzip.ts";
import { Input } from "./input.ts";

/** Everything that comes out of `packed`, delivered `piece` bytes at a time, taken `into` bytes at a time. */
async function unpack(packed: Uint8Array, piece = Number.POSITIVE_INFINITY, into = 1 << 16) {
  const notes = newNotes();
  const source = new Gunzip(new Input(memorySource(packed, { piece }), 4096), notes);
  const taken: Uint8Array[] = [];
  const buffer = new Uint8Array(into);
  for (;;) {
    const count = await source.read(buffer);
    if (count === 0) return { bytes: concat(...taken), problems: notes.problems };
    taken.push(buffer.slice(0, count));
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** Content of several kinds: text-like, repetitive, incompressible, mixed. Deterministic. */
function content(kind: string, length: number): Uint8Array {
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 16;
  };
  const of: Record<string, (i: number) => number> = {
    zeros: () => 0,
    "short period": (i) => (i * 7) % 13,
    random: () => random() & 255,
    skewed: () => 31 - Math.clz32((random() & 0xffff) | 1),
    mixed: (i) => ((i >> 12) & 1 ? random() & 255 : i % 251),
  };
  const make = of[kind] as (i: number) => number;
  return Uint8Array.from({ length }, (_, i) => make(i));
}

/** A member with the optional header fields of RFC 1952 section 2.3.1, around zlib's own data. */
function member(flags: number, fields: Uint8Array, data: Uint8Array): Uint8Array {
  const plain = gzipSync(data);
  const header = concat(Uint8Array.of(0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255), fields);
  const checksum = crc32(header);
  const sum = (flags & 2) === 0 ? [] : [checksum & 255, (checksum >> 8) & 255];
  return concat(header, Uint8Array.from(sum), plain.subarray(10));
}

/** Section 8, bit by bit. */
function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc;
}

const TEXT = new TextEncoder();
const SMALL = payload(1000);

describe("gzip, with zlib as the writer", () => {
  const kinds = ["zeros", "short period", "random", "skewed", "mixed"];
  const ways = [
    { level: 1 },
    { level: 6 },
    { level: 9 },
    { level: 0 },
    { strategy: constants.Z_FIXED },
    { strategy: constants.Z_HUFFMAN_ONLY },
    { strategy: constants.Z_RLE },
  ];
  test.each(kinds.flatMap((kind) => ways.map((way) => [kind, JSON.stringify(way), way] as const)))(
    "%s, %s",
    async (kind, _, way) => {
      const plain = content(kind, 700_000);
      const { bytes, problems } = await unpack(gzipSync(plain, way));
      expect(problems).toEqual([]);
      expect(same(bytes, plain)).toBe(true);
    },
  );

  test.each([0, 1, 2, 257, 258, 259, 32_767, 32_768, 32_769, 262_143, 262_144, 294_912, 294_913])(
    "%i bytes",
    async (length) => {
      const plain = content("mixed", length);
      const { bytes, problems } = await unpack(gzipSync(plain), 1000, 333);
      expect(problems).toEqual([]);
      expect(same(bytes, plain)).toBe(true);
    },
  );

  test("one byte at a time, and every flush comes out at once", async () => {
    const plain = content("mixed", 20_000);
    for (const way of [{ level: 9 }, { strategy: constants.Z_FIXED }, { level: 0 }]) {
      const { bytes, problems } = await unpack(gzipSync(plain, way), 1, 50);
      expect(problems).toEqual([]);
      expect(same(bytes, plain)).toBe(true);
    }
  });

  test("whatever zlib compresses is the same again", async () => {
    const pieces = fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(SMALL, new Uint8Array(400))), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 100 }), async (parts, piece) => {
        const plain = concat(...parts);
        const { bytes, problems } = await unpack(gzipSync(plain), piece);
        expect(problems).toEqual([]);
        expect(same(bytes, plain)).toBe(true);
      }),
    );
  });
});

describe("gzip members", () => {
  test.each([
    ["a file name", 8, TEXT.encode("capture.pcap\0")],
    ["a comment", 16, TEXT.encode("by hand\0")],
    ["extra fields", 4, Uint8Array.of(3, 0, 1, 2, 3)],
    ["a header checksum", 2, new Uint8Array(0)],
    ["all of them", 30, concat(Uint8Array.of(2, 0, 0, 0), TEXT.encode("name\0comment\0"))],
  ])("with %s", async (_, flags, fields) => {
    for (const piece of [1, 1000]) {
      const { bytes, problems } = await unpack(member(flags, fields, SMALL), piece);
      expect(problems).toEqual([]);
      expect(same(bytes, SMALL)).toBe(true);
    }
  });

  test("several are one stream, empty ones too", async () => {
    const members = [SMALL, new Uint8Array(0), content("mixed", 100_000), SMALL];
    for (const piece of [1, 100_000]) {
      const { bytes, problems } = await unpack(concat(...members.map((plain) => gzipSync(plain))), piece);
      expect(problems).toEqual([]);
      expect(same(bytes, concat(...members))).toBe(true);
    }
  });

  test("zeros behind the last are padding, anything else is a problem", async () => {
    expect(await unpack(concat(gzipSync(SMALL), new Uint8Array(700)))).toMatchObject({ problems: [] });
    const { bytes, problems } = await unpack(concat(gzipSync(SMALL), payload(20, 1)));
    expect(same(bytes, SMALL)).toBe(true);
    expect(problems.map(kindAndFrame)).toEqual([["malformed", 0]]);
  });

  test("a later one cannot reach into an earlier one", async () => {
    // A fixed block whose first symbol is a match of 3 bytes at distance 1: nothing there to copy in its own member.
    const reaching = concat(
      Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255),
      Uint8Array.of(0x03, 0x02, 0x00),
      new Uint8Array(8),
    );
    const { bytes, problems } = await unpack(concat(gzipSync(SMALL), reaching));
    expect(same(bytes, SMALL)).toBe(true);
    expect(problems[0]?.detail).toContain("too far back");
  });

  test("a header that does not end costs no memory, and is cut short with the file", async () => {
    const endless = concat(Uint8Array.of(0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 255), new Uint8Array(200_000).fill(65));
    expect((await unpack(endless)).problems.map(({ kind }) => kind)).toEqual(["truncated"]);
  });
});

describe("damaged gzip", () => {
  const records = Array.from({ length: 40 }, (_, i) => pcapRecord(content("mixed", 500 + i), { seconds: i }));
  const plain = concat(pcapHeader(), ...records);

  test("cut at every byte: all that zlib itself gets out of it, and a problem", async () => {
    const small = gzipSync(concat(pcapHeader(), ...records.slice(0, 3)), { level: 9 });
    for (let cut = 10; cut < small.length; cut++) {
      const part = small.subarray(0, cut);
      const { bytes, problems } = await unpack(part);
      expect(problems.map(kindAndFrame), `cut at ${cut}`).toEqual([["truncated", 0]]);
      expect(same(bytes, gunzipSync(part, { finishFlush: constants.Z_SYNC_FLUSH })), `cut at ${cut}`).toBe(true);
    }
  });

  test("what was compressed and flushed before the cut comes out", async () => {
    // A sync flush ends on a byte boundary: everything before it is decodable.
    const flushed = deflateRawSync(plain, { finishFlush: constants.Z_SYNC_FLUSH });
    const packed = concat(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255), flushed);
    const seen = await walk(memorySource(packed, { piece: 100 }));
    expect(seen.frames).toHaveLength(40);
    expect(seen.problems.map(kindAndFrame)).toEqual([["truncated", 40]]);
  });

  test("frames before the damage are read, and the damage is named", async () => {
    const packed = gzipSync(plain, { level: 0 });
    // Stored blocks: byte 15 + n of the file is byte n of the content. Byte 10 000 is frame data: only the checksum tells.
    packed[10_000] = (packed[10_000] as number) ^ 1;
    const seen = await walk(memorySource(packed));
    expect(seen.frames).toHaveLength(40);
    expect(seen.problems.map(({ kind, detail }) => [kind, detail])).toEqual([
      ["malformed", "gzip: checksum or length of member 1 is wrong: frames of it may be damaged"],
    ]);
  });

  test("a wrong length in the trailer is named", async () => {
    const packed = gzipSync(plain);
    packed[packed.length - 1] = 1;
    expect((await walk(memorySource(packed))).problems.map(({ kind }) => kind)).toEqual(["malformed"]);
  });

  test.each([
    ["the reserved block type", [0x07]],
    ["a stored length without its complement", [0x01, 5, 0, 5, 0]],
    ["too many length codes", [0x05 | 0xf8, 0xff, 0xff, 0xff]],
    ["a distance symbol that never occurs", [0x03, 0x1e, 0x00, 0x00]],
    ["a match before the beginning", [0x03, 0x02, 0x00, 0x00]],
  ])("%s", async (_, data) => {
    const packed = concat(
      Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255),
      Uint8Array.from(data),
      new Uint8Array(20),
    );
    expect((await unpack(packed)).problems.map(({ kind }) => kind)).toEqual(["malformed"]);
  });

  test("mutated: returns or throws ParseError", async () => {
    const packed = gzipSync(concat(pcapHeader(), ...records.slice(0, 4)), { level: 9 });
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
  });

  test("a gzip header followed by anything: returns or throws ParseError", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), (noise) =>
        survives(concat(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255), noise)),
      ),
      { numRuns: 1000 },
    );
  });
});
