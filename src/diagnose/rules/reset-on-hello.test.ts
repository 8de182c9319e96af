import { describe, expect, test } from "vitest";
import { ask, found, pseudoTls, type TlsOptions, tls } from "../../../test/support/observations.ts";
import { resetOnHello as rule } from "./reset-on-hello.ts";

const SILENT = { fromClient: 500, fromServer: 0 };
const reset = (options: TlsOptions = {}) =>
  tls({
    name: "sip.fabrikam.example",
    bytes: SILENT,
    outcome: "reset",
    messages: [["client", "ClientHello", 4]],
    tcp: { reset: { from: "server", frame: 6, at: 0.065, ttl: 57 } },
    ...options,
  });

describe("a reset in answer to the hello", () => {
  test("in words, with the time since the hello", () => {
    const [finding] = found(rule, [reset()]);
    expect(finding).toMatchObject({ confidence: "proven", cause: "reset-on-hello" });
    expect(finding?.what).toBe(
      "The ClientHello to sip.fabrikam.example (192.0.2.10:443) (frame 4) was answered with a reset (frame 6).",
    );
    expect(finding?.evidence[0]).toMatchObject({ frame: 6, value: "RST 25 ms after the ClientHello, TTL 57" });
    expect(finding?.fix).toContain("the rule that matches the name sip.fabrikam.example");
  });

  test("a TTL that is not the SYN-ACK's is named", () => {
    const injected = reset({ tcp: { reset: { from: "server", frame: 6, ttl: 64 } } });
    expect(found(rule, [injected])[0]?.what).toContain(", whose TTL 64 is not the 57 of the SYN-ACK.");
  });

  test("without a server name the address is the clue", () => {
    const messages = [["client", "ClientHello", 4]] as const;
    const spec = tls({ bytes: SILENT, messages, tcp: { reset: { from: "server", frame: 6 } } });
    expect(found(rule, [spec])[0]?.fix).toContain("connections to 192.0.2.10");
  });
});

describe("in a tunnel", () => {
  const through = { kind: "http-connect", target: "192.0.2.99:443", requestFrame: 4, headers: [] } as const;
  const tunnel = (options: TlsOptions = {}) =>
    reset({
      through: { ...through, status: 200, statusFrame: 6, granted: true },
      inside: { client: 8 },
      bytes: { fromClient: 700, fromServer: 39 },
      messages: [["client", "ClientHello", 8]],
      tcp: { reset: { from: "server", frame: 10 } },
      ...options,
    });

  test("the grant is no answer to the hello; who reset it is not said", () => {
    const [finding] = found(rule, [tunnel()]);
    expect(finding).toMatchObject({ confidence: "proven", cause: "reset-on-hello" });
    expect(finding?.what).toBe(
      "The ClientHello to sip.fabrikam.example (through 192.0.2.10:443) (frame 8) was answered with a reset (frame 10).",
    );
    expect(finding?.why).toContain("the proxy, a filter on either side of it, or the server refuses");
    expect(finding?.fix).toContain("Look on the proxy 192.0.2.10:443, ");
  });

  test("without a name the target is the clue", () => {
    const spec = tls({
      bytes: { fromClient: 700, fromServer: 39 },
      through: { ...through, status: 200, statusFrame: 6, granted: true },
      inside: { client: 8 },
      messages: [["client", "ClientHello", 8]],
      tcp: { reset: { from: "server", frame: 10 } },
    });
    expect(found(rule, [spec])[0]?.fix).toContain("the rule that matches 192.0.2.99.");
  });

  test("not where something answered in it", () => {
    expect(found(rule, [tunnel({ inside: { client: 8, server: 9 } })])).toEqual([]);
  });

  test("after STARTTLS the same", () => {
    const mail = reset({ protocol: "smtp", inside: { client: 8 }, bytes: { fromClient: 500, fromServer: 200 } });
    expect(found(rule, [mail])[0]?.fix).toContain("on the firewall or filter");
  });
});

test.each<[string, TlsOptions]>([
  ["the client reset", { tcp: { reset: { from: "client", frame: 6 } } }],
  ["the server had answered", { bytes: { fromClient: 500, fromServer: 7 } }],
  ["the client had closed before", { tcp: { client: { fin: 5 }, reset: { from: "server", frame: 6 } } }],
  ["the server had closed before", { tcp: { server: { fin: 5 }, reset: { from: "server", frame: 6 } } }],
  [
    "bytes of the server are missing in the capture",
    { tcp: { server: { missing: 100 }, reset: { from: "server", frame: 6 } } },
  ],
  [
    "the capture begins in the middle: the server may have forgotten the connection",
    { tcp: { syns: 0, synAck: null, reset: { from: "server", frame: 6 } } },
  ],
  ["the reset came before the hello", { tcp: { reset: { from: "server", frame: 3 } } }],
  ["no reset", { tcp: {} }],
])("clear: %s", (_, options) => {
  expect(ask(rule, [reset(options)])).toEqual({ is: "clear", checked: 1 });
});

test("not judged: no hello, and pseudo-TLS, which is another rule's", () => {
  expect(ask(rule, [reset({ messages: [] })])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [pseudoTls("reset", { tcp: { reset: { from: "server", frame: 6 } } })])).toEqual({
    is: "not-applicable",
  });
});

test("a name of 10 kB", () => {
  const [finding] = found(rule, [reset({ name: "a".repeat(10_000) })]);
  expect((finding?.what.length ?? 0) + (finding?.fix.length ?? 0)).toBeLessThan(600);
});
