import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  DECLARED,
  NOW,
  observations,
  PRIVATE,
  PUBLIC,
  pseudoTls,
  type Spec,
  type TlsOptions,
  tcp,
  tls,
  tunnel,
} from "../../../test/support/observations.ts";
import type { Trace } from "../../observe/observations.ts";
import type { Flight } from "../../protocol/tls/flight.ts";
import type { Finding } from "../finding.ts";
import { twoSidedHello as rule } from "./two-sided-hello.ts";

const NAME = "shop.adatum.example";
const A = "aa".repeat(32);
const B = "bb".repeat(32);
const C = "cc".repeat(32);
const SERVERS_OWN = certificate({ issuer: "R3", names: [NAME] });
const FORGED = certificate({ issuer: "Box CA", names: [NAME] });
/** As the server's own, in every second connection of one second. */
const NEAR: TlsOptions = { name: NAME, chain: [FORGED], trust: PRIVATE };
const FAR: TlsOptions = { name: NAME, chain: [SERVERS_OWN], trust: PUBLIC, client: "203.0.113.1" };
const HIDDEN = { version: 0x0304 } as const;
const flight = (key: string, size: number): Flight =>
  ({ layout: "separate", server: [], after: [], client: [], key, certificate: size }) as const;

/** `at`: seconds after the first connection; the hello follows after 0.04, the answer after 0.08. */
function traced(spec: Spec, trace: Trace, at = 0): Spec {
  const from = { seconds: NOW + Math.floor(at), nanos: Math.round((at % 1) * 1e9) };
  return { ...spec, build: (index, id) => ({ ...spec.build(index, id), trace, from }) };
}

const hello = (clientRandom: string, serverRandom?: string): Trace => ({
  clientRandom,
  ...(serverRandom !== undefined && { serverRandom }),
});
const both = (near: readonly Spec[], far: readonly Spec[]) => ask(rule, near, { far: observations(far) });
const found = (near: readonly Spec[], far: readonly Spec[]): readonly Finding[] => {
  const answer = both(near, far);
  return answer.is === "finding" ? answer.findings : [];
};
const confidences = (near: readonly Spec[], far: readonly Spec[]) =>
  found(near, far).map(({ confidence }) => confidence);

describe("without something to compare", () => {
  test("no other capture", () => {
    expect(ask(rule, [tls(NEAR)])).toEqual({ is: "not-observed", missing: "a capture from the server's side" });
  });
  test("nothing that is in both", () => {
    expect(both([traced(tls(NEAR), hello(A))], [traced(tls({ ...FAR, name: "other.example" }), hello(B))])).toEqual({
      is: "not-observed",
      missing: "a connection that is in both captures",
    });
  });
  test("no TLS", () => {
    expect(both([tcp()], [tcp()])).toEqual({ is: "not-applicable" });
  });
});

describe("the client's hello arrives", () => {
  test("and so does its answer: clear", () => {
    expect(both([traced(tls(FAR), hello(A, C))], [traced(tls(FAR), hello(A, C))])).toEqual({ is: "clear", checked: 1 });
  });
  test("and gets another answer there: proven", () => {
    expect(confidences([traced(tls(FAR), hello(A, B))], [traced(tls(FAR), hello(A, C))])).toEqual(["proven"]);
  });
  test("and gets another certificate there: proven", () => {
    expect(confidences([traced(tls(NEAR), hello(A))], [traced(tls(FAR), hello(A))])).toEqual(["proven"]);
  });
  test("whatever the addresses and times", () => {
    const far = traced(tls({ ...FAR, to: "10.0.0.7" }), hello(A, C), 5000);
    expect(both([traced(tls(FAR), hello(A, C))], [far])).toEqual({ is: "clear", checked: 1 });
  });
});

