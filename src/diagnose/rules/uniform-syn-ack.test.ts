import { expect, test } from "vitest";
import {
  ask,
  certificate,
  found,
  idsOf,
  PUBLIC,
  type Spec,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { uniformSynAck as rule } from "./uniform-syn-ack.ts";

interface Answer extends TlsOptions {
  readonly sent?: number;
  readonly answered?: number;
  readonly system?: number;
}

const to = (address: string, { sent = 64, answered = 64, system = 7, ...options }: Answer = {}): Spec => {
  const opening = (ttl: number, number: number) => ({ ttl, window: 65160, options: "mss 1460,sackOK", number });
  const tcp = { client: { opening: opening(sent, 1) }, server: { opening: opening(answered, system) } };
  return tls({ to: address, tcp, tls: { version: 0x0304 }, ...options });
};
const FOUR = ["198.51.100.10", "203.0.113.10", "192.0.2.10", "100.128.1.1"].map((address) => to(address));
const fifth = (answer?: Answer, address = "193.0.0.1") => to(address, answer);

test("five networks, one SYN-ACK that has travelled no hop: possible", () => {
  const [finding, ...more] = found(rule, [...FOUR, fifth()]);
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ confidence: "possible", cause: "tls-interception" });
  expect(idsOf(finding)).toHaveLength(5);
  expect(finding?.what).toContain(
    "(TTL 64, window 65160, mss 1460,sackOK), without a hop in between, came from 5 networks",
  );
  expect(finding?.evidence[0]).toMatchObject({ frame: 2, path: "tcp.synAck" });
});

test.each<[string, Spec]>([
  ["the fifth came over routers", fifth({ answered: 57 })],
  ["another system answers", fifth({ system: 8 })],
  ["the client's packets came over routers: this is the servers' side", fifth({ sent: 60 })],
  ["the fifth is in the network of the first", fifth({}, "198.51.100.77")],
  ["the fifth is the organisation's own", fifth({}, "10.1.2.3")],
  ["the fifth showed a good certificate", fifth({ trust: PUBLIC, chain: [certificate({ issuer: "R3" })] })],
  ["a proxy was asked for a tunnel", fifth({ through: { kind: "http-connect", requestFrame: 4, headers: [] } })],
  ["another client", fifth({ client: "10.20.0.99" })],
])("nothing where %s", (_, spec) => {
  expect(found(rule, [...FOUR, spec])).toEqual([]);
});

test("other answers", () => {
  expect(ask(rule, [tls()])).toEqual({ is: "not-applicable" });
  expect(ask(rule, FOUR)).toEqual({ is: "clear", checked: 4 });
});
