/**
 * Invariant: a mirror port that gives every packet twice, as it comes and as it goes, changes no verdict, finding or count but that
 * of the frames.
 */
import { describe, expect, test } from "vitest";
import { analyze } from "../src/index.ts";
import type { Report } from "../src/report/schema.ts";
import { memorySource } from "./support/capture-writer.ts";
import { LAB_KEY_LOGS, LAB_ROOTS, REAL_CAPTURES, type RealCapture, rebuilt } from "./support/real-captures.ts";

const RECORD_HEADER = 16;

/** The same packet a moment later, one hop on when `routed`. */
function copied(record: Uint8Array, micros: number, routed: boolean): Uint8Array {
  const copy = record.slice();
  const view = new DataView(copy.buffer);
  const time = view.getUint32(4, true) + micros;
  view.setUint32(0, view.getUint32(0, true) + Math.floor(time / 1e6), true);
  view.setUint32(4, time % 1e6, true);
  if (!routed) return copy;
  // Ethernet, IPv4.
  copy.fill(0x02, RECORD_HEADER, RECORD_HEADER + 12);
  if (view.getUint16(RECORD_HEADER + 12) === 0x0800)
    copy[RECORD_HEADER + 22] = (copy[RECORD_HEADER + 22] as number) - 1;
  return copy;
}

async function judged(capture: RealCapture, records: readonly Uint8Array[]): Promise<unknown> {
  const source = memorySource(rebuilt(capture, records), { name: "a.pcap" });
  const report: Report = await analyze([source], { roots: [LAB_ROOTS], keyLogs: LAB_KEY_LOGS });
  return {
    verdict: report.verdict,
    features: report.features,
    connections: report.connections.map(({ id, protocol, outcome, verdict, bytes }) => ({
      id,
      protocol,
      outcome,
      verdict,
      bytes,
    })),
    findings: report.findings.map(({ rule, confidence, connections, what }) => ({
      rule,
      confidence,
      connections,
      // Of QUIC's packets the frames are counted.
      what: what.replaceAll(/frame \d+/g, "frame").replace(/^\d+ QUIC/, "QUIC"),
    })),
  };
}

const ethernet = REAL_CAPTURES.filter(
  ({ header }) => new DataView(header.buffer, header.byteOffset).getUint32(20, true) === 1,
);

describe.each(ethernet.map((capture) => [capture.name, capture] as const))("%s", (_, capture) => {
  test.each([
    ["each packet twice", false],
    ["each packet before and behind a router", true],
  ])("%s", async (_how, routed) => {
    const doubled = capture.records.flatMap((record) => [record, copied(record, 4, routed)]);
    expect(await judged(capture, doubled)).toEqual(await judged(capture, capture.records));
  });
});
