/**
 * Text that is safe on a terminal, and how wide it is there. Owns escaping, transliteration and column counting; knows
 * nothing of Reports.
 *
 * Captures are hostile input: a certificate's name may hold ANSI escapes, bidirectional overrides or a thousand combining
 * marks. What reaches a terminal passes through `printable` once.
 */

/**
 * Shown as an escape: control characters (Cc: C0, DEL, C1), invisible and bidirectional formatting (Cf), line and paragraph
 * separators (Zl, Zp), lone surrogates (Cs), private use (Co) and unassigned (Cn) characters, white space other than the
 * plain space, and runs of more combining marks than any script needs.
 */
const UNPRINTABLE = /\p{M}{5,}|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]|(?! )\p{Zs}/gu;

const ASCII: Readonly<Record<string, string>> = {
  "…": "...",
  "→": "->",
  "←": "<-",
  "–": "-",
  "—": "-",
  "’": "'",
  "‘": "'",
  "“": '"',
  "”": '"',
  "·": "-",
  "×": "x",
  "≥": ">=",
  "≤": "<=",
  µ: "u",
  "✗": "x",
  "✓": "+",
  "│": "|",
  "─": "-",
  "▶": ">",
  "◀": "<",
};

/** Everything else outside ASCII is escaped when the terminal cannot show it. */
export function printable(text: string, unicode: boolean): string {
  const safe = text.replace(UNPRINTABLE, escapeAll);
  return unicode ? safe : safe.replace(/[^\x20-\x7e]/gu, (character) => ASCII[character] ?? escapeOne(character));
}

function escapeAll(characters: string): string {
  return Array.from(characters, escapeOne).join("");
}

function escapeOne(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code <= 0xff ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`;
}

/** East Asian Wide and Fullwidth (UAX #11) and emoji presentation, as blocks: two columns each. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const COMBINING = /\p{M}/u;

/** Columns of printable text. */
export function columnsOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += columnsOfCharacter(character);
  return columns;
}

/** The longest beginning of `text` that fits, and the rest. */
export function splitAtColumn(text: string, columns: number): [head: string, tail: string] {
  let used = 0;
  let index = 0;
  for (const character of text) {
    used += columnsOfCharacter(character);
    if (used > columns) break;
    index += character.length;
  }
  return [text.slice(0, index), text.slice(index)];
}

/** Cut to `columns`, with an ellipsis where it was cut (if there is room for one). */
export function shorten(text: string, columns: number, unicode: boolean): string {
  if (columnsOf(text) <= columns) return text;
  const ellipsis = unicode ? "…" : "...";
  if (columns < ellipsis.length) return "";
  return splitAtColumn(text, columns - ellipsis.length)[0] + ellipsis;
}

function columnsOfCharacter(character: string): number {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