describe("one TCP connection", () => {
  const one = (clientRandom: string, sequence = 7): Trace => ({
    clientRandom,
    clientSequence: sequence,
    serverSequence: 0xfffffff0,
  });
  test("with another hello: proven, even with a certificate that is good, and at any time", () => {
    const [finding] = found([traced(tls(FAR), one(A))], [traced(tls(FAR), one(B), 5000)]);
    expect(finding).toMatchObject({ confidence: "proven", cause: "tls-interception" });
    expect(finding?.evidence[0]).toMatchObject({ file: 0, frame: 4, path: "tls.clientHello.random", value: A });
    expect(finding?.evidence[0]?.expected).toBe(`${B}, as in frame 4 at the server's end (from 203.0.113.1:40000)`);
  });
  test("one number alone is not enough", () => {
    const half: Trace = { clientRandom: B, clientSequence: 7 };
    expect(confidences([traced(tls(FAR), one(A))], [traced(tls(FAR), half)])).toEqual(["possible"]);
  });
  test("a pseudo-TLS hello is the same every time, whatever its bytes say", () => {
    const spec = pseudoTls("documented");
    expect(found([traced(spec, one(A))], [traced(spec, one(B))])).toEqual([]);
  });
});

describe("by time, a forged certificate at the client", () => {
  const near = traced(tls(NEAR), hello(A));
  test("while it waits, and another one of the server's: proven", () => {
    const [finding] = found([near], [traced(tls(FAR), hello(B), 0.02)]);
    expect(finding?.confidence).toBe("proven");
    expect(finding?.what).toBe(
      "The client's hello to shop.adatum.example (192.0.2.10:443) did not arrive at the server's end; another one did at that moment, for the same server; the client was shown a certificate for shop.adatum.example by “Box CA”; the server's is another one.",
    );
  });
  test.each<[string, Spec[], string[]]>([
    ["not while it waits", [traced(tls(FAR), hello(B), 2)], ["likely"]],
    [
      "two clients ask at that moment",
      [traced(tls(FAR), hello(B), 0.01), traced(tls(FAR), hello(C), 0.02)],
      ["likely"],
    ],
    ["the server's address is another one", [traced(tls({ ...FAR, to: "10.0.0.7" }), hello(B), 0.02)], ["likely"]],
    ["too late", [traced(tls(FAR), hello(B), 30)], []],
    ["before it", [traced(tls(FAR), hello(B), -3)], []],
    ["another port", [traced(tls({ ...FAR, port: 8443 }), hello(B), 0.02)], []],
    ["without a time", [traced(tls({ ...FAR, untimed: true }), hello(B), 0.02)], []],
    ["the server shows the same", [traced(tls(NEAR), hello(B), 0.02)], ["possible"]],
    [
      "hidden there, of another key",
      [traced(tls({ ...FAR, chain: [], tls: { ...HIDDEN, flight: flight("EC P-256", 1) } }), hello(B), 0.02)],
      ["proven"],
    ],
    [
      "hidden there, of the same key and size",
      [traced(tls({ ...FAR, chain: [], tls: { ...HIDDEN, flight: flight("RSA 2048", 103) } }), hello(B), 0.02)],
      ["possible"],
    ],
  ])("%s", (_, far, expected) => {
    expect(confidences([near], far)).toEqual(expected);
  });

  test.each<[string, TlsOptions]>([
    ["good", { trust: PUBLIC }],
    ["declared legitimate", { trust: DECLARED }],
    ["perhaps public", { trust: { is: "unknown" } }],
  ])("not where the client's certificate is %s", (_, options) => {
    const spec = traced(tls({ ...NEAR, ...options }), hello(A));
    expect(confidences([spec], [traced(tls(FAR), hello(B), 0.02)])).toEqual(["possible"]);
  });

  test("likely where the address is not known: asked of a proxy by name", () => {
    const through = tls({ ...NEAR, to: "10.0.0.1", port: 3128, through: tunnel(`${NAME}:443`) });
    expect(confidences([traced(through, hello(A))], [traced(tls(FAR), hello(B), 0.02)])).toEqual(["likely"]);
  });

  test("not a load balancer in the own network, with machines behind it", () => {
    const balancer = traced(tls({ ...NEAR, to: "10.1.0.1" }), hello(A));
    expect(confidences([balancer], [traced(tls({ ...FAR, to: "10.2.0.7" }), hello(B), 0.02)])).toEqual(["possible"]);
  });
});

