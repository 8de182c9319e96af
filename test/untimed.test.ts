/**
 * Invariant: packets without a time (pcapng's Simple Packet Blocks) are judged without time, and not as of 1970: what was genuine or
 * proven intercepted stays so, nobody is called expired, and no silence is made of nothing.
 */
import { describe, expect, test } from "vitest";
import { analyze } from "../src/index.ts";
import type { Report } from "../src/report/schema.ts";
import {
  concat,
  enhancedPacket,
  interfaceDescription,
  memorySource,
  sectionHeader,
  simplePacket,
} from "./support/capture-writer.ts";
import { LAB_KEY_LOGS, LAB_ROOTS, REAL_CAPTURES, type RealCapture } from "./support/real-captures.ts";

const RECORD_HEADER = 16;
const NEED_TIME: ReadonlySet<string> = new Set(["certificate-dates", "issuer-dates", "minted-on-demand"]);
/** Causes that cannot be shown without it. */
const TIMED = /^(certificate-expired|certificate-not-yet-valid|port-blocked|no-answer|path-mtu-black-hole)$/;

/** The packets as pcapng, those without a time for which `untimed` says so. */
function asPcapng({ header, records }: RealCapture, untimed: (index: number) => boolean): Uint8Array {
  const link = new DataView(header.buffer, header.byteOffset).getUint32(20, true);
  const packets = records.map((record, index) => {
    const view = new DataView(record.buffer, record.byteOffset);
    const data = record.subarray(RECORD_HEADER);
    const original = view.getUint32(12, true);
    if (untimed(index)) return simplePacket(data, original);
    const time = BigInt(view.getUint32(0, true)) * 1_000_000n + BigInt(view.getUint32(4, true));
    return enhancedPacket(data, { time, original });
  });
  // A Simple Packet Block is as long as the interface allows.
  const snap = Math.max(0, ...records.map(({ length }) => length - RECORD_HEADER));
  return concat(sectionHeader(), interfaceDescription({ link, snap }), ...packets);
}

const report = (bytes: Uint8Array): Promise<Report> =>
  analyze([memorySource(bytes, { name: "a.pcapng" })], { roots: [LAB_ROOTS], keyLogs: LAB_KEY_LOGS });

const little = REAL_CAPTURES.filter(
  ({ header }) => new DataView(header.buffer, header.byteOffset).getUint32(0, true) === 0xa1b2c3d4,
);

test("there are captures", () => {
  expect(little.length).toBeGreaterThan(40);
});

describe.each(little.map((capture) => [capture.name, capture] as const))("%s", (_, capture) => {
  test.each([
    ["no packet has a time", () => true],
    ["every second one has none", (index: number) => index % 2 === 1],
    ["the first ones have none", (index: number) => index < 10],
  ])("%s", async (_how, untimed) => {
    const timed = await report(asPcapng(capture, () => false));
    const found = await report(asPcapng(capture, untimed));
    expect(found.rules.filter(({ is }) => is === "failed")).toEqual([]);
    const isTimed = found.input.files[0]?.from !== undefined;
    if (!isTimed) for (const { rule, is } of found.rules) if (NEED_TIME.has(rule)) expect(is).toMatch(/^not-/);
    expect(found.connections).toHaveLength(timed.connections.length);
    for (const [index, { id, verdict, time, timing }] of found.connections.entries()) {
      const before = timed.connections[index]?.verdict;
      if (!isTimed) expect(time).toBeUndefined();
      if (time === undefined) expect(timing).toEqual({});
      const isSure = before?.is === "genuine" || (before?.is === "intercepted" && before.confidence === "proven");
      if (isSure) expect({ id, is: verdict.is }).toEqual({ id, is: before.is });
      if (verdict.is === "intercepted") expect({ id, is: before?.is }).toEqual({ id, is: "intercepted" });
      if (verdict.is !== "impaired") continue;
      expect({ id, is: before?.is }).toEqual({ id, is: expect.stringMatching(/^(impaired|intercepted)$/) });
      if (time === undefined)
        expect({ id, cause: verdict.cause }).toEqual({ id, cause: expect.not.stringMatching(TIMED) });
    }
  });
});
