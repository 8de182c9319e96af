import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drain } from "../../test/support/capture-walk.ts";
import { concat, ints, memorySource, payload, pcapHeader, pcapRecord } from "../../test/support/capture-writer.ts";
import { survives } from "../../test/support/format-suite.ts";
import { ParseError } from "../bytes/parse-error.ts";
import { END, FRAME, Frame, MORE } from "./frame.ts";
import { CaptureFile } from "./index.ts";
import type { ByteSource } from "./input.ts";

const TEXT = new TextEncoder();
const CAPTURE = concat(pcapHeader(), pcapRecord(payload(60)), pcapRecord(payload(61)));

/** The first 76 bytes of an event trace: a buffer header of 64 KiB, then a 64-bit system trace header. */
const EVENT_TRACE = concat(
  ints(false, [0x10000, 4]),
  new Uint8Array(68),
  Uint8Array.of(2, 0, 2, 0xc0),
  new Uint8Array(100),
);

async function refusal(bytes: Uint8Array): Promise<ParseError> {
  const source = memorySource(bytes, { name: "given.pcap" });
  const error = await CaptureFile.open(source).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ParseError);
  expect(source.isOpen).toBe(false);
  return error as ParseError;
}

describe("files that are no capture we read", () => {
  test.each([
    ["an empty file (0 bytes)", new Uint8Array(0), "truncated"],
    ["text", TEXT.encode("No.  Time  Source  Destination\n1 0.0 10.0.0.1 10.0.0.2\n"), "unsupported"],
    ["text", concat(Uint8Array.of(0xff, 0xfe), ints(false, [78, 2], [111, 2])), "unsupported"],
    ["a Network Monitor file that ends inside its header", TEXT.encode("GMBU\0\x02"), "truncated"],
    ["an .etl trace (Windows Event Trace Log)", EVENT_TRACE, "unsupported"],
    ["the compressed data ends early", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 1, 2), "truncated"],
    [
      "gzip-compressed, and inside zstd-compressed",
      gzipSync(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 1, 2)),
      "unsupported",
    ],
    ["lz4-compressed", Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 1, 2), "unsupported"],
    ["a zip archive", Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0), "unsupported"],
    ["an unknown format that begins 00010203", Uint8Array.of(0, 1, 2, 3), "unsupported"],
    ["gzip-compressed, and inside text", gzipSync("hello, hello, hello\n"), "unsupported"],
    ["gzip-compressed, and inside an empty file (0 bytes)", gzipSync(""), "truncated"],
    ["invalid block type", Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 7), "malformed"],
    ["the compressed data ends early", gzipSync(CAPTURE).subarray(0, 12), "truncated"],
  ])("%s", async (wanted, bytes, kind) => {
    const { message, kind: got, path } = await refusal(bytes);
    expect([got, path]).toEqual([kind, "given.pcap"]);
    expect(message).toContain(wanted);
  });

  test("an event trace needs all its signs", async () => {
    for (const [at, value] of [
      [1, 3],
      [74, 3],
      [75, 0],
    ] as const) {
      const other = Uint8Array.from(EVENT_TRACE);
      other[at] = value;
      expect((await refusal(other)).message).toContain("an unknown format");
    }
  });

  test("anything at all: returns or throws ParseError", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), survives), { numRuns: 500 });
  });
});

describe("reading", () => {
  test("frames come out as soon as they are complete", async () => {
    const file = await CaptureFile.open(memorySource(CAPTURE, { piece: 1 }));
    const frame = new Frame();
    while (file.next(frame) === MORE) await file.fill();
    expect(frame.captured).toBe(60);
    expect(file.bytesRead).toBe(24 + 16 + 60);
  });

  test("opening waits for no more than the file header", async () => {
    const file = await CaptureFile.open(memorySource(CAPTURE, { piece: 1 }));
    expect(file.bytesRead).toBe(24);
  });

  test("a source that answers at once is never waited for", async () => {
    const file = await CaptureFile.open(memorySource(gzipSync(CAPTURE), { piece: 3 }));
    const frame = new Frame();
    let filled: unknown;
    while (file.next(frame) === MORE) {
      filled = file.fill();
      expect(filled).toBeUndefined();
    }
  });

  test("name, size, format and counts", async () => {
    const packed = gzipSync(CAPTURE);
    const source = memorySource(packed, { name: "a.pcap.gz" });
    const file = await CaptureFile.open(source);
    expect((await drain(file)).length).toBe(2);
    expect([file.name, file.size, file.format, file.frames, file.bytesRead]).toEqual([
      "a.pcap.gz",
      packed.length,
      "pcap+gzip",
      2,
      packed.length,
    ]);
    file.close();
    expect(source.isOpen).toBe(false);
    expect([file.frames, file.problems]).toEqual([2, []]);
  });

  test("after the end it stays at the end", async () => {
    const file = await CaptureFile.open(memorySource(CAPTURE.subarray(0, -1)));
    const frame = new Frame();
    await drain(file);
    expect(file.next(frame)).toBe(END);
    expect(file.next(frame)).toBe(END);
    expect(file.problems).toHaveLength(1);
  });

  test("the slot is reused: no other object appears", async () => {
    const file = await CaptureFile.open(memorySource(CAPTURE));
    const frame = new Frame();
    expect(file.next(frame)).toBe(FRAME);
    const buffer = frame.bytes;
    expect(file.next(frame)).toBe(FRAME);
    expect(frame.bytes).toBe(buffer);
  });

  test("an error of the source passes through", async () => {
    let reads = 0;
    const failing: ByteSource = {
      name: "disk",
      size: undefined,
      read(into) {
        if (reads++ > 0) throw new RangeError("EIO");
        into.set(CAPTURE.subarray(0, 50));
        return 50;
      },
      close() {},
    };
    const file = await CaptureFile.open(failing);
    expect(file.next(new Frame())).toBe(MORE);
    expect(() => file.fill()).toThrow("EIO");
  });
});
