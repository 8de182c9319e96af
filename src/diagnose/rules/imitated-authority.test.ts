import { expect, test } from "vitest";
import {
  ask,
  certificate,
  DECLARED,
  found,
  idsOf,
  PRIVATE,
  type TestCertificate,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { imitatedAuthority as rule } from "./imitated-authority.ts";

const NAME = { C: "US", O: "Example Public Trust Services LLC", CN: "Example Public Root R1" };
const AUTHORITY = certificate({ subject: NAME, issuer: NAME, isCa: true, key: "another" });
const LEAF = certificate({ issuer: NAME, names: ["www.fabrikam.example"] });

const presents = (leaf: TestCertificate, options: TlsOptions = {}) =>
  tls({
    chain: [leaf, AUTHORITY],
    trust: PRIVATE,
    signing: { ownKey: false, namesake: AUTHORITY.observed.certificate },
    ...options,
  });

test("an authority with a public root's name and another key: proven, with that key", () => {
  const [finding, ...more] = found(rule, [presents(LEAF), presents(LEAF)]);
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ confidence: "proven", cause: "tls-interception" });
  expect(idsOf(finding)).toEqual(["tcp/0", "tcp/1"]);
  expect(finding?.what).toContain("calls itself “Example Public Root R1”, as a public root does, but has another key");
  expect(finding?.evidence[0]).toMatchObject({
    path: "tls.certificate[1].subjectPublicKeyInfo",
    value: `SHA-256 ${AUTHORITY.observed.spkiSha256}`,
  });
});

test.each([
  ["with SCTs: an authority may have a key more", certificate({ issuer: NAME, names: ["a.example"], scts: 2 })],
  [
    "of a time before SCTs",
    certificate({ issuer: NAME, names: ["a.example"], notBefore: Date.UTC(2017, 0, 1) / 1000 }),
  ],
])("a leaf %s: possible", (_, leaf) => {
  const [finding] = found(rule, [presents(leaf)]);
  expect(finding?.confidence).toBe("possible");
  expect(finding?.fix).toContain("Compare");
});

test("not where the person has declared it", () => {
  expect(found(rule, [presents(LEAF, { trust: DECLARED })])).toEqual([]);
});

test("other answers", () => {
  expect(ask(rule, [tls({ chain: [LEAF], trust: PRIVATE })])).toEqual({ is: "clear", checked: 1 });
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
});
