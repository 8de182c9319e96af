import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  DAY,
  DECLARED,
  found,
  INCOMPLETE,
  idsOf,
  NOW,
  PRIVATE,
  PUBLIC,
  SELF_SIGNED,
  type Spec,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { mintedOnDemand as rule } from "./minted-on-demand.ts";

const UNRELATED = ["www.fabrikam.example", "cdn.northwind.example"];
const ONE_OWNER = ["sip.fabrikam.example", "webconf.fabrikam.example"];
const FAR = { tcpRtt: 0.0001, hello: 0.06 };
const DIRECT = { tcpRtt: 0.03, hello: 0.033 };

interface Mint {
  /** Seconds since the leaf's notBefore at the first connection. */
  readonly age?: number;
  readonly oneKey?: boolean;
  readonly options?: TlsOptions;
}

function hosts(names: readonly string[], { age = 1, oneKey = false, options = {} }: Mint = {}): Spec[] {
  return names.map((name, i) =>
    tls({
      name,
      to: `192.0.2.${10 + i}`,
      trust: PRIVATE,
      timing: DIRECT,
      chain: [
        certificate({
          issuer: "Gateway CA",
          names: [name],
          notBefore: NOW + i - age,
          ...(oneKey ? { key: "one" } : {}),
        }),
      ],
      ...options,
    }),
  );
}

const confidences = (specs: readonly Spec[]) => found(rule, specs).map(({ confidence }) => confidence);

describe("fresh certificates under one private issuer", () => {
  test.each([
    ["unrelated domains", UNRELATED, { oneKey: true }, "likely"],
    ["unrelated domains", UNRELATED, { options: { timing: FAR } }, "likely"],
    ["unrelated domains", UNRELATED, {}, "possible"],
    ["one domain", ONE_OWNER, { oneKey: true, options: { timing: FAR } }, "likely"],
    ["one domain: renewed just now with one key", ONE_OWNER, { oneKey: true }, "possible"],
    ["one domain: renewed just now, a slow service", ONE_OWNER, { options: { timing: FAR } }, "possible"],
    ["one domain", ONE_OWNER, {}, "possible"],
  ] as const)("%s, %#", (_, names, mint, confidence) => {
    expect(confidences(hosts(names, mint))).toEqual([confidence]);
  });

  test("the second signs are in the sentence", () => {
    const [finding] = found(rule, hosts(ONE_OWNER, { oneKey: true, options: { timing: FAR } }));
    expect(finding?.what).toBe(
      "The certificates of sip.fabrikam.example (192.0.2.10:443) and webconf.fabrikam.example (192.0.2.11:443), issued by “Gateway CA”, begin within minutes of these connections; all carry one and the same key; TCP is answered near and TLS far.",
    );
    expect(finding?.evidence.map(({ value }) => value)).toEqual(["2026-11-22 11:59:59 UTC", "2026-11-22 12:00:00 UTC"]);
    expect(idsOf(finding)).toEqual(["tcp/0", "tcp/1"]);
  });

  test("a possible one is not told to be exempted", () => {
    expect(found(rule, hosts(ONE_OWNER))[0]?.fix).toMatch(/^Compare/);
  });
});

describe("one server", () => {
  const one = (mint: Mint) => found(rule, hosts(UNRELATED.slice(0, 1), mint));

  test.each([
    ["dated back by a day as proxies do it", DAY + 1, "1 day to the minute before"],
    ["by two", 2 * DAY + 1, "2 days to the minute before"],
    ["made just now", 1, "within minutes of"],
  ])("TCP near and TLS far, %s: possible at most", (_, age, when) => {
    const [finding] = one({ age, options: { timing: FAR } });
    expect(finding?.confidence).toBe("possible");
    expect(finding?.what).toBe(
      `The certificates of www.fabrikam.example (192.0.2.10:443), issued by “Gateway CA”, begin ${when} these connections; TCP is answered near and TLS far.`,
    );
    expect(finding?.fix).toMatch(/^Compare/);
  });

  test("without that it is a renewal", () => {
    expect(one({ age: DAY + 1, oneKey: true })).toEqual([]);
    expect(one({ age: DAY + 1, options: { timing: {} } })).toEqual([]);
  });
});

