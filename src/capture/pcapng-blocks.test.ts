import { describe, expect, test } from "vitest";
import { drain } from "../../test/support/capture-walk.ts";
import {
  appleProcess,
  block,
  concat,
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  ints,
  memorySource,
  nameRecord,
  obsoletePacket,
  option,
  payload,
  sectionHeader,
} from "../../test/support/capture-writer.ts";
import { formatSuite, type Part } from "../../test/support/format-suite.ts";
import type { Skimmer } from "./frame.ts";
import { CaptureFile } from "./index.ts";

const P = payload(33);
const END = option(false, 0, new Uint8Array(0));
const text = (value: string) => new TextEncoder().encode(value);
const comment = (value: string, big = false) => option(big, 1, text(value));
const count = (code: number, value: number | bigint, big = false) => option(big, code, ints(big, [value, 8]));
const FLAGS = option(false, 2, ints(false, [1, 4]));
const START = concat(sectionHeader(), interfaceDescription(), interfaceDescription());

async function read(...blocks: readonly Uint8Array[]) {
  const file = await CaptureFile.open(memorySource(concat(...blocks), { piece: 1000 }));
  const frames = await drain(file);
  const { comments, dropped, problems } = file;
  return { frames, comments, dropped, names: [...file.names], problems };
}

/** Of a whole file, byte by byte, cut anywhere, mutated: what is not frames must not disturb them. */
const parts: readonly Part[] = [
  { bytes: sectionHeader(false, 0, comment("a section"), END) },
  { bytes: interfaceDescription() },
  { bytes: block(false, 4, concat(nameRecord(false, payload(4, 192), "a.example", "b.example"), END)) },
  { bytes: appleProcess(false, 77, "Teams") },
  {
    bytes: enhancedPacket(P, { time: 5n, trailer: concat(FLAGS, comment("look here"), count(4, 3), END) }),
    frame: {
      number: 1,
      data: P,
      time: "0.000005000",
      original: 33,
      linkType: 1,
      interfaceIndex: 0,
      fcs: 0,
      comment: "look here",
    },
  },
  {
    bytes: enhancedPacket(P, { time: 6n, trailer: option(false, 0x8001, ints(false, [0, 4])) }),
    frame: {
      number: 2,
      data: P,
      time: "0.000006000",
      original: 33,
      linkType: 1,
      interfaceIndex: 0,
      fcs: 0,
      application: { path: "Teams", pid: 77 },
    },
  },
  { bytes: interfaceStatistics(false, 0, count(4, 100), count(5, 7), END) },
];

formatSuite("pcapng", parts, 28, { title: "pcapng with more than frames" });

describe("comments", () => {
  test("of frames: several are lines, a zero at the end is none of the text; the next frame has none", async () => {
    const trailer = concat(comment("first"), FLAGS, comment("second\0"), comment(""), END);
    const { frames } = await read(START, enhancedPacket(P, { trailer }), enhancedPacket(P));
    expect(frames.map(({ comment }) => comment)).toEqual(["first\nsecond", undefined]);
  });

  test("of the obsolete packet block, big-endian", async () => {
    const data = concat(payload(32), comment("old", true));
    const bytes = obsoletePacket(data, { big: true, original: 32 });
    // It declares all of it as captured: take the options out again.
    new DataView(bytes.buffer).setUint32(20, 32);
    const { frames, problems } = await read(sectionHeader(true), interfaceDescription({ big: true }), bytes);
    expect(problems).toEqual([]);
    expect(frames.map(({ comment, data }) => [comment, data.length])).toEqual([["old", 32]]);
  });

  test("of sections, of which a bounded number is kept", async () => {
    const sections = Array.from({ length: 20 }, (_, i) => sectionHeader(i % 2 === 0, 0, comment(`${i}`, i % 2 === 0)));
    const { comments, problems } = await read(...sections);
    expect(comments).toEqual(Array.from({ length: 16 }, (_, i) => `${i}`));
    expect(problems).toEqual([]);
  });

  test("options that run past their block end the options, not the frame", async () => {
    const broken = concat(comment("kept"), ints(false, [1, 2], [500, 2], [0, 4]));
    const { frames, problems } = await read(START, enhancedPacket(P, { trailer: broken }));
    expect(frames.map(({ comment, data }) => [comment, data.length])).toEqual([["kept", 33]]);
    expect(problems).toEqual([]);
  });
});

