import { describe, expect, test } from "vitest";
import { authority } from "../../../test/support/certificates.ts";
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
  realChain,
  SELF_SIGNED,
  type Spec,
  type TlsOptions,
  tls,
  tunnel,
} from "../../../test/support/observations.ts";
import { TrustStore } from "../../protocol/x509/trust.ts";
import { sharedForger as rule } from "./shared-forger.ts";

const KEY = { ownKey: false, issuerKey: "k1" };
const DOMAINS = ["www.fabrikam.example", "cdn.northwind.example", "portal.tailspin.example", "legacy.wingtip.example"];

/** Hosts on addresses of their own, all under one issuer. */
function hosts(
  names: readonly string[],
  options: TlsOptions = {},
  issuer: Record<string, string> = { CN: "Gateway CA" },
): Spec[] {
  return names.map((name, i) =>
    tls({
      name,
      to: `192.0.2.${10 + i}`,
      trust: PRIVATE,
      signing: KEY,
      chain: [certificate({ issuer, names: [name] })],
      ...options,
    }),
  );
}

describe("one key that signs for unrelated domains", () => {
  test.each([
    [4, "proven"],
    [3, "proven"],
    [2, "likely"],
  ] as const)("%i domains: %s", (count, confidence) => {
    const [finding, ...more] = found(rule, hosts(DOMAINS.slice(0, count)));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ confidence, cause: "tls-interception" });
    expect(finding?.connections).toHaveLength(count);
    expect(finding?.what).toContain(
      `“Gateway CA”, which no public root vouches for, issued the certificates of ${count} unrelated domains: `,
    );
  });

  test("one domain: its owner's own CA", () => {
    expect(ask(rule, hosts(["www.fabrikam.example", "sip.fabrikam.example", "av.fabrikam.example"]))).toEqual({
      is: "clear",
      checked: 3,
    });
  });

  test("real certificates", async () => {
    const ca = authority("Gateway CA");
    const specs = await Promise.all(
      DOMAINS.slice(0, 3).map(async (name, i) =>
        tls({
          name,
          to: `192.0.2.${10 + i}`,
          ...(await realChain([ca.leaf(name), ca.certificate], new TrustStore({ publicRoots: [] }))),
        }),
      ),
    );
    expect(found(rule, specs)[0]?.confidence).toBe("proven");
  });

  test("two keys under one name are two signers", () => {
    const specs = DOMAINS.flatMap((name, i) =>
      hosts([name], { to: `192.0.2.${i}`, signing: { ownKey: false, issuerKey: `k${i}` } }),
    );
    expect(found(rule, specs)).toEqual([]);
  });
});

describe("what one owner's hosts look like", () => {
  test("one name under several suffixes", () => {
    expect(found(rule, hosts(["litware.com", "litware.de", "litware.co.uk"]))).toEqual([]);
  });

  test("one certificate that names several domains", () => {
    const shared = certificate({ issuer: "Gateway CA", names: [...DOMAINS] });
    expect(found(rule, hosts(DOMAINS, { chain: [shared] }))).toEqual([]);
  });

  test.each([
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.1",
    "192.168.1.1",
    "169.254.1.1",
    "100.64.0.9",
    "127.0.0.1",
    "fd00::1",
    "fe80::1",
    "::1",
  ])("servers in the organisation's own network: %s", (to) => {
    expect(found(rule, hosts(DOMAINS, { to }))).toEqual([]);
  });

  test.each(["172.32.0.1", "11.0.0.1", "192.169.0.1", "100.128.0.1", "2001:db8::1", "fec0::1"])("but not %s", (to) => {
    expect(found(rule, hosts(DOMAINS, { to }))).toHaveLength(1);
  });

  test("servers that show their maker's default certificate, whatever they are asked for", () => {
    const specs = DOMAINS.map((name, i) =>
      tls({
        name,
        to: `192.0.2.${i}`,
        trust: PRIVATE,
        signing: KEY,
        chain: [certificate({ issuer: "NAS maker CA", names: ["nas-maker.example"], key: `k${i}` })],
      }),
    );
    expect(found(rule, specs)).toEqual([]);
  });

  test("addresses and names nobody can register are no domains", () => {
    expect(found(rule, hosts(["192.0.2.1", "intranet", "com", "co.uk"]))).toEqual([]);
  });
});

