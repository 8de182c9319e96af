import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  ask,
  DAY,
  DECLARED,
  found,
  idsOf,
  NOW,
  PRIVATE,
  PUBLIC,
  SELF_SIGNED,
  type Spec,
  type TestCertificate,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { parseCertificate } from "../../protocol/x509/certificate.ts";
import { forgedLeafStructure as rule } from "./forged-leaf-structure.ts";

const rows = JSON.parse(
  readFileSync(new URL("../../../test/vectors/leaf-structures.json", import.meta.url), "utf8"),
) as { how: string; der: string }[];

/** A real leaf, as if made `age` seconds before the connection. */
function leaf(how: string, age: number): TestCertificate {
  const real = parseCertificate(Buffer.from(rows.find((row) => row.how === how)?.der ?? "", "base64"));
  const notBefore = NOW - age;
  const certificate = { ...real, notBefore, notAfter: notBefore + 365 * DAY };
  return { sha256: `${how} ${age}`, observed: { certificate, spkiSha256: how } };
}

const OWN_KEY = "server: RSA, subjectAltName";
const GIVEN_KEY = "with -K, an RSA key of 65537";
const LOOK_ALIKE = "openssl x509, the very same build";
const FAR = { tcpRtt: 0.0001, hello: 0.06 };
const DIRECT = { tcpRtt: 0.03, hello: 0.033 };
const FRESH = DAY + 1;
const OLD = 40 * DAY + 5000;

const connection = (how: string, age: number, options: TlsOptions = {}): Spec =>
  tls({ name: "www.a.example", trust: PRIVATE, timing: DIRECT, chain: [leaf(how, age)], ...options });
const confidences = (specs: readonly Spec[], options = {}) => found(rule, specs, options).map((f) => f.confidence);

describe("a leaf that is built as a forged one", () => {
  test.each([
    ["with SSLsplit's kind of key, made for this connection", OWN_KEY, FRESH, DIRECT, ["likely"]],
    ["with such a key, TCP near and TLS far", OWN_KEY, OLD, FAR, ["likely"]],
    ["with such a key alone", OWN_KEY, OLD, DIRECT, ["possible"]],
    ["with a key that was given, both signs", GIVEN_KEY, FRESH, FAR, ["likely"]],
    ["with a key that was given, made for this connection", GIVEN_KEY, FRESH, DIRECT, ["possible"]],
    ["an authority of the same build that issued it yesterday", LOOK_ALIKE, FRESH, DIRECT, ["possible"]],
    ["an authority of the same build, behind a load balancer", LOOK_ALIKE, OLD, FAR, []],
    ["an authority of the same build, issued just now behind a load balancer", LOOK_ALIKE, 5, FAR, []],
    ["an authority of the same build", LOOK_ALIKE, OLD, DIRECT, []],
    ["Easy-RSA, with such a key and both signs", "the same with a key of the exponent 3", FRESH, FAR, []],
    ["the same order by another library, both signs", "Python cryptography, the same order", FRESH, FAR, []],
  ] as const)("%s", (_, how, age, timing, expected) => {
    expect(confidences([connection(how, age, { timing })])).toEqual(expected);
  });

  test("what is the same, what speaks against it, and the evidence for each", () => {
    const [finding] = found(rule, [connection(OWN_KEY, FRESH, { timing: FAR })]);
    expect(finding?.what).toBe(
      "www.a.example (192.0.2.10:443) presented a certificate issued by “Gateway CA” that is built as those that SSLsplit / SSLproxy forges: the same extensions in the same order, valid for 365 days and a key with the exponent 3; it begins 1 day before the connection, to within minutes; TCP is answered near and TLS far.",
    );
    expect(finding?.evidence.map(({ path, value }) => `${path}: ${value}`)).toEqual([
      "tls.certificate[0].extensions: subjectKeyIdentifier, authorityKeyIdentifier, basicConstraints, keyUsage, extendedKeyUsage, subjectAltName; valid for 365 days and a key with the exponent 3",
      "tls.certificate[0].validity.notBefore: 2026-11-21 11:59:59 UTC",
      "tcp.rtt: SYN-ACK after 0.10 ms, ServerHello 60 ms after the ClientHello",
    ]);
    expect(finding?.interceptor).toBeUndefined();
    expect(finding?.fix).toMatch(/^Exempt/);
  });

  test("a possible one is not told to be exempted", () => {
    expect(found(rule, [connection(OWN_KEY, OLD)])[0]?.fix).toMatch(/^Compare/);
  });
});

describe("one leaf on several connections", () => {
  test("it was made for the first of them, and kept", () => {
    const certificate = leaf(GIVEN_KEY, DAY);
    // One second apart each: the last is too late for a new one.
    const [finding, ...more] = found(
      rule,
      Array.from({ length: 602 }, () => connection(GIVEN_KEY, DAY, { timing: FAR, chain: [certificate] })),
    );
    expect(more).toEqual([]);
    expect(finding?.confidence).toBe("likely");
    expect(idsOf(finding)).toHaveLength(602);
  });

  test.each([
    ["TLS is as near as TCP once: then it is the server that is slow", DIRECT, "possible"],
    ["where TCP's beginning is not in the capture nothing is known of near and far", {}, "likely"],
  ])("%s", (_, second, confidence) => {
    const chain = [leaf(GIVEN_KEY, FRESH)];
    const specs = [FAR, second].map((timing) => connection(GIVEN_KEY, FRESH, { timing, chain }));
    expect(confidences(specs)).toEqual([confidence]);
  });
});

describe("who is not accused", () => {
  test.each([
    ["a public root", { trust: PUBLIC }],
    ["a declared CA", { trust: { ...DECLARED, anchor: "CN=Gateway CA, O=Gateway" } }],
    ["self-signed", { trust: SELF_SIGNED }],
  ])("%s", (_, options) => {
    expect(ask(rule, [connection(OWN_KEY, FRESH, { timing: FAR, ...options })])).toEqual({ is: "clear", checked: 1 });
  });

  test.each([
    ["in the own network", { to: "10.0.0.7" }],
    ["below a declared CA", { trust: DECLARED }],
  ])("%s a key that was given is not, SSLsplit's own is", (_, options) => {
    expect(confidences([connection(GIVEN_KEY, FRESH, { timing: FAR, ...options })])).toEqual([]);
    expect(confidences([connection(OWN_KEY, FRESH, options)])).toEqual(["likely"]);
  });
});

test("minutes cannot be told on a clock whose time zone is not known, nor without a time", () => {
  const specs = (options: TlsOptions) => [connection(OWN_KEY, FRESH, options)];
  expect(confidences(specs({}), { localTime: true })).toEqual(["possible"]);
  expect(confidences(specs({ untimed: true }))).toEqual(["possible"]);
});

test("a tunnel's TCP says nothing of the server's", () => {
  const through = {
    kind: "http-connect",
    target: "www.a.example:443",
    requestFrame: 1,
    granted: true,
    headers: [],
  } as const;
  expect(confidences([connection(GIVEN_KEY, FRESH, { timing: FAR, through })])).toEqual(["possible"]);
});

test("nothing to see", () => {
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [tls({ tls: { version: 0x0304 } })])).toEqual({ is: "not-observed", missing: "key log" });
});
