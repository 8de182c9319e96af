import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withStrings } from "../../test/support/hostile.ts";
import * as reports from "../../test/support/reports.ts";
import { columnsOf } from "./printable.ts";
import type { Report, ReportConnection } from "./schema.ts";
import { renderText } from "./text.ts";

const plain = { columns: 80, color: false, unicode: true };

function lines(text: string): string[] {
  return text.trimEnd().split("\n");
}

test("evidence shows what was found, also behind a long server and without a place to break", () => {
  const value = `some-long-name.wingtip.example (203.0.113.60:443): CN=${"Issuer".repeat(15)}`;
  const findings = reports.impaired.findings.map((finding) => ({
    ...finding,
    evidence: finding.evidence.map((row) => ({ ...row, value })),
  }));
  const text = renderText({ ...reports.impaired, findings }, plain);
  expect(text.replace(/\s+/g, "")).toContain(value.replace(/\s+/g, ""));
});

describe("lists of addresses", () => {
  const row = { service: "zoom", source: "Zoom.txt", date: "2026-01-02", connections: 2 } as const;
  const imported = { sha256: "0".repeat(64) };
  const told = (knowledge: Report["knowledge"]) =>
    renderText({ ...reports.story, ...(knowledge !== undefined && { knowledge }) }, plain).replace(/\s+/g, " ");

  test("that are old, and those that were imported, are told; the others nobody misses", () => {
    expect(told(undefined)).toBe(told([row]));
    expect(told([{ ...row, stale: true }])).toMatch(
      / ! old list Zoom: address list of 2026-01-02, more than 90 days older than the capture: .* `sightline update-knowledge` imports a newer list $/,
    );
    expect(told([{ ...row, imported }])).toMatch(/ Zoom: address list of 2026-01-02, imported from Zoom.txt $/);
    expect(told([{ ...row, imported, connections: 0 }])).toMatch(/ imported from Zoom.txt, not needed here $/);
  });
});

test("what vendors say is told once each, the first three", () => {
  const position = (n: number) =>
    ({
      service: "lync",
      by: "Microsoft",
      statement: `Statement ${n}.`,
      url: `https://vendor.example/${n}`,
      date: "2026-11",
      dated: "read",
    }) as const;
  const findings = reports.story.findings.map((finding) => ({ ...finding, positions: [1, 2, 3, 4].map(position) }));
  const text = renderText({ ...reports.story, findings }, plain);
  const at = lines(text).indexOf("What the vendor says of TLS inspection");
  expect(lines(text).slice(at + 1, at + 9)).toEqual([
    "  Microsoft  Statement 1.",
    "  See        https://vendor.example/1 (read in 2026-11)",
    "  Microsoft  Statement 2.",
    "  See        https://vendor.example/2 (read in 2026-11)",
    "  Microsoft  Statement 3.",
    "  See        https://vendor.example/3 (read in 2026-11)",
    "  … and 1 more (--json has all)",
    "",
  ]);
});

describe("the story on 80 columns", () => {
  const text = renderText(reports.story, plain);

  test("begins with the answer and the next step", () => {
    expect(lines(text).slice(0, 4)).toEqual([
      "✗ INTERCEPTED, proven",
      "Forcepoint Web Security (Websense) intercepts TLS to the Lync Edge; desktop",
      "sharing over 198.51.100.30:443 cannot work through it.",
      "Next       Add 198.51.100.20/32, 198.51.100.30/32 and 198.51.100.31/32 to the",
    ]);
  });

  test("shows the connection that breaks desktop sharing first, with the wrong answer marked in its ladder", () => {
    const at = lines(text).indexOf("tcp/1  198.51.100.30:443  pseudo-tls, A/V Edge");
    expect(lines(text).slice(at, at + 5)).toEqual([
      "tcp/1  198.51.100.30:443  pseudo-tls, A/V Edge",
      "  ✗ intercepted, likely: Forcepoint Web Security (Websense), named by the issuer",
      "   frame   seconds  client 10.20.0.50:45458         198.51.100.30:443 server",
      "      32    0.0005  │── ClientHello (pseudo-tls) ──────────────────────────▶│",
      "      34    0.0075  │◀─────────────────── Alert handshake_failure (fatal) ──│ ✗",
    ]);
    expect(text.indexOf("tcp/0  198.51.100.20:443")).toBeGreaterThan(at);
  });

  test("shows the certificate's issuer, marked, and why it cannot be the real server", () => {
    expect(text).toContain("✗ Issuer     CN=Websense Public Primary Certificate Authority, OU=Websense");
    expect(text).toContain("  Why        A certification authority never gives its own private key");
  });

  test("says per feature whether it works, and because of what", () => {
    const at = lines(text).indexOf("Lync / Skype for Business Server");
    expect(lines(text).slice(at + 1, at + 5)).toEqual([
      "  ✗ broken   desktop-sharing: tcp/1",
      "  ! at risk  sign-in, powerpoint, whiteboard: tcp/0, tcp/2",
      "  ✓ works    audio-video: UDP 3478 of 198.51.100.30 answers (frame 28)",
      "  ? not seen federation",
    ]);
  });

  test("names the other intercepted connection in a line, and what was not looked at", () => {
    expect(text).toContain("Intercepted: 3 connections, 2 of them above\n  tcp/2      198.51.100.31:443 webconf");
    expect(text).toContain("  Not seen   two-sided-hello (needs a capture from the server's side)");
  });

  test("is no wall of text", () => {
    expect(lines(text).length).toBeLessThanOrEqual(70);
    expect(text).not.toMatch(/\n\n\n/);
    expect(text).not.toMatch(/ \n/);
  });
});

