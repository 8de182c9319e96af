import { expect, test } from "vitest";
import * as reports from "../../test/support/reports.ts";
import { reportJson } from "./json.ts";

test.each(Object.entries(reports))("%s: one JSON value, equal to the Report", (_, report) => {
  const text = [...reportJson(report)].join("");
  expect(JSON.parse(text)).toEqual(report);
  expect(text.endsWith("\n}\n")).toBe(true);
});

test("no piece holds more than one connection", () => {
  const id = /"id":"(tcp|udp)/g;
  for (const piece of reportJson(reports.story)) expect(piece.match(id)?.length ?? 0).toBeLessThanOrEqual(1);
});

test("a line of its own for every connection and certificate, for diff and grep", () => {
  const text = [...reportJson(reports.story)].join("");
  expect(text.split("\n").filter((line) => line.startsWith('  {"id":"'))).toHaveLength(
    reports.story.connections.length + reports.story.findings.length,
  );
});
