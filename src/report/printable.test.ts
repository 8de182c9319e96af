import fc from "fast-check";
import { expect, test } from "vitest";
import { columnsOf, printable, shorten, splitAtColumn } from "./printable.ts";

test.each<[string, string, string]>([
  ["an ANSI escape", "a\x1b[31mb", "a\\x1b[31mb"],
  ["line breaks and tabs", "a\r\n\tb", "a\\x0d\\x0a\\x09b"],
  ["C1 controls: CSI in one byte", "a\x9b31m", "a\\x9b31m"],
  ["a bidirectional override", "user\u202egpj.exe", "user\\u{202e}gpj.exe"],
  ["a zero-width space", "pay\u200bpal", "pay\\u{200b}pal"],
  ["a line separator", "a\u2028b", "a\\u{2028}b"],
  ["a no-break space", "a\u00a0b", "a\\xa0b"],
  ["a lone surrogate", "a\ud800b", "a\\u{d800}b"],
  ["a private-use character", "\ue000", "\\u{e000}"],
  ["a tower of combining marks", `a${"\u0301".repeat(5)}`, `a${"\\u{301}".repeat(5)}`],
  ["an ordinary accent, letters of any script", "e\u0301 Müller 会议", "e\u0301 Müller 会议"],
])("%s", (_, text, expected) => {
  expect(printable(text, true)).toBe(expected);
});

test("without Unicode: what we write has a look-alike, the rest is escaped", () => {
  expect(printable("✗ a → b… Müller 会", false)).toBe("x a -> b... M\\xfcller \\u{4f1a}");
});

test("the result has no control or formatting character, whatever comes in", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, unicode) => {
      const shown = printable(text, unicode);
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      if (!unicode) expect(shown).toMatch(/^[\x20-\x7e]*$/);
      expect(printable(shown, unicode)).toBe(shown);
    }),
  );
});

test("columns: wide characters two, combining marks none", () => {
  expect(columnsOf("abc")).toBe(3);
  expect(columnsOf("会议")).toBe(4);
  expect(columnsOf("한글")).toBe(4);
  expect(columnsOf("e\u0301")).toBe(1);
  expect(columnsOf("😀")).toBe(2);
});

test("a wide character is never halved", () => {
  expect(splitAtColumn("会议", 3)).toEqual(["会", "议"]);
  expect(shorten("会议会议", 4, true)).toBe("会…");
});

test("shorten never exceeds its columns and keeps what fits", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.integer({ min: 3, max: 40 }),
      fc.boolean(),
      (raw, columns, unicode) => {
        const text = printable(raw, unicode);
        const short = shorten(text, columns, unicode);
        expect(columnsOf(short)).toBeLessThanOrEqual(columns);
        if (columnsOf(text) <= columns) expect(short).toBe(text);
      },
    ),
  );
});
