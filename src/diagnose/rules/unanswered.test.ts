import { describe, expect, test } from "vitest";
import {
  ask,
  found,
  pseudoTls,
  quic,
  type TlsOptions,
  tcp,
  tls,
  udp,
  type Where,
} from "../../../test/support/observations.ts";
import { unanswered as rule } from "./unanswered.ts";

const SILENT = { fromClient: 500, fromServer: 0 };
const HELLO = { clientHello: { version: 0xfefd }, certificates: [], alerts: [] };
const bytes = (...values: number[]) => Uint8Array.from(values);

describe("TLS", () => {
  const hello = (options: TlsOptions = {}) =>
    tls({ bytes: SILENT, messages: [["client", "ClientHello", 4]], ...options });

  test.each<[string, TlsOptions, string]>([
    ["never answered", { outcome: "stalled" }, "no-answer"],
    ["closed by the server", { tcp: { server: { fin: 8 } } }, "closed-without-answer"],
    [
      "answered in HTTP",
      { bytes: { fromClient: 500, fromServer: 90 }, head: { server: bytes(0x48, 0x54) } },
      "non-tls-answer",
    ],
    ["closed by the server before the client spoke", { tcp: { server: { fin: 3 } } }, "closed-without-answer"],
    ["reset before", { tcp: { reset: { from: "server", frame: 3 } } }, "closed-without-answer"],
    [
      "a hello that does not parse, reset",
      { messages: [], tcp: { reset: { from: "server", frame: 8 } } },
      "closed-without-answer",
    ],
  ])("%s", (_, options, cause) => {
    const [finding, ...more] = found(rule, [hello(options)]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ confidence: "proven", cause });
  });

  const unheard = (client: { bytes?: number; retransmissions?: number }) =>
    hello({ tcp: { client: { bytes: 500, unacknowledged: 500, retransmissions: 6, ...client }, server: { fin: 30 } } });

  test("closed at last by a server that never received it: no answer", () => {
    expect(found(rule, [unheard({})])[0]?.cause).toBe("no-answer");
    expect(found(rule, [unheard({ bytes: 501 })])[0]?.cause).toBe("closed-without-answer");
    // The FIN may have been on its way already.
    expect(found(rule, [unheard({ retransmissions: 0 })])[0]?.cause).toBe("closed-without-answer");
  });

  test("an ICMP error that came back instead is told", () => {
    const unreachable = { from: "10.0.0.1", type: 3, code: 13, frame: 5 };
    const [finding] = found(rule, [hello({ outcome: "stalled", unreachable })]);
    expect(finding?.what).toBe(
      "192.0.2.10:443 accepted the connection and never answered the client's first bytes (frame 4); what came back was an ICMP error from 10.0.0.1: administratively prohibited (type 3, code 13) (frame 5).",
    );
    expect(finding?.fix).toContain("Allow TCP 443 to 192.0.2.10 on 10.0.0.1");
    // About the SYN, before one came through.
    expect(found(rule, [hello({ unreachable: { ...unreachable, frame: 2 } })])[0]?.what).not.toContain("ICMP");
  });

  test("a FIN in answer to the hello: a filter by name, as with a reset", () => {
    const [finding] = found(rule, [hello({ name: "shop.adatum.example", tcp: { server: { fin: 8 } } })]);
    expect(finding?.what).toBe(
      "The ClientHello to shop.adatum.example (192.0.2.10:443) (frame 4) was answered by closing the connection (frame 8).",
    );
    expect(finding?.fix).toContain("the rule that matches the name shop.adatum.example");
  });

  test("a server need not wait for a client that says nothing", () => {
    const late = hello({ tcp: { server: { fin: 3 } } });
    const build: typeof late.build = (index, id) => {
      const built = late.build(index, id);
      return { ...built, handshake: built.handshake.map((message) => ({ ...message, at: 10 })) };
    };
    expect(found(rule, [{ ...late, build }])).toEqual([]);
  });

  test.each<[string, TlsOptions]>([
    ["never answered", {}],
    ["answered in HTTP", { bytes: { fromClient: 500, fromServer: 90 }, head: { server: bytes(0x48, 0x54) } }],
  ])("a server of IPv6 has its address in brackets: %s", (_, options) => {
    expect(found(rule, [hello({ to: "2001:db8::30", ...options })])[0]?.fix).toContain(" [2001:db8::30]:443:");
  });

  test.each<[string, TlsOptions]>([
    ["a TLS record", { bytes: { fromClient: 500, fromServer: 7 }, head: { server: bytes(21, 3, 1) } }],
    ["an SSLv2 record", { bytes: { fromClient: 500, fromServer: 7 }, head: { server: bytes(0x80, 0x2e) } }],
    ["one byte, which tells nothing", { bytes: { fromClient: 500, fromServer: 1 }, head: { server: bytes(0x48) } }],
    ["a reset: another rule's", { tcp: { reset: { from: "server", frame: 8 } } }],
    ["the client closed first", { tcp: { client: { fin: 7 }, server: { fin: 8 } } }],
    ["the client gave up after half a second", { tcp: { client: { fin: 7 } } }],
    ["bytes are missing in the capture", { tcp: { server: { missing: 9 } } }],
    ["the capture begins later", { tcp: { synAck: null } }],
  ])("clear: %s", (_, options) => {
    expect(ask(rule, [hello(options)])).toEqual({ is: "clear", checked: 1 });
  });

  test.each([
    [[19, 3], 1],
    [[20, 3], 0],
    [[24, 3], 0],
    [[25, 3], 1],
    [[22, 2], 1],
    [[0x80, 0], 0],
  ])("is %j the beginning of a record", (head, findings) => {
    const spec = hello({ bytes: { fromClient: 500, fromServer: 90 }, head: { server: bytes(...head) } });
    expect(found(rule, [spec])).toHaveLength(findings);
  });

  test("a capture that ends after three seconds says nothing, one of four does", () => {
    expect(found(rule, [hello()], { seconds: 3 })).toEqual([]);
    expect(found(rule, [hello()], { seconds: 4 })).toHaveLength(1);
  });
});

