import { describe, expect, test } from "vitest";
import {
  certificate,
  observations,
  PRIVATE,
  PUBLIC,
  pseudoTls,
  type Spec,
  type TlsOptions,
  tls,
  tunnel,
} from "../../test/support/observations.ts";
import type { ConnectionObservation } from "../observe/observations.ts";
import { bypassEntries } from "./bypass.ts";
import { diagnose } from "./diagnose.ts";
import type { JudgedConnection } from "./diagnosis.ts";

const entries = (...specs: Spec[]) => diagnose(observations(specs)).bypass;
const values = (...specs: Spec[]) => entries(...specs).map(({ match, value, port }) => `${match} ${value} ${port}`);

const CHAIN = { chain: [certificate({ issuer: "Proxy CA" })], trust: PRIVATE, signing: { ownKey: true } };
const forged = (name?: string, options: TlsOptions = {}) =>
  tls({ ...CHAIN, ...(name === undefined ? {} : { name }), ...options });
const pseudo = (to = "198.51.100.30") => pseudoTls("certificate", { to, ...CHAIN });

test("nothing intercepted, nothing to exempt", () => {
  expect(entries(tls({ name: "a.example", chain: CHAIN.chain, trust: PUBLIC }))).toEqual([]);
});

describe("connections of meeting services", () => {
  test("by name where there is one, by address where there is none, with the reason", () => {
    const [named, addressed, ...more] = entries(forged("teams.microsoft.com"), pseudo());
    expect(more).toEqual([]);
    expect(named).toMatchObject({
      match: "domain",
      value: "teams.microsoft.com",
      port: 443,
      effective: "transparent+explicit",
    });
    expect(named).not.toHaveProperty("note");
    expect(addressed).toMatchObject({ match: "ip", value: "198.51.100.30/32", port: 443 });
    expect(addressed?.note).toContain("sends no server name");
  });

  test("a name that only an explicit proxy is told matches on no other", () => {
    const asked = { through: tunnel("av.fabrikam.com:443"), to: "10.20.0.1", port: 3128, ...CHAIN };
    const [entry, ...more] = entries(pseudoTls("certificate", asked));
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ match: "domain", value: "av.fabrikam.com", port: 443, effective: "explicit" });
    expect(entry?.note).toContain("cannot match on a transparent proxy");
    expect(entries(forged(undefined, { through: tunnel("teams.microsoft.com:443") }))).toMatchObject([
      { value: "teams.microsoft.com", effective: "explicit" },
    ]);
    const sent = forged("teams.microsoft.com", { through: tunnel("teams.microsoft.com:443") });
    for (const specs of [
      [sent],
      [forged(undefined, { through: tunnel("teams.microsoft.com:443") }), sent],
      [sent, forged(undefined, { through: tunnel("teams.microsoft.com:443") })],
    ]) {
      expect(entries(...specs)).toMatchObject([{ value: "teams.microsoft.com", effective: "transparent+explicit" }]);
      expect(entries(...specs)[0]).not.toHaveProperty("note");
    }
    expect(entries(pseudoTls("certificate", { ...asked, through: tunnel("198.51.100.30:443") }))).toMatchObject([
      { match: "ip", value: "198.51.100.30/32", effective: "transparent+explicit" },
    ]);
  });

  test("others are left inspected", () => {
    expect(values(forged("bank.example"), pseudo())).toEqual(["ip 198.51.100.30/32 443"]);
  });

  test("an IPv6 server is one address too", () => {
    expect(values(pseudo("2001:db8::30"))).toEqual(["ip 2001:db8::30/128 443"]);
  });

  test("each once, with the findings of all its connections; another port is another entry", () => {
    const found = entries(pseudo(), pseudo(), pseudo("198.51.100.31"));
    expect(found.map(({ value }) => value)).toEqual(["198.51.100.30/32", "198.51.100.31/32"]);
    expect(new Set(found[0]?.findings).size).toBe(found[0]?.findings.length);
    expect(found[0]?.findings).toContain("f1");
    expect(found[0]?.findings).toContain("f2");
    expect(values(forged("sip.zoom.us"), forged("sip.zoom.us", { port: 5061 }))).toHaveLength(2);
  });
});

test("one server on very many connections, each with a finding of its own", () => {
  const [connection] = observations([pseudo()]).connections as [ConnectionObservation];
  const judged = Array.from(
    { length: 200_000 },
    (_, i): JudgedConnection => ({
      connection,
      verdict: { is: "intercepted", confidence: "proven", cause: "tls-interception", findings: [`f${i}`] },
    }),
  );
  // Copied for each connection, the findings would be twenty milliard.
  const [entry, ...more] = bypassEntries(judged);
  expect(more).toEqual([]);
  expect(entry?.findings).toHaveLength(200_000);
});

test("without a meeting service all of them, and it is said", () => {
  const [named, addressed] = entries(forged("www.fabrikam.example"), forged());
  expect(named?.note).toMatch(/^no connection of a known meeting service/);
  expect(addressed?.note).toMatch(/^the client sends no server name here.*; no connection of a known meeting service/);
});

describe("names from the capture that must not get into a list", () => {
  test.each([
    "*",
    "*.com",
    "*.fabrikam.example",
    "com",
    "co.uk",
    "localhost",
    "",
    ".",
    "a..b",
    ".fabrikam.example",
    "a b.example",
    "a/b.example",
    "-f.example",
    "a-.example",
    "a.-example",
    "a.example-",
    "a\nb.example",
    "10.0.0.1",
    "1.2",
    `${"a".repeat(64)}.example`,
    `${"a.".repeat(130)}example`,
  ])("%j: its address instead", (name) => {
    const [entry] = entries(forged(name));
    expect(entry).toMatchObject({ match: "ip", value: "192.0.2.10/32" });
    expect(entry?.note).toContain("no host name");
  });

  test.each(["www.fabrikam.example", "xn--bcher-kva.example", "_sip.fabrikam.example", "a-b.c1.example"])(
    "%s is one",
    (name) => {
      expect(values(forged(name))).toEqual([`domain ${name} 443`]);
    },
  );
});
