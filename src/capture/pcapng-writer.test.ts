import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type SeenFrame, walk } from "../../test/support/capture-walk.ts";
import {
  block,
  concat,
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  ints,
  memorySource,
  nameRecord,
  option,
  payload,
  secretsBlock,
  sectionHeader,
  simplePacket,
} from "../../test/support/capture-writer.ts";
import { Frame } from "./frame.ts";
import { CaptureFile } from "./index.ts";
import { PcapngWriter } from "./pcapng-writer.ts";

const END = option(false, 0, new Uint8Array(0));
const text = (code: number, value: string) => option(false, code, new TextEncoder().encode(value));
const SECTION = sectionHeader(false, 0, text(4, "test 1"), END);

function frameOf(given: Partial<Frame> & { data: Uint8Array }): Frame {
  const { data, ...fields } = given;
  // Not at the beginning of the buffer, as in a reader's.
  const bytes = concat(payload(3), data, payload(5));
  const length = data.length;
  return Object.assign(new Frame(), { bytes, start: 3, captured: length, original: length, linkType: 1 }, fields);
}

describe("what is written, byte by byte", () => {
  const wrote = (write: (writer: PcapngWriter) => void): Uint8Array => {
    const writer = new PcapngWriter("test 1");
    write(writer);
    return writer.take();
  };

  test("a frame with comments, cut: its interface, then the block with options and padding", () => {
    const frame = frameOf({ data: payload(7), original: 90, seconds: 1_340_954_905, nanos: 298_858_123 });
    expect(wrote((writer) => writer.frame(frame, 0, 5, ["one", "übrigens"]))).toEqual(
      concat(
        SECTION,
        interfaceDescription({ resolution: 9 }),
        enhancedPacket(payload(5), {
          time: 1_340_954_905_298_858_123n,
          original: 90,
          trailer: concat(text(1, "one"), text(1, "übrigens"), END),
        }),
      ),
    );
  });

  test("one interface for each input, interface and link type", () => {
    const frame = (fields: Partial<Frame> = {}) => frameOf({ data: payload(4), ...fields });
    const written = wrote((writer) => {
      writer.frame(frame(), 0, 4, []);
      writer.frame(frame({ linkType: 101 }), 1, 4, []);
      writer.frame(frame({ interfaceIndex: 1 }), 0, 4, []);
      writer.frame(frame(), 0, 4, []);
    });
    const described = (link: number) => interfaceDescription({ link, resolution: 9 });
    const on = (number: number) => enhancedPacket(payload(4), { on: number, time: 0n });
    expect(written).toEqual(concat(SECTION, described(1), on(0), described(101), on(1), described(1), on(2), on(0)));
  });

  test("a comment on the file, names, secrets, losses", () => {
    const writer = new PcapngWriter("test 1", "all of it");
    // Nothing was lost on an interface that there is not.
    writer.lost(9);
    writer.frame(frameOf({ data: payload(1) }), 0, 1, [], payload(6));
    writer.lost(7);
    writer.names(
      new Map([
        ["192.0.2.1", "one"],
        ["2001:db8::1", "seven77"],
      ]),
    );
    const six = ints(true, [0x20010db8, 4], [0, 8], [1, 4]);
    expect(writer.take()).toEqual(
      concat(
        sectionHeader(false, 0, text(1, "all of it"), text(4, "test 1"), END),
        interfaceDescription({ resolution: 9 }),
        secretsBlock(payload(6)),
        enhancedPacket(payload(1), { time: 0n }),
        interfaceStatistics(false, 0, option(false, 5, ints(false, [7, 8])), END),
        block(
          false,
          4,
          concat(nameRecord(false, Uint8Array.of(192, 0, 2, 1), "one"), nameRecord(false, six, "seven77"), END),
        ),
      ),
    );
    expect(writer.pending).toBe(0);
  });

  test("frames without a time, in sections of their own where they are another interface's", () => {
    const written = wrote((writer) => {
      writer.frame(frameOf({ data: payload(4), untimed: true }), 0, 4, ["lost: there is no room for it"]);
      writer.frame(frameOf({ data: payload(8), untimed: true }), 0, 8, []);
      writer.frame(frameOf({ data: payload(8), untimed: true }), 0, 5, []);
    });
    expect(written).toEqual(
      concat(
        SECTION,
        interfaceDescription({ resolution: 9 }),
        simplePacket(payload(4)),
        simplePacket(payload(8)),
        SECTION,
        interfaceDescription({ resolution: 9, snap: 5 }),
        simplePacket(payload(5), 8),
      ),
    );
  });

  test("a comment that is too long is cut between characters", async () => {
    const writer = new PcapngWriter("test 1");
    writer.frame(frameOf({ data: payload(4) }), 0, 4, ["é".repeat(40_000)]);
    const { frames, problems } = await walk(memorySource(writer.take()));
    expect(problems).toEqual([]);
    expect(frames[0]?.comment).toBe("é".repeat(32_767));
  });
});

