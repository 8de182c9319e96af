import { describe, expect, test } from "vitest";
import { ethernetFrame as frame, walk } from "../../test/support/capture-walk.ts";
import { concat, ints, memorySource, payload, pcapHeader, pcapRecord } from "../../test/support/capture-writer.ts";
import { formatSuite, kindAndFrame, type Part } from "../../test/support/format-suite.ts";
import { ACK, CLIENT, SERVER, tcpFrame } from "../../test/support/packets.ts";

/** Frames such as a network carries: what tells the variants apart is whether they are found where they should be. */
const FIRST = tcpFrame(CLIENT, SERVER, payload(30), { flags: ACK });
const SECOND = tcpFrame(SERVER, CLIENT, payload(7, 9), { flags: ACK });
/** The addresses of a loopback interface: all zeros, as the unused fields of the longer record headers are. */
const LOOPBACK = FIRST.slice().fill(0, 0, 12);

const kuznetsov = (big = false, index = 2, protocol = 0x0800, type = 4) =>
  ints(big, [index, 4], [protocol, 2], [type, 1], [0, 1]);
const long = (big = false) => concat(kuznetsov(big).subarray(0, 7), payload(5, 0x46));
const nokia = (big = false) => ints(big, [0xbfbfd901, 4]);

interface Variant {
  readonly magic: number;
  readonly rest: (big: boolean) => Uint8Array;
  readonly nanos?: boolean;
  /** Behind the file header. */
  readonly more?: Uint8Array;
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  "Red Hat 6.1": { magic: 0xa1b2c3d4, rest: kuznetsov },
  "Nokia's": { magic: 0xa1b2c3d4, rest: nokia },
  "Kuznetsov's last": { magic: 0xa1b2cd34, rest: kuznetsov },
  "SuSE 6.3": { magic: 0xa1b2cd34, rest: long },
  "Ixia's hardware": { magic: 0x1c0001ac, rest: () => new Uint8Array(0), nanos: true, more: payload(4, 200) },
  "Ixia's software": { magic: 0x1c0001ab, rest: () => new Uint8Array(0), more: payload(4, 200) },
};

function partsOf(
  { magic, rest, nanos = false, more = new Uint8Array(0) }: Variant,
  big = false,
  first = FIRST,
): Part[] {
  const unit = nanos ? 1000 : 1;
  const record = (data: Uint8Array, seconds: number, micros: number, original = data.length) =>
    pcapRecord(data, { big, seconds, fraction: micros * unit, original, rest: rest(big) });
  return [
    { bytes: concat(pcapHeader({ big, magic }), more) },
    { bytes: record(first, 900_000_000, 298_858), frame: frame(1, first, "900000000.298858000") },
    { bytes: record(SECOND, 900_000_000, 999_999), frame: frame(2, SECOND, "900000000.999999000") },
    {
      bytes: record(SECOND.subarray(0, 40), 900_000_001, 0, 61),
      frame: frame(3, SECOND.subarray(0, 40), "900000001.000000000", 61),
    },
    { bytes: record(new Uint8Array(0), 900_000_002, 1), frame: frame(4, new Uint8Array(0), "900000002.000001000") },
  ];
}

for (const [name, variant] of Object.entries(VARIANTS))
  formatSuite("pcap", partsOf(variant), 24, { title: `${name} variant` });

const wholeOf = (parts: readonly Part[]) => concat(...parts.map(({ bytes }) => bytes));
const framesOf = (parts: readonly Part[]) => parts.flatMap(({ frame }) => frame ?? []);

describe("variants of pcap", () => {
  test.each(Object.entries(VARIANTS))("%s: big-endian, and on a loopback interface", async (_, variant) => {
    for (const parts of [partsOf(variant, true), partsOf(variant, false, LOOPBACK), partsOf(variant, true, LOOPBACK)]) {
      const seen = await walk(memorySource(wholeOf(parts), { piece: 10 }));
      expect(seen.frames).toEqual(framesOf(parts));
      expect(seen.problems).toEqual([]);
    }
  });

  test.each(Object.entries(VARIANTS))(
    "%s: of other links too, by what the first records say of themselves",
    async (_, variant) => {
      const { magic, rest, nanos, more = new Uint8Array(0) } = variant;
      const fraction = nanos === true ? 5000 : 5;
      const records = [11, 200, 33].map((size) =>
        pcapRecord(payload(size), { seconds: size, fraction, rest: rest(false) }),
      );
      const file = concat(pcapHeader({ magic, link: 113 }), more, ...records);
      const { frames, problems } = await walk(memorySource(file));
      expect(frames.map(({ data, time }) => [data.length, time])).toEqual([
        [11, "11.000005000"],
        [200, "200.000005000"],
        [33, "33.000005000"],
      ]);
      expect(problems).toEqual([]);
    },
  );

  test("AIX writes other link types under version 2.2, and nanoseconds", async () => {
    for (const [link, read] of [
      [6, 1],
      [9, 6],
      [15, 10],
      [24, 0],
    ] as const) {
      const file = concat(
        pcapHeader({ big: true, minor: 2, link }),
        pcapRecord(FIRST, { big: true, seconds: 5, fraction: 999_999_999, captured: 99, original: FIRST.length }),
      );
      const { frames } = await walk(memorySource(file));
      expect(frames).toEqual([{ ...frame(1, FIRST, "5.999999999", 99), linkType: read }]);
    }
  });
});

describe("a damaged file of the usual kind stays one", () => {
  const start = concat(pcapHeader(), pcapRecord(LOOPBACK, { seconds: 5 }));

  test.each<[string, Uint8Array]>([
    ["its second record is nonsense", payload(100, 77)],
    ["its second record declares an impossible length", pcapRecord(SECOND, { captured: 0x7fffffff })],
    ["it ends in the second header, where another layout would end", new Uint8Array(8)],
    ["it ends in the second header, where Nokia's would end", new Uint8Array(4)],
  ])("%s", async (_, rest) => {
    const { frames, problems } = await walk(memorySource(concat(start, rest)));
    expect(frames).toEqual([frame(1, LOOPBACK, "5.000000000")]);
    expect(problems.map(({ frame }) => frame)).toEqual([1]);
  });

  test("frames that are no IP, with zeros where a longer header would be", async () => {
    const odd = concat(new Uint8Array(12), payload(60, 3));
    const records = [odd, odd, odd].map((data, seconds) => pcapRecord(data, { seconds }));
    const { frames, problems } = await walk(memorySource(concat(pcapHeader(), ...records, payload(40, 7))));
    expect(frames.map(({ data }) => data)).toEqual([odd, odd, odd]);
    expect(problems.map(kindAndFrame)).toEqual([["malformed", 3]]);
  });

  test("the first frame of a pipe is not waited for longer than it takes, whatever comes next", async () => {
    const source = memorySource(concat(start, pcapRecord(SECOND)), { piece: 1 });
    const seen = await walk(source);
    expect(seen.frames).toHaveLength(2);
  });
});
