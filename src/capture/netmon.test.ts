import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drain, ethernetFrame, type SeenFrame, walk } from "../../test/support/capture-walk.ts";
import { concat, ints, type MemorySource, memorySource, payload } from "../../test/support/capture-writer.ts";
import { formatSuite, kindAndFrame, type Part, survives } from "../../test/support/format-suite.ts";
import {
  fileTime,
  NETMON_START,
  type NetmonFrame,
  type NetmonOptions,
  netmonFile,
  netmonParts,
  netmonProcess,
  netmonRecord,
} from "../../test/support/netmon-writer.ts";
import { FRAME, Frame, MORE } from "./frame.ts";
import { CaptureFile } from "./index.ts";
import type { ByteSource } from "./input.ts";

const P = payload(60);

const VERSIONS: readonly NetmonOptions[] = [
  { major: 1, minor: 1 },
  { major: 2, minor: 0 },
  { major: 2, minor: 1 },
  { major: 2, minor: 2 },
  { major: 2, minor: 3 },
];

for (const version of VERSIONS) {
  const { major, minor } = version;
  const unit = major === 1 ? 1 : 1000;
  const utc = (units: number) => fileTime(NETMON_START, units);
  const { header, records, tables } = netmonParts(
    [
      { data: payload(60), utc: utc(8_420_000) },
      { data: payload(0), since: 158 * unit, utc: utc(10_000_000) },
      { data: payload(33, 9), since: 3000 * unit, original: 1500, utc: utc(38_420_001) },
    ],
    version,
  );
  const frames: SeenFrame[] = [
    ethernetFrame(1, payload(60), `${NETMON_START}.842000000`),
    ethernetFrame(2, payload(0), `${NETMON_START + 1}.000000000`),
    ethernetFrame(3, payload(33, 9), `${NETMON_START + 3}.842000${minor === 3 ? "100" : "000"}`, 1500),
  ];
  const parts: Part[] = [
    { bytes: header },
    ...records.map((bytes, index) => ({ bytes, frame: frames[index] as SeenFrame })),
    { bytes: tables },
  ];
  formatSuite(`netmon${major}.${minor}`, parts, 64, { title: `Network Monitor ${major}.${minor}`, indexed: true });
}

/** What comes once, in its order. */
function pipe(bytes: Uint8Array, piece?: number): ByteSource {
  const source: MemorySource = memorySource(bytes, piece === undefined ? {} : { piece });
  return { name: "-", size: undefined, read: (into) => source.read(into), close: () => source.close() };
}

const plain = (count: number): NetmonFrame[] =>
  Array.from({ length: count }, (_, i) => ({ data: payload(40, i), since: i }));
const sizes = (frames: readonly SeenFrame[]) => frames.map(({ data }) => data[0]);