describe("what the capturer added", () => {
  const text = renderText(reports.annotated, plain);

  test("the program that a connection belongs to, by its file's name", () => {
    expect(text).toContain("\n  of lync.exe, process 4711\n");
  });

  test("a name of the address where the client asked for none", () => {
    expect(text).toContain("tcp/1  198.51.100.30:443 (av.fabrikam.example)  pseudo-tls");
    expect(text).toContain("tcp/0  198.51.100.20:443 sip.fabrikam.example  TLS");
    expect(text).not.toContain("sip.fabrikam.example (av");
  });

  test("comments on the file, and on a frame where that is evidence", () => {
    expect(text).toContain("\n    comment: Laptop of the help desk\n");
    expect(text).toMatch(/frame 34: tls\.alert\.description[\s\S]*?\n {13}comment: here sharing breaks\n/);
    expect(text).not.toContain("nobody asks");
  });

  test("times of Network Monitor before 2.3 are not called UTC", () => {
    const as = (format: string) => {
      const files = reports.story.input.files.map((file) => ({ ...file, format }));
      return renderText({ ...reports.story, input: { ...reports.story.input, files } }, { ...plain, columns: 120 });
    };
    for (const format of ["netmon1.1", "netmon2.0", "netmon2.2+gzip"]) {
      expect(as(format)).toMatch(/ to \S+ local time\n/);
    }
    for (const format of ["netmon2.3", "pcap", "pcapng+zstd"]) expect(as(format)).toMatch(/ to \S+ UTC\n/);
  });

  test("packets lost while capturing", () => {
    expect(text).toContain("! dropped: 12 packets lost while capturing");
  });
});

test("clear: no ladder, and what makes each connection genuine", () => {
  const text = renderText(reports.clear, plain);
  expect(lines(text)[0]).toBe("✓ CLEAR");
  expect(text).toContain("tls: chain verified to");
  expect(text).not.toContain("frame   seconds");
});

test("cannot-tell: what is missing, at the top and for the connection", () => {
  const text = renderText(reports.cannotTell, plain);
  expect(lines(text)[0]).toBe("? CANNOT TELL");
  expect(lines(text)[2]).toBe("Missing    key log");
  expect(text).toContain("tls: missing key log");
});

test("possible signs are told where the connection could not be judged, and only there", () => {
  const report = JSON.parse(readFileSync("test/captures/b02-squid-bump-tls13/report.json", "utf8")) as Report;
  const heading = "Signs of interception that have innocent explanations\n  TCP was answered after 0.04 ms to 0.05 ms";
  expect(renderText(report, plain)).toContain(heading);
  const judged = report.connections.map((connection) => ({
    ...connection,
    verdict: { is: "genuine" as const, findings: [] },
  }));
  expect(renderText({ ...report, connections: judged }, plain)).not.toContain("innocent");
});

test("impaired: a blocked port has a ladder too", () => {
  const text = renderText(reports.impaired, plain);
  expect(lines(text)[0]).toBe("✗ IMPAIRED, proven");
  expect(text).toContain("  ✗ port-blocked, proven");
  expect(text).toMatch(/│ +no answer +│ ✗\n/);
});

test("damage is named beside the file", () => {
  expect(renderText(reports.damaged, plain)).toContain("    ! truncated after frame 62: file ends inside a frame\n");
});

test("an empty capture", () => {
  expect(renderText(reports.emptyCapture, plain)).toContain("  f5a-empty-capture.pcap: pcap, 0 frames\n");
});

