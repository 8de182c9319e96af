import { describe, expect, test } from "vitest";
import { certificate, name, observations, tls } from "../../test/support/observations.ts";
import { called, describe as described, holder, list, milliseconds, moment, plural, servers, short } from "./words.ts";

test.each([
  [{ C: "US", O: "Contoso", CN: "Contoso Proxy CA" }, "“Contoso Proxy CA”"],
  [{ CN: "Contoso Proxy CA", O: "Contoso" }, "“Contoso Proxy CA”"],
  [{ C: "US", O: "Contoso", OU: "IT" }, "“Contoso”"],
  [{ O: "Contoso", CN: " " }, "“Contoso”"],
  [{ C: "US", OU: "IT" }, "“OU=IT, C=US”"],
  [{}, "somebody without a name"],
] as const)("an issuer as people call it: %j", (parts, expected) => {
  expect(called(name(parts))).toBe(expected);
});

test("long texts are cut, not through a surrogate pair", () => {
  expect(short("x".repeat(80))).toHaveLength(80);
  expect(short("x".repeat(81))).toBe(`${"x".repeat(80)}…`);
  expect(short(`${"x".repeat(79)}😀😀`)).toBe(`${"x".repeat(79)}…`);
});

test("for whom a certificate is", () => {
  const of = (names: readonly string[]) =>
    holder(certificate({ issuer: "CA", names, subject: "subject" }).observed.certificate);
  expect(of([])).toBe("“subject”");
  expect(of(["a.example", "b.example", "c.example", "d.example"])).toBe("a.example, b.example, c.example and 1 more");
});

test.each([
  [[], ""],
  [["a"], "a"],
  [["a", "a"], "a"],
  [["a", "b"], "a and b"],
  [["a", "b", "c"], "a, b and c"],
  [["a", "b", "c", "d", "d"], "a, b, c and 1 more"],
])("list %j", (items, expected) => {
  expect(list(items)).toBe(expected);
});

describe("a server", () => {
  test.each([
    [{}, "192.0.2.10:443"],
    [{ name: "www.fabrikam.example" }, "www.fabrikam.example (192.0.2.10:443)"],
    [{ name: "" }, "192.0.2.10:443"],
    [{ to: "2001:db8::1", port: 5061 }, "[2001:db8::1]:5061"],
  ])("%j", (options, expected) => {
    expect(observations([tls(options)]).connections.map(described)).toEqual([expected]);
  });
});

test("numbers and times", () => {
  expect([plural(1, "connection"), plural(0, "connection")]).toEqual(["1 connection", "0 connections"]);
  expect([milliseconds(0.00008), milliseconds(0.0356)]).toEqual(["0.08 ms", "36 ms"]);
  expect(moment(0)).toBe("1970-01-01 00:00:00 UTC");
  expect([moment(1e15), moment(-1e15)]).toEqual(["after all calendars", "before all calendars"]);
});

test("servers, and how many connections more where it is not known to which they went", () => {
  const { connections } = observations([1, 2, 3, 4, 5].map((n) => tls({ name: `${n}.example` })));
  expect(servers(connections.slice(0, 2))).toMatch(/^1\.example \(.*\) and 2\.example \(.*\)$/);
  expect(servers(connections)).toMatch(/^1\.example .*, 3\.example \(.*\) and 2 more$/);
  const [first, ...others] = connections.map((connection) => ({ ...connection }));
  const folded = [{ ...(first as (typeof connections)[number]), alike: 10, elsewhere: 7 }, ...others];
  expect(servers(folded)).toMatch(/^1\.example .*, 3\.example \(.*\) and 12 more connections$/);
  expect(servers(folded.slice(0, 1))).toMatch(/^1\.example \(.*\) and 10 more connections$/);
});
