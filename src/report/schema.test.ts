import { readFileSync } from "node:fs";
import { describe, expect, expectTypeOf, test } from "vitest";
import * as reports from "../../test/support/reports.ts";
import { reportJsonSchema } from "../../tools/report-json-schema.ts";
import type { Protocol } from "../observe/observations.ts";
import type { TrustKind } from "../protocol/x509/trust.ts";
import { type Report, type ReportConnection, reportSchema } from "./schema.ts";

test.each(Object.entries(reports))("the fixture %s is a valid Report and survives JSON", (_, report) => {
  expect(reportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
});

test("schema/report.schema.json is up to date (node scripts/run-ts.mjs tools/make-schema.ts)", () => {
  expect(readFileSync("schema/report.schema.json", "utf8")).toBe(reportJsonSchema());
});

test("the published schema leaves every object open, because a field may be added", () => {
  expect(reportJsonSchema()).not.toContain('"additionalProperties": false');
});

/** The story with one place changed. */
function changed(change: (report: Draft) => void): unknown {
  const copy = JSON.parse(JSON.stringify(reports.story));
  change(copy);
  return copy;
}

describe("our own output is closed", () => {
  test.each<[string, (report: Draft) => void]>([
    ["an unknown field", (r: Draft) => (r.surprise = 1)],
    ["an unknown field deep inside", (r: Draft) => (r.connections[0].server.host = "a")],
    ["a cause that is not on the list", (r: Draft) => (r.connections[0].verdict.cause = "bad-luck")],
    ["interception as the cause of an impaired connection", (r: Draft) => (r.connections[0].verdict.is = "impaired")],
    ["a clear answer with a confidence", (r: Draft) => (r.verdict.is = "clear")],
    ["cannot-tell that does not say what is missing", (r: Draft) => (r.connections[0].verdict = { is: "cannot-tell" })],
    ["a rule that looked but does not say at how much", (r: Draft) => delete r.rules[0].checked],
    ["frame 0", (r: Draft) => (r.connections[0].handshake[0].frame = 0)],
    ["a feature that is not on the list", (r: Draft) => (r.features[0].feature = "telepathy")],
    ["a moment that is not UTC", (r: Draft) => (r.connections[0].time.from = "2026-11-22T21:00:48+01:00")],
  ])("%s is refused", (_, change) => {
    expect(reportSchema.safeParse(changed(change)).success).toBe(false);
  });
});

// biome-ignore lint/suspicious/noExplicitAny: the tests put wrong values into it on purpose
type Draft = any;

test("words shared with the observations are the same lists", () => {
  expectTypeOf<ReportConnection["protocol"]>().toEqualTypeOf<Protocol>();
  expectTypeOf<NonNullable<ReportConnection["trust"]>["is"]>().toEqualTypeOf<TrustKind>();
  expectTypeOf<Report["verdict"]["is"]>().toEqualTypeOf<"intercepted" | "impaired" | "clear" | "cannot-tell">();
});
