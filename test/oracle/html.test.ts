/**
 * The HTML report in a browser: it asks for nothing, complains of nothing, and is no wider than the window. Needs Chromium, which
 * nothing here installs.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { renderHtml } from "../../src/report/html.ts";
import type { Report } from "../../src/report/schema.ts";
import { HOSTILE, withStrings } from "../support/hostile.ts";
import * as reports from "../support/reports.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const folder = mkdtempSync(join(tmpdir(), "sightline-html-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Visit {
  readonly title: string;
  /** What the page says on the console: violations of its policy, errors. */
  readonly console: string[];
  /** Other than the page itself. */
  readonly requests: string[];
}

function visit(html: string): Visit {
  const [page, log] = [join(folder, "report.html"), join(folder, "net.json")];
  writeFileSync(page, html);
  const options = ["headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking"];
  const others = ["disable-component-update", "disable-sync", "disable-quic", "enable-logging=stderr"];
  const { stdout, stderr } = spawnSync(
    CHROMIUM ?? "",
    [
      ...[...options, ...others].map((option) => `--${option}`),
      `--user-data-dir=${join(folder, "profile")}`,
      `--log-net-log=${log}`,
      "--dump-dom",
      `file://${page}`,
    ],
    { encoding: "utf8", timeout: 60_000 },
  );
  const asked = [...readFileSync(log, "utf8").matchAll(/"url":"([^"]*)"/g)].map(([, url = ""]) => url);
  return {
    title: /<title>(.*?)<\/title>/s.exec(stdout)?.[1] ?? "",
    console: stderr.split("\n").filter((line) => line.includes("CONSOLE")),
    requests: [...new Set(asked)].filter((url) => /example|evil|alert/.test(url)),
  };
}

describe.skipIf(CHROMIUM === undefined)("the HTML report in Chromium (skipped where there is none)", () => {
  it("the console says so when a page does what the policy forbids: the checks below can fail", () => {
    const broken = renderHtml(reports.story).replace(
      "<main>",
      '<main><img src="https://evil.example/x.png"><script>1</script>',
    );
    expect(visit(broken).console.length).toBeGreaterThan(0);
  });

  it.each(Object.entries(reports))("%s", (_, report) => {
    const { title, console, requests } = visit(renderHtml(report));
    expect(title).toMatch(/^Sightline: (INTERCEPTED|IMPAIRED|CLEAR|CANNOT TELL)/);
    expect({ console, requests }).toEqual({ console: [], requests: [] });
  });

  it("hostile strings everywhere", () => {
    let next = 0;
    const hostile: Report = withStrings(reports.story, () => HOSTILE[next++ % HOSTILE.length] ?? "");
    const { console, requests } = visit(renderHtml(hostile));
    expect({ console, requests }).toEqual({ console: [], requests: [] });
  });
});
