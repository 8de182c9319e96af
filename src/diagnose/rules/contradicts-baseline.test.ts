import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  DAY,
  DECLARED,
  found,
  IN_BASELINE,
  INCOMPLETE,
  INSPECTION,
  idsOf,
  NOW,
  PRIVATE,
  PUBLIC,
  pseudoTls,
  SELF_SIGNED,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { Baseline, type BaselineEntry, type BaselineLeaf } from "../../observe/baseline.ts";
import { contradictsBaseline as rule } from "./contradicts-baseline.ts";

const NAME = "shop.adatum.example";
const OTHER = "www.litware.example";

const LEAF: BaselineLeaf = {
  issuer: "CN=R3",
  serial: "0123456789abcdef0123456789abcdef",
  notBefore: NOW - 30 * DAY,
  notAfter: NOW + 60 * DAY,
  spkiSha256: "11".repeat(32),
  root: "public",
};
const known = (
  leaf: Partial<BaselineLeaf> | null = {},
  host = NAME,
  more: Partial<BaselineEntry> = {},
): BaselineEntry => ({
  host,
  sha256: "aa".repeat(32),
  ...(leaf !== null && { leaf: { ...LEAF, ...leaf } }),
  ...more,
});
const beside = (...entries: readonly BaselineEntry[]) => ({ baseline: new Baseline(entries) });
const shown = (options: TlsOptions & { recipe?: Partial<Parameters<typeof certificate>[0]> } = {}) => {
  const { recipe, name = NAME, ...rest } = options;
  const chain = [certificate({ issuer: "Box CA", names: [name], ...recipe })];
  return tls({ name, trust: PRIVATE, chain, ...rest });
};

test("likely: a private issuer where the server has a public certificate that is in force", () => {
  const [finding, ...more] = found(rule, [shown(), shown()], beside(known()));
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ confidence: "likely", cause: "tls-interception" });
  expect(idsOf(finding)).toEqual(["tcp/0", "tcp/1"]);
  expect(finding?.what).toBe(
    "shop.adatum.example (192.0.2.10:443) presented a certificate issued by “Box CA”; the baseline has one issued by CN=R3.",
  );
  expect(finding?.evidence[0]?.expected).toBe(`sha256:${"aa".repeat(32)}, issued by CN=R3`);
});

describe("proven", () => {
  test.each([
    ["the dates of the server's own", { notBefore: LEAF.notBefore, notAfter: LEAF.notAfter }, {}],
    ["the same, of a private CA's", { notBefore: LEAF.notBefore, notAfter: LEAF.notAfter }, { root: "private" }],
  ] as const)("%s", (_, recipe, leaf) => {
    expect(found(rule, [shown({ recipe })], beside(known(leaf)))[0]?.confidence).toBe("proven");
  });

  test("its serial number", () => {
    const chain = [certificate({ issuer: "Box CA", names: [NAME] })];
    const serial = chain[0]?.observed.certificate.serial ?? "";
    const spec = tls({ name: NAME, trust: PRIVATE, chain });
    expect(found(rule, [spec], beside(known({ serial })))[0]?.confidence).toBe("proven");
  });

  test("one private issuer for public certificates of unrelated owners", () => {
    const specs = [shown(), shown({ name: OTHER, to: "198.51.100.7" })];
    const [finding] = found(rule, specs, beside(known(), known({ issuer: "CN=G2" }, OTHER)));
    expect(finding?.confidence).toBe("proven");
    expect(idsOf(finding)).toEqual(["tcp/0", "tcp/1"]);
  });
});

describe("not proven", () => {
  test.each([
    ["two hosts of one owner", [known(), known({}, "www.adatum.example")], "www.adatum.example"],
    [
      "the second is a private CA's by the baseline",
      [known(), known({ root: "private", issuer: "CN=Own" }, OTHER)],
      OTHER,
    ],
    ["of the second only the digest is known", [known(), known(null, OTHER)], OTHER],
  ] as const)("%s", (_, entries, name) => {
    const findings = found(rule, [shown(), shown({ name, to: "198.51.100.7" })], beside(...entries));
    expect(findings.map(({ confidence }) => confidence)).not.toContain("proven");
  });
});

