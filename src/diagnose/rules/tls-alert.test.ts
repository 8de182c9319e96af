import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  found,
  PRIVATE,
  pseudoTls,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { tlsAlert as rule } from "./tls-alert.ts";

const ended = (from: "client" | "server", code: number, description: string, options: TlsOptions = {}) =>
  tls({ alerts: [{ from, code, description }], outcome: "alert", ...options });

describe("a handshake that one side ended", () => {
  test.each([
    ["server", 70, "protocol_version", "tls-version-mismatch"],
    ["client", 70, "protocol_version", "tls-version-mismatch"],
    ["server", 40, "handshake_failure", "tls-alert"],
    ["server", 71, "insufficient_security", "tls-alert"],
    ["server", 112, "unrecognized_name", "tls-alert"],
    ["server", 255, "unknown(255)", "tls-alert"],
    ["server", 48, "unknown_ca", "tls-alert"],
  ] as const)("%s, alert %i", (from, code, description, cause) => {
    const [finding] = found(rule, [ended(from, code, description)]);
    expect(finding).toMatchObject({ confidence: "proven", cause });
    expect(finding?.what).toBe(
      `The ${from} ended the handshake with 192.0.2.10:443 by the alert ${description} (frame 9).`,
    );
  });

  test("an alert is not taken for an acquittal: whoever sent it may stand in between", () => {
    expect(found(rule, [ended("server", 40, "handshake_failure")])[0]?.why).toContain("does not show who sent it");
  });

  test("a mismatch shows the version of the hello", () => {
    expect(found(rule, [ended("server", 70, "protocol_version")])[0]?.evidence[0]?.expected).toContain("0x0303");
    const noHello = ended("server", 70, "protocol_version", { messages: [] });
    expect(found(rule, [noHello])[0]?.evidence[0]).not.toHaveProperty("expected");
  });

  test("the client closes when it has the alert", () => {
    expect(found(rule, [ended("server", 40, "handshake_failure", { tcp: { client: { fin: 10 } } })])).toHaveLength(1);
  });

  test("a client's refusal of a certificate that was not readable", () => {
    const [finding] = found(rule, [ended("client", 48, "unknown_ca")]);
    expect(finding?.why).toContain(
      "The client refused the certificate that it was shown; the capture does not show it",
    );
    expect(finding?.fix).not.toContain("ClientHello");
  });

  test("of one that TLS 1.3 hides: the key log shows it", () => {
    const [finding] = found(rule, [ended("client", 42, "bad_certificate", { tls: { version: 0x0304 } })]);
    expect(finding?.why).toContain("refused the certificate that it was shown, which TLS 1.3 encrypts");
    expect(finding?.fix).toContain("--keylog");
  });
});

const level = (level: "warning" | "unknown", code: number) =>
  tls({ tls: { alerts: [{ from: "server", level, code, description: "x", frame: 9, at: 0.1 }] } });

test.each([
  ["close_notify", ended("server", 0, "close_notify")],
  ["user_canceled", ended("client", 90, "user_canceled")],
  ["a warning", level("warning", 112)],
  [
    "the client's refusal of a certificate: another rule's",
    ended("client", 48, "unknown_ca", { chain: [certificate({ issuer: "CA" })], trust: PRIVATE }),
  ],
  [
    "the server missed the rest when the client had closed",
    ended("server", 50, "decode_error", { tcp: { client: { fin: 8 } } }),
  ],
  ["no alert", tls()],
])("clear: %s", (_, spec) => {
  expect(ask(rule, [spec])).toEqual({ is: "clear", checked: 1 });
});

test("an alert of a level that does not exist ends it too", () => {
  expect(found(rule, [level("unknown", 40)])).toHaveLength(1);
});

test("pseudo-TLS is another rule's", () => {
  const spec = pseudoTls("alert", { alerts: [{ from: "server", code: 40, description: "handshake_failure" }] });
  expect(ask(rule, [spec])).toEqual({ is: "not-applicable" });
});
