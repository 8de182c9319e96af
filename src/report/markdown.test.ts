import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOSTILE, hostileText, withStrings } from "../../test/support/hostile.ts";
import * as reports from "../../test/support/reports.ts";
import { documentOf } from "./document.ts";
import { renderMarkdown } from "./markdown.ts";
import type { Report } from "./schema.ts";

const story = renderMarkdown(reports.story);

describe("the story as a ticket", () => {
  test("the answer first, then the next step, then what breaks", () => {
    expect(story.split("\n").slice(0, 14)).toEqual([
      "# ✗ INTERCEPTED, proven",
      "",
      "Forcepoint Web Security (Websense) intercepts TLS to the Lync Edge; desktop sharing over 198.51.100.30:443 cannot work through it.",
      "",
      "**Next:** Add 198.51.100.20/32, 198.51.100.30/32 and 198.51.100.31/32 to the SSL decryption bypass list, then capture again.",
      "",
      "## What works and what does not",
      "",
      "### Lync / Skype for Business Server",
      "",
      "| Status | Feature | Why |",
      "| --- | --- | --- |",
      "| **✗ broken** | desktop-sharing | tcp/1 |",
      "| **! at risk** | sign-in, powerpoint, whiteboard | tcp/0, tcp/2 |",
    ]);
  });

  test("what to exempt, as narrow as the Report says, with its limits", () => {
    expect(story).toContain("| domain | `sip.fabrikam.example`, `webconf.fabrikam.example` | 443 |   |");
    expect(story).toContain("| ip | `198.51.100.30/32` | 443 | the client sends no server name here");
  });

  test("what the vendor says of inspecting what is intercepted, with its address and date", () => {
    const position = {
      service: "lync" as const,
      by: "Microsoft",
      statement: "There is no Certificate.",
      url: "https://learn.microsoft.com/ms-turn",
      date: "2024-05",
      dated: "page" as const,
    };
    const findings = reports.story.findings.map((finding) => ({ ...finding, positions: [position] }));
    expect(renderMarkdown({ ...reports.story, findings })).toContain(
      "\nWhat the vendor says of TLS inspection:\n\n- Microsoft: There is no Certificate. <https://learn.microsoft.com/ms-turn> (of 2024-05)\n",
    );
  });

  test("a list of addresses that is old", () => {
    const knowledge = [
      { service: "teams" as const, source: "x", date: "2020-01-01", connections: 1, stale: true as const },
    ];
    expect(renderMarkdown({ ...reports.story, knowledge })).toMatch(
      /^- Microsoft Teams: address list of 2020-01-01, more than/m,
    );
  });

  test("the handshake, with the frame where it went wrong marked", () => {
    expect(story).toMatch(/^ +34 +0\.0075 {2}│◀─+ Alert handshake_failure \(fatal\) ──│ ✗$/m);
  });

  test("evidence by frame, each with a display filter for Wireshark", () => {
    expect(story).toContain(
      "| `frame.number==34` | `tls.alert.description` | `handshake_failure (40)` | ServerHello, ServerHelloDone (MS-TURN 2.1.1) |",
    );
    expect(story).toContain("the connection is `tcp.stream==1`, its proof `frame.number in {28,34}`.");
  });

  test("the certificate beside what is expected", () => {
    expect(story).toContain("| Certificate | Presented in frame 12 | Expected |");
    expect(story).toMatch(/^\| Issuer \| \*\*✗\*\* `CN=Websense .*` \| an issuer whose key is not the leaf's \|$/m);
    expect(story).toContain("| Trust | ends at a private root, not at a public one | verified up to a public root |");
  });

  test("how to see the real one, with the fingerprint as OpenSSL writes it", () => {
    expect(story).toContain("-connect sip.fabrikam.example:443 -servername sip.fabrikam.example |");
    expect(story).toContain(
      "`47:17:04:D3:3B:F5:D2:B8:67:5A:41:E3:65:35:82:FC:CC:08:9D:39:EF:88:44:B0:F3:27:52:AE:96:76:60:34`",
    );
  });

  test("what was ruled out by what it is, and what was not looked at", () => {
    expect(story).toContain("| a path that loses full-size packets | 3 | `path-mtu-black-hole` |");
    expect(story).toContain(
      "| another hello at the server's end than at the client's | needs a capture from the server's side | `two-sided-hello` |",
    );
  });
});

test("the same server elsewhere in the capture is what is expected", () => {
  const genuine = reports.clear.connections[0];
  if (genuine === undefined) throw new Error("the fixture has a connection");
  const both: Report = {
    ...reports.story,
    connections: [...reports.story.connections, { ...genuine, id: "tcp/9" }],
    certificates: { ...reports.story.certificates, ...reports.clear.certificates },
  };
  const text = renderMarkdown(both);
  expect(text).toContain("| Certificate | Presented in frame 12 | The same server on tcp/9, frame 12 |");
  expect(text).toMatch(
    /^\| Issuer \| \*\*✗\*\* `CN=Websense [^|]*` \| `CN=Example TLS CA 2, O=Example Trust, C=US` \|$/m,
  );
});

test("why a connection is genuine is said once", () => {
  const name = "d38-sharing-after-websense-squid";
  const text = renderMarkdown(JSON.parse(readFileSync(`test/captures/${name}/report.json`, "utf8")) as Report);
  const row = text.split("\n").find((line) => line.startsWith("| tcp/1 | `198.51.100.30:443` |")) ?? "";
  expect(row.match(/relay/g)).toHaveLength(1);
  expect(row).toContain("RTP flowed both ways");
});

test("a name that a shell would act on stands in no command", () => {
  for (const name of ["$(reboot)", "a;b", "-connect", "a b", "x`y`"]) {
    const connections = reports.story.connections.map((one) => ({ ...one, serverName: name }));
    expect(renderMarkdown({ ...reports.story, connections })).not.toContain("openssl");
  }
});

test("clear: what was checked, and nothing to change", () => {
  const text = renderMarkdown(reports.clear);
  expect(text).toMatch(/^# ✓ CLEAR\n/);
  expect(text).not.toContain("## What to change");
  expect(text).not.toContain("## Proof");
  expect(text).toContain("### Genuine: 2 connections");
});

test("cannot tell: what is missing", () => {
  expect(renderMarkdown(reports.cannotTell)).toContain("**Missing:** key log\n");
});

test("a list of thousands is cut, and says so", () => {
  const many = Array.from({ length: 5000 }, (_, index) => ({
    server: { ip: "192.0.2.1", port: 443 },
    protocol: "tls" as const,
    verdict: "intercepted" as const,
    connections: 1,
    firstId: `tcp/${index}`,
  }));
  const text = renderMarkdown({ ...reports.story, groups: many });
  expect(text).toContain("… and 4980 more rows (the Report as JSON has all).");
  expect(text.split("\n").length).toBeLessThan(250);
});

// --- whatever the capture holds

/** Lines outside of blocks of code; those of the blocks are checked not to end them. */
function openLines(markdown: string): string[] {
  let inside = false;
  return markdown.split("\n").filter((line) => {
    if (/^```(text|sh)?$/.test(line)) {
      inside = line !== "```";
      return false;
    }
    if (inside) expect(line).not.toMatch(/^ {0,3}(```|~~~)/);
    return !inside;
  });
}

/** The text of a line outside of code (CommonMark 6.1): a run of backticks ends at the next run as long. */
function outsideCode(line: string): string {
  let rest = line;
  let text = "";
  for (;;) {
    const at = /^(?:\\.|[^`\\])*/s.exec(rest)?.[0] ?? "";
    text += at;
    rest = rest.slice(at.length);
    if (rest === "") return text;
    const run = /^`+/.exec(rest)?.[0] ?? "";
    const end = rest.slice(run.length).search(new RegExp(`(?<!\`)${run}(?!\`)`));
    expect(end, `code that does not end: ${line}`).toBeGreaterThanOrEqual(0);
    rest = rest.slice(run.length + end + run.length);
    text += " ";
  }
}

function expectHarmless(report: Report): void {
  const markdown = renderMarkdown(report);
  expect(markdown).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  expect(markdown.replace(/<https?:\/\/[\w.~:/?#@!$&'()*+,;=%-]+>/g, "")).not.toContain("<");
  const lines = openLines(markdown);
  let columns = 0;
  for (const line of lines) {
    if (line.startsWith("|")) {
      const bars = line.split("|").length;
      if (columns === 0) columns = bars;
      expect(bars, line).toBe(columns);
      expect(line.endsWith(" |")).toBe(true);
    } else columns = 0;
    const text = outsideCode(line)
      .replace(/<https?:\/\/\S+>/g, "")
      .replace(/\\./gs, "");
    expect(text, line).not.toMatch(/[@[\]~$<]|:\/\/|www\.|(?<!\*)\*(?!\*)/i);
  }
  for (const line of lines.filter((line) => line !== "---"))
    expect(line, "begins nothing of its own").not.toMatch(/^(- )?\s*([-+*>]|\d+[.)]|[-=]+)(\s|$)(?<!^- )/);
  const { sections } = documentOf(report);
  const headings = sections.flatMap(({ blocks }) => blocks.filter(({ is }) => is === "heading")).length;
  expect(lines.filter((line) => /^\s{0,3}#/.test(line))).toHaveLength(1 + sections.length + headings);
}

describe("whatever the capture holds: no HTML, no further column, no link, no mention, no control character", () => {
  test.each(HOSTILE.map((text) => [JSON.stringify(text).slice(0, 60), text]))("%s", (_, text) => {
    for (const report of Object.values(reports)) {
      expectHarmless(withStrings(report, () => text));
      expectHarmless(withStrings(report, (plain) => plain + text));
      expectHarmless(withStrings(report, (plain) => `${text} ${plain}`));
    }
  });

  test("code beside code is two pieces of code", () => {
    const verdict = { ...reports.story.verdict, headline: "Run `one``two`." };
    expect(renderMarkdown({ ...reports.story, verdict })).toContain("\nRun `one` `two`.\n");
  });

  test("a sentence that begins like a list is none", () => {
    for (const [said, written] of [
      ["- one", "\\- one"],
      ["+ one", "\\+ one"],
      ["1. one", "1\\. one"],
      ["--- one", "\\--- one"],
      ["198.51.100.1 answers", "198.51.100.1 answers"],
    ] as const) {
      const verdict = { ...reports.story.verdict, headline: said };
      expect(renderMarkdown({ ...reports.story, verdict }).split("\n")[2]).toBe(written);
    }
  });

  test("random strings in every place", () => {
    fc.assert(
      fc.property(fc.array(hostileText, { minLength: 1, maxLength: 4 }), (texts) => {
        let next = 0;
        expectHarmless(withStrings(reports.story, () => texts[next++ % texts.length] ?? ""));
      }),
      { numRuns: 300 },
    );
  });

  test("every capture of the tests", () => {
    for (const name of readdirSync("test/captures")) {
      if (!name.includes("-")) continue;
      expectHarmless(JSON.parse(readFileSync(`test/captures/${name}/report.json`, "utf8")) as Report);
    }
  });
});