describe("where frames are", () => {
  test("in the table's order, whatever lies between them", async () => {
    const file = netmonFile(plain(5), { gap: 31, order: [4, 0, 1, 3, 2] });
    for (const source of [
      memorySource(file),
      memorySource(file, { piece: 7 }),
      pipe(file, 7),
      memorySource(gzipSync(file)),
    ]) {
      const { frames, problems } = await walk(source, 100);
      expect(sizes(frames)).toEqual([4, 0, 1, 3, 2]);
      expect(frames.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
      expect(problems).toEqual([]);
    }
  });

  test("a table before the frames", async () => {
    const { header, records } = netmonParts(plain(2), { minor: 1 });
    const [first, second] = records as [Uint8Array, Uint8Array];
    const view = new DataView(header.buffer);
    view.setUint32(24, 128, true);
    view.setUint32(28, 8, true);
    const table = ints(false, [136, 4], [136 + first.length, 4]);
    expect(sizes((await walk(memorySource(concat(header, table, first, second)), 64)).frames)).toEqual([0, 1]);
  });

  test("no frames at all is a sound capture", async () => {
    expect(await walk(memorySource(netmonFile([])))).toMatchObject({ frames: [], problems: [] });
  });

  test("a length of the table that is no multiple of four counts whole entries", async () => {
    const { header, records, tables } = netmonParts(plain(2));
    new DataView(header.buffer).setUint32(28, 7, true);
    expect((await walk(memorySource(concat(header, ...records, tables)))).frames).toHaveLength(1);
  });

  test("an entry beyond the file ends the reading there", async () => {
    const { header, records, tables } = netmonParts(plain(3));
    new DataView(tables.buffer).setUint32(4, 1_000_000, true);
    const { frames, problems } = await walk(memorySource(concat(header, ...records, tables)));
    expect(frames).toHaveLength(1);
    expect(problems.map(kindAndFrame)).toEqual([["truncated", 1]]);
  });

  test("a frame longer than any link's is numbered and passed over, the table knows the next one", async () => {
    const file = netmonFile([...plain(1), { data: payload(8), captured: 300_000 }, ...plain(1)]);
    const { frames, problems } = await walk(memorySource(file));
    expect(frames.map(({ number }) => number)).toEqual([1, 3]);
    expect(problems.map(kindAndFrame)).toEqual([["malformed", 2]]);
  });

  test("a table of which only the length is there costs nothing", async () => {
    const { header, records } = netmonParts(plain(2));
    new DataView(header.buffer).setUint32(28, 60_000_000, true);
    const { frames, problems } = await walk(memorySource(concat(header, ...records)));
    expect(sizes(frames)).toEqual([0, 1]);
    expect(problems.map(kindAndFrame)).toEqual([["truncated", 2]]);
  });

  test("one longer than any is not used: frames are read as they stand", async () => {
    const { header, records } = netmonParts(plain(2));
    new DataView(header.buffer).setUint32(28, 0xfffffff0, true);
    const { frames, problems } = await walk(memorySource(concat(header, ...records, payload(9))));
    expect(sizes(frames)).toEqual([0, 1]);
    expect(problems.map(kindAndFrame)).toEqual([["limit", 2]]);
  });

  test("without a table, a frame that declares too much ends the reading", async () => {
    const { header, records } = netmonParts([...plain(1), { data: payload(8), captured: 300_000 }, ...plain(1)]);
    const { frames, problems } = await walk(memorySource(concat(header, ...records)));
    expect(frames).toHaveLength(1);
    expect(problems.map(kindAndFrame)).toEqual([
      ["malformed", 1],
      ["truncated", 1],
    ]);
  });

  test("frames all in one place cannot be more than a file has", async () => {
    const { header, records } = netmonParts([{ data: payload(262_000) }], { minor: 0 });
    const table = new Uint8Array(4 * 20_000);
    for (let at = 0; at < table.length; at += 4) table.set([128, 0, 0, 0], at);
    new DataView(header.buffer).setUint32(28, table.length, true);
    let count = 0;
    const file = concat(header, ...records, table);
    const capture = await CaptureFile.open(memorySource(file));
    const frame = new Frame();
    for (let step = capture.next(frame); step === FRAME || step === MORE; step = capture.next(frame)) {
      if (step === MORE) await capture.fill();
      else count++;
    }
    expect(count).toBe(Math.floor(2 ** 32 / 262_016));
    expect(capture.problems.map(kindAndFrame)).toEqual([["malformed", count]]);
  });

  test("jumping to and fro is bounded", async () => {
    const far = { data: payload(200_000) };
    const order = Array.from({ length: 12_000 }, (_, i) => (i % 2) * 2);
    const file = netmonFile([{ data: payload(8) }, far, { data: payload(8) }], { minor: 0, order });
    const { count, problems } = await walk(memorySource(file), 256);
    expect(count).toBeGreaterThan(9_000);
    expect(problems.map(({ kind }) => kind)).toEqual(["limit"]);
  });

  test("a pipe longer than what is held in memory is read one frame behind the other", async () => {
    const { header, records } = netmonParts(plain(3), { processes: [netmonProcess("a.exe", 1)] });
    const filler = netmonRecord({ data: new Uint8Array(262_000) });
    const frames = concat(...records, ...Array.from({ length: 260 }, () => filler));
    const view = new DataView(header.buffer);
    const table = 128 + frames.length;
    view.setUint32(24, table, true);
    const file = concat(header, frames, new Uint8Array(12));
    const { frames: seen, problems } = await walk(pipe(file));
    expect(seen).toHaveLength(263);
    expect(problems.map(kindAndFrame)).toEqual([["limit", 263]]);
  });
});

describe("what frames are", () => {
  const media = (types: readonly number[], minor = 1) =>
    netmonFile(
      types.map((type, i) => ({ data: payload(40, i), media: type })),
      { minor },
    );

  test("the media type of each frame, from 2.1 on", async () => {
    const { frames, problems } = await walk(memorySource(media([1, 0, 2, 3, 7, 8, 9, 0xe071, 0xe080])));
    expect(frames.map(({ linkType }) => linkType)).toEqual([1, 1, 6, 10, 101, 101, 101, 0x71, 105]);
    expect(problems).toEqual([]);
  });

  test("the media type of the file before that", async () => {
    const file = netmonFile(plain(1), { minor: 0, media: 3 });
    expect((await walk(memorySource(file))).frames.map(({ linkType }) => linkType)).toEqual([10]);
  });

  test("frames that Wireshark leaves out take no number; others that are none do", async () => {
    const types = [1, 0xfffc, 0xfffd, 0xfffe, 1, 0xfffb, 0xffff, 1];
    const { frames, count, problems } = await walk(memorySource(media(types)));
    expect(frames.map(({ number }) => number)).toEqual([1, 2, 5]);
    expect([count, problems]).toEqual([5, []]);
  });

  test("events of Windows are numbered, and counted as not read", async () => {
    const { frames, problems } = await walk(memorySource(media([0xffe0, 1, 0xffe0, 1])));
    expect(frames.map(({ number }) => number)).toEqual([2, 4]);
    expect(problems.map(({ kind, detail }) => [kind, detail])).toEqual([
      ["unsupported", "2 frame(s) that are events of Windows are passed over"],
    ]);
  });

  test("media types that nobody knows are numbered, and named once each", async () => {
    const { frames, problems } = await walk(memorySource(media([4, 1, 4, 0xe081, 500])));
    expect(frames.map(({ number }) => number)).toEqual([2]);
    expect(problems.map(({ detail }) => detail)).toEqual([
      "frames of media type 4 are passed over",
      "frames of media type 57473 are passed over",
      "frames of media type 500 are passed over",
    ]);
  });

  test("802.11 begins behind a header of its own", async () => {
    const wifi = (length: number, version = 2) => concat(Uint8Array.of(version, length, 0), payload(60, 3));
    const data = [wifi(32), wifi(40), wifi(32, 1), wifi(200), wifi(32).subarray(0, 20)];
    const file = netmonFile(
      data.map((bytes) => ({ data: bytes, media: 6, original: 100 })),
      { minor: 1 },
    );
    const { frames } = await walk(memorySource(file));
    expect(frames.map(({ linkType, data, original }) => [linkType, data.length, original])).toEqual([
      [105, 31, 68],
      [105, 23, 60],
      [105, 63, 100],
      [105, 63, 100],
      [105, 20, 100],
    ]);
  });
});

describe("times", () => {
  const timeOf = async (frame: NetmonFrame, options: NetmonOptions = {}) =>
    (await walk(memorySource(netmonFile([frame], options)))).frames[0]?.time;

  test("before the beginning, as a number that is negative when made ten times as large", async () => {
    const back = BigInt.asUintN(64, -5_000_016n) / 10n;
    expect(await timeOf({ data: P, since: back }, { minor: 1, millis: 0 })).toBe(`${NETMON_START - 1}.499998400`);
    expect(await timeOf({ data: P, since: back }, { minor: 1, millis: 501 })).toBe(`${NETMON_START}.000998400`);
  });

  test("after more than an hour, and after years", async () => {
    expect(await timeOf({ data: P, since: 5_000_000_001n }, { minor: 1 })).toBe(`${NETMON_START + 5000}.842001000`);
    expect(await timeOf({ data: P, since: 100_000_000_000_007n }, { minor: 1 })).toBe(
      `${NETMON_START + 100_000_000}.842007000`,
    );
    expect(await timeOf({ data: P, since: 0xffff_ffff }, { major: 1, minor: 1 })).toBe(
      `${NETMON_START + 4_294_968}.137000000`,
    );
  });

  test("of 2.3 in UTC to 100 ns; where that is not set, by the beginning", async () => {
    expect(await timeOf({ data: P, utc: fileTime(1_700_000_000, 1_234_567) })).toBe("1700000000.123456700");
    expect(await timeOf({ data: P, since: 58_000, utc: 0n })).toBe(`${NETMON_START}.900000000`);
  });
});

test("says whether its clock is local time", async () => {
  for (const options of [...VERSIONS, { minor: 3, utc: 0n }] as const) {
    const { utc } = options as { utc?: bigint };
    const file = await CaptureFile.open(
      memorySource(netmonFile([{ data: P, ...(utc !== undefined && { utc }) }], options)),
    );
    await drain(file);
    expect(file.localTime).toBe(options.minor !== 3 || utc === 0n);
  }
});

describe("processes", () => {
  const TEAMS = "C:\\Users\\ü\\AppData\\Local\\Teams.exe";
  const processes = [netmonProcess(TEAMS, 4711, { icon: 3000 }), netmonProcess("", 4), netmonProcess("System", 4)];
  const owners = [0, 2, 1, 0xffffffff, 3];
  const owned = (minor: number): Uint8Array =>
    netmonFile(
      owners.map((owner) => ({ data: P, owner })),
      { minor, processes },
    );

  test.each([2, 3])("of each frame, in 2.%i", async (minor) => {
    for (const source of [memorySource(owned(minor)), pipe(owned(minor), 50)]) {
      const { frames, problems } = await walk(source, 64);
      expect(frames.map(({ application }) => application)).toEqual([
        { path: TEAMS, pid: 4711 },
        { path: "System", pid: 4 },
        undefined,
        undefined,
        undefined,
      ]);
      expect(problems).toEqual([]);
    }
  });

  test("cut anywhere in their list: all frames, the processes before it, and a problem", async () => {
    const file = owned(3);
    const start = file.length - processes.reduce((sum, { length }) => sum + length, 0) - 2;
    for (let cut = start; cut < file.length; cut += cut % 50 === 0 ? 1 : 7) {
      const { frames, problems } = await walk(memorySource(file.subarray(0, cut)));
      expect(frames).toHaveLength(5);
      expect(frames[0]?.application?.pid, `cut at ${cut}`).toBe(
        cut < start + 2 + (processes[0] as Uint8Array).length ? undefined : 4711,
      );
      expect(problems.map(kindAndFrame)).toEqual([["truncated", 5]]);
    }
  });

  test("a path longer than Windows allows ends the list; the end of a long one is kept", async () => {
    const frames = [
      { data: P, owner: 0 },
      { data: P, owner: 1 },
    ];
    const long = netmonFile(frames, { processes: [netmonProcess(`${"x".repeat(2000)}y`, 1), netmonProcess("z", 2)] });
    const seen = await walk(memorySource(long));
    expect(seen.frames.map(({ application }) => [application?.path.length, application?.path.at(-1)])).toEqual([
      [1024, "y"],
      [1, "z"],
    ]);
    const wrong = netmonFile(frames, {
      processes: [netmonProcess("a", 1, { pathBytes: 65_538 }), netmonProcess("z", 2)],
    });
    const { frames: left, problems } = await walk(memorySource(wrong));
    expect(left.map(({ application }) => application)).toEqual([undefined, undefined]);
    expect(problems.map(kindAndFrame)).toEqual([["malformed", 2]]);
  });

  test("a list longer than any machine's is cut short, and says so", async () => {
    const many = Array.from({ length: 10_001 }, () => netmonProcess("a", 1));
    const { problems } = await walk(memorySource(netmonFile(plain(1), { processes: many })));
    expect(problems.map(kindAndFrame)).toEqual([["limit", 1]]);
  });

  test("earlier versions have none, whatever stands in their headers", async () => {
    const { frames, problems } = await walk(memorySource(owned(1)));
    expect(frames.map(({ application }) => application)).toEqual([...Array.from({ length: 5 })]);
    expect(problems).toEqual([]);
  });
});

describe("comments", () => {
  test("belong to the frame at their offset, also out of order", async () => {
    const file = netmonFile(plain(3), { comments: { 2: "here it breaks", 0: "the first" }, order: [2, 1, 0] });
    const { frames, problems } = await walk(memorySource(file), 64);
    expect(frames.map(({ comment }) => comment)).toEqual(["here it breaks", undefined, "the first"]);
    expect(problems).toEqual([]);
  });

  test.each<[string, (tables: DataView) => void, string[]]>([
    ["a title beyond the list", (view) => view.setUint32(4 + 8, 5000, true), ["malformed"]],
    ["a description beyond the list", (view) => view.setUint32(4 + 12 + 10, 5000, true), []],
  ])("%s", async (_, change, kinds) => {
    const { header, records, tables } = netmonParts(plain(1), { comments: { 0: "four" } });
    change(new DataView(tables.buffer));
    const { frames, problems } = await walk(memorySource(concat(header, ...records, tables)));
    expect(frames).toHaveLength(1);
    expect(problems.map(({ kind }) => kind)).toEqual(kinds);
  });
});

test.each([
  [3, 0],
  [0, 9],
])("version %i.%i is refused", async (major, minor) => {
  const file = netmonFile(plain(1));
  file[4] = minor;
  file[5] = major;
  await expect(walk(memorySource(file))).rejects.toMatchObject({ kind: "unsupported" });
});

test("mutated, with processes and comments: returns or throws ParseError", async () => {
  const file = netmonFile(
    plain(3).map((frame) => ({ ...frame, owner: 0 })),
    {
      processes: [netmonProcess("a.exe", 1, { icon: 9 })],
      comments: { 1: "look" },
    },
  );
  const interesting = fc.oneof(fc.integer({ min: 0, max: 63 }), fc.nat(file.length - 1));
  const changes = fc.array(fc.tuple(interesting, fc.constantFrom(0, 1, 4, 127, 128, 200, 255)), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(changes, fc.nat(60), async (list, cut) => {
      const hostile = file.slice(0, file.length - cut);
      for (const [at, value] of list) if (at < hostile.length) hostile[at] = value;
      await survives(hostile);
    }),
    { numRuns: 1000 },
  );
});