describe("names", () => {
  test("of IPv4 and IPv6; the first of an address holds", async () => {
    const v6 = concat(ints(true, [0x20010db8, 4]), new Uint8Array(11), Uint8Array.of(7));
    const blocks = [
      block(false, 4, concat(nameRecord(false, v6, "six.example"), nameRecord(false, payload(4, 10), "x", "y"), END)),
      block(false, 4, concat(nameRecord(false, payload(4, 10), "other"), nameRecord(false, payload(4, 20), "z"))),
    ];
    const { names, problems } = await read(START, ...blocks);
    expect(names).toEqual([
      ["2001:db8::7", "six.example"],
      ["10.11.12.13", "x"],
      ["20.21.22.23", "z"],
    ]);
    expect(problems).toEqual([]);
  });

  test("without a name, longer than any, of other kinds, past the block: not taken, and nothing else is lost", async () => {
    const { names } = await read(
      START,
      block(
        false,
        4,
        concat(
          nameRecord(false, payload(4, 1)),
          nameRecord(false, payload(4, 2), ""),
          nameRecord(false, payload(4, 3), "n".repeat(256)),
          option(false, 3, payload(20)),
          nameRecord(false, payload(4, 4), "n".repeat(255)),
          ints(false, [1, 2], [400, 2], [0x09090909, 4]),
        ),
      ),
      block(false, 4, concat(END, nameRecord(false, payload(4, 5), "behind the end"))),
    );
    expect(names.map(([ip]) => ip)).toEqual(["4.5.6.7"]);
  });

  test("their number is bounded", async () => {
    const records = Array.from({ length: 12_000 }, (_, i) => nameRecord(false, ints(true, [i, 4]), "n"));
    expect((await read(START, block(false, 4, concat(...records)))).names).toHaveLength(10_000);
  });
});

describe("packets lost while capturing", () => {
  test("the last statistics of each interface count, of all sections", async () => {
    const seen = await read(
      START,
      interfaceStatistics(false, 0, count(5, 3), count(7, 4)),
      interfaceStatistics(false, 0, count(4, 1000), count(5, 5), count(7, 6), count(8, 900), END),
      interfaceStatistics(false, 1, count(5, 100)),
      sectionHeader(true),
      interfaceDescription({ big: true }),
      interfaceStatistics(true, 0, count(5, 2000, true)),
    );
    expect(seen.dropped).toBe(2111);
    expect(seen.problems).toEqual([]);
  });

  test("frames say how many are missing before them; statistics count the same ones again", async () => {
    const lost = (packets: number) => enhancedPacket(P, { trailer: concat(count(4, packets), END) });
    expect((await read(START, lost(3), lost(0), lost(4))).dropped).toBe(7);
    expect((await read(START, lost(3), lost(4), interfaceStatistics(false, 0, count(5, 5)))).dropped).toBe(7);
    expect((await read(START, lost(3), lost(4), interfaceStatistics(false, 0, count(5, 9)))).dropped).toBe(9);
  });

  test.each([
    ["all ones: nobody counted", interfaceStatistics(false, 0, count(5, 0xffff_ffff_ffff_ffffn)), 0],
    ["of an interface that is not there", interfaceStatistics(false, 9, count(5, 4)), 0],
    ["of another size", interfaceStatistics(false, 0, option(false, 5, payload(4, 1))), 0],
    ["a block too short", block(false, 5, payload(8)), 0],
    ["beyond every counter", interfaceStatistics(false, 0, count(5, 1n << 63n), count(7, 1n << 63n)), 2 ** 53 - 1],
  ])("%s", async (_, statistics, dropped) => {
    expect((await read(START, statistics)).dropped).toBe(dropped);
  });
});

describe("processes of macOS", () => {
  test("by their number within the section", async () => {
    const by = (process: number) => enhancedPacket(P, { trailer: option(false, 0x8001, ints(false, [process, 4])) });
    const { frames } = await read(
      START,
      appleProcess(false, 1, ""),
      appleProcess(false, 412, "Microsoft Teams"),
      block(false, 0x80000001, new Uint8Array(0)),
      by(1),
      by(0),
      by(2),
      by(3),
      enhancedPacket(P),
      sectionHeader(),
      interfaceDescription(),
      by(1),
    );
    expect(frames.map(({ application }) => application?.pid)).toEqual([412, ...Array.from({ length: 5 })]);
  });
});

test("frames of which something is said are not skimmed, all others are", async () => {
  const plain = [
    enhancedPacket(P),
    enhancedPacket(P, { trailer: FLAGS }),
    enhancedPacket(P, { trailer: concat(FLAGS, END) }),
  ];
  const told = [comment("c"), concat(FLAGS, comment("c")), count(4, 1), option(false, 0x8001, ints(false, [0, 4]))];
  const skimmed = async (frame: Uint8Array) => {
    const file = await CaptureFile.open(memorySource(concat(START, frame, frame)));
    let taken = 0;
    const skimmer: Skimmer = { linkType: 1, take: () => ++taken > 0 };
    // The descriptions come first.
    expect(await drain(file, () => file.skim(skimmer))).toHaveLength(taken === 1 ? 1 : 2);
    return taken;
  };
  for (const frame of plain) expect(await skimmed(frame)).toBe(1);
  for (const trailer of told) expect(await skimmed(enhancedPacket(P, { trailer }))).toBe(0);
});
