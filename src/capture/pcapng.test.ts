import { describe, expect, test } from "vitest";
import { type SeenFrame, walk } from "../../test/support/capture-walk.ts";
import {
  block,
  concat,
  enhancedPacket,
  interfaceDescription,
  ints,
  memorySource,
  obsoletePacket,
  option,
  payload,
  secretsBlock,
  sectionHeader,
  simplePacket,
  TLS_KEY_LOG,
} from "../../test/support/capture-writer.ts";
import { formatSuite, kindAndFrame, type Part } from "../../test/support/format-suite.ts";

const P = payload(60);
const NOTHING = new Uint8Array(0);
/** One section with one Ethernet interface, and an Enhanced Packet Block for it, at second 1. */
const START = concat(sectionHeader(), interfaceDescription());
const EPB = enhancedPacket(P, { time: 1_000_000n });

function frame(number: number, data: Uint8Array, time: string, other: Partial<SeenFrame> = {}): SeenFrame {
  return { number, data, time, original: data.length, linkType: 1, interfaceIndex: 0, fcs: 0, ...other };
}

const parts: readonly Part[] = [
  { bytes: sectionHeader() },
  { bytes: interfaceDescription({ snap: 40 }) },
  { bytes: interfaceDescription({ link: 101, resolution: 9 }) },
  {
    bytes: enhancedPacket(payload(33), { time: 1_340_954_905_298_858n }),
    frame: frame(1, payload(33), "1340954905.298858000"),
  },
  { bytes: block(false, 5, payload(30)) },
  {
    bytes: enhancedPacket(payload(7), {
      on: 1,
      time: 1_340_954_905_298_858_123n,
      original: 99,
      trailer: option(false, 1, payload(5, 65)),
    }),
    frame: frame(2, payload(7), "1340954905.298858123", {
      linkType: 101,
      interfaceIndex: 1,
      original: 99,
      comment: "ABCDE",
    }),
  },
  { bytes: simplePacket(payload(40), 60), frame: frame(3, payload(40), "", { original: 60 }) },
  { bytes: sectionHeader(true) },
  { bytes: interfaceDescription({ big: true, link: 113 }) },
  {
    bytes: obsoletePacket(payload(10), { big: true, time: 7n }),
    frame: frame(4, payload(10), "0.000007000", { linkType: 113 }),
  },
  { bytes: simplePacket(payload(3), 3, true), frame: frame(5, payload(3), "", { linkType: 113 }) },
  { bytes: enhancedPacket(NOTHING, { big: true }), frame: frame(6, NOTHING, "0.000000000", { linkType: 113 }) },
];

formatSuite("pcapng", parts, 28);

/** Frame numbers, total count and problems of START, EPB, `blocks`, EPB. */
async function around(...blocks: readonly Uint8Array[]) {
  const { frames, count, problems } = await walk(memorySource(concat(START, EPB, ...blocks, EPB)), 4096);
  return { numbers: frames.map(({ number }) => number), count, problems };
}

describe("pcapng sections", () => {
  test("versions 1.0 and 1.2 are the same format, 1.1 is refused", async () => {
    expect(
      (await walk(memorySource(concat(sectionHeader(false, 2), interfaceDescription(), EPB)))).frames,
    ).toHaveLength(1);
    const opened = walk(memorySource(concat(sectionHeader(false, 1), interfaceDescription(), EPB)));
    await expect(opened).rejects.toMatchObject({ kind: "unsupported" });
  });

  test("an unknown byte-order magic is refused", async () => {
    const file = concat(START, EPB);
    file[8] = 0;
    await expect(walk(memorySource(file))).rejects.toMatchObject({ kind: "unsupported" });
  });

  test("interfaces of an earlier section are gone", async () => {
    expect(await around(sectionHeader())).toEqual({
      numbers: [1],
      count: 2,
      problems: [
        {
          kind: "malformed",
          frame: 2,
          detail: "frame 2 passed over: it names interface 0, which no sound block describes",
        },
      ],
    });
  });

  test("a later section that cannot be read ends the file", async () => {
    const { numbers, problems } = await around(sectionHeader(true, 7));
    expect(numbers).toEqual([1]);
    expect(problems.map(kindAndFrame)).toEqual([["malformed", 1]]);
    expect(problems[0]?.detail).toContain("version 1.7");
  });
});

describe("pcapng interfaces", () => {
  test("FCS length", async () => {
    const start = concat(sectionHeader(), interfaceDescription({ fcsBits: 32 }));
    const file = concat(start, EPB, enhancedPacket(P, { original: 62 }), enhancedPacket(P, { original: 1500 }));
    expect((await walk(memorySource(file))).frames.map(({ fcs }) => fcs)).toEqual([4, 2, 0]);
  });

  test("options behind the end of options, or of a wrong size, do not count", async () => {
    const body = (...options: Uint8Array[]) => block(false, 1, concat(ints(false, [1, 2], [0, 2], [0, 4]), ...options));
    const nanoseconds = option(false, 9, Uint8Array.of(9));
    for (const description of [
      body(option(false, 0, NOTHING), nanoseconds),
      body(option(false, 9, Uint8Array.of(9, 0))),
    ]) {
      const { frames } = await walk(memorySource(concat(sectionHeader(), description, EPB)));
      expect(frames.map(({ time }) => time)).toEqual(["1.000000000"]);
    }
    const { frames } = await walk(memorySource(concat(sectionHeader(), body(nanoseconds), EPB)));
    expect(frames.map(({ time }) => time)).toEqual(["0.001000000"]);
  });

  test.each([
    ["an option that runs past its block", concat(ints(false, [1, 2], [0, 2], [0, 4], [9, 2], [400, 2]), payload(4))],
    ["a block too short", ints(false, [1, 2], [0, 2])],
  ])("damaged by %s: its frames are passed over, those of others keep their interface", async (_, body) => {
    const file = concat(START, block(false, 1, body), interfaceDescription({ link: 113 }), EPB);
    const rest = [enhancedPacket(P, { on: 1 }), enhancedPacket(P, { on: 2 })];
    const { frames, count, problems } = await walk(memorySource(concat(file, ...rest)));
    expect(frames.map(({ number, linkType }) => [number, linkType])).toEqual([
      [1, 1],
      [3, 113],
    ]);
    expect(count).toBe(3);
    expect(problems.map(kindAndFrame)).toEqual([
      ["malformed", 0],
      ["malformed", 2],
    ]);
  });

  test("more interfaces than can be addressed: bounded, and said", async () => {
    const many = Array.from({ length: 65_537 }, () => interfaceDescription());
    const { frames, problems } = await walk(
      memorySource(
        concat(sectionHeader(), ...many, enhancedPacket(P, { on: 65_535 }), enhancedPacket(P, { on: 65_536 })),
      ),
    );
    expect(frames).toHaveLength(1);
    expect(problems.map(({ kind }) => kind)).toEqual(["limit", "malformed"]);
  });
});

