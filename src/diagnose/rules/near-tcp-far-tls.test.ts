import { expect, test } from "vitest";
import {
  ask,
  certificate,
  DECLARED,
  found,
  idsOf,
  PRIVATE,
  PUBLIC,
  pseudoTls,
  type Spec,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { nearTcpFarTls as rule } from "./near-tcp-far-tls.ts";

/** Behind a device on site, whatever the server's network. */
const to = (address: string, options: TlsOptions = {}): Spec =>
  tls({ to: address, timing: { tcpRtt: 0.0001, hello: 0.06 }, tls: { version: 0x0304 }, ...options });

const NETWORKS = ["198.51.100.10", "203.0.113.10", "192.0.2.10"] as const;
const [one, two, three] = NETWORKS;

test("three networks, one near TCP, TLS far: possible, with the times of each", () => {
  const [finding, ...more] = found(rule, [
    to(one),
    to(two, { timing: { tcpRtt: 0.0003, hello: 0.198 } }),
    to(three, { timing: { tcpRtt: 0.0002, hello: 0.031 } }),
  ]);
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ confidence: "possible", cause: "tls-interception" });
  expect(idsOf(finding)).toEqual(["tcp/0", "tcp/1", "tcp/2"]);
  expect(finding?.what).toBe(
    `TCP was answered after 0.10 ms to 0.30 ms and TLS after 31 ms to 198 ms on ${one}:443, ${two}:443 and ${three}:443, in 3 networks.`,
  );
  expect(finding?.evidence.map(({ frame, value }) => [frame, value])).toEqual([
    [2, "SYN-ACK after 0.10 ms, ServerHello after 60 ms"],
    [102, "SYN-ACK after 0.30 ms, ServerHello after 198 ms"],
    [202, "SYN-ACK after 0.20 ms, ServerHello after 31 ms"],
  ]);
});

test.each<[string, Spec]>([
  ["TLS is as near as TCP", to(three, { timing: { tcpRtt: 0.03, hello: 0.031 } })],
  ["TCP of the third is further away than that of the others", to(three, { timing: { tcpRtt: 0.009, hello: 0.09 } })],
  ["the third is in the network of the first", to("198.51.100.99")],
  ["the third is the organisation's own", to("10.1.2.3")],
  ["the third showed a good certificate", to(three, { trust: PUBLIC, chain: [certificate({ issuer: "R3" })] })],
  [
    "or one under a CA declared legitimate",
    to(three, { trust: DECLARED, chain: [certificate({ issuer: "Contoso" })] }),
  ],
  ["the hello was lost once", to(three, { tcp: { client: { retransmissions: 1 } } })],
  ["a proxy was asked for a tunnel", to(three, { through: { kind: "http-connect", requestFrame: 4, headers: [] } })],
  ["another client, whose way may be another", to(three, { client: "10.20.0.99" })],
  [
    "a pseudo-TLS hello has rules of its own",
    pseudoTls("alert", { to: three, timing: { tcpRtt: 0.0001, hello: 0.06 } }),
  ],
  ["no SYN was captured", to(three, { timing: { hello: 0.06 } })],
])("nothing where %s", (_, third) => {
  expect(found(rule, [to(one), to(two), third])).toEqual([]);
});

test("a private chain settles nothing", () => {
  expect(
    found(rule, [to(one), to(two), to(three, { trust: PRIVATE, chain: [certificate({ issuer: "CA" })] })]),
  ).toHaveLength(1);
});

test("other answers", () => {
  expect(ask(rule, [to(one, { timing: {} })])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [to(one), to(two)])).toEqual({ is: "clear", checked: 2 });
});
