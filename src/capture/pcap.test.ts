import { describe, expect, test } from "vitest";
import { ethernetFrame as frame, walk } from "../../test/support/capture-walk.ts";
import { concat, memorySource, payload, pcapHeader, pcapRecord } from "../../test/support/capture-writer.ts";
import { formatSuite, kindAndFrame, type Part } from "../../test/support/format-suite.ts";
import { ParseError } from "../bytes/parse-error.ts";
import { MAX_PROBLEMS } from "./problem.ts";

const P = payload(60);

const parts: readonly Part[] = [
  { bytes: pcapHeader() },
  {
    bytes: pcapRecord(payload(60), { seconds: 1340954905, fraction: 298858 }),
    frame: frame(1, payload(60), "1340954905.298858000"),
  },
  { bytes: pcapRecord(payload(0)), frame: frame(2, payload(0), "0.000000000") },
  {
    bytes: pcapRecord(payload(33, 9), { seconds: 0xffffffff, fraction: 999999, original: 1500 }),
    frame: frame(3, payload(33, 9), "4294967295.999999000", 1500),
  },
];

formatSuite("pcap", parts, 24);

describe("pcap header", () => {
  test.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])("byte order big=%s, nanoseconds=%s", async (big, nanos) => {
    const file = concat(pcapHeader({ big, nanos }), pcapRecord(P, { big, seconds: 5, fraction: 7 }));
    const { frames, problems } = await walk(memorySource(file));
    expect(frames).toEqual([frame(1, P, nanos ? "5.000000007" : "5.000007000")]);
    expect(problems).toEqual([]);
  });

  test("link type without the FCS bits; the FCS counts only what was captured of it", async () => {
    const file = concat(
      pcapHeader({ link: 0x24000001 }),
      pcapRecord(P),
      pcapRecord(P, { original: 61 }),
      pcapRecord(P, { original: 64 }),
      pcapRecord(payload(2)),
    );
    const { frames } = await walk(memorySource(file));
    expect(frames.map(({ linkType, fcs }) => [linkType, fcs])).toEqual([
      [1, 4],
      [1, 3],
      [1, 0],
      [1, 2],
    ]);
  });

  test("FCS length bits without their flag say nothing", async () => {
    const { frames } = await walk(memorySource(concat(pcapHeader({ link: 0x20000001 }), pcapRecord(P))));
    expect(frames.map(({ linkType, fcs }) => [linkType, fcs])).toEqual([[1, 0]]);
  });

  test("reserved bits make another link type, not Ethernet", async () => {
    const { frames } = await walk(memorySource(concat(pcapHeader({ link: 0x10001 }), pcapRecord(P))));
    expect(frames.map(({ linkType }) => linkType)).toEqual([0x10001]);
  });

  test.each([
    [2, 2],
    [543, 0],
  ])("version %i.%i holds the lengths in the other order", async (major, minor) => {
    const file = concat(pcapHeader({ major, minor }), pcapRecord(P, { captured: 100, original: 60 }));
    expect((await walk(memorySource(file))).frames).toEqual([frame(1, P, "0.000000000", 100)]);
  });

  test("version 2.3 holds them in either", async () => {
    const records = [pcapRecord(P, { captured: 100, original: 60 }), pcapRecord(P, { original: 70 })];
    const { frames } = await walk(memorySource(concat(pcapHeader({ minor: 3 }), ...records)));
    expect(frames.map(({ original, data }) => [original, data.length])).toEqual([
      [100, 60],
      [70, 60],
    ]);
  });

  test("version 1 is refused", async () => {
    const opened = walk(memorySource(concat(pcapHeader({ major: 1 }), pcapRecord(P))));
    await expect(opened).rejects.toMatchObject({ kind: "unsupported", path: "memory" });
  });

  test("a file that ends inside its header says so", async () => {
    const error = await walk(memorySource(pcapHeader().subarray(0, 20))).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ParseError);
    expect(error).toMatchObject({ kind: "truncated" });
    expect(String(error)).toContain("20 of 24 bytes");
  });
});

describe("pcap records", () => {
  test("captured more than original is kept, as tshark does", async () => {
    const { frames, problems } = await walk(memorySource(concat(pcapHeader(), pcapRecord(P, { original: 20 }))));
    expect(frames).toEqual([frame(1, P, "0.000000000", 20)]);
    expect(problems).toEqual([]);
  });

  test("a fraction of a second or more is carried", async () => {
    const file = concat(pcapHeader(), pcapRecord(P, { seconds: 5, fraction: 1_500_000 }));
    expect((await walk(memorySource(file))).frames).toEqual([frame(1, P, "6.500000000")]);
  });

  test("the longest frame is read, through a small buffer too", async () => {
    const long = payload(262_144);
    const file = concat(pcapHeader(), pcapRecord(long), pcapRecord(P));
    for (const bufferSize of [undefined, 1000]) {
      const { frames, problems } = await walk(memorySource(file), bufferSize);
      expect(frames.map(({ data }) => data.length)).toEqual([262_144, 60]);
      expect(frames[0]?.data.every((byte, at) => byte === long[at])).toBe(true);
      expect(problems).toEqual([]);
    }
  });

  test("an impossible length ends the file", async () => {
    const file = concat(pcapHeader(), pcapRecord(P), pcapRecord(P, { captured: 262_145 }), pcapRecord(P));
    const { frames, count, problems } = await walk(memorySource(file));
    expect([frames.length, count]).toEqual([1, 1]);
    expect(problems).toEqual([
      {
        kind: "malformed",
        frame: 1,
        detail: "frame 2 declares 262145 captured bytes at byte 100; reading stopped there",
      },
    ]);
  });

  test("a long frame of a link that has such is counted and passed over", async () => {
    const file = concat(pcapHeader({ link: 189 }), pcapRecord(P), pcapRecord(payload(300_000)), pcapRecord(P));
    const { frames, count, problems } = await walk(memorySource(file), 4096);
    expect(frames.map(({ number }) => number)).toEqual([1, 3]);
    expect(count).toBe(3);
    expect(problems.map(kindAndFrame)).toEqual([["limit", 2]]);
  });

  test("such a frame cut by the end of the file", async () => {
    const file = concat(pcapHeader({ link: 189 }), pcapRecord(P), pcapRecord(P, { captured: 300_000 }));
    const { frames, problems } = await walk(memorySource(file), 4096);
    expect(frames).toHaveLength(1);
    expect(problems.map(({ kind }) => kind)).toContain("truncated");
  });

  test("however many are wrong, the list of problems is bounded and says so", async () => {
    const long = pcapRecord(payload(262_145));
    const file = concat(pcapHeader({ link: 189 }), ...Array.from({ length: MAX_PROBLEMS + 5 }, () => long));
    const { count, problems } = await walk(memorySource(file));
    expect(count).toBe(MAX_PROBLEMS + 5);
    expect(problems).toHaveLength(MAX_PROBLEMS);
    expect(problems.at(-1)).toMatchObject({ kind: "limit", detail: "more than 99 problems: the rest is not listed" });
  });

  test("no frames at all is a sound capture", async () => {
    expect(await walk(memorySource(pcapHeader()))).toEqual({
      format: "pcap",
      frames: [],
      count: 0,
      problems: [],
      secrets: [],
    });
  });
});
