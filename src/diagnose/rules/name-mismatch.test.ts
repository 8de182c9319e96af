import { describe, expect, test } from "vitest";
import { counted } from "../../../test/support/counted.ts";
import {
  ask,
  certificate,
  DECLARED,
  found,
  PRIVATE,
  PUBLIC,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { nameMismatch as rule } from "./name-mismatch.ts";

const shown = (names: readonly string[], name: string, options: TlsOptions = {}, subject = "www.example.net") =>
  tls({ name, trust: PUBLIC, chain: [certificate({ issuer: "R3", names, subject })], ...options });

test("a good chain for another name", () => {
  const [finding] = found(rule, [shown(["www.example.net", "example.net"], "sip.fabrikam.example")]);
  expect(finding).toMatchObject({
    confidence: "proven",
    cause: "name-mismatch",
    what: "sip.fabrikam.example (192.0.2.10:443) presented a valid certificate, but one for www.example.net and example.net.",
    fix: "Check to which address sip.fabrikam.example resolves, and what 192.0.2.10 is.",
  });
  expect(finding?.evidence[0]).toMatchObject({
    value: "www.example.net and example.net",
    expected: "sip.fabrikam.example",
  });
});

describe("names (RFC 6125)", () => {
  test.each([
    ["other case", ["WWW.Fabrikam.Example"], "www.fabrikam.example", true],
    ["final dot", ["www.fabrikam.example."], "www.fabrikam.example", true],
    ["wildcard", ["*.fabrikam.example"], "www.fabrikam.example", true],
    ["wildcard does not cover the domain itself", ["*.fabrikam.example"], "fabrikam.example", false],
    ["nor two labels", ["*.fabrikam.example"], "a.b.fabrikam.example", false],
    ["nor a label's end", ["*.fabrikam.example"], "evilfabrikam.example", false],
    ["an empty name covers nothing", [""], "www.fabrikam.example", false],
    ["a bare wildcard covers nothing", ["*", "*."], "www.fabrikam.example", false],
    ["one of many", ["a.example", "b.example", "www.fabrikam.example"], "www.fabrikam.example", true],
  ])("%s", (_, names, asked, covered) => {
    expect(found(rule, [shown(names, asked)])).toHaveLength(covered ? 0 : 1);
  });

  test("without subjectAltName the subject's CN counts, with one it does not", () => {
    expect(found(rule, [shown([], "www.fabrikam.example", {}, "www.fabrikam.example")])).toEqual([]);
    expect(found(rule, [shown(["a.example"], "www.fabrikam.example", {}, "www.fabrikam.example")])).toHaveLength(1);
  });
});

test("not judged: no server name, or a chain that is not good", () => {
  const chain = [certificate({ issuer: "R3", names: ["a.example"] })];
  expect(ask(rule, [tls({ chain, trust: PUBLIC })])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [shown(["a.example"], "b.example", { trust: PRIVATE })])).toEqual({ is: "not-applicable" });
  expect(found(rule, [shown(["a.example"], "b.example", { trust: DECLARED })])).toHaveLength(1);
});

test("a leaf without any name", () => {
  const chain = [certificate({ issuer: "R3", subject: { O: "Acme" } })];
  const [finding] = found(rule, [tls({ name: "a.example", chain, trust: PUBLIC })]);
  expect(finding?.what).toContain("but one for “Acme”.");
  expect(finding?.evidence[0]?.value).toBe("O=Acme");
});

test("10 kB names", () => {
  const [finding] = found(rule, [shown(Array(200).fill("n".repeat(10_000)), "a".repeat(10_000))]);
  expect((finding?.what.length ?? 0) + (finding?.fix.length ?? 0)).toBeLessThan(600);
});

test("a certificate of many names is looked through once, not for every connection", () => {
  const { list: names, reads } = counted(Array.from({ length: 1000 }, (_, i) => `h${i}.northwind.example`));
  const many = certificate({ issuer: "R3", subject: "many" });
  const chain = [{ ...many, observed: { ...many.observed, certificate: { ...many.observed.certificate, names } } }];
  const specs = Array.from({ length: 200 }, (_, i) => tls({ name: `h${i}.fabrikam.example`, trust: PUBLIC, chain }));
  expect(found(rule, specs)).toHaveLength(200);
  expect(reads()).toBeLessThan(20_000);
});

test("nothing to see", () => {
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [tls({ name: "a.example", tls: { version: 0x0304 } })])).toEqual({
    is: "not-observed",
    missing: "key log",
  });
});