describe("TLS answered in plain HTTP", () => {
  const answered = (options: TlsOptions = {}) =>
    tls({
      bytes: { fromClient: 500, fromServer: 900 },
      messages: [["client", "ClientHello", 4]],
      head: { server: bytes(0x48, 0x54) },
      http: { status: 403, title: "Blocked by policy", server: "filter", location: "http://filter.example/why" },
      ...options,
    });

  test("with its page, who sent it and where it leads", () => {
    const [finding] = found(rule, [answered()]);
    expect(finding).toMatchObject({ confidence: "proven", cause: "non-tls-answer" });
    expect(finding?.what).toBe(
      "The TLS hello to 192.0.2.10:443 was answered in plain HTTP: 403 “Blocked by policy” by filter, to http://filter.example/why (frame 6).",
    );
    expect(finding?.evidence).toEqual([
      {
        file: 0,
        frame: 6,
        path: "http.response",
        value: "403 “Blocked by policy” by filter, to http://filter.example/why",
        expected: "a TLS record",
      },
    ]);
  });

  test("a title of 10 kB", () => {
    const [finding] = found(rule, [answered({ http: { status: 403, title: "x".repeat(10_000) } })]);
    expect(finding?.what.length).toBeLessThan(300);
  });
});

describe("in a tunnel that was granted", () => {
  const through = {
    kind: "http-connect",
    target: "av.fabrikam.example:443",
    requestFrame: 4,
    status: 200,
    statusFrame: 6,
    granted: true,
    headers: [],
  } as const;
  const tunnel = (options: TlsOptions = {}) =>
    tls({
      port: 3128,
      through,
      inside: { client: 8 },
      bytes: { fromClient: 700, fromServer: 39 },
      messages: [["client", "ClientHello", 8]],
      ...options,
    });

  test.each<[string, TlsOptions, string, string]>([
    [
      "silence",
      { outcome: "stalled" },
      "no-answer",
      "The tunnel to av.fabrikam.example (through 192.0.2.10:3128) was granted, and the client's first bytes in it were never answered (frame 8).",
    ],
    [
      "a close",
      { tcp: { server: { fin: 9 } } },
      "closed-without-answer",
      "The tunnel to av.fabrikam.example (through 192.0.2.10:3128) was closed after the client's first bytes in it, without an answer (frame 9).",
    ],
    [
      "a close before the client's first bytes",
      { tcp: { server: { fin: 7 } } },
      "closed-without-answer",
      "The tunnel to av.fabrikam.example (through 192.0.2.10:3128) was closed before the client's first bytes in it (frame 7).",
    ],
    [
      "a page",
      { inside: { client: 8, server: 9 }, head: { server: bytes(0x48, 0x54) }, http: { status: 503, frame: 9 } },
      "non-tls-answer",
      "The TLS hello to av.fabrikam.example (through 192.0.2.10:3128) was answered in plain HTTP: 503 (frame 9).",
    ],
    [
      "other bytes",
      { inside: { client: 8, server: 9 }, head: { server: bytes(0x00, 0x54) } },
      "non-tls-answer",
      "The TLS hello to av.fabrikam.example (through 192.0.2.10:3128) was answered with bytes that are not TLS (frame 9).",
    ],
  ])("%s", (_, options, cause, what) => {
    const [finding, ...more] = found(rule, [tunnel(options)]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ confidence: "proven", cause, what });
    // The proxy, what is behind it, or the server: the capture does not show who.
    expect(`${finding?.why} ${finding?.fix}`).toMatch(/proxy/);
  });

  test.each<[string, TlsOptions]>([
    ["the client said nothing in it", { inside: {} }],
    ["the client closed it at once", { tcp: { client: { fin: 9 } } }],
    ["something answered", { inside: { client: 8, server: 9 }, head: { server: bytes(22, 3) } }],
    ["it was refused: another rule's", { through: { ...through, status: 403, granted: false } }],
    ["bytes are missing in the capture", { tcp: { server: { missing: 9 } } }],
  ])("clear: %s", (_, options) => {
    expect(ask(rule, [tunnel(options)])).toEqual({ is: "clear", checked: 1 });
  });

  test("a capture that ends too soon", () => {
    expect(found(rule, [tunnel()], { seconds: 3 })).toEqual([]);
    expect(found(rule, [tunnel()], { seconds: 4 })).toHaveLength(1);
  });

  test("what is unknown in it may want no answer", () => {
    const inside = { client: 8 };
    const spec = tcp({ port: 3128, through, inside, bytes: { fromClient: 700, fromServer: 39 } });
    expect(found(rule, [spec])).toEqual([]);
  });
});

