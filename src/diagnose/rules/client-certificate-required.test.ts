import { expect, test } from "vitest";
import { ask, found, type TlsOptions, tls } from "../../../test/support/observations.ts";
import { clientCertificateRequired as rule } from "./client-certificate-required.ts";

const asked = (code: number, clientCertificates: number | undefined, options: TlsOptions = {}) =>
  tls({
    messages: [
      ["client", "ClientHello", 4],
      ["server", "ServerHello", 6],
      ["server", "CertificateRequest", 7],
    ],
    alerts: [{ from: "server", code, description: `alert_${code}` }],
    tls: { certificateRequested: true, ...(clientCertificates === undefined ? {} : { clientCertificates }) },
    ...options,
  });

test.each([40, 42, 46, 116])("asked, got none, ended it with alert %i", (code) => {
  const [finding] = found(rule, [asked(code, 0)]);
  expect(finding).toMatchObject({ confidence: "proven", cause: "client-certificate-required" });
  expect(finding?.what).toBe(
    `192.0.2.10:443 asked for a client certificate (frame 7), got none, and ended the handshake with alert_${code} (frame 9).`,
  );
});

test.each([
  ["the client sent one, so it is refused for what it is", asked(42, 1)],
  ["the client never got to answer", asked(40, undefined)],
  ["ended for something else", asked(71, 0)],
  ["the client ended it", asked(40, 0, { alerts: [{ from: "client", code: 40, description: "handshake_failure" }] })],
  ["optional: it went on without", asked(0, 0, { alerts: [] })],
])("clear: %s", (_, spec) => {
  expect(ask(rule, [spec])).toEqual({ is: "clear", checked: 1 });
});

test("nobody asked", () => {
  expect(ask(rule, [tls()])).toEqual({ is: "not-applicable" });
});

test("a request whose frame is not known", () => {
  expect(found(rule, [asked(40, 0, { messages: [] })])[0]?.what).toContain("asked for a client certificate, got none");
});
