import { expect, test } from "vitest";
import { ask, certificate, found, idsOf, PUBLIC, type TlsOptions, tls } from "../../../test/support/observations.ts";
import { separateServerHello as rule } from "./separate-server-hello.ts";

const flight = (...messages: NonNullable<TlsOptions["messages"]>) =>
  tls({ chain: [certificate({ issuer: "CA" })], trust: PUBLIC, messages });

test("shown, never more than possible, and nothing to change for it", () => {
  const specs = [flight(["server", "ServerHello", 6], ["server", "Certificate", 7, 8])];
  const [finding] = found(rule, specs);
  expect(finding).toMatchObject({ confidence: "possible", fix: "Nothing to change for this alone." });
  expect(finding?.what).toBe(
    "ServerHello came alone (frame 6) and the Certificate in a later packet (frame 7) on 192.0.2.10:443.",
  );
});

test.each([
  [
    "the Certificate begins in the packet of the ServerHello",
    flight(["server", "ServerHello", 6], ["server", "Certificate", 6, 7]),
  ],
  [
    "a ServerHello cut in two ends where the Certificate begins",
    flight(["server", "ServerHello", 5, 6], ["server", "Certificate", 6]),
  ],
  ["the Certificate is the client's", flight(["server", "ServerHello", 6], ["client", "Certificate", 9])],
  ["no ServerHello was captured", flight(["server", "Certificate", 7])],
  ["no frames are known", flight(["server", "ServerHello"], ["server", "Certificate"])],
])("clear: %s", (_, spec) => {
  expect(ask(rule, [spec])).toEqual({ is: "clear", checked: 1 });
});

test("one finding for all, with ten rows of evidence", () => {
  const many = Array.from({ length: 30 }, () => flight(["server", "ServerHello", 6], ["server", "Certificate", 7]));
  const findings = found(rule, many);
  expect(findings).toHaveLength(1);
  expect(idsOf(findings[0])).toHaveLength(30);
  expect(findings[0]?.evidence).toHaveLength(10);
});

test("nothing to see", () => {
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [tls({ tls: { version: 0x0304 } })])).toEqual({ is: "not-observed", missing: "key log" });
});
