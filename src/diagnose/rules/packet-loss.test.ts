import { expect, test } from "vitest";
import { ask, certificate, found, observations, type TlsOptions, tls } from "../../../test/support/observations.ts";
import { Context } from "../context.ts";
import { packetLoss as rule } from "./packet-loss.ts";

const lossy = (options: TlsOptions = {}) => tls({ outcome: "stalled", tcp: { server: { lost: 400 } }, ...options });

test.each(["stalled", "reset", "closed"] as const)("a handshake that lost bytes of the server and %s", (outcome) => {
  const [finding] = found(rule, [lossy({ outcome })]);
  expect(finding).toMatchObject({
    confidence: "likely",
    cause: "packet-loss",
    what: "The handshake with 192.0.2.10:443 stopped: 400 bytes of the server's answer never arrived.",
  });
});

test.each<[string, TlsOptions]>([
  ["nothing was lost", { tcp: {} }],
  ["the certificate came through", { chain: [certificate({ issuer: "CA" })] }],
  ["the handshake went on, encrypted", { tls: { encrypted: { server: 8 } } }],
  ["it is still going on", { outcome: "open" }],
  ["bytes that only the capture lacks", { tcp: { server: { missing: 400 } } }],
])("clear: %s", (_, options) => {
  expect(ask(rule, [lossy(options)])).toEqual({ is: "clear", checked: 1 });
});

test("not judged without a SYN-ACK", () => {
  expect(ask(rule, [lossy({ tcp: { synAck: null, server: { lost: 400 } } })])).toEqual({ is: "not-applicable" });
});

test("only possible when packets were lost while capturing: the retransmission may be among them", () => {
  const seen = observations([lossy()]);
  const files = seen.files.map((file) => ({ ...file, dropped: 5 }));
  const answer = rule.check(new Context({ ...seen, files }, []));
  expect(answer).toMatchObject({ is: "finding", findings: [{ confidence: "possible" }] });
});
