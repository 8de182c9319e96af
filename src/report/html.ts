/**
 * The Report as one HTML file: nothing is loaded and nothing runs, so it can be mailed, stored and opened without a network. Owns the
 * markup, its escaping and the style; what is said is `document.ts`'s.
 *
 * Everything from the capture is hostile: text gets into the page through `text()` alone, never into an attribute but as a link that
 * is plain, and the policy in the page forbids whatever is not this very style.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { endpoint } from "../diagnose/words.ts";
import { type Block, documentOf, type Inline, type Line, type Section } from "./document.ts";
import { STYLE } from "./html-style.ts";
import type { Tone } from "./layout.ts";
import { printable } from "./printable.ts";
import { ladderOf, type ShownRung, seconds } from "./rungs.ts";
import type { Report, ReportConnection } from "./schema.ts";

/** Characters of a cell that is not broken into lines on a wide screen. */
const SHORT = 24;

export function renderHtml(report: Report): string {
  const { verdict, headline, first, sections, footer } = documentOf(report);
  const { tone, mark, words, confidence } = verdict;
  const answer = `${words}${confidence === "" ? "" : `, ${confidence}`}`;
  const policy = `default-src 'none'; style-src 'sha256-${base64(sha256(utf8ToBytes(STYLE)))}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Sightline: ${escaped(answer)}</title>
<style>${STYLE}</style>
</head>
<body>
<header class="answer ${tone}">
<h1><span aria-hidden="true">${mark}</span> ${text(answer)}</h1>
<p class="headline">${inlines(headline)}</p>
${first.map(({ label, line }) => `<p><b>${text(label)}</b> ${inlines(line)}</p>\n`).join("")}</header>
<main>
${sections.map(section).join("")}</main>
<footer><p>${text(footer)}</p></footer>
</body>
</html>
`;
}

function section({ title, blocks }: Section): string {
  return `<section>\n<h2>${text(title)}</h2>\n${blocks.map(block).join("")}</section>\n`;
}

function block(one: Block): string {
  switch (one.is) {
    case "paragraph":
      return `<p>${inlines(one.line)}</p>\n`;
    case "heading":
      return `<h3>${inlines(one.line)}</h3>\n`;
    case "list":
      return `<ul>\n${one.items.map((item) => `<li>${inlines(item)}</li>\n`).join("")}</ul>\n`;
    case "table":
      return table(one.head, one.rows);
    case "command":
      return `<pre><code>${text(one.text)}</code></pre>\n`;
    case "ladder":
      return ladder(one.connection, one.marked);
  }
}

/** On a narrow screen a row is a card, and every cell has its column's name: the roles keep it a table for who hears it. */
function table(head: readonly string[], rows: readonly (readonly Line[])[]): string {
  const cells = (row: readonly Line[]): string =>
    row
      .map((cell, index) => {
        const content = inlines(cell);
        const kind = content === "" ? ' class="empty"' : lengthOf(cell) <= SHORT ? ' class="short"' : "";
        return `<td role="cell"${kind}><span class="label" aria-hidden="true">${text(head[index] ?? "")}</span><div>${content}</div></td>`;
      })
      .join("");
  return `<table role="table">
<thead role="rowgroup"><tr role="row">${head.map((name) => `<th role="columnheader" scope="col">${text(name)}</th>`).join("")}</tr></thead>
<tbody role="rowgroup">
${rows.map((row) => `<tr role="row">${cells(row)}</tr>\n`).join("")}</tbody>
</table>
`;
}

function ladder(connection: ReportConnection, marked: ReadonlySet<number>): string {
  const { rungs, leftOut, end } = ladderOf(connection, marked);
  const { client, server } = connection;
  const skipped = (count: number): string =>
    count === 0 ? "" : `<tr><td></td><td></td><td class="between">… ${count} more</td></tr>\n`;
  return `<table class="ladder">
<thead><tr><th scope="col">Frame</th><th scope="col">Seconds</th><th scope="col"><div class="ends"><span>client ${text(endpoint(client))}</span><span>server ${text(endpoint(server))}</span></div></th></tr></thead>
<tbody>
${rungs.map((rung) => skipped(rung.leftOut) + rungRow(rung)).join("")}${skipped(leftOut)}${
  end === undefined ? "" : `<tr class="bad"><td></td><td></td><td class="between">${text(end)} ✗</td></tr>\n`
}</tbody>
</table>
`;
}

function rungRow({ from, label, frame, at, isMarked }: ShownRung): string {
  const said = `<span class="message">${text(label)}${isMarked ? " ✗" : ""}</span>`;
  const line = '<span class="line" aria-hidden="true"></span>';
  const arrow =
    from === "client"
      ? `${said}${line}<span class="head" aria-label="to the server">▶</span>`
      : `<span class="head" aria-label="to the client">◀</span>${line}${said}`;
  return `<tr${isMarked ? ' class="bad"' : ""}><td>${frame}</td><td>${seconds(at)}</td><td><div class="rung">${arrow}</div></td></tr>\n`;
}

// --- text

function lengthOf(line: Line): number {
  return line.reduce(
    (sum, piece) => sum + (typeof piece === "string" ? piece : piece.is === "link" ? piece.url : piece.text).length,
    0,
  );
}

function inlines(line: Line): string {
  return line.map(inline).join("");
}

const CLASSES: Readonly<Record<Tone, string>> = {
  plain: "",
  strong: "strong",
  dim: "dim",
  bad: "bad",
  good: "good",
  warn: "warn",
};

function inline(piece: Inline): string {
  if (typeof piece === "string") return text(piece);
  switch (piece.is) {
    case "code":
      return piece.text === "" ? "" : `<code${isName(piece.text) ? ' class="name"' : ""}>${text(piece.text)}</code>`;
    case "tone":
      return `<b class="${CLASSES[piece.tone]}">${text(piece.text)}</b>`;
    case "link":
      return isPlainUrl(piece.url)
        ? `<a href="${escaped(piece.url)}">${text(piece.url)}</a>`
        : `<code>${text(piece.url)}</code>`;
  }
}

/** The path of a field, or the name of a rule: breaking it would make it hard to read. */
function isName(text: string): boolean {
  return text.length <= SHORT && /^[a-z][\w.=[\]-]*$/i.test(text);
}

/** A web page in nothing but the characters of RFC 3986: no other scheme can act. */
function isPlainUrl(url: string): boolean {
  return /^https?:\/\/[\w.~:/?#@!$&'()*+,;=%-]+$/.test(url);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** As content; with a place to break in what has none, so that no column becomes wider than the page. */
function text(plain: string): string {
  // Printable text has no line ends of its own.
  return escaped(printable(plain, true).replace(UNBROKEN, "$&\n")).replaceAll("\n", "<wbr>");
}

/** Up to a sign where a person would break it, if there is one; then by length. */
const UNBROKEN = /[^ ]{8,23}?[./:=,\]-](?=[^ ])|[^ ]{24}(?=[^ ])/gu;

/** Safe as content and between quotation marks. */
function escaped(plain: string): string {
  return plain.replace(/[&<>"']/g, (sign) => ENTITIES[sign] as string);
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