describe("by time, certificates hidden at both ends", () => {
  const hidden = (seen: Flight | undefined, options: TlsOptions = {}) =>
    tls({ name: NAME, tls: { ...HIDDEN, ...(seen !== undefined && { flight: seen }) }, ...options });
  const own = flight("EC P-256", 900);
  const nearer = { timing: { tcpRtt: 0.0001 } };
  const further = { timing: { tcpRtt: 0.0001, tcpAck: 0.03 } };
  const beside = { timing: { tcpRtt: 0.0001, tcpAck: 0.0001 } };
  test.each<[string, Spec, Spec, string]>([
    ["nothing else speaks for it", hidden(undefined), hidden(undefined), "possible"],
    ["the same key and size", hidden(own), hidden(own), "possible"],
    ["another size", hidden(flight("EC P-256", 800)), hidden(own), "likely"],
    ["another key", hidden(flight("RSA 2048", 900)), hidden(own), "likely"],
    ["TCP ends near the client", hidden(undefined, nearer), hidden(undefined, further), "likely"],
    ["both of these", hidden(flight("RSA 2048", 900), nearer), hidden(own, further), "proven"],
    [
      "TCP ends near the server",
      hidden(flight("RSA 2048", 900), { timing: { tcpRtt: 0.03 } }),
      hidden(own, beside),
      "possible",
    ],
    [
      "a public load balancer, with machines behind it",
      hidden(flight("RSA 2048", 900)),
      hidden(own, { to: "10.2.0.7" }),
      "possible",
    ],
    ["nobody is far", hidden(undefined, nearer), hidden(undefined, beside), "possible"],
  ])("%s", (_, near, far, expected) => {
    expect(confidences([traced(near, hello(A))], [traced(far, hello(B), 0.02)])).toEqual([expected]);
  });
});

test("clocks that differ: what is in both captures tells by how much", () => {
  const sure = (at: number) => traced(tls({ ...FAR, name: "www.adatum.example" }), hello(C, C), at);
  const near = [sure(0), traced(tls(NEAR), hello(A), 10)];
  expect(confidences(near, [sure(1000), traced(tls(FAR), hello(B), 1010.02)])).toEqual(["proven"]);
  expect(confidences(near, [sure(1000), traced(tls(FAR), hello(B), 10.02)])).toEqual([]);
});

test("clocks that differ: a connection without TLS that is in both captures tells as well", () => {
  const sure = (at: number) => traced(tcp({ port: 80 }), { clientSequence: 5, serverSequence: 6 }, at);
  const near = [sure(0), traced(tls(NEAR), hello(A), 10)];
  expect(confidences(near, [sure(1000), traced(tls(FAR), hello(B), 1010.02)])).toEqual(["proven"]);
});

test("addresses that are translated at the server: what is in both captures tells which", () => {
  const to = "10.0.0.7";
  const sure = (options: TlsOptions) => traced(tls({ ...FAR, ...options }), hello(C, C));
  const far = [sure({ to }), traced(tls({ ...FAR, to }), hello(B), 10.02)];
  expect(confidences([sure({}), traced(tls(NEAR), hello(A), 10)], far)).toEqual(["proven"]);
});

test("a random that stands on many connections tells nothing", () => {
  const many = Array.from({ length: 8 }, (_, i) => traced(tls(FAR), hello(A, B), i * 100));
  const others = Array.from({ length: 8 }, (_, i) => traced(tls(FAR), hello(A, C), i * 100));
  expect(confidences(many, others)).not.toContain("proven");
});
