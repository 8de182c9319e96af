import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  DECLARED,
  found,
  INCOMPLETE,
  idsOf,
  PRIVATE,
  PUBLIC,
  SELF_SIGNED,
  type Spec,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { sharedLeafKey as rule } from "./shared-leaf-key.ts";

const NAMES = ["www.fabrikam.example", "cdn.northwind.example"];

function hosts(
  names: readonly string[],
  options: TlsOptions = {},
  recipe: { key?: string; scts?: number } = { key: "one" },
): Spec[] {
  return names.map((name, i) =>
    tls({
      name,
      to: `192.0.2.${i}`,
      trust: PRIVATE,
      chain: [certificate({ issuer: `CA ${i}`, names: [name], ...recipe })],
      ...options,
    }),
  );
}

test("one key for two unrelated domains on two addresses: likely, whoever issued them", () => {
  const [finding] = found(rule, hosts(NAMES));
  expect(finding).toMatchObject({
    confidence: "likely",
    cause: "tls-interception",
    what: "The certificates of fabrikam.example and northwind.example carry one and the same key, on 2 addresses.",
  });
  expect(idsOf(finding)).toEqual(["tcp/0", "tcp/1"]);
});

test("never proven, however many", () => {
  const many = Array.from({ length: 30 }, (_, i) => `www.d${i}.example`);
  expect(found(rule, hosts(many))[0]?.confidence).toBe("likely");
});

describe("who is not accused", () => {
  const clear = { is: "clear", checked: 2 };
  test.each([
    ["keys of their own", hosts(NAMES, {}, {})],
    ["one domain", hosts(["www.fabrikam.example", "sip.fabrikam.example"])],
    ["one server with two certificates", hosts(NAMES, { to: "192.0.2.10" })],
    ["one certificate on two addresses", hosts(NAMES, { chain: [certificate({ issuer: "CA", names: NAMES })] })],
    ["a CDN with one key, under a public root", hosts(NAMES, { trust: PUBLIC })],
    [
      "a hoster with one key that forgot its intermediate",
      hosts(NAMES, { trust: INCOMPLETE }, { key: "one", scts: 2 }),
    ],
    ["firmware with one key, self-signed", hosts(NAMES, { trust: SELF_SIGNED })],
    ["a CA declared legitimate", hosts(NAMES, { trust: DECLARED })],
    ["an organisation's own network", hosts(NAMES, { to: "10.0.0.1" })],
  ])("%s", (_, specs) => {
    expect(ask(rule, specs)).toEqual(clear);
  });
});

test("a chain that lacks its issuer counts when the leaf cannot be public", () => {
  expect(found(rule, hosts(NAMES, { trust: INCOMPLETE }))).toHaveLength(1);
});

test("nothing to see", () => {
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [tls({ tls: { version: 0x0304 } })])).toEqual({ is: "not-observed", missing: "key log" });
});

test("10 kB names stay out of the sentence", () => {
  const long = [`${"a".repeat(10_000)}.example`, `${"b".repeat(10_000)}.example`];
  for (const { what } of found(rule, hosts(long))) expect(what.length).toBeLessThan(400);
});
