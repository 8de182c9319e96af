/**
 * Invariant: connections that are counted with others, because more were asked not to be listed, get the verdict that they would get by
 * themselves. Real captures beside worse copies of themselves, each of clients of its own: cut off early, without what a side says,
 * without what was said again.
 */
import { describe, expect, test } from "vitest";
import { analyze, type Report } from "../src/index.ts";
import { concat, memorySource } from "./support/capture-writer.ts";
import { ACK, Conversation, SYN } from "./support/packets.ts";
import { LAB_KEY_LOGS, LAB_ROOTS, REAL_CAPTURES, type RealCapture } from "./support/real-captures.ts";
import { captureOf, type Event, unansweredSyns } from "./support/traffic.ts";

const RECORD_HEADER = 16;
const ETHERNET_HEADER = 14;
const IP = RECORD_HEADER + ETHERNET_HEADER;
const SOURCE = IP + 12;
const DESTINATION = SOURCE + 4;
const TCP = 6;

const isIpv4 = (record: Uint8Array) => record[RECORD_HEADER + 12] === 8 && record[RECORD_HEADER + 13] === 0;
const portsAt = (record: Uint8Array) => IP + 4 * ((record[IP] ?? 0) & 15);
const view = (record: Uint8Array) => new DataView(record.buffer, record.byteOffset, record.length);
const isFromClient = (record: Uint8Array) => {
  const ports = portsAt(record);
  return view(record).getUint16(ports) > view(record).getUint16(ports + 2);
};

/** The packets of one connection have one text. */
function connectionOf(record: Uint8Array): string {
  const ends = [record.subarray(SOURCE, SOURCE + 4), record.subarray(DESTINATION, DESTINATION + 4)].map(String);
  const ports = portsAt(record);
  const [one, other] = [view(record).getUint16(ports), view(record).getUint16(ports + 2)];
  return [`${ends[0]} ${one}`, `${ends[1]} ${other}`].sort().join();
}

/** Which of the packets of a connection are left: `index` counts them. */
type Left = (record: Uint8Array, index: number, count: number) => boolean;

const WORSE: readonly (readonly [string, Left])[] = [
  ["the first packet alone", (_, index) => index === 0],
  ["the first three", (_, index) => index < 3],
  ["the first five", (_, index) => index < 5],
  ["the first seven", (_, index) => index < 7],
  ["the first half", (_, index, count) => index < count / 2],
  ["all but the last", (_, index, count) => index < count - 1],
  ["all but the first", (_, index) => index > 0],
  ["what clients say", (record) => isFromClient(record)],
  ["what servers say", (record) => !isFromClient(record)],
  ["small packets", (record) => record.length < IP + 600],
];