describe("other protocols over TCP", () => {
  const spoken = (protocol: NonNullable<Where["protocol"]>, options: Where = {}) =>
    tcp({ protocol, bytes: SILENT, ...options });

  test("closed before the client spoke: not for what it said", () => {
    const [finding] = found(rule, [spoken("http", { tcp: { server: { fin: 3 } } })]);
    expect(finding?.what).toBe(
      "192.0.2.10:443 accepted the connection and closed it before the client's first bytes (frame 3).",
    );
    // Whoever only takes in what is sent has nothing to say.
    expect(found(rule, [spoken("unknown", { tcp: { server: { fin: 3 } } })])).toEqual([]);
  });

  test("a request that is never answered", () => {
    expect(found(rule, [spoken("turn")])[0]?.cause).toBe("no-answer");
  });

  test("one that is closed on: a proxy that expects something else", () => {
    const [finding] = found(rule, [spoken("turn", { tcp: { server: { fin: 8 } } })]);
    expect(finding).toMatchObject({
      cause: "closed-without-answer",
      what: "192.0.2.10:443 closed the connection after the client's first bytes without answering (frame 8).",
    });
  });

  test.each([
    ["an unknown protocol may want no answer: syslog", "unknown"],
    ["a web server may take its time: long polling", "http"],
  ] as const)("%s", (_, protocol) => {
    expect(found(rule, [spoken(protocol)])).toEqual([]);
    const sent = (client: { unacknowledged: number; retransmissions: number }) =>
      found(rule, [spoken(protocol, { tcp: { client } })]);
    expect(sent({ unacknowledged: 500, retransmissions: 3 })).toHaveLength(1);
    expect(sent({ unacknowledged: 500, retransmissions: 0 })).toEqual([]);
    expect(sent({ unacknowledged: 0, retransmissions: 3 })).toEqual([]);
  });
});

