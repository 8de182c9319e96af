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
import type { Flight } from "../../protocol/tls/flight.ts";
import { uniformTlsServer as rule } from "./uniform-tls-server.ts";

const FLIGHT: Flight = {
  layout: "separate",
  server: [23, 3138, 281, 69],
  after: [250, 250, 378],
  client: [69],
  key: "RSA 2048",
};

interface Answer extends TlsOptions {
  readonly flight?: Flight;
  readonly resumed?: boolean;
  readonly group?: number;
  readonly ja3?: string;
}

/** Answered as by the one program that answers for all. */
function to(
  address: string,
  serverName: string,
  { flight = FLIGHT, resumed = false, group = 29, ja3 = "a", ...more }: Answer = {},
): Spec {
  const clientHello = { version: 0x0303, serverName, ja3 };
  const serverHello = { cipherSuite: 0x1302, group, ja3s: "b" };
  const observed = { version: 0x0304, clientHello, serverHello, flight, resumed, encrypted: { server: 7 } };
  return tls({ to: address, ...more, tls: observed });
}

const FABRIKAM = to("198.51.100.10", "www.fabrikam.com");
const NORTHWIND = to("198.51.100.20", "cdn.northwind.org", { flight: { ...FLIGHT, server: [23, 3143, 281, 69] } });
const tailspin = (answer?: Answer, name = "portal.tailspin.net", address = "203.0.113.55") => to(address, name, answer);

test("three unrelated domains in two networks, answered alike whatever the length of the chain: possible", () => {
  const [finding, ...more] = found(rule, [FABRIKAM, NORTHWIND, tailspin()]);
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ confidence: "possible", cause: "tls-interception" });
  expect(idsOf(finding)).toEqual(["tcp/0", "tcp/1", "tcp/2"]);
  expect(finding?.what).toContain(
    "3 unrelated domains in 2 networks answered one hello exactly alike (key RSA 2048, EncryptedExtensions of 23 bytes, tickets of 250 and 250)",
  );
  expect(finding?.evidence.map(({ frame, value }) => [frame, value])).toEqual([
    [7, "records of 23, 3138, 281, 69 bytes"],
    [7, "records of 23, 3143, 281, 69 bytes"],
    [7, "records of 23, 3138, 281, 69 bytes"],
  ]);
});

test.each<[string, Spec]>([
  ["the third has a key of another kind", tailspin({ flight: { ...FLIGHT, key: "EC P-256" } })],
  ["its tickets are longer", tailspin({ flight: { ...FLIGHT, after: [282, 282, 378] } })],
  ["its EncryptedExtensions are longer", tailspin({ flight: { ...FLIGHT, server: [27, 3138, 281, 69] } })],
  ["it gave no tickets", tailspin({ flight: { ...FLIGHT, after: [378] } })],
  ["it chose another group", tailspin({ group: 23 })],
  ["it was asked by another program", tailspin({ ja3: "c" })],
  ["its flight is joined", tailspin({ flight: { ...FLIGHT, layout: "joined-or-padded" } })],
  ["it resumed a session", tailspin({ resumed: true })],
  ["it is of the same owner", tailspin({}, "portal.fabrikam.de")],
  ["all are in one network", tailspin({}, "portal.tailspin.net", "198.51.100.30")],
  ["its certificate was read", tailspin({ trust: PUBLIC, chain: [certificate({ issuer: "R3" })] })],
  ["it is the organisation's own", tailspin({}, "portal.tailspin.net", "10.1.2.3")],
  ["a proxy was asked for a tunnel", tailspin({ through: { kind: "http-connect", requestFrame: 4, headers: [] } })],
])("nothing where %s", (_, third) => {
  expect(found(rule, [FABRIKAM, NORTHWIND, third])).toEqual([]);
});

test("other answers", () => {
  expect(ask(rule, [tls()])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [FABRIKAM])).toEqual({ is: "clear", checked: 1 });
});