describe("when is a certificate fresh", () => {
  test.each([
    ["60 s ahead: clocks differ", -60, true],
    ["61 s ahead", -61, false],
    ["600 s", 600, true],
    ["601 s", 601, false],
    ["an hour back, as Let's Encrypt", 3600, false],
    ["a day back, as sslsplit", DAY, true],
    ["a day and 601 s", DAY + 601, false],
    ["two days back, as mitmproxy", 2 * DAY, true],
    ["three days", 3 * DAY, false],
  ])("%s", (_, age, fresh) => {
    expect(found(rule, hosts(UNRELATED, { age, oneKey: true }))).toHaveLength(fresh ? 1 : 0);
  });
});

describe("TCP near and TLS far", () => {
  test.each([
    ["three times and 10 ms", { tcpRtt: 0.0055, hello: 0.0166 }, "likely"],
    ["less than three times", { tcpRtt: 0.006, hello: 0.0179 }, "possible"],
    ["less than 10 ms", { tcpRtt: 0.0001, hello: 0.01 }, "possible"],
    ["not known", {}, "possible"],
  ])("%s", (_, timing, confidence) => {
    expect(confidences(hosts(UNRELATED, { options: { timing } }))).toEqual([confidence]);
  });

  test("on every one of them", () => {
    const [first] = hosts(UNRELATED, { options: { timing: FAR } });
    const [, second] = hosts(UNRELATED, { options: { timing: DIRECT } });
    expect(confidences([first, second] as Spec[])).toEqual(["possible"]);
  });
});

describe("who is not accused", () => {
  const mint = { oneKey: true };
  test.each([
    ["a public root", { trust: PUBLIC }],
    ["a declared CA", { trust: DECLARED }],
    ["self-signed", { trust: SELF_SIGNED }],
    ["a service mesh in the own network", { to: "10.0.0.7" }],
    ["one server", { to: "192.0.2.10" }],
  ])("%s", (_, options) => {
    expect(ask(rule, hosts(UNRELATED, { ...mint, options }))).toEqual({ is: "clear", checked: 2 });
  });

  test("one fresh certificate is a renewal", () => {
    expect(found(rule, hosts(UNRELATED.slice(0, 1), mint))).toEqual([]);
  });

  test("fresh public certificates of servers that forgot the intermediate", () => {
    const specs = UNRELATED.map((name, i) =>
      tls({
        name,
        to: `192.0.2.${i}`,
        trust: INCOMPLETE,
        chain: [certificate({ issuer: "R3", names: [name], notBefore: NOW, scts: 2, key: "one" })],
      }),
    );
    expect(found(rule, specs)).toEqual([]);
  });

  test("two private CAs that each renewed one server", () => {
    const specs = UNRELATED.map((name, i) =>
      tls({
        name,
        to: `192.0.2.${i}`,
        trust: PRIVATE,
        chain: [certificate({ issuer: `CA ${i}`, names: [name], notBefore: NOW })],
      }),
    );
    expect(found(rule, specs)).toEqual([]);
  });
});

test("nothing to see", () => {
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [tls({ tls: { version: 0x0304 } })])).toEqual({ is: "not-observed", missing: "key log" });
});

test("minutes cannot be told on a clock whose time zone is not known", () => {
  const minted = hosts(UNRELATED, { oneKey: true, options: { timing: FAR } });
  expect(found(rule, minted)).toHaveLength(1);
  expect(found(rule, minted, { localTime: true })).toEqual([]);
});

test("nor where packets have no time", () => {
  const minted = hosts(UNRELATED, { oneKey: true, options: { timing: FAR, untimed: true } });
  expect(ask(rule, minted)).toEqual({ is: "not-observed", missing: "the time of the packets" });
});