describe("what is written is read again", () => {
  const frames = fc.record({
    data: fc.uint8Array({ maxLength: 80 }),
    cut: fc.nat(80),
    linkType: fc.constantFrom(1, 101, 113),
    interfaceIndex: fc.nat(2),
    origin: fc.nat(2),
    seconds: fc.oneof(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), fc.constantFrom(-1, 0, 2 ** 33, -(2 ** 33) - 1)),
    nanos: fc.integer({ min: 0, max: 999_999_999 }),
    fcs: fc.constantFrom(0, 0, 4),
    untimed: fc.boolean(),
    comment: fc.option(fc.string({ minLength: 1, maxLength: 20 }), { nil: undefined }),
  });

  test("numbers, bytes, lengths, times, link types, comments, and what of it is the frame check sequence", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(frames, { maxLength: 12 }), async (given) => {
        const writer = new PcapngWriter("test 1");
        const expected: Omit<SeenFrame, "interfaceIndex">[] = [];
        for (const { data, cut, origin, comment = "", ...fields } of given) {
          const captured = Math.min(cut, data.length);
          const fcs = Math.min(fields.fcs, data.length);
          writer.frame(frameOf({ ...fields, data, fcs }), origin, captured, comment === "" ? [] : [comment]);
          // A Simple Packet Block cannot say that nothing of a packet was captured.
          if (fields.untimed && captured === 0 && data.length > 0) continue;
          const kept = comment.replace(/\0+$/, "");
          expected.push({
            number: expected.length + 1,
            data: data.subarray(0, captured),
            original: data.length,
            linkType: fields.linkType,
            fcs: Math.max(0, Math.min(captured, fcs - (data.length - captured))),
            time: fields.untimed ? "" : timeText(fields.seconds, fields.nanos),
            comment: fields.untimed || kept === "" ? undefined : kept,
            application: undefined,
          });
        }
        const { frames: seen, problems } = await walk(memorySource(writer.take()));
        expect(problems).toEqual([]);
        expect(seen.map(({ interfaceIndex: _, ...frame }) => frame)).toEqual(expected);
      }),
    );
  });

  test("names, secrets and losses", async () => {
    const writer = new PcapngWriter("test 1", "a comment");
    writer.frame(frameOf({ data: payload(9) }), 0, 9, [], payload(21));
    writer.names(new Map([["2001:db8::17", "host"]]));
    writer.lost(12);
    const file = await CaptureFile.open(memorySource(writer.take()));
    for (const frame = new Frame(); file.next(frame) !== 2; ) await file.fill();
    expect([...file.names]).toEqual([["2001:db8::17", "host"]]);
    expect(file.secrets).toEqual([payload(21)]);
    expect(file.comments).toEqual(["a comment"]);
    expect(file.dropped).toBe(12);
    expect(file.problems).toEqual([]);
  });
});

function timeText(seconds: number, nanos: number): string {
  const total = BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
  const size = total < 0n ? -total : total;
  return `${total < 0n ? "-" : ""}${size / 1_000_000_000n}.${(size % 1_000_000_000n).toString().padStart(9, "0")}`;
}
