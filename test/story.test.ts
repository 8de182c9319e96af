/**
 * The story, end to end through the command: what a support desk is told before the exemption, after it, and where UDP is blocked
 * besides. Captures of the lab (d37, d38, d30), read from test/captures; nothing but their paths is known here.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Report } from "../src/index.ts";
import { buildProgram, type Program } from "./support/program.ts";

const EDGE = "198.51.100.30";

let program: Program;

beforeAll(async () => {
  program = await buildProgram();
});

afterAll(() => program?.remove());

interface Told {
  readonly status: number | null;
  /** In one line, as it is read aloud. */
  readonly text: string;
  readonly report: Report;
}

function told(name: string): Told {
  const capture = resolve("test/captures", name, "capture.pcap");
  const run = (...args: string[]) =>
    spawnSync("sightline", ["analyze", "--roots", resolve("test/captures/roots.pem"), ...args, capture], {
      cwd: program.cwd,
      env: program.env,
      encoding: "utf8",
    });
  const { stdout, stderr, status } = run();
  expect(stderr).toBe("");
  const json = run("--json");
  expect(json.status).toBe(status);
  return { status, text: stdout.replace(/\s+/g, " "), report: JSON.parse(json.stdout) as Report };
}

const statuses = ({ report }: Told, service = "lync") =>
  Object.fromEntries(
    report.features.filter((each) => each.service === service).map((each) => [each.feature, each.status]),
  );
const reason = ({ report }: Told, feature: string) => report.features.find((each) => each.feature === feature)?.because;
const entries = ({ report }: Told) => report.bypass.map(({ match, value, port }) => `${match} ${value} ${port}`);

describe.skipIf(process.platform === "win32")("desktop sharing that breaks", () => {
  test("before: the proxy is named, what it breaks, what works and why, and the address to exempt", () => {
    const before = told("d37-sharing-before-websense-squid");
    const { status, text, report } = before;
    expect(status).toBe(1);
    expect(report.verdict).toMatchObject({ is: "intercepted", confidence: "proven" });
    expect(
      report.connections.filter(({ verdict }) => "interceptor" in verdict).map(({ verdict }) => verdict),
    ).toContainEqual(
      expect.objectContaining({
        interceptor: expect.objectContaining({ id: "forcepoint-content-gateway", named: "by-issuer" }),
      }),
    );
    expect(text).toContain("Forcepoint Web Security (Websense) intercepts TLS");

    expect(statuses(before)).toMatchObject({
      "desktop-sharing": "broken",
      "file-transfer": "broken",
      "audio-video": "working",
    });
    expect(text).toContain("desktop sharing and file transfer cannot work through it.");
    expect(text).toContain("Audio and video still work, over UDP 3478.");
    expect(text).toContain(
      `✗ broken desktop-sharing: ${EDGE}:443 (tcp/1) is intercepted. RDP desktop sharing is TCP only: it needs TCP 443 of the A/V Edge with its pseudo-TLS hello untouched, whatever UDP 3478 does.`,
    );
    expect(text).toContain(
      `✓ works audio-video: ${EDGE}:3478 (udp/1) works. Audio and video try UDP 3478 first, so they keep working when only TCP 443 is intercepted.`,
    );

    // The client sends no server name there, so that a name in the list would match nothing.
    expect(entries(before)).toContain(`ip ${EDGE}/32 443`);
    expect(report.bypass.filter(({ value }) => value.includes("av."))).toEqual([]);
    expect(report.verdict.next).toContain(`${EDGE}/32`);
    expect(text).toContain("an entry by name cannot match on a transparent proxy");
    expect(text).not.toContain("on the firewall");
  });

  test("before: the vendor's own words on inspection, with their place and date", () => {
    const { text, report } = told("d37-sharing-before-websense-squid");
    const positions = report.findings.filter(({ confidence }) => confidence !== "possible");
    expect(positions.length).toBeGreaterThan(1);
    for (const { rule, positions: said = [], references } of positions) {
      expect(said.length, rule).toBeGreaterThan(0);
      for (const { service, by, url, date } of said) {
        expect([service, by]).toEqual(["lync", "Microsoft"]);
        expect(references).toContain(url);
        expect(date).toMatch(/^20\d\d-\d\d/);
        expect(text).toContain(`${url} (`);
      }
    }
    expect(text).toContain("What the vendor says of TLS inspection Microsoft");
  });

  test("after: clear, and everything works", () => {
    const after = told("d38-sharing-after-websense-squid");
    expect(after.status).toBe(0);
    expect(after.report.verdict).toMatchObject({ is: "clear", notJudged: 0 });
    expect(after.text).toMatch(/^✓ CLEAR Nothing intercepts: /);
    expect(statuses(after)).toMatchObject({
      "sign-in": "working",
      "audio-video": "working",
      "desktop-sharing": "working",
      "file-transfer": "working",
    });
    expect(entries(after)).toEqual([]);
    expect(after.text).not.toContain("What the vendor says");
  });

  test("with UDP blocked besides: audio and video are broken too, and the port is named beside the interception", () => {
    const both = told("d30-story-before-websense-squid");
    expect(both.status).toBe(1);
    expect(both.report.verdict).toMatchObject({ is: "intercepted", confidence: "proven" });
    expect(statuses(both)).toMatchObject({ "audio-video": "broken", "desktop-sharing": "broken" });
    const rules = both.report.features
      .find(({ feature }) => feature === "audio-video")
      ?.findings.map((id) => both.report.findings.find((finding) => finding.id === id)?.rule);
    expect(rules).toEqual(["undocumented-pseudo-tls-answer", "unanswered"]);
    expect(reason(both, "audio-video")).toBe(
      `UDP 3478 of ${EDGE} (udp/1) gets no answer. ${EDGE}:443 (tcp/1) is intercepted. Without UDP 3478 audio and video fall back to TCP 443, MS-TURN behind a pseudo-TLS hello.`,
    );
    expect(both.text).toContain("audio and video, desktop sharing and file transfer cannot work through it.");
    expect(both.text).toContain(
      `UDP 3478 of ${EDGE} gets no answer either, so there is no other way for audio and video.`,
    );
    expect(both.text).toContain(`Allow UDP 3478 to ${EDGE} on the firewall.`);
    expect(entries(both)).toContain(`ip ${EDGE}/32 443`);
  });
});

