import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  found,
  idsOf,
  observations,
  PRIVATE,
  PUBLIC,
  pseudoTls,
  type Spec,
  tls,
  udp,
} from "../../../test/support/observations.ts";
import { Context } from "../context.ts";
import { leafWithIssuerKey } from "./leaf-with-issuer-key.ts";
import { fallbackCause, undocumentedPseudoTlsAnswer as rule } from "./undocumented-pseudo-tls-answer.ts";

const CLOSED_BY_SERVER = { server: { fin: 6 } };
const ALERT = { alerts: [{ from: "server", code: 40, description: "handshake_failure" }] } as const;
const answers: readonly (readonly [string, Spec])[] = [
  ["an alert", pseudoTls("alert", ALERT)],
  ["a foreign ServerHello", pseudoTls("server-hello")],
  ["other bytes", pseudoTls("other-bytes")],
  ["a reset", pseudoTls("reset", { tcp: { reset: { from: "server", frame: 6 } } })],
  ["a close", pseudoTls("fin", { tcp: CLOSED_BY_SERVER })],
  ["silence", pseudoTls("silence")],
  [
    "a good certificate",
    pseudoTls("certificate", {
      trust: PUBLIC,
      chain: [certificate({ issuer: "R3", names: ["www.fabrikam.example"] })],
    }),
  ],
];

describe.each(answers)("%s in answer to a pseudo-TLS hello", (_, spec) => {
  test("is possible alone: a filter, a dead server or a wrong address would do", () => {
    const [finding, ...more] = found(rule, [spec]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ confidence: "possible", cause: "tls-interception" });
    expect(idsOf(finding)).toEqual(["tcp/0"]);
    expect(finding?.fix).toContain("a second sign decides");
  });

  test("is likely when UDP of the same address answers", () => {
    const [finding] = found(rule, [spec, udp()]);
    expect(finding?.confidence).toBe("likely");
    expect(finding?.what).toContain("; and UDP 3478 of the same address answers (frame 102).");
    expect(finding?.evidence.map(({ frame }) => frame)).toContain(102);
  });
});

test("a server of IPv6 has its address in brackets", () => {
  const to = "2001:db8::30";
  const [finding] = found(rule, [pseudoTls("alert", { ...ALERT, to }), udp({ to })]);
  expect(finding?.evidence.at(-1)?.value).toBe("[2001:db8::30]:3478 answers over UDP");
});

test("the sentence names the answer and where it was", () => {
  const [finding] = found(rule, [pseudoTls("alert", ALERT)]);
  expect(finding?.what).toBe(
    "A TLS alert (handshake_failure) answered the pseudo-TLS hello (frame 4) to 198.51.100.30:443.",
  );
  expect(finding?.evidence.map(({ frame }) => frame)).toEqual([4, 6]);
});

describe("what is no second sign", () => {
  const hello = pseudoTls("alert", ALERT);
  const other = tls({ to: "198.51.100.20", trust: PRIVATE, chain: [certificate({ issuer: "CA" })] });
  test.each([
    ["UDP that gets no answer", udp({ stun: { responses: 0 } })],
    ["UDP of another address in the same network", udp({ to: "198.51.100.31" })],
    ["UDP of another client, whose way may be another", udp({ client: "10.20.0.99" })],
    ["a TLS connection that nobody found intercepted", other],
  ])("%s", (_, spec) => {
    expect(found(rule, [hello, spec])[0]?.confidence).toBe("possible");
  });
});

describe("another connection to the same network is intercepted", () => {
  const earlier = (to: string) => {
    const forged = tls({
      to,
      chain: [certificate({ issuer: { O: "P", CN: "Proxy CA" }, names: ["sip.fabrikam.example"] })],
      signing: { ownKey: true },
    });
    const context = new Context(observations([forged, pseudoTls("alert", ALERT)]), []);
    const answer = leafWithIssuerKey.check(context);
    const second = rule.check(new Context(context.observations, answer.is === "finding" ? answer.findings : []));
    return second.is === "finding" ? second.findings[0] : undefined;
  };

  test("likely, with its frame and its issuer", () => {
    const finding = earlier("198.51.100.20");
    expect(finding?.confidence).toBe("likely");
    expect(finding?.what).toContain("; and 198.51.100.20:443 in the same network is intercepted (frame 7).");
    expect(finding?.evidence.at(-1)?.value).toBe("CN=Proxy CA, O=P");
  });

  test("not another network", () => {
    expect(earlier("198.51.101.20")?.confidence).toBe("possible");
  });
});

describe("TCP near, UDP of the same address far", () => {
  const at = (near: number, far: number) =>
    found(rule, [pseudoTls("alert", { ...ALERT, timing: { tcpRtt: near } }), udp({ stun: { rtt: far } })])[0]?.what ??
    "";
  test.each([
    [0.0001, 0.037, true],
    [0.001, 0.01, true],
    [0.001, 0.0099, false],
    [0.0001, 0.005, false],
    [0.037, 0.037, false],
    [0.037, 0.0001, false],
  ])("%d s and %d s", (near, far, shown) => {
    expect(at(near, far).includes("TCP is answered after")).toBe(shown);
  });
});

