import { describe, expect, test } from "vitest";
import {
  ask,
  found,
  idsOf,
  observations,
  pseudoTls,
  type Spec,
  tcp,
  tls,
  type Where,
} from "../../../test/support/observations.ts";
import { Context } from "../context.ts";
import type { Finding } from "../finding.ts";
import { blockPage as rule } from "./block-page.ts";

const EDGE = "198.51.100.30";
const page = (http: NonNullable<Where["http"]>, options: Where = {}) =>
  tcp({ protocol: "http", to: EDGE, port: 80, http, ...options });
const BLOCKED = page({ status: 403, title: "Blocked", server: "filter" });

/** What the rule finds when an earlier one has found the first connection intercepted. */
function beside(specs: readonly Spec[], confidence: Finding["confidence"] = "likely"): readonly Finding[] {
  const seen = observations(specs);
  const earlier = {
    confidence,
    cause: "tls-interception",
    connections: seen.connections.slice(0, 1),
    what: "",
    why: "",
    fix: "",
    evidence: [],
  } as const;
  const answer = rule.check(new Context(seen, [earlier]));
  return answer.is === "finding" ? answer.findings : [];
}

describe("a page from an address whose TLS is intercepted", () => {
  test("is said beside the interception, and decides nothing", () => {
    const [finding, ...more] = beside([pseudoTls("alert"), BLOCKED, BLOCKED]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      confidence: "possible",
      what: "198.51.100.30:80 answers in plain HTTP with 403 “Blocked” by filter (frame 106), while TLS to 198.51.100.30:443 is intercepted.",
    });
    expect(finding).not.toHaveProperty("interceptor");
    expect(idsOf(finding)).toEqual(["tcp/1", "tcp/2", "tcp/0"]);
    expect(finding?.evidence).toHaveLength(2);
  });

  test.each<[string, Spec, number]>([
    ["any page, where pseudo-TLS is spoken", page({ status: 200, title: "Welcome" }), 1],
    ["to another host", page({ status: 302, location: "http://filter.example/blocked" }), 1],
    ["of another address", page({ status: 403 }, { to: "198.51.100.31" }), 0],
    ["through a proxy", page({ status: 403 }, { through: { kind: "http-connect", requestFrame: 4, headers: [] } }), 0],
  ])("%s", (_, spec, findings) => {
    expect(beside([pseudoTls("alert"), spec])).toHaveLength(findings);
  });

  test("a web server's own pages are not telling", () => {
    const web = tls({ to: EDGE, name: "www.fabrikam.example" });
    const own = { host: "fabrikam.example", location: "https://www.fabrikam.example/" };
    expect(beside([web, page({ status: 301, ...own }), page({ status: 200 })])).toEqual([]);
    expect(beside([web, BLOCKED])).toHaveLength(1);
  });
});

describe("by itself it is nothing", () => {
  test("without an interception", () => {
    expect(ask(rule, [pseudoTls("alert"), BLOCKED])).toEqual({ is: "clear", checked: 1 });
    expect(beside([pseudoTls("alert"), BLOCKED], "possible")).toEqual([]);
  });

  test("without a page", () => {
    expect(ask(rule, [pseudoTls("alert"), tls({ http: { status: 403 } })])).toEqual({ is: "not-applicable" });
    expect(found(rule, [])).toEqual([]);
  });
});
