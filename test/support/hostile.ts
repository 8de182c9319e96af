/**
 * Reports in which every string that a capture, or somebody who wrote the Report, could choose is hostile. Owns which fields are open
 * to that; knows no rendering.
 */
import fc from "fast-check";
import type { Report } from "../../src/report/schema.ts";

/** Fields of closed words and of forms that the schema demands: by these the renderings find their way. */
const CLOSED =
  /^(is|id|cause|confidence|named|outcome|protocol|transport|kind|service|feature|status|match|effective|from|to|level|rule|firstId|sha256|leaf|verdict|vantage|notBefore|notAfter|role|schema)$/;

/** Every string of the Report replaced; keys and closed words stay. */
export function withStrings(report: Report, change: (text: string) => string): Report {
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === "string") return CLOSED.test(key) ? value : change(value);
    if (Array.isArray(value))
      return value.map((item) => walk(item, key === "findings" || key === "connections" ? "id" : key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item, name)]));
  };
  return walk(report, "") as Report;
}

/** What acts in HTML, Markdown, NDJSON, terminals or ticket systems. */
export const HOSTILE: readonly string[] = [
  "<script>alert(1)</script>",
  "</style><img src=x onerror=alert(1)>",
  "\"><svg/onload=alert(1)>' onmouseover='alert(1)",
  "<!-- --><!DOCTYPE x [<!ENTITY a 'b'>]>&a;&lt;b&gt;&amp;",
  "a | b || c \\| d \\\\| e |",
  "`code` ``two`` ```three\n```",
  "[link](javascript:alert(1)) ![x](http://evil.example/x.png)",
  "**bold** _it_ ~~no~~ # heading\n## heading\n- list\n1. list\n> quote\n---\n===",
  "@everyone see #1 and www.evil.example, http://evil.example/?q=`x`",
  "$x$ $$y$$ {{constructor.constructor('alert(1)')()}} $" + "{7*7}",
  "line\r\nbreak\u2028and\u2029more\u0085still\u000b\u000c",
  "\u001b[31mred\u001b[0m \u009b31m \u0007\u0000",
  "\u202egnp.exe\u202c \u2066x\u2069 \ufeff\u200b",
  "\ud800 lone \udfff",
  `${"e\u0301".repeat(3)}${"\u0301".repeat(300)}`,
  "x".repeat(5000),
  "|".repeat(500),
  "`".repeat(500),
  "\\".repeat(501),
  "",
  " ",
  "--",
  "javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "https://example.org/<script>",
];

/** One of them, parts of two, or any text. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.tuple(fc.constantFrom(...HOSTILE), fc.constantFrom(...HOSTILE)).map(([a, b]) => a.slice(0, 40) + b.slice(-40)),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(..."<>&\"'`|\\[]()*_#@:/.- \n-+=~$!w1"), maxLength: 40 }),
);