/** The capture from a client of its own, with the packets that are left. */
function copyOf({ records }: RealCapture, copy: number, left: Left): Uint8Array[] {
  const counts = new Map<string, number>();
  for (const record of records) {
    const id = isIpv4(record) ? connectionOf(record) : "";
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const seen = new Map<string, number>();
  return records.flatMap((record) => {
    const isCounted = isIpv4(record) && (record[IP + 9] === TCP || record[IP + 9] === 17);
    const id = isCounted ? connectionOf(record) : "";
    const index = seen.get(id) ?? 0;
    seen.set(id, index + 1);
    if (isCounted && !left(record, index, counts.get(id) ?? 0)) return [];
    const moved = record.slice();
    if (isIpv4(record)) {
      const at = isFromClient(record) ? SOURCE : DESTINATION;
      moved.set([11, copy], at + 1);
    }
    return [moved];
  });
}

async function report(bytes: Uint8Array, maxConnections?: number): Promise<Report> {
  const most = maxConnections === undefined ? {} : { maxConnections };
  return analyze([memorySource(bytes)], { roots: [LAB_ROOTS], keyLogs: LAB_KEY_LOGS, ...most });
}

/** How many connections to each server got which verdict. */
function verdicts({ groups }: Report): string[] {
  return groups
    .map((group) => {
      if (!("server" in group)) return "folded";
      const { server, serverName, protocol, leaf, verdict, connections } = group;
      return `${server.ip}:${server.port} ${serverName} ${protocol} ${leaf} ${verdict}: ${connections}`;
    })
    .sort();
}

const ethernet = REAL_CAPTURES.filter(({ header }) => view(header).getUint32(20, true) === 1);

describe.each(ethernet.map((capture) => [capture.name, capture] as const))("%s", (_, capture) => {
  const copies = [...WORSE, ["the whole", () => true] as const];

  test.each([
    ["worse copies first", copies],
    ["the whole first", copies.toReversed()],
  ])("%s", async (_how, order) => {
    const bytes = concat(capture.header, ...order.flatMap(([, left], copy) => copyOf(capture, copy + 1, left)));
    const whole = await report(bytes);
    const folded = await report(bytes, 1);
    expect(folded.connections).toHaveLength(Math.min(1, whole.connections.length));
    // What shows an interception of pseudo-TLS can be another connection of the same client, which may be counted with another
    // client's: then it is not shown. Nor is, in the whole, a failure that another client overcame. Never more is said than without.
    expect(verdicts(folded).filter(isBySelf)).toEqual(verdicts(whole).filter(isBySelf));
    expect(intercepted(folded)).toBeLessThanOrEqual(intercepted(whole));
    expect(WORSE_TO_WORST.indexOf(folded.verdict.is)).toBeLessThanOrEqual(WORSE_TO_WORST.indexOf(whole.verdict.is));
    expect(causes(folded)).toEqual(causes(whole));
  });
});

const WORSE_TO_WORST = ["clear", "cannot-tell", "impaired", "intercepted"];

const isBySelf = (row: string) => !row.includes(" pseudo-tls ");

function intercepted({ groups }: Report): number {
  return groups.reduce((sum, { verdict, connections }) => sum + (verdict === "intercepted" ? connections : 0), 0);
}

/** What rules found, and of what. */
function causes({ findings }: Report): string[] {
  return [...new Set(findings.map(({ rule, confidence }) => `${rule} ${confidence}`))].sort();
}

describe.each(ethernet.filter(({ name }) => name.includes("g02-")).map((capture) => [capture.name, capture] as const))(
  "%s, from clients from which TCP is as far as TLS, too",
  (_, capture) => {
    test.each(["last", "first"])("these %s", async (order) => {
      const far = copyOf(capture, 1, () => true);
      const copies = [far, copyOf(capture, 2, () => true).map(withEarlySyn)];
      const bytes = concat(capture.header, ...(order === "last" ? copies : copies.toReversed()).flat());
      const [whole, folded] = [await report(bytes), await report(bytes, 1)];
      expect(causes(await report(concat(capture.header, ...far)))).toContain("minted-on-demand possible");
      expect(causes(whole)).not.toContain("minted-on-demand possible");
      expect(causes(folded)).toEqual(causes(whole));
    });
  },
);

/** As if it had been sent a tenth of a second before. */
function withEarlySyn(record: Uint8Array): Uint8Array {
  const isSyn = isIpv4(record) && record[IP + 9] === TCP && record[portsAt(record) + 13] === SYN;
  if (!isSyn) return record;
  const data = view(record);
  const micros = data.getUint32(0, true) * 1e6 + data.getUint32(4, true) - 100_000;
  data.setUint32(0, Math.floor(micros / 1e6), true);
  data.setUint32(4, micros % 1e6, true);
  return record;
}

describe("SYNs", () => {
  const client = (number: number) => ({ ip: `10.0.0.${number}`, port: 50_000 + number });
  const server = { ip: "198.51.100.9", port: 443 };
  const once = (at: number, number: number) => unansweredSyns(at, client(number), server).slice(0, 1);
  const times = (count: number, events: (index: number) => readonly Event[]) =>
    Array.from({ length: count }, (_, index) => events(index)).flat();

  test("one that was not repeated does not speak for those that were", async () => {
    const bytes = captureOf([...once(0, 1), ...times(20, (i) => unansweredSyns(1 + i / 100, client(i + 2), server))]);
    for (const most of [undefined, 1]) {
      const found = await report(bytes, most);
      expect(found.verdict).toMatchObject({
        is: "impaired",
        headline: expect.stringContaining("(and 19 more failed)"),
      });
    }
  });

  test("nor one at the end of the capture for those that waited", async () => {
    const late = unansweredSyns(10, client(1), server).map((event, i) => ({ ...event, at: 10 + i / 1000 }));
    const bytes = captureOf([...late, ...unansweredSyns(6, client(2), server)]);
    for (const most of [undefined, 1])
      expect((await report(bytes, most)).verdict.headline).not.toContain("more failed");
  });

  test("what ends in another order is another thing", async () => {
    const talk = (number: number) => new Conversation({ client: client(number), server });
    const hello = new Uint8Array(100).fill(0x55);
    const open = (number: number) =>
      talk(number)
        .segment("client", SYN)
        .segment("server", SYN | ACK)
        .ack("client");
    const ends = [
      open(1).say("client", hello).fin("client").fin("server"),
      open(2).say("client", hello).fin("server").fin("client"),
    ];
    for (const order of [ends, ends.toReversed()]) {
      const events = order.flatMap(({ frames }, i) => frames.map((bytes, j) => ({ at: i + j / 1000, bytes })));
      const [whole, folded] = [await report(captureOf(events)), await report(captureOf(events), 1)];
      expect(verdicts(folded)).toEqual(verdicts(whole));
    }
  });
});
