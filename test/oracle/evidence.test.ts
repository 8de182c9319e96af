/**
 * Evidence files against Wireshark's programs: tshark reads them without complaint and shows the comments, every frame is the one of the
 * capture that its comment names, and capinfos and editcap take what stands in them for what it is.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Frame } from "../../src/capture/frame.ts";
import { PcapngWriter } from "../../src/capture/pcapng-writer.ts";
import { fileSource } from "../../src/cli/sources.ts";
import { analyze, type Report } from "../../src/index.ts";
import { payload } from "../support/capture-writer.ts";
import { evidenceOf } from "../support/evidence.ts";
import { LAB_ROOTS } from "../support/real-captures.ts";
import { HAS_TSHARK, tsharkFields } from "../support/tshark.ts";

const FOLDER = join(import.meta.dirname, "../captures");
const captures = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => {
    const file = readdirSync(join(FOLDER, name)).find((entry) => entry.startsWith("capture."));
    return file === undefined ? [] : [[name, join(FOLDER, name, file)] as const];
  });

const folder = HAS_TSHARK ? mkdtempSync(join(tmpdir(), "sightline-")) : "";
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What tells a frame: its time and its bytes' lengths, and those of its headers that number it. */
const FIELDS = [
  "frame.time_epoch",
  "frame.len",
  "frame.cap_len",
  "ip.id",
  "tcp.seq_raw",
  "udp.stream",
  "frame.encap_type",
];

