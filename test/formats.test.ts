/**
 * The same packets give the same Report, whatever the format they come in: written here, by editcap, and the files of
 * ../shared/captures/formats. What may differ is what describes the file itself, and times no finer than its clock.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fileSource } from "../src/cli/sources.ts";
import { analyze, type ByteSource, type Report } from "../src/index.ts";
import { walk } from "./support/capture-walk.ts";
import { memorySource } from "./support/capture-writer.ts";
import { seenBy, type TimedPacket, WRITERS, type Writer } from "./support/format-writers.ts";
import { LAB_ROOTS, REAL_CAPTURES, type RealCapture } from "./support/real-captures.ts";

const SHARED = join(import.meta.dirname, "../../shared/captures/formats");
const HAS_EDITCAP = spawnSync("editcap", ["--version"]).status === 0;
const HAS_ZSTD = spawnSync("zstd", ["--version"]).status === 0;

/** One of each kind: intercepted and not, TLS 1.2 and 1.3, UDP, cut frames, frames out of order, an empty one. */
const NAMES = [
  "b01-squid-bump-tls12",
  "a02-direct-tls13-six-hosts",
  "d01-direct-turn-udp",
  "d37-sharing-before-websense-squid",
  "f24-snaplen-96-intercepted",
  "f39-stored-out-of-order-mixed",
  "f10-mtu-black-hole-no-serverhello",
  "f5a-empty-capture",
];
const CAPTURES = REAL_CAPTURES.filter(({ name }) => NAMES.includes(name));

/** The Report without what says how the packets were stored. */
async function reportOf(source: ByteSource): Promise<Report> {
  const report = await analyze([source], { roots: [LAB_ROOTS] });
  const files = report.input.files.map((file) => ({ ...file, name: "", format: "", bytes: 0 }));
  return { ...report, input: { ...report.input, files }, totals: { ...report.totals, bytes: 0 } };
}

async function packetsOf(bytes: Uint8Array): Promise<{ packets: TimedPacket[]; link: number }> {
  const { frames } = await walk(memorySource(bytes));
  const packets = frames.map(({ time, original, data }) => {
    const [seconds, nanos] = time.split(".").map(Number) as [number, number];
    return { seconds, nanos, original, data };
  });
  return { packets, link: frames[0]?.linkType ?? 1 };
}

describe("written here", () => {
  test("there are captures", () => {
    expect(CAPTURES.map(({ name }) => name).sort()).toEqual([...NAMES].sort());
  });

  const reference = WRITERS["pcap, nanoseconds"] as Writer;

  test.each(Object.entries(WRITERS))("%s", async (_, writer) => {
    for (const { name, bytes } of CAPTURES) {
      const { packets } = await packetsOf(bytes);
      const expected = await reportOf(memorySource(reference.write(seenBy(packets, writer.clock))));
      expect(await reportOf(memorySource(writer.write(packets))), name).toEqual(expected);
      expect(expected.totals.frames).toBe(packets.length);
    }
  });

  test.each(Object.entries(WRITERS).filter(([, { ethernetOnly }]) => ethernetOnly !== true))(
    "%s, of another link type",
    async (_, writer) => {
      const { bytes } = REAL_CAPTURES.find(({ name }) => name === "f28-any-interface-sll2-intercepted") as RealCapture;
      const { packets, link } = await packetsOf(bytes);
      expect(link).toBe(276);
      const expected = await reportOf(memorySource(reference.write(seenBy(packets, writer.clock), link)));
      expect(expected.verdict.is).toBe("intercepted");
      expect(await reportOf(memorySource(writer.write(packets, link)))).toEqual(expected);
    },
  );
});

describe.skipIf(!HAS_EDITCAP)("written by editcap (needs editcap; skipped when absent)", () => {
  const folder = mkdtempSync(join(tmpdir(), "sightline-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Network Monitor's clock is local time: editcap is run in UTC. */
  const convert = (format: string, from: string, to: string) =>
    execFileSync("editcap", ["-F", format, from, to], { stdio: "ignore", env: { ...process.env, TZ: "UTC" } });

  const formats = [
    "pcap",
    "nsecpcap",
    "modpcap",
    "nokiapcap",
    "rh6_1pcap",
    "suse6_3pcap",
    "pcapng",
    "snoop",
    "netmon1",
    "netmon2",
  ];
  test.each(formats)("%s", async (format) => {
    for (const { name, bytes } of CAPTURES) {
      const given = join(folder, `${name}.pcap`);
      writeFileSync(given, bytes);
      const written = join(folder, `${name}.${format}`);
      convert(format, given, written);
      // What is left of the times in that format, as Wireshark reads them.
      const back = join(folder, `${name}.${format}.pcap`);
      // It reads no Network Monitor file without frames.
      if (name === "f5a-empty-capture") writeFileSync(back, bytes);
      else convert("nsecpcap", written, back);
      expect(await reportOf(fileSource(written)), name).toEqual(await reportOf(fileSource(back)));
    }
  });

  test("gzip and zstd of each", async () => {
    const { name, bytes } = CAPTURES[0] as RealCapture;
    const given = join(folder, `${name}.given.pcap`);
    writeFileSync(given, bytes);
    for (const format of formats.filter((format) => format !== "netmon1")) {
      const written = join(folder, `${name}.packed.${format}`);
      convert(format, given, written);
      const expected = await reportOf(fileSource(written));
      execFileSync("gzip", ["-kf", written]);
      expect(await reportOf(fileSource(`${written}.gz`)), format).toEqual(expected);
      if (!HAS_ZSTD) continue;
      execFileSync("zstd", ["-qf", "-19", written]);
      expect(await reportOf(fileSource(`${written}.zst`)), format).toEqual(expected);
    }
  });
});

/** Without times: the clock of Network Monitor 1 knows milliseconds. */
function timeless(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(timeless);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !["from", "to", "at", "timing", "time"].includes(key));
  return Object.fromEntries(kept.map(([key, item]) => [key, timeless(item)]));
}

describe.skipIf(!existsSync(SHARED))("the files of ../shared/captures/formats (skipped when absent)", () => {
  const files = existsSync(SHARED) ? readdirSync(SHARED).sort() : [];
  const names = [...new Set(files.map((file) => file.replace(/\..*$/, "")))];

  test.each(names)("%s", async (name) => {
    const same = files.filter((file) => file.startsWith(`${name}.`));
    expect(same.length).toBeGreaterThan(8);
    const expected = await reportOf(fileSource(join(SHARED, `${name}.pcapng`)));
    expect(expected.connections.length).toBeGreaterThan(0);
    for (const file of same) {
      const report = await reportOf(fileSource(join(SHARED, file)));
      if (file.endsWith(".netmon1")) expect(timeless(report), file).toEqual(timeless(expected));
      else expect(report, file).toEqual(expected);
    }
  });

  test("are of the formats that are read", () => {
    const begins = new Set(files.map((file) => readFileSync(join(SHARED, file)).subarray(0, 4).toString("hex")));
    expect(begins.size).toBeGreaterThan(6);
  });
});
