import { afterEach, expect, test, vi } from "vitest";
import { say, sayDefect, sayError, UserError } from "./messages.ts";

const written: string[] = [];
vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);

afterEach(() => {
  written.length = 0;
});

test("one line per message, whatever is in it", () => {
  say("warning", "a\nb\x1b[2J");
  expect(written).toEqual(["sightline: warning: a\\x0ab\\x1b[2J\n"]);
});

test("an error with its hints", () => {
  sayError(new UserError("no", "do this", "or that"));
  expect(written).toEqual(["sightline: error: no\n", "sightline: hint: do this\n", "sightline: hint: or that\n"]);
});

test("a defect: what and where, no stack trace", () => {
  sayDefect(new TypeError("x is undefined"));
  const [first, ...rest] = written;
  expect(first).toMatch(
    /^sightline: error: internal error: TypeError: x is undefined \(messages\.test\.ts:\d+:\d+\)\n$/,
  );
  expect(rest.join("")).not.toContain("    at ");
  expect(rest[0]).toBe("sightline: hint: this is a defect in sightline, not in your capture\n");
});

test("a defect whose message quotes something long is cut; one without a stack, or no Error at all, is still said", () => {
  sayDefect(Object.assign(new Error("x".repeat(10_000)), { stack: undefined }));
  expect(written[0]).toBe(`sightline: error: internal error: Error: ${"x".repeat(200)}\n`);
  written.length = 0;
  sayDefect("thrown text");
  expect(written[0]).toMatch(/^sightline: error: internal error: Error: thrown text/);
});
