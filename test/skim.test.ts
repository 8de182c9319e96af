/**
 * Invariant: what is skimmed from the buffer counts as what is read frame by frame. A file that is read together with an empty
 * one is not skimmed.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { analyze } from "../src/index.ts";
import { decode, decodeUsualSegment, Packet, TCP } from "../src/packet/packet.ts";
import { concat, enhancedPacket, interfaceDescription, memorySource, sectionHeader } from "./support/capture-writer.ts";
import { CLIENT, CLIENT6, frameOf, SERVER, SERVER6, tcpFrame } from "./support/packets.ts";
import { LAB_ROOTS, REAL_CAPTURES, type RealCapture, rebuilt } from "./support/real-captures.ts";

/** Without what tells of files. */
async function report({ header }: RealCapture, bytes: Uint8Array, skimmed: boolean): Promise<unknown> {
  const source = memorySource(bytes, { name: "a.pcap" });
  const empty = memorySource(header, { name: "b.pcap" });
  const { input, totals, ...rest } = await analyze(skimmed ? [source] : [source, empty], { roots: [LAB_ROOTS] });
  return { ...rest, totals: { ...totals, bytes: 0 }, from: input.files[0]?.from, to: input.files[0]?.to };
}

/** The same frames, now and then on a second interface with finer times. */
function asPcapng({ records }: RealCapture): Uint8Array {
  const blocks = records.map((record, index) => {
    const view = new DataView(record.buffer, record.byteOffset);
    const micros = BigInt(view.getUint32(0, true)) * 1_000_000n + BigInt(view.getUint32(4, true));
    const on = index % 7 === 6 ? 1 : 0;
    const original = view.getUint32(12, true);
    return enhancedPacket(record.subarray(16), { on, original, time: on === 0 ? micros : micros * 1000n });
  });
  return concat(sectionHeader(), interfaceDescription(), interfaceDescription({ resolution: 9 }), ...blocks);
}

describe.each(REAL_CAPTURES.map((capture) => [capture.name, capture] as const))("%s", (_, capture) => {
  test.each([
    ["pcap", capture.bytes],
    ["pcapng", asPcapng(capture)],
  ])("as %s", async (_format, bytes) => {
    expect(await report(capture, bytes, true)).toEqual(await report(capture, bytes, false));
  });
});

test("with bytes changed at random", async () => {
  const changed = fc.record({
    capture: fc.constantFrom(...REAL_CAPTURES.slice(0, 10)),
    changes: fc.array(fc.tuple(fc.nat(1_000_000), fc.nat(120), fc.nat(255)), { minLength: 1, maxLength: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(changed, async ({ capture, changes }) => {
      const records = capture.records.map((record) => record.slice());
      // Headers of link, network and transport; the record's own lengths stay.
      for (const [record, at, byte] of changes) {
        const bytes = records[record % records.length] as Uint8Array;
        if (16 + at < bytes.length) bytes[16 + at] = byte;
      }
      const bytes = rebuilt(capture, records);
      expect(await report(capture, bytes, true)).toEqual(await report(capture, bytes, false));
    }),
    { numRuns: 60 },
  );
});

describe("a usual segment", () => {
  test.each([
    ["IPv4", CLIENT, SERVER],
    ["IPv6", CLIENT6, SERVER6],
  ])("is decoded as any other, or left alone: %s", (_, client, server) => {
    const plain = tcpFrame(client, server, new Uint8Array(20), {
      sequence: 0xfffffff0,
      acknowledgement: 7,
      flags: 0x18,
    });
    let taken = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(plain.length - 1), fc.nat(255)), { maxLength: 2 }),
        fc.oneof({ weight: 4, arbitrary: fc.constant(plain.length) }, fc.nat(plain.length)),
        (changes, length) => {
          const bytes = plain.slice(0, length);
          for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
          const frame = frameOf(bytes);
          const [usual, any] = [new Packet(), new Packet()];
          decode(frame, any);
          const view = new DataView(bytes.buffer);
          if (!decodeUsualSegment(bytes, view, 0, length, usual)) return;
          taken++;
          expect(any.kind).toBe(TCP);
          const { ttl: _ttl, tcpStart: _tcp, payloadStart: _start, payloadCaptured: _captured, ...expected } = any;
          expect(usual).toMatchObject(expected);
        },
      ),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(300);
  });
});