describe("how an end without a message is drawn", () => {
  const [first] = reports.impaired.connections;
  const drawn = (change: Partial<ReportConnection>): string =>
    renderText({ ...reports.impaired, connections: [{ ...(first as ReportConnection), ...change }] }, plain);

  test.each<[string, Partial<ReportConnection>, RegExp]>([
    ["stalled", { outcome: "stalled" }, /│ +nothing more +│ ✗/],
    ["refused by ICMP", { outcome: "refused" }, /│ +refused +│ ✗/],
    ["closed", { outcome: "closed" }, /│ +closed without an answer +│ ✗/],
    ["an alert that cannot be read", { outcome: "alert" }, /│ +encrypted alert +│ ✗/],
    ["reset", { outcome: "reset", reset: { from: "server", frame: 8, at: 1.5 } }, / 8 +1\.5000 +│◀─+ RST ──│ ✗/],
    [
      "reset, long after",
      { outcome: "reset", reset: { from: "client", frame: 9, at: 4000.4 } },
      / 9 +4000 +│── RST ─+▶│/,
    ],
  ])("%s", (_, change, expected) => {
    expect(drawn(change)).toMatch(expected);
  });

  test("over IPv6: addresses in brackets", () => {
    const change = { client: { ip: "2001:db8::50", port: 40_000 }, server: { ip: "2001:db8::30", port: 443 } };
    expect(drawn(change)).toMatch(/ client \[2001:db8::50\]:40000 +\[2001:db8::30\]:443 server\n/);
  });

  test("through SOCKS: the version, and a login that is refused without a target", () => {
    const kind = "socks" as const;
    expect(drawn({ through: { kind, version: "4a", target: "a.example:443", status: 91 } })).toContain(
      "  through the proxy 198.51.100.20:443: socks4a a.example:443, answered 91\n",
    );
    expect(drawn({ through: { kind, version: "5" } })).toContain("  through the proxy 198.51.100.20:443: socks5\n");
  });

  test("what a proxy says of itself is shown as its own word", () => {
    const headers = [
      { name: "Via", value: "1.1 proxy\u001b[31m" },
      { name: "Server", value: "squid" },
    ];
    const through = { kind: "http-connect", target: "a.example:443", status: 403, title: "Blocked", headers } as const;
    const shown = drawn({ through });
    expect(shown).toContain("answered 403\n  “Blocked”\n");
    expect(shown).toContain("  It says    Via: 1.1 proxy\\x1b[31m, Server: squid\n");
  });

  test("an answer in plain HTTP is a rung", () => {
    const http = { frame: 7, at: 0.25, status: 403, title: "Blocked" };
    expect(drawn({ http })).toMatch(/ 7 +0\.2500 +│◀─+ HTTP 403 “Blocked” ──│/);
    expect(drawn({ http: { frame: 7, at: 0.25, status: 302 } })).toMatch(/◀─+ HTTP 302 ──│/);
  });

  test.each<[NonNullable<ReportConnection["quic"]>, string]>([
    [{}, "  QUIC"],
    [{ version: "1" }, "  QUIC version 1"],
    [{ version: "2", retry: true }, "  QUIC version 2 after a Retry"],
    [{ version: "1", offered: ["reserved", "1"] }, "  QUIC version 1"],
    [{ version: "draft-29", offered: ["1", "2"] }, "  QUIC version draft-29, not read; the server speaks 1, 2"],
    [{ version: "Q050" }, "  QUIC version Q050, not read"],
  ])("QUIC %j", (quic, kind) => {
    const { service: _, ...bare } = first as ReportConnection;
    const report = { ...reports.impaired, connections: [{ ...bare, protocol: "quic" as const, quic }] };
    expect(lines(renderText(report, { ...plain, columns: 120 })).some((line) => line.endsWith(kind))).toBe(true);
  });

  test("open: nothing is added", () => {
    expect(drawn({ outcome: "open" })).not.toMatch(/│ {3}/);
  });

  test("a long handshake keeps its beginning, the mark and the answer to it", () => {
    const handshake = Array.from({ length: 40 }, (_, index) => ({
      from: "server" as const,
      message: `unknown(${index})`,
      frame: index + 1,
      frames: [index + 1],
      record: 1,
      at: index,
      length: 0,
    }));
    const findings = reports.impaired.findings.map((finding) => ({
      ...finding,
      evidence: [{ file: 0, frame: 30, path: "tls.handshake", value: "x" }],
    }));
    const text = renderText(
      { ...reports.impaired, findings, connections: [{ ...(first as ReportConnection), handshake, outcome: "open" }] },
      plain,
    );
    expect(text).toMatch(/ unknown\(0\) ──│\n/);
    expect(text).toMatch(
      /│ +… \d+ more +│\n +30 .* unknown\(29\) ──│ ✗\n +31 .* unknown\(30\) ──│\n +│ +… 9 more +│\n/,
    );
  });

  test("a proxy is named with what was asked of it", () => {
    const through = { kind: "http-connect", target: "av.fabrikam.example:443", status: 407 } as const;
    expect(drawn({ through })).toContain(
      "  through the proxy 198.51.100.20:443: http-connect av.fabrikam.example:443,\n  answered 407\n",
    );
  });

  test("IPv6 addresses", () => {
    expect(drawn({ server: { ip: "2001:db8::1", port: 443 } })).toContain("tcp/0  [2001:db8::1]:443  tcp\n");
  });
});

