import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  found,
  idsOf,
  PRIVATE,
  PUBLIC,
  type Spec,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { captivePortal as rule } from "./captive-portal.ts";

const PORTAL = certificate({ issuer: "R3", names: ["login.hotelwifi.example"] });
const taken = (name: string, to: string, options: TlsOptions = {}) =>
  tls({ name, to, chain: [PORTAL], trust: PUBLIC, ...options });
const reached = (name: string, to: string, options: TlsOptions = {}) =>
  tls({ name, to, chain: [certificate({ issuer: "R3", names: [name] })], trust: PUBLIC, ...options });

/** Data flowed from both sides. */
const USED: TlsOptions = { tls: { applicationData: { client: true, server: true } } };
const mail = (options: TlsOptions = {}) =>
  taken("imap.adatum.example", "203.0.113.5", { port: 993, ...USED, ...options });

const FABRIKAM = taken("www.fabrikam.example", "192.0.2.10");
const NORTHWIND = taken("www.northwind.example", "198.51.100.44");

describe("one valid certificate for another name on unrelated addresses", () => {
  test("two domains: likely, and no interception", () => {
    const [finding, ...more] = found(rule, [FABRIKAM, NORTHWIND]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      confidence: "likely",
      cause: "captive-portal",
      what: "www.fabrikam.example (192.0.2.10:443) and www.northwind.example (198.51.100.44:443) all presented one and the same valid certificate, that of login.hotelwifi.example.",
      fix: "Open a browser, log in at the page of login.hotelwifi.example, then try again.",
    });
    expect(idsOf(finding)).toEqual(["tcp/0", "tcp/1"]);
  });

  test("one domain in two networks: likely", () => {
    const specs = [FABRIKAM, taken("sip.fabrikam.example", "198.51.100.20")];
    expect(found(rule, specs)[0]?.confidence).toBe("likely");
  });

  test("two domains in one network", () => {
    expect(found(rule, [FABRIKAM, taken("www.northwind.example", "192.0.2.11")])).toHaveLength(1);
  });

  test("the page that it shows to a client that accepts the certificate", () => {
    const specs = [FABRIKAM, taken("www.northwind.example", "198.51.100.44", USED)];
    expect(found(rule, specs).map(idsOf)).toEqual([["tcp/0", "tcp/1"]]);
  });

  test("what was reached before and after it, or by somebody else, does not count", () => {
    const before = reached("www.wingtip.example", "192.0.2.66");
    const other = reached("www.wingtip.example", "192.0.2.66", { client: "10.20.0.51" });
    expect(found(rule, [before, FABRIKAM, other, NORTHWIND, before]).map(idsOf)).toEqual([["tcp/1", "tcp/3"]]);
  });

  test("the login page itself is no server that was reached", () => {
    const page = taken("login.hotelwifi.example", "203.0.113.1", USED);
    const hidden = tls({ name: "login.hotelwifi.example", to: "203.0.113.1", tls: { version: 0x0304, ...USED.tls } });
    for (const login of [taken("login.hotelwifi.example", "203.0.113.1"), page, hidden])
      expect(found(rule, [FABRIKAM, login, NORTHWIND]).map(idsOf)).toEqual([["tcp/0", "tcp/2"]]);
  });

  test("a wildcard is not shown as the page to open", () => {
    const wildcard = certificate({ issuer: "R3", names: ["*.hotelwifi.example"] });
    const [finding] = found(rule, [
      taken("www.fabrikam.example", "192.0.2.10", { chain: [wildcard] }),
      taken("www.northwind.example", "198.51.100.44", { chain: [wildcard] }),
    ]);
    expect(finding?.fix).toContain("the page of hotelwifi.example,");
    const both = certificate({ issuer: "R3", names: ["*.hotelwifi.example", "hotelwifi.example"] });
    const [again] = found(rule, [
      taken("www.fabrikam.example", "192.0.2.10", { chain: [both] }),
      taken("www.northwind.example", "198.51.100.44", { chain: [both] }),
    ]);
    expect(again?.fix).toContain("the page of hotelwifi.example,");
  });
});

describe("what is no portal", () => {
  test.each<[string, Spec[]]>([
    ["one address", [FABRIKAM, taken("www.northwind.example", "192.0.2.10")]],
    ["one owner's default certificate in one network", [FABRIKAM, taken("sip.fabrikam.example", "192.0.2.11")]],
    ["one connection", [FABRIKAM]],
    [
      "a provider's default certificate, while the client reaches others",
      [FABRIKAM, reached("www.wingtip.example", "192.0.2.66"), NORTHWIND],
    ],
    ["a hoster of mail, whose certificate the client accepts", [mail(), NORTHWIND, FABRIKAM]],
    ["the same, which another client accepts", [FABRIKAM, NORTHWIND, mail({ client: "10.20.0.51" })]],
    [
      "a hoster of sites, whose certificate the client accepts",
      [
        FABRIKAM,
        taken("www.northwind.example", "198.51.100.44", { ...USED, bytes: { fromClient: 5000, fromServer: 2e5 } }),
      ],
    ],
    [
      "two different certificates",
      [
        FABRIKAM,
        taken("www.northwind.example", "198.51.100.44", {
          chain: [certificate({ issuer: "R3", names: ["other.example"] })],
        }),
      ],
    ],
    [
      "names that the certificate covers",
      [reached("www.fabrikam.example", "192.0.2.10"), reached("www.northwind.example", "198.51.100.44")],
    ],
  ])("%s", (_, specs) => {
    expect(ask(rule, specs)).toEqual({ is: "clear", checked: specs.length });
  });

  test("a provider's default certificate, while data flows to others whose certificate is hidden or private", () => {
    const hidden = tls({ name: "www.wingtip.example", to: "192.0.2.66", tls: { version: 0x0304, ...USED.tls } });
    expect(ask(rule, [FABRIKAM, hidden, NORTHWIND])).toEqual({ is: "clear", checked: 2 });
    const accepted = reached("www.wingtip.example", "192.0.2.66", { ...USED, trust: PRIVATE });
    expect(ask(rule, [FABRIKAM, accepted, NORTHWIND])).toEqual({ is: "clear", checked: 2 });
  });

  test.each<[string, TlsOptions]>([
    ["a certificate that no public root vouches for", { trust: PRIVATE }],
    ["connections without a server name", {}],
  ])("%s", (_, options) => {
    const specs = ["192.0.2.10", "198.51.100.44"].map((to, i) =>
      tls({
        to,
        chain: [PORTAL],
        trust: PUBLIC,
        ...(options.trust === undefined ? {} : { name: `d${i}.example` }),
        ...options,
      }),
    );
    expect(ask(rule, specs)).toEqual({ is: "not-applicable" });
  });
});

test("a certificate of a thousand names stays readable", () => {
  const names = Array.from({ length: 1000 }, (_, i) => `${"n".repeat(60)}${i}.example`);
  const many = certificate({ issuer: "R3", names });
  const [finding] = found(rule, [
    taken("www.fabrikam.example", "192.0.2.10", { chain: [many] }),
    taken("www.northwind.example", "198.51.100.44", { chain: [many] }),
  ]);
  expect(finding?.what.length).toBeLessThan(500);
  expect(finding?.evidence[0]?.value).toMatch(/ and 980 more$/);
});

test("nothing to see", () => {
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [tls({ name: "a.example", tls: { version: 0x0304 } })])).toEqual({
    is: "not-observed",
    missing: "key log",
  });
});
