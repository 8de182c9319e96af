import { expect, test } from "vitest";
import { fold, parseTranscript, runStep } from "./transcript.ts";

test("commands with stdout, stderr and status", () => {
  expect(parseTranscript("# said\n$ a b\nout\n\nmore\n! err\n[exit 2]\n\n$ c\n")).toEqual([
    { command: "a b", stdout: ["out", "", "more"], stderr: ["err"], status: 2 },
    { command: "c", stdout: [], stderr: [], status: 0 },
  ]);
});

test("a transcript that would test nothing is refused", () => {
  expect(() => parseTranscript("")).toThrow();
  expect(() => parseTranscript("out\n$ a")).toThrow();
});

test("... stands for any lines, and only for these", () => {
  expect(fold(["a", "b", "c"], ["a", "...", "c"])).toEqual(["a", "...", "c"]);
  expect(fold(["a", "c"], ["a", "...", "c"])).toEqual(["a", "...", "c"]);
  expect(fold(["a", "b", "d"], ["a", "...", "c"])).toEqual(["a", "b", "d"]);
  expect(fold(["a", "b"], ["a"])).toEqual(["a", "b"]);
});

test.each([
  ["$ echo a; echo b >&2; exit 3\na\n! b\n[exit 3]", true],
  ["$ echo a\nb", false],
  ["$ echo a\na\n! b", false],
  ["$ echo a >&2", false],
  ["$ exit 1", false],
])("%j passes: %s", (text, passes) => {
  for (const step of parseTranscript(text)) {
    const { expected, actual } = runStep(step, ".", process.env);
    if (passes) expect(actual).toEqual(expected);
    else expect(actual).not.toEqual(expected);
  }
});
