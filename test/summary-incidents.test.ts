/**
 * Invariant: a summary says what the whole Report says, also where one connection among many that are alike is the one that
 * tells. Every case is one in which leaving that connection out would change the answer.
 */
import { describe, expect, test } from "vitest";
import { fromHex } from "../src/bytes/text.ts";
import { analyze, type Report } from "../src/index.ts";
import { concat, memorySource, payload } from "./support/capture-writer.ts";
import { authority, ecKeys, pem } from "./support/certificates.ts";
import { told } from "./support/told.ts";
import {
  type Connection,
  captureOf,
  connection,
  type Event,
  START,
  unansweredSyns,
  unansweredUdp,
} from "./support/traffic.ts";

const { certificate: ROOT, leaf } = authority("Test Root");
const CORPORATE = { issuer: "Corp CA", signer: ecKeys() };
const OLD = ["150101000000Z", "160101000000Z"] as const;

/** UTCTime, `after` seconds behind START. */
const time = (after: number) => `${new Date((START + after) * 1000).toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`;
const client = (number: number, port = 50_000) => ({ ip: `10.0.${number >> 8}.${number & 255}`, port });
const server = (number: number) => ({ ip: `198.51.100.${number}`, port: 443 });
const times = (count: number, events: (index: number) => readonly Event[]) =>
  Array.from({ length: count }, (_, index) => events(index)).flat();
const session = (number: number) => payload(32, number * 3 + 1);

const LITWARE = leaf("www.litware.com");
const ok = (given: Partial<Connection> & { at: number; client: Connection["client"] }) =>
  connection({ server: server(1), name: "www.litware.com", chain: [LITWARE], ...given });

async function report(events: readonly Event[], summarize: boolean): Promise<Report> {
  return analyze([memorySource(captureOf(events))], { roots: [pem(ROOT)], summarize });
}

const QUIC = concat(fromHex("c000000001080102030405060708000044 9e"), payload(1180));
const FRESH = { ...CORPORATE, dates: [time(-5), "450101000000Z"] as const };

