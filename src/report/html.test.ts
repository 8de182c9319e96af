import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOSTILE, hostileText, withStrings } from "../../test/support/hostile.ts";
import * as reports from "../../test/support/reports.ts";
import { renderHtml } from "./html.ts";
import type { Report } from "./schema.ts";

/** What a person reads: without markup, places to break, and the style. */
function read(html: string): string {
  return html
    .replace(/<style>.*?<\/style>/s, "")
    .replace(/<span class="label".*?<\/span>/gs, "")
    .replaceAll("<wbr>", "")
    .replace(/<[^>]*>/g, " ")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, "&")
    .replace(/\s+/g, " ");
}

const story = renderHtml(reports.story);

describe("the story as a page", () => {
  test("the answer first, then what breaks, what to change, the proof", () => {
    const text = read(story);
    const order = [
      "✗ INTERCEPTED, proven",
      "Forcepoint Web Security (Websense) intercepts TLS to the Lync Edge",
      "✗ broken desktop-sharing",
      "Exempt exactly these",
      "tcp/1: 198.51.100.30:443, pseudo-tls, A/V Edge",
      "Alert handshake_failure (fatal) ✗",
      "frame.number==34",
      "Presented in frame 12",
      "How to check this",
      "a path that loses full-size packets",
      "needs a capture from the server's side",
      "d37-sharing-before-websense-squid.pcap",
    ];
    const places = order.map((words) => text.indexOf(words));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test("every cell of a table has its column's name, for narrow screens", () => {
    for (const [table] of story.matchAll(/<table role="table">.*?<\/table>/gs)) {
      const head = [...table.matchAll(/<th role="columnheader" scope="col">(.*?)<\/th>/g)].map(([, name]) => name);
      for (const [row] of table.matchAll(/<tr role="row"><td.*?<\/tr>/gs))
        expect(
          [...row.matchAll(/<span class="label" aria-hidden="true">(.*?)<\/span>/g)].map(([, name]) => name),
        ).toEqual(head);
    }
  });

  test("a reference is a link to a page, and nothing else is a link", () => {
    expect(story).toMatch(/<a href="https:\/\/www\.rfc-editor\.org\/rfc\/rfc5280#section-4\.1\.2\.4">/);
    for (const url of [
      "javascript:alert(1)",
      "data:text/html,x",
      'https://x/"onclick="',
      "https://x/<b>",
      "//evil.example",
      "file:///etc/passwd",
    ]) {
      const findings = reports.story.findings.map((finding) => ({ ...finding, references: [url] }));
      const html = renderHtml({ ...reports.story, findings });
      expect(
        [...html.matchAll(/href="([^"]*)"/g)].filter(
          ([, link]) => !/^https?:\/\/[\w./-]+(\?[\w=]+)?$/.test(link ?? ""),
        ),
      ).toEqual([]);
      expect(read(html)).toContain(url);
    }
  });
});

test("nothing is loaded, nothing runs: the policy allows this very style and nothing else", () => {
  const [, policy = ""] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(story) ?? [];
  const [, style = ""] = /<style>(.*?)<\/style>/s.exec(story) ?? [];
  const digest = createHash("sha256").update(style).digest("base64");
  expect(policy).toBe(`default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`);
  expect(style).not.toMatch(/@import|url\(|expression|</);
  // Before anything it is to rule over.
  expect(story.indexOf(policy)).toBeLessThan(story.indexOf("<style>"));
});

// --- whatever the capture holds

/** Every tag that the page may have, with every attribute; what `href` names is checked above. */
const TAGS =
  /^<(!doctype html|\/?(html|head|body|title|style|main|footer|section|h1|h2|h3|p|ul|li|b|code|pre|thead|tbody|tr|th|td|table|span|div|a|header)|wbr|html lang="en"|meta charset="utf-8"|meta http-equiv="Content-Security-Policy" content="[^"]*"|meta name="(viewport|color-scheme|referrer)" content="[\w ,=.-]*"|header class="answer (bad|warn|good)"|b class="(bad|warn|good|dim|strong)"|code class="name"|table role="table"|(thead|tbody) role="rowgroup"|tr role="row"|tr class="bad"|th role="columnheader" scope="col"|th scope="col"|td role="cell"( class="(empty|short)")?|td class="between"|table class="ladder"|p class="headline"|div class="(ends|rung)"|span class="(label|line)" aria-hidden="true"|span aria-hidden="true"|span class="message"|span class="head" aria-label="to the (server|client)"|a href="https?:\/\/[^"<>\s]*")>$/;

function expectHarmless(report: Report): void {
  const html = renderHtml(report);
  expect(html).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  const body = html.replace(/<style>.*?<\/style>/s, "<style></style>");
  expect((body.match(/<[^>]*>?/g) ?? []).filter((tag) => !TAGS.test(tag))).toEqual([]);
  const text = body.replace(/<[^>]*>/g, "");
  expect(text).not.toMatch(/[<>"']/);
  expect(text.replace(/&(amp|lt|gt|quot|#39);/g, "")).not.toContain("&");
  // Nothing that was opened is left open, and nothing else is closed.
  const open: string[] = [];
  for (const [, end, name = ""] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)/g)) {
    if (name === "meta" || name === "wbr") continue;
    if (end === "") open.push(name);
    else if (open.pop() !== name) expect.fail(`${name} is closed and was not open`);
  }
  expect(open).toEqual([]);
}

describe("whatever the capture holds: no tag, no attribute, no control character", () => {
  test.each(HOSTILE.map((text) => [JSON.stringify(text).slice(0, 60), text]))("%s", (_, text) => {
    for (const report of Object.values(reports)) {
      expectHarmless(withStrings(report, () => text));
      expectHarmless(withStrings(report, (plain) => plain + text));
    }
  });

  test("random strings in every place", () => {
    fc.assert(
      fc.property(fc.array(hostileText, { minLength: 1, maxLength: 4 }), (texts) => {
        let next = 0;
        expectHarmless(withStrings(reports.story, () => texts[next++ % texts.length] ?? ""));
      }),
    );
  });

  test("every capture of the tests, and what it says is all there", () => {
    for (const name of readdirSync("test/captures")) {
      if (!name.includes("-")) continue;
      const report = JSON.parse(readFileSync(`test/captures/${name}/report.json`, "utf8")) as Report;
      expectHarmless(report);
      expect(read(renderHtml(report))).toContain(report.verdict.headline.replaceAll("`", ""));
    }
  });

  test("no column is wider than a page: a long word can be broken", () => {
    const html = renderHtml(withStrings(reports.story, () => "x".repeat(5000)));
    for (const word of html
      .replace(/<style>.*?<\/style>/s, "")
      .replaceAll("<wbr>", " ")
      .replace(/<[^>]*>/g, " ")
      .split(/\s+/))
      if (word.length > 30) expect.fail(word);
  });
});
