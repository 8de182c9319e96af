import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  DECLARED,
  found,
  idsOf,
  PRIVATE,
  PUBLIC,
  pseudoTls,
  tls,
  tunnel,
} from "../../../test/support/observations.ts";
import { certificateInPseudoTls as rule } from "./certificate-in-pseudo-tls.ts";

const forged = certificate({
  issuer: { C: "US", O: "Websense, Inc.", CN: "Websense Root" },
  names: ["av.fabrikam.example"],
});

describe("a forged certificate in answer to a pseudo-TLS hello", () => {
  test("is proof, with both frames, the issuer's CN in the sentence and its whole name in the evidence", () => {
    const [finding, ...more] = found(rule, [tls(), pseudoTls("certificate", { chain: [forged], trust: PRIVATE })]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ confidence: "proven", cause: "tls-interception" });
    expect(idsOf(finding)).toEqual(["tcp/1"]);
    expect(finding?.what).toBe(
      "The pseudo-TLS hello to 198.51.100.30:443 (frame 104) was answered with a certificate issued by “Websense Root” (frame 107).",
    );
    expect(finding?.evidence.map(({ frame, value }) => [frame, value])).toEqual([
      [104, "ms-turn"],
      [107, "CN=Websense Root, O=Websense, Inc., C=US"],
    ]);
  });

  test("needs no issuer: it may be unreadable", () => {
    const [finding] = found(rule, [pseudoTls("certificate")]);
    expect(finding?.what).toMatch(/answered with a certificate \(frame 6\)\.$/);
    expect(finding?.evidence[1]?.value).toBe("not readable");
  });

  test("needs no private root: a chain whose top was not sent cannot be the server's either", () => {
    const trust = { is: "incomplete", anchor: "CN=Websense Root" } as const;
    expect(found(rule, [pseudoTls("certificate", { chain: [forged], trust })])).toHaveLength(1);
  });

  test.each([
    ["one that could not be checked, as of a root that was public once", { is: "unknown", detail: "retired" }, 0],
    ["one whose top was not sent, with the SCTs of public ones", { is: "incomplete" }, 2],
  ] as const)("is not proof with a chain that may be public: %s", (_, trust, scts) => {
    const leaf = certificate({ issuer: "Some CA", names: ["lb.fabrikam.example"], scts });
    expect(ask(rule, [pseudoTls("certificate", { chain: [leaf], trust })])).toEqual({ is: "clear", checked: 1 });
  });

  test("is exempted by address, in a tunnel by the name that the proxy was given", () => {
    const through = tunnel("av.fabrikam.example:443");
    const fixes = [{}, { through }].map((where) => found(rule, [pseudoTls("certificate", where)])[0]?.fix);
    expect(fixes).toEqual([
      "Exempt 198.51.100.30 from TLS inspection on the proxy, by address: this hello carries no server name.",
      "Exempt av.fabrikam.example from TLS inspection on the proxy.",
    ]);
  });

  test("the other dialect has its own documented answer", () => {
    const [finding] = found(rule, [pseudoTls("certificate", { pseudo: { dialect: "ssltcp" } })]);
    expect(finding?.evidence[1]?.expected).toBe("the fixed ServerHello of 79 bytes");
  });
});

describe("who is not accused", () => {
  test.each([
    ["a load balancer that ends TLS with the owner's certificate, or a wrong address", PUBLIC],
    ["a server under a CA that was declared legitimate", DECLARED],
  ])("%s", (_, trust) => {
    expect(ask(rule, [pseudoTls("certificate", { chain: [forged], trust })])).toEqual({ is: "clear", checked: 1 });
  });

  test.each(["documented", "server-hello", "alert", "other-bytes", "reset", "fin", "silence"] as const)(
    "an answer of %s is not this rule's",
    (answer) => {
      expect(ask(rule, [pseudoTls(answer)])).toEqual({ is: "clear", checked: 1 });
    },
  );
});

test("without a pseudo-TLS dialogue it does not apply", () => {
  expect(ask(rule, [tls({ chain: [forged], trust: PRIVATE })])).toEqual({ is: "not-applicable" });
});

test("an answer that was not captured is not a clear one", () => {
  expect(ask(rule, [tls(), pseudoTls("not-captured")])).toMatchObject({ is: "not-observed" });
});

test("an issuer without a name, and one of 10 kB", () => {
  const nameless = certificate({ issuer: {} });
  const [finding] = found(rule, [pseudoTls("certificate", { chain: [nameless], trust: PRIVATE })]);
  expect(finding?.what).toContain("issued by somebody without a name (frame 7)");
  const long = certificate({ issuer: "x".repeat(10_000) });
  const [other] = found(rule, [pseudoTls("certificate", { chain: [long], trust: PRIVATE })]);
  expect(other?.what.length).toBeLessThan(300);
  expect(other?.evidence[1]?.value).toHaveLength(10_003);
});
