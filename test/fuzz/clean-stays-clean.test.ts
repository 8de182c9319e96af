/**
 * Invariant: frames that are dropped, doubled, put in another order or cut off never make an innocent server look
 * intercepted. A capture loses and doubles frames all the time; an accusation must never come from that.
 *
 * Holds for every capture in which nobody intercepts, and in the mixed ones for the servers that nobody intercepts. Nor do they
 * make the encrypted flight of TLS 1.3, read without keys, look like another one.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toLatin1 } from "../../src/bytes/text.ts";
import { analyze, type Report } from "../../src/index.ts";
import { memorySource } from "../support/capture-writer.ts";
import { LAB_KEY_LOGS, LAB_ROOTS, REAL_CAPTURES, type RealCapture, rebuilt } from "../support/real-captures.ts";

/** The whole folder stays under a minute with this; raise it for a night's run. */
const RUNS = Number(process.env["SIGHTLINE_FUZZ_RUNS"] ?? 3);

/** Answers the indices of the records that stay, in their new order. */
type Change = (count: number) => number[];

const all = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Pseudo-random numbers in [0, 1) from a seed that fast-check chose: one per record, whatever their number. */
function randoms(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 0x5851f42d) + 0x14057b7b) | 0;
    let mixed = state ^ (state >>> 15);
    mixed = Math.imul(mixed, 0x2c1b3c6d);
    return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32;
  };
}

const seed = fc.integer();
const share = fc.double({ min: 0, max: 1, noNaN: true });

const change: fc.Arbitrary<Change> = fc.oneof(
  // Each frame is lost with this chance.
  fc.tuple(seed, share).map(([from, chance]) => (count: number) => {
    const random = randoms(from);
    return all(count).filter(() => random() >= chance);
  }),
  // A stretch is lost.
  fc.tuple(share, share).map(([from, length]) => (count: number) => {
    const first = Math.floor(from * count);
    return all(count).filter((i) => i < first || i >= first + length * 20);
  }),
  // The end is cut off.
  share.map((kept) => (count: number) => all(Math.floor(kept * count))),
  // The beginning is not there.
  share.map((lost) => (count: number) => all(count).slice(Math.floor(lost * count))),
  // Frames are stored up to `far` places from where they belong.
  fc.tuple(seed, fc.integer({ min: 1, max: 40 })).map(([from, far]) => (count: number) => {
    const random = randoms(from);
    const keys = all(count).map((i) => i + random() * far);
    return all(count).sort((one, other) => (keys[one] as number) - (keys[other] as number));
  }),
  // Frames are doubled, the copy anywhere later.
  fc.tuple(seed, share).map(([from, chance]) => (count: number) => {
    const random = randoms(from);
    const keys = all(count).flatMap((i) =>
      random() < chance
        ? [
            { i, key: i },
            { i, key: i + random() * 30 },
          ]
        : [{ i, key: i }],
    );
    return keys.sort((one, other) => one.key - other.key).map(({ i }) => i);
  }),
);

const changes = fc.array(change, { minLength: 1, maxLength: 3 });

interface Label {
  readonly ip: string;
  readonly port: number;
  readonly transport: string;
}

const cases = REAL_CAPTURES.map((capture) => ({ ...capture, guilty: guiltyOf(capture) }));

/** Of the captures with TLS 1.3, what is seen of it in the whole of them; test/flights.test.ts holds that to their key logs. */
const FLIGHTS: Readonly<Record<string, Promise<Flights>>> = Object.fromEntries(
  cases
    .filter(({ name }) => /tls13/.test(name))
    .map((capture) => [capture.name, read(capture.bytes, []).then(flightsOf)]),
);

test("there are clean captures and mixed ones", async () => {
  const flights = (await Promise.all(Object.values(FLIGHTS))).map(({ size }) => size);
  expect(Math.min(...flights)).toBeGreaterThan(0);
  expect(flights.length).toBeGreaterThan(3);
  expect(cases.filter(({ clean }) => clean).length).toBeGreaterThan(25);
  expect(cases.filter(({ clean }) => !clean).length).toBeGreaterThan(15);
});

describe.each(cases)("$name", (capture) => {
  test("drop, double, reorder, cut off", async () => {
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        let order = all(capture.records.length);
        for (const one of list) order = one(order.length).map((i) => order[i] as number);
        const changed = rebuilt(
          capture,
          order.map((i) => capture.records[i] as Uint8Array),
        );
        expect(accused(await read(changed), capture.guilty)).toEqual([]);
        if (capture.name in FLIGHTS)
          expectFlights(await read(changed, []), await (FLIGHTS[capture.name] as Promise<Flights>));
      }),
      { numRuns: RUNS },
    );
  });

  test("the file ends early", async () => {
    // After every single frame where a dialogue is judged by what did not come; else at some ends, evenly spread.
    const step = hasPseudoTls(capture) ? 1 : Math.max(1, Math.floor(capture.records.length / (RUNS * 4)));
    for (let end = 0; end <= capture.records.length; end += step) {
      const report = await read(rebuilt(capture, capture.records.slice(0, end)));
      expect({ end, accused: accused(report, capture.guilty) }).toEqual({ end, accused: [] });
    }
  });
});

/** The first bytes of the [MS-TURN] hello are in it: record of 45 bytes, TLS 1.0. */
function hasPseudoTls({ bytes }: RealCapture): boolean {
  return toLatin1(bytes).includes("\x16\x03\x01\x00\x2d\x01");
}

/** Connections called intercepted whose server is innocent. */
function accused(report: Report, guilty: ReadonlySet<string>): unknown[] {
  return report.connections
    .filter(
      ({ verdict, server, transport }) => verdict.is === "intercepted" && !guilty.has(key({ ...server, transport })),
    )
    .map(({ id, server, verdict }) => ({ id, server, verdict, findings: report.findings }));
}

function guiltyOf({ name }: RealCapture): ReadonlySet<string> {
  const file = join(import.meta.dirname, "../captures", name, "expect.json");
  const { intercepted } = JSON.parse(readFileSync(file, "utf8")) as { intercepted: Label[] };
  return new Set(intercepted.map(key));
}

function key({ ip, port, transport }: Label): string {
  return `${transport} ${ip} ${port}`;
}

function read(bytes: Uint8Array, keyLogs = LAB_KEY_LOGS): Promise<Report> {
  return analyze([memorySource(bytes, { name: "changed.pcap" })], { roots: [LAB_ROOTS], keyLogs });
}

/** By the client's port, which no two connections of a capture share. */
type Flights = ReadonlyMap<number, Flight>;
type Flight = NonNullable<NonNullable<Report["connections"][number]["tls"]>["flight"]>;

function flightsOf({ connections }: Report): Flights {
  return new Map(
    connections.flatMap(({ client, tls }) => (tls?.flight === undefined ? [] : [[client.port, tls.flight]])),
  );
}

/** Nothing is claimed of a flight that is not so in the whole capture; less may be. */
function expectFlights(changed: Report, whole: Flights): void {
  for (const [port, flight] of flightsOf(changed)) {
    const { layout, alpn, protocol, certificate, key, answer } = flight;
    const claims = { ...(layout !== "unfinished" && { layout }), alpn, protocol, certificate, key, answer };
    const known = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
    expect(whole.get(port), `port ${port}`).toMatchObject(known);
  }
}