describe("chains whose issuer was not sent", () => {
  const named = (count: number, options: TlsOptions = {}) =>
    hosts(DOMAINS.slice(0, count), { trust: INCOMPLETE, signing: { ownKey: false }, ...options });
  const leaves = (recipe: { scts?: number; notBefore?: number }) =>
    DOMAINS.map((name, i) =>
      tls({
        name,
        to: `192.0.2.${i}`,
        trust: INCOMPLETE,
        signing: { ownKey: false },
        chain: [certificate({ issuer: "Gateway CA", names: [name], ...recipe })],
      }),
    );

  test.each([
    [4, ["possible"]],
    [3, ["possible"]],
    [2, []],
  ])("a name alone counts one step less and never decides: %i domains", (count, confidences) => {
    expect(found(rule, named(count)).map(({ confidence }) => confidence)).toEqual(confidences);
  });

  test("servers that forgot a public authority's intermediate: their leaves have SCTs", () => {
    expect(ask(rule, leaves({ scts: 2 }))).toEqual({ is: "clear", checked: 4 });
  });

  test.each([
    ["the intermediate sent, the root unknown", INCOMPLETE],
    ["all of the chain sent", PRIVATE],
  ])("an authority that is younger than the list of roots: %s", (_, trust) => {
    const specs = DOMAINS.map((name, i) =>
      tls({
        name,
        to: `192.0.2.${i}`,
        trust,
        signing: KEY,
        chain: [certificate({ issuer: "Public CA 2031", names: [name], scts: 2 })],
      }),
    );
    expect(ask(rule, specs)).toEqual({ is: "clear", checked: 4 });
  });

  test("before SCTs were demanded, a leaf cannot show that it is not public", () => {
    expect(found(rule, leaves({ notBefore: Date.UTC(2017, 0, 1) / 1000 }))).toEqual([]);
    expect(found(rule, leaves({ notBefore: NOW - DAY }))).toHaveLength(1);
  });

  test("a known key is enough without the issuer's certificate: leaves on the CA's key", () => {
    const specs = hosts(DOMAINS.slice(0, 3), { trust: INCOMPLETE, signing: { ownKey: true, issuerKey: "leaf" } });
    expect(found(rule, specs)[0]?.confidence).toBe("proven");
  });
});

describe("authorities that are on no browser's list and honest", () => {
  test.each([
    [
      "Microsoft, seen from every Windows client",
      { O: "Microsoft Corporation", CN: "Microsoft Secure Server CA 2011" },
    ],
    ["Apple", { O: "Apple Inc.", CN: "Apple Server Authentication CA" }],
    ["Signal", { O: "Open Whisper Systems", CN: "TextSecure" }],
    ["the Department of Defense", { C: "US", O: "U.S. Government", OU: "DoD", CN: "DOD SW CA-60" }],
    ["the Russian ministry", { CN: "Russian Trusted Sub CA" }],
    [
      "Cloudflare, seen from behind its edge",
      { O: "CloudFlare, Inc.", OU: "CloudFlare Origin SSL Certificate Authority" },
    ],
    ["Let's Encrypt's staging", { O: "(STAGING) Let's Encrypt", CN: "(STAGING) Artificial Apricot R3" }],
    ["CAcert", { O: "CAcert Inc.", CN: "CAcert Class 3 Root" }],
  ])("%s: shown, never more than possible", (_, issuer) => {
    const [finding] = found(rule, hosts(DOMAINS, {}, issuer));
    expect(finding?.confidence).toBe("possible");
    expect(finding?.fix).toMatch(/^Compare/);
  });

  test("half of such a name is nobody's", () => {
    expect(found(rule, hosts(DOMAINS, {}, { O: "Microsoft Corporation", CN: "Contoso Proxy" }))[0]?.confidence).toBe(
      "proven",
    );
  });
});

test("an authority below a CA that was declared legitimate is possible at most", () => {
  const [finding] = found(rule, hosts(DOMAINS, { trust: DECLARED }));
  expect(finding?.confidence).toBe("possible");
  expect(finding?.why).toContain("declare its own certificate with --private-ca");
});

test("hosts on one address may be one machine's; through a proxy nobody knows the address", () => {
  expect(found(rule, hosts(DOMAINS, { to: "192.0.2.10" }))[0]?.confidence).toBe("possible");
  const asked = DOMAINS.flatMap((name) => hosts([name], { through: tunnel(`${name}:443`) }));
  expect(found(rule, asked)[0]?.confidence).toBe("proven");
});

test.each([
  ["public root", PUBLIC],
  ["declared CA", { is: "private-root", anchor: "CN=Gateway CA", declared: "private-ca" } as const],
  ["self-signed", SELF_SIGNED],
  ["retired root", { is: "unknown" } as const],
])("not counted: %s", (_, trust) => {
  expect(ask(rule, hosts(DOMAINS, { trust }))).toEqual({ is: "clear", checked: 4 });
});

test("only the accused are in the finding", () => {
  const specs = [...hosts(DOMAINS.slice(0, 1), { trust: PUBLIC }), ...hosts(DOMAINS.slice(1))];
  expect(found(rule, specs).map(idsOf)).toEqual([["tcp/1", "tcp/2", "tcp/3"]]);
});

test("a single owner of two domains is told how to say so", () => {
  const [likely] = found(rule, hosts(DOMAINS.slice(0, 2)));
  expect(likely?.fix).toContain("declare it with --private-ca");
});

test("nothing to see", () => {
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [tls({ tls: { version: 0x0304 } })])).toEqual({ is: "not-observed", missing: "key log" });
});

test("empty and 10 kB names", () => {
  const [finding] = found(rule, hosts(DOMAINS, {}, {}));
  expect(finding?.what).toMatch(/^somebody without a name, which/);
  const long = DOMAINS.map((_, i) => `${"a".repeat(10_000)}.d${i}.example`);
  for (const { what, fix } of found(rule, hosts(long, {}, { CN: "x".repeat(10_000) }))) {
    expect(what.length + fix.length).toBeLessThan(1200);
  }
});
