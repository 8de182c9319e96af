import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  DAY,
  DECLARED,
  found,
  NOW,
  PRIVATE,
  PUBLIC,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { certificateDates as rule } from "./certificate-dates.ts";

const valid = (notBefore: number, notAfter: number, options: TlsOptions = {}) =>
  tls({
    name: "www.fabrikam.example",
    trust: PUBLIC,
    chain: [certificate({ issuer: "R3", notBefore, notAfter })],
    ...options,
  });

describe("a good chain outside its dates", () => {
  test.each([
    ["expired", NOW - 90 * DAY, NOW - 1, "certificate-expired", "expired on 2026-11-22 11:59:59 UTC"],
    [
      "not yet valid",
      NOW + 1,
      NOW + 90 * DAY,
      "certificate-not-yet-valid",
      "is valid only from 2026-11-22 12:00:01 UTC",
    ],
  ])("%s", (_, from, to, cause, words) => {
    const [finding] = found(rule, [valid(from, to)]);
    expect(finding).toMatchObject({ confidence: "proven", cause });
    expect(finding?.what).toBe(
      `The certificate of www.fabrikam.example (192.0.2.10:443) ${words}; the capture is of 2026-11-22 12:00:00 UTC.`,
    );
    expect(finding?.evidence[0]?.frame).toBe(7);
  });

  test.each<[string, TlsOptions, string, why: string, fix: string]>([
    [
      "for the name that was asked for",
      { name: "www.fabrikam.example" },
      "www.fabrikam.example",
      "It is the server's own, signed by",
      "The server",
    ],
    ["no name was asked for", {}, "www.fabrikam.example", "It is genuine, signed by", "The server"],
    [
      "for another name",
      { name: "www.fabrikam.example" },
      "www.hoster.example",
      "It is genuine, but for www.hoster.example and not for the name that was asked for, signed by",
      "Check first whether this is the right server: the certificate is for www.hoster.example. The server",
    ],
  ])("is called the server's own only when it is for the name: %s", (_, options, name, why, fix) => {
    const chain = [certificate({ issuer: "R3", names: [name], notAfter: NOW - 1 })];
    const [finding] = found(rule, [tls({ trust: PUBLIC, chain, ...options })]);
    expect(finding?.why.slice(0, why.length)).toBe(why);
    expect(finding?.fix.slice(0, fix.length)).toBe(fix);
  });

  test("a declared private CA's too", () => {
    expect(found(rule, [valid(NOW - DAY, NOW - 1, { trust: DECLARED })])).toHaveLength(1);
  });
});

test.each([
  ["its first second", NOW, NOW + DAY],
  ["its last second", NOW - DAY, NOW],
])("valid in %s", (_, from, to) => {
  expect(ask(rule, [valid(from, to)])).toEqual({ is: "clear", checked: 1 });
});

test("packets without a time are not those of 1970", () => {
  const untimed = valid(NOW - DAY, NOW - 1, { untimed: true });
  expect(ask(rule, [untimed])).toEqual({ is: "not-observed", missing: "the time of the packets" });
  expect(ask(rule, [untimed, valid(NOW - DAY, NOW + DAY)])).toEqual({ is: "clear", checked: 1 });
});

describe("by a clock whose time zone is not known", () => {
  const HOUR = 3600;
  const local = (notBefore: number, notAfter: number) => found(rule, [valid(notBefore, notAfter)], { localTime: true });

  test("what may be in time elsewhere is not called out of date", () => {
    expect(local(NOW + 14 * HOUR, NOW + DAY)).toEqual([]);
    expect(local(NOW - DAY, NOW - 14 * HOUR)).toEqual([]);
  });

  test("what is out of date everywhere is", () => {
    expect(local(NOW + 14 * HOUR + 1, NOW + DAY)).toMatchObject([{ cause: "certificate-not-yet-valid" }]);
    expect(local(NOW - DAY, NOW - 14 * HOUR - 1)).toMatchObject([{ cause: "certificate-expired" }]);
  });
});

test("dates say nothing on a chain that is not good anyway", () => {
  expect(ask(rule, [valid(NOW - DAY, NOW - 1, { trust: PRIVATE })])).toEqual({ is: "not-applicable" });
});

test("dates beyond every calendar", () => {
  const [finding] = found(rule, [valid(-1e15, -1e14)]);
  expect(finding?.what).toContain("expired on before all calendars");
});

test("nothing to see", () => {
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [tls({ tls: { version: 0x0304 } })])).toEqual({ is: "not-observed", missing: "key log" });
});
