import { describe, expect, test } from "vitest";
import * as reports from "../../test/support/reports.ts";
import { choiceText, flightText, serverBrief, serverText } from "./outside.ts";
import type { ReportConnection } from "./schema.ts";
import { renderText } from "./text.ts";

type Tls = NonNullable<ReportConnection["tls"]>;
type Flight = NonNullable<Tls["flight"]>;

const [first] = reports.story.connections as [ReportConnection];

function hidden(flight: Partial<Flight>, tls: Partial<Tls> = {}): ReportConnection {
  const whole: Flight = { layout: "separate", server: [32, 2764, 281, 53], after: [282], client: [53], ...flight };
  return {
    ...first,
    certificates: [],
    tls: { version: "TLS 1.3", cipher: "TLS_AES_128_GCM_SHA256", alerts: [], decrypted: false, flight: whole, ...tls },
    verdict: { is: "cannot-tell", missing: ["key log"], findings: [] },
  };
}

const SYSTEM = { ttl: 57, window: 65160, options: "mss 1460,sackOK,TS,nop,wscale 7" };

describe("the flight", () => {
  test.each<[Partial<Flight>, string | undefined]>([
    [
      { key: "RSA 2048", certificate: 2743, alpn: "answered", protocol: "h2" },
      "RSA 2048 key, Certificate of 2743 bytes, ALPN h2",
    ],
    [
      { key: "EC P-256", alpn: "not-answered", answer: "alert" },
      "EC P-256 key, ALPN not answered, the client answers with an alert",
    ],
    [
      { key: "EC P-256", certificate: 900, perhapsCompressed: true },
      "EC P-256 key, Certificate of 900 bytes (perhaps compressed)",
    ],
    [{ alpn: "answered" }, "ALPN answered"],
    [{}, undefined],
    [{ layout: "unfinished", server: [32] }, undefined],
    [{ layout: "joined-or-padded", server: [1145] }, "1 record of 1145 bytes, of several messages each or padded"],
    [
      { layout: "joined-or-padded", server: [65, 831] },
      "2 records of 65, 831 bytes, of several messages each or padded",
    ],
  ])("%j", (flight, text) => {
    expect(flightText(hidden(flight))).toBe(text);
  });

  test("is not told where decryption shows it, or there is none", () => {
    expect(flightText(hidden({ key: "RSA 2048" }, { decrypted: true }))).toBeUndefined();
    expect(flightText(first)).toBeUndefined();
  });
});

test("the choice, with what a HelloRetryRequest asked for", () => {
  const choice = (tls: Partial<Tls>) => choiceText(hidden({}, tls));
  expect(choice({})).toBe("TLS_AES_128_GCM_SHA256");
  expect(choice({ group: "x25519" })).toBe("TLS_AES_128_GCM_SHA256, x25519");
  const asked = "TLS_AES_128_GCM_SHA256, x25519, after a HelloRetryRequest";
  expect(choice({ group: "x25519", helloRetryRequest: {} })).toBe(asked);
  expect(choice({ group: "x25519", helloRetryRequest: { group: "x25519" } })).toBe(`${asked} for x25519`);
  const { tls: _, ...none } = first;
  expect(choiceText(none)).toBeUndefined();
});

test("the server's system and times, as far as they are known", () => {
  const timing = { tcpRtt: 0.000091, tcpAck: 0.00004, hello: 0.0618 };
  const seen: ReportConnection = { ...first, timing, tcp: { synAck: SYSTEM, dataTtl: 64 } };
  expect(serverText(seen)).toBe(
    "SYN-ACK after 0.09 ms, answer to the hello after 62 ms; TTL 57, of its data 64, window 65160, mss 1460,sackOK,TS,nop,wscale 7",
  );
  expect(serverBrief(seen)).toBe("SYN-ACK 0.09 ms, hello 62 ms, TTL 57");
  const bare = { ...first, timing: {}, tcp: { synAck: { ...SYSTEM, options: "" } } };
  expect(serverText(bare)).toBe("TTL 57, window 65160, no options");
  expect(serverBrief(bare)).toBe("TTL 57");
  expect([serverText({ ...first, timing: {} }), serverBrief({ ...first, timing: {} })]).toEqual([undefined, undefined]);
});

test("the text shows it: of what could not be judged in the lists, of what was intercepted beside the ladder", () => {
  const dark: ReportConnection = {
    ...hidden({ key: "RSA 2048", certificate: 812, alpn: "not-answered" }),
    timing: { tcpRtt: 0.000091, hello: 0.0618 },
    tcp: { synAck: { ...SYSTEM, ttl: 64 } },
  };
  const group = {
    server: dark.server,
    protocol: dark.protocol,
    verdict: "cannot-tell",
    connections: 1,
    firstId: dark.id,
  };
  const report = { ...reports.story, connections: [dark], groups: [group] } as typeof reports.story;
  const style = { columns: 200, color: false, unicode: true };
  // Lines are broken where they are too long.
  expect(renderText(report, style).replace(/\s+/g, " ")).toContain(
    "missing key log; RSA 2048 key, Certificate of 812 bytes, ALPN not answered; SYN-ACK 0.09 ms, hello 62 ms, TTL 64",
  );
  const [broken] = reports.story.connections.filter(({ id }) => id === "tcp/1") as [ReportConnection];
  const connections = [...reports.story.connections.filter((one) => one !== broken), { ...broken, tcp: dark.tcp }];
  expect(renderText({ ...reports.story, connections } as typeof reports.story, style).replace(/\s+/g, " ")).toMatch(
    / Server SYN-ACK after [^;]* ms; TTL 64, window 65160, mss 1460,sackOK,TS,nop,wscale 7 /,
  );
});