describe("lists are cut and say so", () => {
  const group = reports.story.groups.find(({ firstId }) => firstId === "tcp/2");
  const many = {
    ...reports.story,
    groups: Array.from({ length: 500 }, () => ({ ...group, connections: 3 })),
  } as Report;

  test("groups", () => {
    const text = renderText(many, plain);
    expect(text).toContain("Intercepted: 1500 connections\n");
    expect(text).toContain("  … and 495 more (--json has all)\n");
  });

  test("a group says how many of its connections went to other addresses", () => {
    const wide = { ...group, connections: 30, elsewhere: 20 };
    const text = renderText({ ...reports.story, groups: [wide] } as Report, plain);
    expect(text).toMatch(/ ×30, 20 of them to\s+other addresses/);
  });

  test("folded groups count as what they stand for", () => {
    const folded = { folded: 100, verdict: "intercepted", connections: 200, firstId: "tcp/9" } as const;
    const text = renderText({ ...many, groups: [...many.groups, folded] }, plain);
    expect(text).toContain("Intercepted: 1700 connections\n");
    expect(text).toContain("  … and 595 more (--json has all)\n");
  });

  test("files and their problems", () => {
    const [file] = reports.damaged.input.files;
    if (file === undefined) throw new Error("the fixture has a file");
    const problems = Array.from({ length: 9 }, () => ({ kind: "malformed" as const, frame: 1, detail: "x" }));
    const files = Array.from({ length: 9 }, () => ({ ...file, problems }));
    const text = renderText({ ...reports.damaged, input: { ...reports.damaged.input, files } }, plain);
    expect(text).toContain("    … and 6 more (--json has all)\n");
    expect(text).toContain("  … and 5 more (--json has all)\n");
  });
});

describe("whatever the capture holds", () => {
  const WIDTHS = [60, 80, 120];
  const hostile: [string, (text: string) => string][] = [
    ["terminal escapes", (text) => `\x1b]0;owned\x07\x1b[2J${text}\r\n\u202e\u2066`],
    ["endless words", (text) => text + "x".repeat(10_000)],
    ["endless sentences", (text) => `${text} word`.repeat(5_000)],
    ["wide characters", (text) => `${text}会议服务器`.repeat(20)],
    ["nothing at all", () => ""],
  ];

  test.each(hostile)("%s: no control character, no line beyond the edge, no flood", (_, change) => {
    for (const report of Object.values(reports)) {
      for (const columns of WIDTHS) {
        for (const unicode of [true, false]) {
          const text = renderText(withStrings(report, change), { columns, color: false, unicode });
          expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
          if (!unicode) expect(text).toMatch(/^[\x20-\x7e\n]*$/);
          // Addresses of web pages are never broken; they come from our own knowledge.
          for (const line of lines(text).filter((line) => !line.startsWith("  See ")))
            expect(columnsOf(line), line).toBeLessThanOrEqual(columns);
          expect(lines(text).length).toBeLessThanOrEqual(200);
        }
      }
    }
  });

  test("random strings in every place", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.integer({ min: 1, max: 300 }),
        fc.boolean(),
        (text, columns, unicode) => {
          const rendered = renderText(
            withStrings(reports.story, () => text),
            { columns, color: false, unicode },
          );
          expect(rendered).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
          for (const line of lines(rendered).filter((line) => !line.startsWith("  See ")))
            expect(columnsOf(line)).toBeLessThanOrEqual(Math.min(Math.max(columns, 60), 120));
        },
      ),
    );
  });
});

describe("colour", () => {
  // biome-ignore lint/complexity/useRegexLiterals: easier to read than an escaped literal
  const SGR = new RegExp("\x1b\\[[0-9;]+m", "g");

  test("changes nothing but colour", () => {
    for (const report of Object.values(reports)) {
      const colored = renderText(report, { ...plain, color: true });
      expect(colored.replace(SGR, "")).toBe(renderText(report, plain));
      expect(colored).not.toBe(renderText(report, plain));
    }
  });

  test("ends on every line where it begins", () => {
    for (const line of lines(renderText(reports.story, { ...plain, color: true }))) {
      const codes = line.match(SGR) ?? [];
      expect(codes.filter((code) => code === "\x1b[0m")).toHaveLength(codes.length / 2);
      expect(codes.at(-1) ?? "\x1b[0m").toBe("\x1b[0m");
    }
  });
});