describe("TCP answered near, the hello far", () => {
  const ask = (spec: Spec) => found(rule, [spec])[0];
  const far = { timing: { tcpRtt: 0.0001, hello: 0.08 } };

  test("an alert that comes so is likely an interceptor's, which asks the server first", () => {
    const finding = ask(pseudoTls("alert", { ...ALERT, ...far }));
    expect(finding?.confidence).toBe("likely");
    expect(finding?.what).toContain("; and TCP is answered after 0.10 ms, the hello only after 80 ms");
    expect(finding?.evidence.at(-1)).toMatchObject({ frame: 6, path: "timing.hello", value: "80 ms" });
    expect(ask(pseudoTls("server-hello", far))?.confidence).toBe("likely");
  });

  test.each([
    ["both near", pseudoTls("alert", { ...ALERT, timing: { tcpRtt: 0.03, hello: 0.031 } })],
    ["the hello was lost once", pseudoTls("alert", { ...ALERT, ...far, tcp: { client: { retransmissions: 1 } } })],
    [
      "a proxy was asked for a tunnel: TCP is the proxy's",
      pseudoTls("alert", { ...ALERT, ...far, through: { kind: "http-connect", requestFrame: 4, headers: [] } }),
    ],
    [
      "a close: what only passes TCP on closes so when the server is down",
      pseudoTls("fin", { ...far, tcp: CLOSED_BY_SERVER }),
    ],
    ["a reset", pseudoTls("reset", { ...far, tcp: { reset: { from: "server", frame: 6 } } })],
  ])("%s: possible", (_, spec) => {
    expect(ask(spec)?.confidence).toBe("possible");
  });
});

describe("TCP answered without a hop in between", () => {
  const opening = (ttl: number) => ({ opening: { ttl, window: 65160, options: "mss 1460", number: 1 } });
  const close = (
    options: { sent?: number; answered?: number; reset?: number; to?: string; client?: string; rtt?: number } = {},
  ) => {
    const { sent = 64, answered = 64, reset, rtt = 0.0001, ...where } = options;
    const tcp = {
      client: opening(sent),
      server: { ...opening(answered), ...(reset === undefined && { fin: 6 }) },
      ...(reset !== undefined && { reset: { from: "server" as const, frame: 6, ttl: reset } }),
    };
    return found(rule, [
      pseudoTls(reset === undefined ? "fin" : "reset", { ...where, timing: { tcpRtt: rtt }, tcp }),
    ])[0];
  };

  test("for an address of the internet: likely a box at hand closed", () => {
    expect(close()).toMatchObject({ confidence: "likely" });
    expect(close()?.what).toContain(
      "; and TCP for this address is answered without a hop in between, after 0.10 ms with TTL 64",
    );
    expect(close()?.evidence.at(-1)).toMatchObject({ frame: 2, path: "ip.ttl", value: "64" });
    expect(close({ answered: 128, reset: 128 })?.confidence).toBe("likely");
  });

  test.each<[string, Parameters<typeof close>[0]]>([
    ["it came over routers", { answered: 57 }],
    ["it took as long as a way over routers", { rtt: 0.02 }],
    ["the client's packets came over routers: this is the server's network", { sent: 118 }],
    ["the server is the organisation's own", { to: "10.1.2.3" }],
    ["the client is on the internet too, perhaps beside the server", { client: "198.51.100.7" }],
    ["the reset is somebody else's", { reset: 58 }],
  ])("not where %s", (_, options) => {
    expect(close(options)?.confidence).toBe("possible");
  });
});

describe("no answer can be judged", () => {
  test.each([
    [
      "the client closed first and the server confirmed it",
      pseudoTls("fin", { tcp: { client: { fin: 5 }, server: { fin: 6 } } }),
    ],
    ["the client reset first", pseudoTls("fin", { tcp: { reset: { from: "client", frame: 5 }, server: { fin: 6 } } })],
    [
      "the server reset after the client had closed",
      pseudoTls("reset", { tcp: { client: { fin: 5 }, reset: { from: "server", frame: 6 } } }),
    ],
    ["ICE dropped the candidate after half a second", pseudoTls("silence", { tcp: { client: { fin: 8 } } })],
    ["the documented answer", pseudoTls("documented")],
    [
      "a forged certificate: proof, by another rule",
      pseudoTls("certificate", { trust: PRIVATE, chain: [certificate({ issuer: "CA" })] }),
    ],
    ["an unreadable certificate", pseudoTls("certificate")],
  ])("%s", (_, spec) => {
    expect(ask(rule, [spec, udp()])).toEqual({ is: "clear", checked: 1 });
  });

  test.each([
    [3, 0],
    [4, 1],
  ])("a capture that ends %i s after the connection began, silence since 40 ms", (seconds, findings) => {
    expect(found(rule, [pseudoTls("silence"), udp()], { seconds })).toHaveLength(findings);
  });

  test("a client that waited long and then closed was not answered", () => {
    expect(found(rule, [pseudoTls("silence", { tcp: { client: { fin: 8 } }, lasts: 10 })])).toHaveLength(1);
  });
});

test("other answers", () => {
  expect(ask(rule, [tls()])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [pseudoTls("not-captured")])).toMatchObject({ is: "not-observed" });
  expect(ask(rule, [pseudoTls("not-captured"), pseudoTls("documented")])).toEqual({ is: "clear", checked: 1 });
});

test("ssltcp has another hello and another answer", () => {
  const [finding] = found(rule, [pseudoTls("alert", { ...ALERT, pseudo: { dialect: "ssltcp" } })]);
  expect(finding?.evidence[0]?.value).toContain("ssltcp");
  expect(finding?.evidence[1]?.expected).toContain("79 bytes");
});

test("the cause that fits while interception is only possible", () => {
  const causes = ["alert", "reset", "fin", "silence", "server-hello", "other-bytes", "certificate"].map(fallbackCause);
  expect(causes).toEqual([
    "tls-alert",
    "reset-on-hello",
    "closed-without-answer",
    "no-answer",
    "non-tls-answer",
    "non-tls-answer",
    "non-tls-answer",
  ]);
});