describe.skipIf(process.platform === "win32")("an imported list", () => {
  const run = (command: string) =>
    spawnSync("sh", ["-c", command], { cwd: program.cwd, env: program.env, encoding: "utf8" });

  test("tells the service of an address in later runs, and the Report says which list it was", () => {
    const capture = resolve("test/captures/a13-direct-no-sni/capture.pcap");
    const analyze = (): Report => JSON.parse(run(`sightline analyze --json '${capture}'`).stdout) as Report;
    const before = analyze();
    expect(before.knowledge).toBeUndefined();
    const [first] = before.connections.filter(({ transport, service }) => transport === "tcp" && service === undefined);
    const { ip } = first?.server ?? { ip: "" };

    mkdirSync(join(program.cwd, "lists"));
    writeFileSync(join(program.cwd, "lists/zoom.txt"), `# Zoom\n${ip}/32\n`);
    expect(
      run("touch -d 2026-01-02T12:00:00Z lists/zoom.txt; sightline update-knowledge --from lists/zoom.txt").status,
    ).toBe(0);

    const after = analyze();
    expect(after.connections.find(({ id }) => id === first?.id)?.service).toMatchObject({
      id: "zoom",
      because: `${ip} is in ${ip}/32, on the address list of 2026-01-02`,
    });
    expect(after.knowledge).toEqual([
      {
        service: "zoom",
        source: "zoom.txt",
        date: "2026-01-02",
        connections: after.connections.filter(({ service }) => service?.id === "zoom").length,
        imported: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        stale: true,
      },
    ]);
    const text = run(`sightline analyze '${capture}'`).stdout.replace(/\s+/g, " ");
    expect(text).toContain(
      "! old list Zoom: address list of 2026-01-02, imported from zoom.txt, more than 90 days older than the capture",
    );

    // A list that cannot be read is not left out silently.
    expect(run("echo '{' > .local/share/sightline/lists/zoom.json").status).toBe(0);
    const broken = run(`sightline analyze '${capture}'`);
    expect([broken.status, broken.stdout]).toEqual([2, ""]);
    expect(broken.stderr).toMatch(
      /zoom\.json: no list that sightline has kept: damaged\nsightline: hint: import the list again/,
    );
    expect(run("rm -r .local").status).toBe(0);
    expect(analyze()).toEqual(before);
  });
});