describe("UDP", () => {
  test.each<[string, Parameters<typeof udp>[0], string]>([
    [
      "TURN on any port",
      { port: 50_000, stun: { requests: 5, responses: 0 } },
      "5 STUN/TURN requests to 198.51.100.30:50000 over UDP got no answer.",
    ],
    [
      "STUN on its port",
      { protocol: "stun", stun: { requests: 2, responses: 0 } },
      "2 STUN/TURN requests to 198.51.100.30:3478 over UDP got no answer.",
    ],
    [
      "QUIC",
      { protocol: "quic", port: 443, bytes: SILENT },
      "99 QUIC packets to 198.51.100.30:443 over UDP got no answer.",
    ],
    [
      "DTLS",
      { protocol: "dtls", port: 4433, bytes: SILENT, dtls: HELLO },
      "DTLS to 198.51.100.30:4433 over UDP got no answer.",
    ],
  ])("no answer: %s", (_, options, what) => {
    expect(found(rule, [udp(options)])[0]).toMatchObject({ confidence: "proven", cause: "no-answer", what });
  });

  test("QUIC, and the client goes on over TCP: said, with what it may mean", () => {
    const silent = quic({ name: "www.fabrikam.example", bytes: SILENT, messages: [["client", "ClientHello", 1]] });
    const [finding, ...more] = found(rule, [silent, tls({ name: "www.fabrikam.example", to: "192.0.2.11" })]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ confidence: "proven", cause: "no-answer" });
    expect(finding?.what).toBe(
      "99 QUIC packets to www.fabrikam.example (192.0.2.10:443) over UDP got no answer; after 1000 ms the client went on over TCP to www.fabrikam.example (192.0.2.11:443) (tcp/0, frame 101), which answered.",
    );
    expect(finding?.why).toContain("often blocked on purpose");
    expect(finding?.fix).toBe("Nothing, where this is the policy. Else: Allow UDP 443 to 192.0.2.10 on the firewall.");
  });

  test("refused by ICMP: that something came back is said", () => {
    const unreachable = { from: "10.0.0.1", type: 3, code: 13, frame: 2 };
    const [finding] = found(rule, [udp({ stun: { requests: 5, responses: 0 }, unreachable })]);
    expect(finding).toMatchObject({
      cause: "no-answer",
      what: "5 STUN/TURN requests to 198.51.100.30:3478 over UDP got no answer but an ICMP error from 10.0.0.1: administratively prohibited (type 3, code 13) (frame 2).",
      fix: "Allow UDP 3478 to 198.51.100.30 on 10.0.0.1, or on the firewall that it speaks for.",
    });
    expect(finding?.why).not.toContain("Nothing came back");
  });

  test.each<[string, Parameters<typeof udp>[0]]>([
    ["answered", {}],
    ["one request", { stun: { requests: 1, responses: 0 } }],
    [
      "ICE checks of an address that cannot be reached",
      { protocol: "stun", port: 51_234, stun: { requests: 7, responses: 0 } },
    ],
    [
      "bytes came back, if no STUN",
      { stun: { requests: 5, responses: 0 }, bytes: { fromClient: 400, fromServer: 20 } },
    ],
    ["DTLS that was answered", { protocol: "dtls", port: 4433, dtls: HELLO }],
    [
      "DTLS of which the capture has no hello",
      { protocol: "dtls", bytes: SILENT, dtls: { certificates: [], alerts: [] } },
    ],
    ["DNS, which has its own ways to try again", { protocol: "dns", port: 53, bytes: SILENT }],
  ])("clear: %s", (_, options) => {
    expect(ask(rule, [udp(options)])).toEqual({ is: "clear", checked: 1 });
  });

  test.each([
    [3477, 0],
    [3478, 1],
    [3481, 1],
    [3482, 0],
    [5349, 1],
    [19309, 1],
  ])("STUN on port %i", (port, findings) => {
    const spec = udp({ protocol: "stun", port, stun: { requests: 5, responses: 0 } });
    expect(found(rule, [spec])).toHaveLength(findings);
  });

  test("a capture that ends too soon", () => {
    const spec = udp({ stun: { requests: 5, responses: 0 } });
    expect(found(rule, [spec], { seconds: 2 })).toEqual([]);
    expect(found(rule, [spec], { seconds: 3 })).toHaveLength(1);
  });
});

test("not judged: nothing was said, or pseudo-TLS, which is another rule's", () => {
  expect(ask(rule, [tcp({ bytes: { fromClient: 0, fromServer: 0 } }), pseudoTls("silence")])).toEqual({
    is: "not-applicable",
  });
});
