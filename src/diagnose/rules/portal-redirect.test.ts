import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  found,
  idsOf,
  PUBLIC,
  type Spec,
  tcp,
  tls,
  udp,
  type Where,
} from "../../../test/support/observations.ts";
import { portalRedirect as rule } from "./portal-redirect.ts";

const PORTAL = "http://login.hotelwifi.example/start";
const sent = (host: string, to: string, options: Where = {}, status = 302, location = PORTAL) =>
  tcp({ protocol: "http", port: 80, to, http: { status, location, host }, ...options });

const FABRIKAM = sent("www.fabrikam.example", "192.0.2.10");
const NORTHWIND = sent("www.northwind.example", "198.51.100.44");

describe("servers of different owners send the client to one host", () => {
  test("likely a portal", () => {
    const [finding, ...more] = found(rule, [FABRIKAM, NORTHWIND]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      confidence: "likely",
      cause: "captive-portal",
      what: "www.fabrikam.example (192.0.2.10:80) and www.northwind.example (198.51.100.44:80) all sent the client to login.hotelwifi.example.",
      fix: "Open a browser, log in at login.hotelwifi.example, then try again.",
    });
    expect(idsOf(finding)).toEqual(["tcp/0", "tcp/1"]);
    expect(finding?.evidence[0]).toMatchObject({ frame: 6, value: `302, to ${PORTAL}` });
  });

  test("in answer to TLS hellos, too", () => {
    const hello = (name: string, to: string) => tls({ name, to, http: { status: 302, location: PORTAL } });
    const specs = [hello("www.fabrikam.example", "192.0.2.10"), hello("www.northwind.example", "198.51.100.44")];
    expect(found(rule, specs)).toHaveLength(1);
  });

  test("what was reached of the portal itself meanwhile does not count", () => {
    const page = tcp({ protocol: "http", port: 80, to: "10.0.0.1", http: { status: 200, host: "hotelwifi.example" } });
    expect(found(rule, [FABRIKAM, page, NORTHWIND])).toHaveLength(1);
  });
});

const leaf = certificate({ issuer: "R3", names: ["www.wingtip.example"] });

test.each([
  ["at once: nothing stood between", 2, 0],
  ["4 seconds later: nobody logs in that fast", 3, 0],
  ["5 seconds later: after a login", 4, 1],
])("a server was reached %s", (_, others, findings) => {
  const reached = tls({ name: "www.wingtip.example", to: "192.0.2.66", chain: [leaf], trust: PUBLIC });
  const between = Array.from({ length: others }, () => udp());
  expect(found(rule, [FABRIKAM, NORTHWIND, ...between, reached])).toHaveLength(findings);
});

test("what another client reached at once does not count", () => {
  const other = tls({ name: "www.wingtip.example", client: "10.20.0.51", chain: [leaf], trust: PUBLIC });
  expect(found(rule, [FABRIKAM, NORTHWIND, other])).toHaveLength(1);
});

describe("what is no portal", () => {
  test.each<[string, Spec[]]>([
    ["one server", [FABRIKAM, sent("www.northwind.example", "192.0.2.10")]],
    ["one network", [FABRIKAM, sent("www.northwind.example", "192.0.2.11")]],
    ["one owner", [FABRIKAM, sent("shop.fabrikam.example", "198.51.100.44")]],
    ["one owner in two countries", [sent("fabrikam.com", "192.0.2.10"), sent("fabrikam.de", "198.51.100.44")]],
    ["to two hosts", [FABRIKAM, sent("www.northwind.example", "198.51.100.44", {}, 302, "http://b.example/")]],
    [
      "each to its own HTTPS",
      [
        sent("a.example", "192.0.2.1", {}, 302, "https://www.a.example/"),
        sent("b.example", "198.51.100.1", {}, 302, "https://b.example/"),
      ],
    ],
    [
      "for good",
      [sent("www.fabrikam.example", "192.0.2.10", {}, 301), sent("www.northwind.example", "198.51.100.44", {}, 308)],
    ],
    [
      "within the site",
      [sent("a.example", "192.0.2.1", {}, 302, "/login"), sent("b.example", "198.51.100.1", {}, 302, "/login")],
    ],
    [
      "nobody knows what was asked for",
      ["192.0.2.10", "198.51.100.44"].map((to) => tcp({ to, http: { status: 302, location: PORTAL } })),
    ],
    [
      "a page was served meanwhile",
      [
        FABRIKAM,
        tcp({ protocol: "http", to: "192.0.2.66", http: { status: 200, host: "www.wingtip.example" } }),
        NORTHWIND,
      ],
    ],
    [
      "a server was reached meanwhile",
      [FABRIKAM, tls({ name: "www.wingtip.example", to: "192.0.2.66", chain: [leaf], trust: PUBLIC }), NORTHWIND],
    ],
    [
      "TLS worked meanwhile",
      [FABRIKAM, tls({ to: "192.0.2.66", tls: { applicationData: { client: true, server: true } } }), NORTHWIND],
    ],
  ])("%s", (_, specs) => {
    expect(found(rule, specs)).toEqual([]);
  });

  test("behind an explicit proxy nothing is looked at", () => {
    const through = { kind: "http-connect", target: "a.example:443", requestFrame: 4, headers: [] } as const;
    expect(ask(rule, [sent("a.example", "192.0.2.1", { through })])).toEqual({ is: "not-applicable" });
  });
});

test("an answer that says so itself", () => {
  const login = sent("www.fabrikam.example", "192.0.2.10", {}, 511);
  const [finding, ...more] = found(rule, [login]);
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ confidence: "likely", cause: "captive-portal" });
  expect(finding?.what).toContain(
    `www.fabrikam.example (192.0.2.10:80) answered that the network wants a login: 511, to ${PORTAL}.`,
  );
});

test("nothing to see", () => {
  expect(ask(rule, [tls(), udp()])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [FABRIKAM])).toEqual({ is: "clear", checked: 1 });
});
