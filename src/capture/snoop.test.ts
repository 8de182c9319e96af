import { describe, expect, test } from "vitest";
import { drain, ethernetFrame as frame, walk } from "../../test/support/capture-walk.ts";
import { concat, ints, memorySource, payload } from "../../test/support/capture-writer.ts";
import { formatSuite, kindAndFrame, type Part } from "../../test/support/format-suite.ts";
import { CaptureFile } from "./index.ts";

const MAGIC = new TextEncoder().encode("snoop\0\0\0");
const header = (version = 2, link = 4) => concat(MAGIC, ints(true, [version, 4], [link, 4]));

function record(
  data: Uint8Array,
  given: {
    seconds?: number;
    micros?: number;
    original?: number;
    captured?: number;
    length?: number;
    padding?: number;
    lost?: number;
  } = {},
): Uint8Array {
  const { seconds = 0, micros = 0, original = data.length, captured = data.length } = given;
  const padding = new Uint8Array(given.padding ?? -data.length & 3);
  const length = given.length ?? 24 + data.length + padding.length;
  return concat(
    ints(true, [original, 4], [captured, 4], [length, 4], [given.lost ?? 0, 4], [seconds, 4], [micros, 4]),
    data,
    padding,
  );
}

/** A frame and its padding apart: a file cut between them has lost nothing of the frame, and still says that it was cut. */
const parts: readonly Part[] = [
  { bytes: header() },
  {
    bytes: record(payload(60), { seconds: 1340954905, micros: 298858 }),
    frame: frame(1, payload(60), "1340954905.298858000"),
  },
  { bytes: record(payload(0)), frame: frame(2, payload(0), "0.000000000") },
  {
    bytes: record(payload(32, 9), { seconds: 0xffffffff, micros: 999999, original: 1500 }),
    frame: frame(3, payload(32, 9), "4294967295.999999000", 1500),
  },
];

formatSuite("snoop", parts, 16);

describe("snoop", () => {
  test("padding of any length is no part of the frame; cut inside it, the frame is there", async () => {
    const file = concat(header(), record(payload(33), { padding: 70_000 }), record(payload(5)));
    const { frames, problems } = await walk(memorySource(file), 64);
    expect(frames).toEqual([frame(1, payload(33), "0.000000000"), frame(2, payload(5), "0.000000000")]);
    expect(problems).toEqual([]);
    const cut = await walk(memorySource(file.subarray(0, 16 + 24 + 33 + 10)));
    expect(cut.frames).toEqual([frame(1, payload(33), "0.000000000")]);
    expect(cut.problems.map(kindAndFrame)).toEqual([["truncated", 1]]);
  });

  test("microseconds beyond a second are carried", async () => {
    const { frames } = await walk(
      memorySource(concat(header(), record(payload(1), { seconds: 5, micros: 2_000_001 }))),
    );
    expect(frames).toEqual([frame(1, payload(1), "7.000001000")]);
  });

  test.each([
    ["IEEE 802.3", 2, 0, undefined],
    ["Token Ring", 2, 2, undefined],
    ["FDDI", 2, 8, undefined],
    ["HDLC", 2, 5, "datalink type 5"],
    ["another version", 3, 4, "snoop version 3"],
  ])("%s", async (_, version, link, refused) => {
    const file = concat(header(version, link), record(payload(20)));
    if (refused === undefined) expect((await walk(memorySource(file))).frames.length).toBe(1);
    else await expect(walk(memorySource(file))).rejects.toThrow(refused);
  });

  test("its link types as those of pcap", async () => {
    for (const [link, linkType] of [
      [0, 1],
      [2, 6],
      [4, 1],
      [8, 10],
    ] as const) {
      const { frames } = await walk(memorySource(concat(header(2, link), record(payload(20)))));
      expect(frames.map((seen) => seen.linkType)).toEqual([linkType]);
    }
  });

  test("packets lost while capturing, counted from the beginning", async () => {
    const records = [0, 3, 12, 12].map((lost) => record(payload(20), { lost }));
    const file = await CaptureFile.open(memorySource(concat(header(), ...records)));
    await drain(file);
    expect(file.dropped).toBe(12);
  });

  test("a record shorter than its frame ends the reading", async () => {
    const file = concat(header(), record(payload(20)), record(payload(20), { length: 40 }), record(payload(20)));
    const { frames, problems } = await walk(memorySource(file));
    expect(frames.length).toBe(1);
    expect(problems.map(kindAndFrame)).toEqual([["malformed", 1]]);
  });

  test("a frame longer than any link's is passed over", async () => {
    const long = record(new Uint8Array(300_000));
    const { frames, problems } = await walk(memorySource(concat(header(), long, record(payload(20)))));
    expect(frames).toEqual([frame(2, payload(20), "0.000000000")]);
    expect(problems.map(kindAndFrame)).toEqual([["limit", 1]]);
  });
});