describe("pcapng blocks", () => {
  test("custom blocks, journal entries and sysdig events take a frame number as in Wireshark; unknown ones do not", async () => {
    const numbered = [0xbad, 0x40000bad, 9, 0x204, 0x216, 0x221].map((type) => block(false, type, payload(60)));
    const others = [4, 5, 0x208, 0x7fffffff].map((type) => block(false, type, payload(60)));
    expect(await around(...numbered, ...others)).toEqual({ numbers: [1, 8], count: 8, problems: [] });
  });

  test("a numbered block that is cut takes no number", async () => {
    const file = concat(START, EPB, block(false, 0xbad, payload(60)).subarray(0, -1));
    const { count, problems } = await walk(memorySource(file));
    expect(count).toBe(1);
    expect(problems.map(kindAndFrame)).toEqual([["truncated", 1]]);
  });

  test.each([
    ["names an interface that is not there", enhancedPacket(P, { on: 3 })],
    ["declares more than its block holds", enhancedPacket(P, { captured: 64 })],
    ["is longer than any link's", enhancedPacket(payload(262_145))],
    ["has a block too short for its fields", block(false, 6, payload(16))],
    ["is a simple packet that declares more than its block holds", simplePacket(P, 61)],
    ["is a simple packet too short for its fields", block(false, 3, NOTHING)],
  ])("a frame that %s is counted and passed over", async (_, bad) => {
    const { numbers, count, problems } = await around(bad);
    expect([numbers, count]).toEqual([[1, 3], 3]);
    expect(problems.map(kindAndFrame)).toEqual([["malformed", 2]]);
  });

  test.each([
    ["two lengths that differ", block(false, 6, payload(80), 99)],
    ["two lengths that differ, of a type not read", block(false, 0x77, payload(80), 99)],
    ["a length below the minimum", ints(false, [6, 4], [8, 4])],
    ["a length that is no multiple of four", ints(false, [6, 4], [93, 4])],
  ])("%s end the file", async (_, bad) => {
    const { numbers, problems } = await around(bad);
    expect(numbers).toEqual([1]);
    expect(problems.map(kindAndFrame)).toEqual([["malformed", 1]]);
  });

  test("a block with no frame in it is passed over without being held, however long", async () => {
    const { numbers, problems } = await around(block(false, 0x208, payload(20_000_000)));
    expect([numbers, problems]).toEqual([[1, 2], []]);
  });

  test("a frame in a block longer than the limit is counted and passed over", async () => {
    const long = option(false, 2988, payload(65_532));
    const { numbers, problems } = await around(
      enhancedPacket(P, { trailer: concat(...Array.from({ length: 257 }, () => long)) }),
    );
    expect(numbers).toEqual([1, 3]);
    expect(problems.map(({ kind }) => kind)).toEqual(["limit"]);
  });

  test("a length of 4 GiB in a small file is a cut file, not memory", async () => {
    const { numbers, problems } = await around(ints(false, [0x208, 4], [0xfffffffc, 4]));
    expect(numbers).toEqual([1]);
    expect(problems.map(kindAndFrame)).toEqual([["truncated", 1]]);
  });
});

describe("pcapng secrets", () => {
  const log = new TextEncoder().encode("CLIENT_RANDOM 00 11\n");

  test("TLS key logs are kept, those of other kinds are not", async () => {
    const file = concat(START, secretsBlock(log), secretsBlock(log, 0x57474b4c), EPB);
    const seen = await walk(memorySource(file));
    expect(seen.secrets).toEqual([log]);
    expect(seen.problems).toEqual([]);
  });

  test.each([
    ["that run past their block", secretsBlock(log, TLS_KEY_LOG, 21)],
    ["in a block too short", block(false, 10, payload(4))],
  ])("secrets %s are a problem", async (_, bad) => {
    const { numbers, problems } = await around(bad);
    expect(numbers).toEqual([1, 2]);
    expect(problems.map(kindAndFrame)).toEqual([["malformed", 1]]);
  });

  test("their memory is bounded, however small each is", async () => {
    const file = new Uint8Array(START.length + 270_000 * 20);
    file.set(START);
    const empty = secretsBlock(NOTHING);
    for (let at = START.length; at < file.length; at += empty.length) file.set(empty, at);
    const seen = await walk(memorySource(file));
    expect(seen.secrets).toHaveLength(64 * 4096);
    expect(seen.problems.map(({ kind }) => kind)).toContain("limit");
  });
});