describe("only possible", () => {
  test.each([
    ["only the digest is known", known(null), shown()],
    ["the baseline's was not in force", known({ notAfter: NOW - DAY }), shown()],
    ["the baseline's was not yet in force", known({ notBefore: NOW + DAY }), shown()],
    ["where the baseline's chain leads is not known", known({ root: "unknown" }), shown()],
    ["self-signed, as machines come", known(), shown({ trust: SELF_SIGNED })],
    ["in the own network", known(), shown({ to: "10.0.0.7" })],
    ["for another name: a default certificate, a portal", known(), shown({ recipe: { names: ["portal.example"] } })],
    ["without time", known(), shown({ untimed: true })],
  ])("%s", (_, entry, spec) => {
    expect(found(rule, [spec], beside(entry)).map(({ confidence }) => confidence)).toEqual(["possible"]);
  });
});

describe("no contradiction", () => {
  test.each([
    ["renewed, or one of several: a public root", known(), shown({ trust: PUBLIC })],
    ["a CA declared legitimate", known(), shown({ trust: DECLARED })],
    ["in the baseline", known(), shown({ trust: IN_BASELINE })],
    ["renewed by the same private CA", known({ root: "private", issuer: "CN=Box CA" }), shown()],
    ["perhaps public: younger than the roots known", known(), shown({ recipe: { scts: 2 } })],
    ["the intermediate forgotten", known(), shown({ trust: INCOMPLETE, recipe: { scts: 2 } })],
    ["could not be checked", known(), shown({ trust: { is: "unknown" } })],
  ])("%s", (_, entry, spec) => {
    expect(ask(rule, [spec], beside(entry))).toEqual({ is: "clear", checked: 1 });
  });

  test("renewed with the same key", () => {
    const chain = [certificate({ issuer: "Box CA", names: [NAME] })];
    const spkiSha256 = chain[0]?.observed.spkiSha256 ?? "";
    const spec = tls({ name: NAME, trust: PRIVATE, chain });
    expect(ask(rule, [spec], beside(known({ spkiSha256 })))).toEqual({ is: "clear", checked: 1 });
  });

  test.each([
    ["another port", known({}, NAME, { port: 8443 })],
    ["another host", known({}, "www.adatum.example")],
    ["a wildcard says nothing of one host", known({}, "*.adatum.example")],
    ["an address says nothing of a name behind it", known({}, "192.0.2.10")],
  ])("%s", (_, entry) => {
    expect(ask(rule, [shown()], beside(entry))).toMatchObject({ is: "not-observed" });
  });

  test("pseudo-TLS has no certificate to compare with", () => {
    const spec = pseudoTls("certificate", { trust: PRIVATE, chain: [certificate({ issuer: "Box CA" })] });
    expect(ask(rule, [spec], beside(known({}, "198.51.100.30")))).toEqual({ is: "not-applicable" });
  });
});

test("also under a declared inspection CA, and by address where no name is asked for", () => {
  expect(found(rule, [shown({ trust: INSPECTION })], beside(known()))).toHaveLength(1);
  const nameless = tls({ trust: PRIVATE, chain: [certificate({ issuer: "Box CA", names: [NAME] })] });
  expect(found(rule, [nameless], beside(known({}, "192.0.2.10", { port: 443 })))).toHaveLength(1);
});

test("without a baseline: not looked", () => {
  expect(ask(rule, [shown()])).toEqual({
    is: "not-observed",
    missing: "what the servers present elsewhere: --baseline",
  });
});

test("the certificate is hidden: not looked", () => {
  const hidden = tls({ name: NAME, tls: { version: 0x0304 } });
  expect(ask(rule, [hidden], beside(known()))).toEqual({ is: "not-observed", missing: "key log" });
});
