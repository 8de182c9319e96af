/**
 * Invariant: a summary says what the whole Report says. Real captures, as often as many clients would make them: each copy has
 * a client address of its own and, in the second run, servers at other addresses under the same names.
 */
import { describe, expect, test } from "vitest";
import { analyze, type Report } from "../src/index.ts";
import { SAMPLE } from "../src/observe/keeper.ts";
import { concat, memorySource } from "./support/capture-writer.ts";
import { LAB_ROOTS, REAL_CAPTURES, type RealCapture } from "./support/real-captures.ts";
import { told } from "./support/told.ts";

const COPIES = 4 * SAMPLE;
const RECORD_HEADER = 16;
const ETHERNET_HEADER = 14;
const SOURCE = RECORD_HEADER + ETHERNET_HEADER + 12;
const DESTINATION = SOURCE + 4;

const isIpv4 = (record: Uint8Array) => record[RECORD_HEADER + 12] === 8 && record[RECORD_HEADER + 13] === 0;
const text = (record: Uint8Array, at: number) => record.subarray(at, at + 4).join(".");

/** Every address that opens a connection or sends to a well-known port. */
function clientsOf({ records }: RealCapture): ReadonlySet<string> {
  return new Set(
    records.filter(isIpv4).flatMap((record) => {
      const ports = RECORD_HEADER + ETHERNET_HEADER + 4 * ((record[RECORD_HEADER + ETHERNET_HEADER] ?? 0) & 15);
      const port = (at: number) => ((record[at] ?? 0) << 8) | (record[at + 1] ?? 0);
      return port(ports) > port(ports + 2) ? [text(record, SOURCE)] : [];
    }),
  );
}

function manyTimes(capture: RealCapture, moveServers: boolean): Uint8Array {
  const clients = clientsOf(capture);
  const copies = Array.from({ length: COPIES }, (_, copy) =>
    capture.records.map((record) => {
      if (!isIpv4(record)) return record;
      const moved = record.slice();
      for (const at of [SOURCE, DESTINATION]) {
        const place = at + 2;
        if (clients.has(text(record, at))) moved.set([0x80 ^ copy], place);
        else if (moveServers) moved.set([(record[at + 3] ?? 0) ^ copy], at + 3);
      }
      return moved;
    }),
  );
  return concat(capture.header, ...copies.flat());
}

async function report(bytes: Uint8Array, summarize: boolean): Promise<Report> {
  return analyze([memorySource(bytes)], { roots: [LAB_ROOTS], summarize });
}

describe.each([
  ["the same servers", false],
  ["servers at other addresses", true],
])("many clients, %s", (_, moveServers) => {
  test.each(REAL_CAPTURES.map((capture) => [capture.name, capture] as const))("%s", async (_name, capture) => {
    const bytes = manyTimes(capture, moveServers);
    const [whole, summary] = [await report(bytes, false), await report(bytes, true)];
    expect(told(summary)).toEqual(told(whole));
  });
});