const CASES: readonly (readonly [name: string, is: Report["verdict"]["is"], events: readonly Event[]])[] = [
  [
    "QUIC gets no answer, TCP does, for every client",
    "clear",
    times(40, (i) => [
      ...unansweredUdp(i * 5, client(i + 1, 60_000), server(1), QUIC),
      ...ok({ at: i * 5 + 1, client: client(i + 1) }),
    ]),
  ],
  [
    "a SYN without an answer, and the same client's next try",
    "clear",
    [
      ...times(20, (i) => ok({ at: i, client: client(i + 1) })),
      ...unansweredSyns(25, client(99), server(1)),
      ...ok({ at: 32, client: client(99, 50_002) }),
      ...times(200, (i) => ok({ at: 40 + i, client: client(100 + (i % 50), 52_000 + i) })),
    ],
  ],
  [
    "a certificate that expires meanwhile",
    "impaired",
    (() => {
      const chain = [leaf("www.litware.com", { dates: ["150101000000Z", time(100)] })];
      return times(40, (i) => ok({ at: i * 10, client: client(i + 1), chain }));
    })(),
  ],
  [
    "sessions resumed later",
    "clear",
    (() => {
      const chain = [leaf("teams.microsoft.com")];
      const name = "teams.microsoft.com";
      return [
        ...times(40, (i) => ok({ at: i, client: client(i + 1), name, chain, session: session(i) })),
        ...times(40, (i) => ok({ at: i + 50, client: client(i + 201), name, resumes: session(i) })),
      ];
    })(),
  ],
  [
    "fresh certificates, TLS far at first and near later",
    "cannot-tell",
    (() => {
      const [one, other] = [leaf("www.litware.com", FRESH), leaf("www.fabrikam.com", FRESH)];
      return times(12, (i) => [
        ...ok({ at: i, client: client(1, 50_000 + i), chain: [one], hello: i < 8 ? 0.05 : 0.001 }),
        ...ok({
          at: i + 0.4,
          client: client(1, 51_000 + i),
          server: server(2),
          name: "www.fabrikam.com",
          chain: [other],
          hello: i < 8 ? 0.05 : 0.001,
        }),
      ]);
    })(),
  ],
  [
    "fresh certificates on connections that last long",
    "intercepted",
    (() => {
      const [one, other] = [leaf("www.litware.com", FRESH), leaf("www.fabrikam.com", FRESH)];
      const fabrikam = { server: server(2), name: "www.fabrikam.com", chain: [other] };
      return [
        ...ok({ at: 0, client: client(1, 49_000), chain: [one], hello: 0.05, until: 9000 }),
        ...ok({ at: 1, client: client(1, 49_001), hello: 0.05, until: 9000, ...fabrikam }),
        ...times(80, (i) => [
          ...ok({ at: 1000 + i, client: client(1, 50_000 + i), chain: [one] }),
          ...ok({ at: 1000.4 + i, client: client(1, 51_000 + i), ...fabrikam }),
        ]),
      ];
    })(),
  ],
  [
    "one key on two addresses of one network",
    "intercepted",
    (() => {
      const shared = { ...CORPORATE, keys: ecKeys(), dates: ["200101000000Z", "450101000000Z"] as const };
      const [one, other] = [leaf("www.litware.com", shared), leaf("www.fabrikam.com", shared)];
      return [
        ...times(8, (i) => ok({ at: i, client: client(1, 50_000 + i), chain: [one] })),
        ...ok({ at: 20, client: client(1, 51_000), name: "www.fabrikam.com", chain: [other] }),
        ...ok({ at: 21, client: client(1, 51_001), server: server(2), chain: [one] }),
      ];
    })(),
  ],
  [
    "a default certificate twice, and in between the genuine server",
    "impaired",
    (() => {
      const chain = [leaf("cdn-default.fabrikam.com")];
      return [
        ...times(9, (i) => ok({ at: i, client: client(1, 50_000 + i) })),
        ...ok({
          at: 20,
          client: client(1, 51_000),
          server: { ip: "203.0.113.5", port: 443 },
          name: "www.contoso.com",
          chain,
        }),
        ...ok({ at: 22, client: client(1, 51_001) }),
        ...ok({
          at: 24,
          client: client(1, 51_002),
          server: { ip: "192.0.2.5", port: 443 },
          name: "www.adatum.com",
          chain,
        }),
      ];
    })(),
  ],
  [
    "a feature that failed once and works again",
    "impaired",
    (() => {
      const name = "x.tr.teams.microsoft.com";
      const [chain, bad] = [[leaf(name)], [leaf(name, { dates: OLD })]];
      return [
        ...times(20, (i) => ok({ at: i, client: client(i + 1), name, chain })),
        ...ok({ at: 30, client: client(60), server: server(2), name, chain: bad }),
        ...times(5, (i) => ok({ at: 40 + i, client: client(i + 101), name, chain })),
      ];
    })(),
  ],
  [
    "ServerHello alone on one of many",
    "clear",
    times(40, (i) => ok({ at: i, client: client(i + 1), split: i === 20 })),
  ],
  [
    "another client than the first ones'",
    "clear",
    [
      ...times(8, (i) => ok({ at: i, client: client(1, 50_000 + i) })),
      ...times(30, (i) => ok({ at: 10 + i, client: client(2 + i, 50_000 + i) })),
      ...ok({
        at: 60,
        client: client(1, 50_900),
        server: server(2),
        name: "www.fabrikam.com",
        chain: [leaf("www.fabrikam.com")],
      }),
    ],
  ],
];

describe("the summary tells what the whole Report tells", () => {
  test.each(CASES)("%s", async (_, is, events) => {
    const [whole, summary] = [await report(events, false), await report(events, true)];
    expect(whole.verdict.is).toBe(is);
    expect(told(summary)).toEqual(told(whole));
  });
});

test("where nothing happens, connections are counted instead of kept", async () => {
  const events = times(100, (i) => ok({ at: i, client: client(i + 1), server: server(1 + (i % 20)) }));
  const [whole, summary] = [await report(events, false), await report(events, true)];
  expect(told(summary)).toEqual(told(whole));
  expect(whole.connections.length).toBe(100);
  expect(summary.connections.length).toBeLessThan(20);
  expect(summary.groups.some((group) => "elsewhere" in group && (group.elsewhere ?? 0) > 0)).toBe(true);
});

test("every connection on ports used again and again is one of its own, as in Wireshark", async () => {
  const events = times(40, (i) => ok({ at: i, client: client(1), sequence: 1000 + i * 100_000 }));
  const { connections } = await report(events, false);
  expect(connections.map(({ frames, outcome }) => [frames.count, outcome])).toEqual(
    Array.from({ length: 40 }, () => [connections[0]?.frames.count, "closed"]),
  );
});