describe.skipIf(!HAS_TSHARK)("evidence in tshark (needs tshark; skipped when absent)", () => {
  test.each(captures)("%s", async (name, path) => {
    const report = await analyze([fileSource(path)], { roots: [LAB_ROOTS] });
    if (report.findings.length === 0) return;
    const file = join(folder, `${name}.pcapng`);
    writeFileSync(file, await evidenceOf(report, [fileSource(path)]));
    const fields = [...FIELDS, "frame.comment"].flatMap((field) => ["-e", field]);
    const shown = spawnSync("tshark", ["-r", file, "-T", "fields", "-E", "aggregator=/s", ...fields], {
      encoding: "utf8",
    });
    expect(shown.stderr.replace(/^Running as user .*\n/m, "")).toBe("");
    expect(shown.status).toBe(0);
    const rows = shown.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\t"));
    const originals = tsharkFields(path, "frame", FIELDS);
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      const [time, length, captured, ...rest] = row;
      const number = Number(/was frame (\d+) of/.exec(row.at(-1) ?? "")?.[1]);
      const original = originals[number - 1];
      expect([time, length]).toEqual(original?.slice(0, 2));
      // Cut, or whole with all that it says.
      if (captured === original?.[2]) expect(rest.slice(0, 2)).toEqual(original?.slice(3, 5));
      else expect(Number(captured)).toBeLessThan(Number(original?.[2]));
    }
    expect(statedIn(rows.map((row) => row.at(-1) ?? ""))).toEqual(evidenceIn(report));
  });

  test.each(captures.filter(([name]) => /^(d37|o05|m0|f20|f24|g02|t01)/.test(name)))(
    "%s, anonymized: packets that are whole have right checksums",
    async (name, path) => {
      const report = await analyze([fileSource(path)], { roots: [LAB_ROOTS] });
      if (report.findings.length === 0) return;
      const file = join(folder, `${name}-anonymized.pcapng`);
      const key = new Uint8Array(32).fill(7);
      writeFileSync(file, await evidenceOf(report, [fileSource(path)], { anonymize: { key } }));
      const checks = ["ip", "tcp", "udp"].flatMap((layer) => ["-o", `${layer}.check_checksum:TRUE`]);
      const fields = ["frame.len", "frame.cap_len", "ip.checksum.status", "tcp.checksum.status", "udp.checksum.status"];
      const rows = tsharkFields(file, "frame && ip && !icmp", fields, checks);
      expect(rows.length).toBeGreaterThan(0);
      for (const [length, captured, ip, ...transport] of rows) {
        expect(ip).toBe("1");
        if (length === captured) expect(transport.join("")).toBe("1");
      }
      const malformed = (from: string): string[] => tsharkFields(from, "_ws.malformed", ["frame.time_epoch"]).flat();
      // tshark pads what [MS-TURN] does not.
      const before = new Set(malformed(path));
      expect(malformed(file).filter((time) => !before.has(time))).toEqual([]);
    },
  );

  test("a file of many kinds: capinfos and editcap", () => {
    const writer = new PcapngWriter("sightline 0.0.0", "about this");
    const frame = (fields: Partial<Frame>): Frame =>
      Object.assign(new Frame(), { bytes: payload(60), captured: 60, original: 60, linkType: 1 }, fields);
    const secrets = new TextEncoder().encode(`CLIENT_RANDOM ${"ab".repeat(32)} ${"cd".repeat(48)}\n`);
    writer.frame(frame({ seconds: 1_700_000_000, nanos: 123_456_789 }), 0, 60, ["first", "second"], secrets);
    writer.names(new Map([["192.0.2.1", "one.example"]]));
    writer.frame(frame({ seconds: 1_700_000_001, linkType: 101 }), 1, 20, ["cut"]);
    writer.frame(frame({ seconds: 2 ** 34, nanos: 1, fcs: 4 }), 1, 60, []);
    writer.lost(17);
    writer.frame(frame({ untimed: true }), 2, 60, ["no room"]);
    const file = join(folder, "kinds.pcapng");
    writeFileSync(file, writer.take());

    const rows = tsharkFields(file, "frame", ["frame.number", "frame.time_epoch", "frame.len", "frame.cap_len"]);
    expect(rows).toEqual([
      ["1", "1700000000.123456789", "60", "60"],
      ["2", "1700000001.000000000", "60", "20"],
      ["3", "17179869184.000000001", "60", "60"],
      ["4", "", "60", "60"],
    ]);
    const info = execFileSync("capinfos", [file], { encoding: "utf8" });
    expect(info).toMatch(/Capture application: +sightline 0\.0\.0/);
    expect(info).toMatch(/Capture comment: +about this/);
    expect(info).toMatch(/Number of interfaces in file: 4/);
    expect(info).toMatch(/Time precision = nanoseconds \(9\)/);
    const copy = join(folder, "copy.pcapng");
    expect(spawnSync("editcap", [file, copy], { encoding: "utf8" })).toMatchObject({ stderr: "", status: 0 });
    const comments = tsharkFields(copy, "frame", ["frame.number", "frame.comment"], ["-E", "aggregator=/s"]);
    expect(comments.slice(0, 3)).toEqual([
      ["1", "first second"],
      ["2", "cut"],
      ["3", ""],
    ]);
    expect(readFileSync(copy).includes("CLIENT_RANDOM")).toBe(true);
  });

  test("tshark opens with the secrets that are in it", async () => {
    const path = join(FOLDER, "f31-pcapng-dsb-tls13-mixed/capture.pcapng");
    const report = await analyze([fileSource(path)], { roots: [LAB_ROOTS] });
    const file = join(folder, "secrets.pcapng");
    writeFileSync(file, await evidenceOf(report, [fileSource(path)]));
    const opened = (from: string) =>
      tsharkFields(from, "tls.handshake.type == 11", ["tls.handshake.certificate"]).length;
    expect(opened(file)).toBeGreaterThan(0);
    expect(opened(file)).toBeLessThanOrEqual(opened(path));
  });
});

/** `f1 12 tls.certificate[0].issuer`: as the Report has it, and as the comments on frames say. */
function evidenceIn({ findings }: Report): Set<string> {
  return new Set(findings.flatMap(({ id, evidence }) => evidence.map(({ frame, path }) => `${id} ${frame} ${path}`)));
}

function statedIn(comments: readonly string[]): Set<string> {
  return new Set(
    comments.flatMap((comment) => {
      const frame = /was frame (\d+) of/.exec(comment)?.[1];
      return [...comment.matchAll(/(f\d+) evidence: (\S+) =/g)].map(([, id, path]) => `${id} ${frame} ${path}`);
    }),
  );
}
