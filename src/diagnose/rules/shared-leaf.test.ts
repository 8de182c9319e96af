import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  DECLARED,
  found,
  idsOf,
  PRIVATE,
  PUBLIC,
  SELF_SIGNED,
  type Spec,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { sharedLeaf as rule } from "./shared-leaf.ts";

const NAMES = ["www.fabrikam.example", "cdn.northwind.example", "portal.tailspin.example"];
const TWO = NAMES.slice(0, 2);
const ISSUER = "Litware Issuing CA";
const FAR = { tcpRtt: 0.0001, hello: 0.06 };
const DIRECT = { tcpRtt: 0.03, hello: 0.033 };
const networks = (i: number) => `198.51.${i}.10`;

interface Shown {
  readonly options?: TlsOptions;
  readonly issuer?: string;
  readonly holders?: readonly string[];
  readonly to?: (i: number) => string;
}

function hosts(
  names: readonly string[],
  { options = {}, issuer = ISSUER, holders, to = networks }: Shown = {},
): Spec[] {
  const chain = [certificate({ issuer, names: holders ?? ["gw.litware.example"] })];
  return names.map((name, i) => tls({ name, to: to(i), trust: PRIVATE, timing: DIRECT, chain, ...options }));
}

const confidences = (specs: readonly Spec[]) => found(rule, specs).map(({ confidence }) => confidence);

describe("one certificate for names of unrelated owners, in several networks", () => {
  test.each([
    ["three, TCP near and TLS far", hosts(NAMES, { options: { timing: FAR } }), "likely"],
    ["three; a login page looks the same", hosts(NAMES), "possible"],
    ["two, TCP near and TLS far", hosts(TWO, { options: { timing: FAR } }), "possible"],
    [
      "three, of an authority that honestly signs for many",
      hosts(NAMES, { issuer: "Russian Trusted Sub CA", options: { timing: FAR } }),
      "possible",
    ],
    ["three, far of two alone", [...hosts(TWO, { options: { timing: FAR } }), ...hosts(NAMES).slice(2)], "possible"],
  ] as const)("%s", (_, specs, confidence) => {
    expect(confidences(specs)).toEqual([confidence]);
  });

  test("the sentence and the evidence", () => {
    const [finding] = found(rule, hosts(NAMES, { options: { timing: FAR } }));
    expect(finding?.what).toBe(
      "www.fabrikam.example (198.51.0.10:443), cdn.northwind.example (198.51.1.10:443) and portal.tailspin.example (198.51.2.10:443) all presented one and the same certificate, that of gw.litware.example, issued by “Litware Issuing CA”, in answer to names of fabrikam.example, northwind.example and tailspin.example; TCP is answered near and TLS far.",
    );
    expect(finding?.evidence.map(({ value }) => value)).toEqual(NAMES.map(() => "gw.litware.example"));
    expect(idsOf(finding)).toEqual(["tcp/0", "tcp/1", "tcp/2"]);
    expect(finding?.fix).toMatch(/^Exempt/);
  });

  test("a possible one is not told to be exempted", () => {
    expect(found(rule, hosts(NAMES))[0]?.fix).toMatch(/^Compare/);
  });
});

describe("who is not accused", () => {
  test.each([
    ["the certificate's own names", { holders: NAMES }],
    ["a public root: a portal's, or a hoster's", { options: { trust: PUBLIC } }],
    ["a declared CA", { options: { trust: DECLARED } }],
    ["self-signed, as images and firmware bring it", { options: { trust: SELF_SIGNED } }],
    ["the own network", { to: (i: number) => `10.0.${i}.10` }],
    ["one network: a hoster's", { to: (i: number) => `198.51.100.${i}` }],
    ["one server", { to: () => "198.51.100.10" }],
  ])("%s", (_, { options, ...shown }: Shown) => {
    const specs = hosts(NAMES, { ...shown, options: { timing: FAR, ...options } });
    expect(ask(rule, specs)).toEqual({ is: "clear", checked: 3 });
  });

  test("one owner's names", () => {
    expect(confidences(hosts(["www.fabrikam.example", "sip.fabrikam.example", "fabrikam.com"]))).toEqual([]);
  });

  test("a certificate of each server's own", () => {
    const specs = NAMES.map((name, i) =>
      tls({
        name,
        to: networks(i),
        trust: PRIVATE,
        timing: FAR,
        chain: [certificate({ issuer: ISSUER, names: [`x${i}.example`] })],
      }),
    );
    expect(confidences(specs)).toEqual([]);
  });
});

test("nothing to see", () => {
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [tls({ tls: { version: 0x0304 } })])).toEqual({ is: "not-observed", missing: "key log" });
});

test("10 kB names stay out of the sentence", () => {
  const long = ["a", "b", "c"].map((letter) => `${letter.repeat(10_000)}.example`);
  for (const { what } of found(rule, hosts(long, { holders: long.map((name) => `x.${name}`) }))) {
    expect(what.length).toBeLessThan(1200);
  }
});
