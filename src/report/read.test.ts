import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ParseError } from "../bytes/parse-error.ts";
import { readReport } from "./read.ts";

const golden = readFileSync("test/captures/d37-sharing-before-websense-squid/report.json", "utf8");

/** The golden Report, changed. */
function changed(change: (report: ReturnType<typeof JSON.parse>) => void): string {
  const report = JSON.parse(golden);
  change(report);
  return JSON.stringify(report);
}

test("reads what sightline has written, also with what a later version has added", async () => {
  expect(await readReport(golden)).toEqual(JSON.parse(golden));
  const later = changed((report) => {
    report.connections[0].added = { anything: true };
  });
  expect(await readReport(later)).toEqual(JSON.parse(later));
});

describe("says what is wrong", () => {
  test.each([
    ["", "report at byte 0: this is no JSON"],
    ["{}", "report at byte 0: this is no Report of sightline"],
    ["null", "report at byte 0: this is no Report of sightline"],
    [
      '{"schema":"sightline/report/9"}',
      "report.schema at byte 0: sightline/report/9; this version reads sightline/report/1",
    ],
    [changed((report) => delete report.findings), "report"],
    [changed((report) => (report.findings[0].what = 5)), "report.findings[0].what"],
    [changed((report) => (report.connections[0].verdict.is = "fine")), "report.connections[0].verdict"],
  ])("%.40s", async (text, message) => {
    const error = await readReport(text).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ParseError);
    expect((error as ParseError).message).toContain(message);
  });
});

test("anything: returns or throws ParseError", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
      await expect(readReport(text)).rejects.toThrow(ParseError);
    }),
  );
});
