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

const ended = (tcp: NonNullable<TlsOptions["tcp"]>, options: TlsOptions["tls"] = {}, clientCertificates = 0) =>
  asked(40, clientCertificates, {
    alerts: [],
    tcp,
    tls: { certificateRequested: true, clientCertificates, ...options },
  });
const RESET = { reset: { from: "server", frame: 11 } } as const;

test.each([
  ["a reset", RESET, "tcp.flags.reset"],
  ["a FIN", { server: { fin: 11 }, client: { fin: 12 } }, "tcp.flags.fin"],
])("asked, got none, ended it with %s and no alert: likely", (how, tcp, path) => {
  const [finding] = found(rule, [ended(tcp)]);
  expect(finding).toMatchObject({ confidence: "likely", cause: "client-certificate-required" });
  expect(finding?.what).toContain(`got none, and ended the handshake with ${how} (frame 11).`);
  expect(finding?.evidence[0]).toMatchObject({ frame: 11, path });
  expect(found(rule, [ended(tcp, { decrypted: true, version: 0x0304, encrypted: { server: 7 } })])).toHaveLength(1);
});

test.each([
  ["the client closed first", ended({ client: { fin: 10 }, server: { fin: 11 } })],
  ["the client reset it", ended({ reset: { from: "client", frame: 11 } })],
  ["the handshake went on, and data ended in a reset", ended(RESET, { changeCipherSpec: { server: 10 } })],
  ["it went on, in TLS 1.3", ended(RESET, { decrypted: true, applicationData: { client: true, server: true } })],
  ["an alert may be in what is missing", ended({ ...RESET, server: { missing: 9 } })],
  ["it sent one", ended(RESET, {}, 1)],
])("clear without an alert: %s", (_, spec) => {
  expect(ask(rule, [spec])).toEqual({ is: "clear", checked: 1 });
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
