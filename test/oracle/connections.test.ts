/**
 * Our Report against tshark 4.0, capture by capture: connection numbers and their frames, the frame of every handshake
 * message, JA3, JA3S and the fingerprints of the server's certificates.
 *
 * Where the two differ, `DIFFERENCES` names the capture, what differs and why; a difference that is not there fails, and so
 * does an entry that is not needed any more. tshark runs with `tcp.reassemble_out_of_order`, because its default loses
 * chains, and as we do with the secrets that a capture carries or the lab has beside it.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fileSource } from "../../src/cli/sources.ts";
import { analyze } from "../../src/index.ts";
import { handshakeName } from "../../src/protocol/tls/names.ts";
import { HAS_TSHARK, tsharkFields } from "../support/tshark.ts";
import { DIFFERENCES } from "./differences.ts";

const SHARED = join(import.meta.dirname, "../../../shared/captures");
const FOLDERS = ["lab", "zeek-tls", "ja4", "media", "formats", "pcapng-suite", "malformed"];
const ready = HAS_TSHARK && existsSync(SHARED);
const scratch = mkdtempSync(join(tmpdir(), "sightline-oracle-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const title = ready ? "tshark says the same" : "tshark says the same (needs tshark and ../shared: SKIPPED)";

const files = ready
  ? FOLDERS.flatMap((folder) =>
      readdirSync(join(SHARED, folder), { withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(\w*pcap|pcapng|cap|gz|zst|snoop|netmon\d)$/.test(entry.name))
        .map(({ name }) => `${folder}/${name}`),
    )
  : [];

describe.skipIf(!ready)(title, () => {
  test("every explained difference is of a capture that exists", () => {
    for (const file of Object.keys(DIFFERENCES)) expect(files).toContain(file);
  });

  test.each(files)("%s", async (file) => {
    const path = join(SHARED, file);
    const keys = keyLogOf(path);
    const found = differences(await ourView(path, keys), tsharkView(path, keys));
    expect(found).toEqual(DIFFERENCES[file]?.lines ?? []);
  });
});

/** What is compared, as text, by connection: one line per fact. */
type View = ReadonlyMap<string, ReadonlySet<string>>;

async function ourView(path: string, keys: string | undefined): Promise<View> {
  const keyLogs = keys === undefined ? [] : [readFileSync(keys, "utf8")];
  const report = await analyze([fileSource(path)], { maxConnections: 100_000, keyLogs });
  const view = new Map<string, Set<string>>();
  for (const { id, frames, protocol, handshake, tls, certificates } of report.connections) {
    const lines = new Set([`frames ${frames.first}–${frames.last}, ${frames.count}`]);
    view.set(id, lines);
    // Compared in calls.test.ts.
    if (protocol === "dtls") continue;
    for (const { message, frame, incomplete } of handshake)
      if (incomplete !== true) lines.add(`${message} in ${frame}`);
    if (tls?.ja3 !== undefined) lines.add(`ja3 ${tls.ja3}`);
    if (tls?.ja3s !== undefined) lines.add(`ja3s ${tls.ja3s}`);
    for (const { sha256, frame } of certificates) lines.add(`certificate ${sha256.slice(0, 16)} in ${frame}`);
  }
  return view;
}

function tsharkView(path: string, keys: string | undefined): View {
  const fields = [
    "frame.number",
    "tcp.stream",
    "udp.stream",
    "tls.handshake.type",
    "tls.handshake.ja3",
    "tls.handshake.ja3s",
    "tls.handshake.certificate",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
  ];
  const options = ["-o", "tcp.reassemble_out_of_order:TRUE"];
  if (keys !== undefined) options.push("-o", `tls.keylog_file:${keys}`);
  const frames = new Map<string, number[]>();
  const facts = new Map<string, Set<string>>();
  // Of a connection with several hellos (HelloRetryRequest) we fingerprint the first ClientHello and the last ServerHello.
  const ja3 = new Map<string, string>();
  const ja3s = new Map<string, string>();
  const servers = new Map<string, string>();
  for (const [
    frame = "",
    tcp = "",
    udp = "",
    types = "",
    j3 = "",
    j3s = "",
    certificates = "",
    fromTcp = "",
    toTcp = "",
    fromUdp = "",
    toUdp = "",
  ] of tsharkFields(path, "tcp || udp", fields, options)) {
    // A packet in a tunnel or quoted by ICMP has several; the last one is the innermost.
    for (const [transport, streams] of [
      ["tcp", tcp],
      ["udp", udp],
    ] as const) {
      for (const stream of streams === "" ? [] : streams.split(",")) {
        const id = `${transport}/${stream}`;
        frames.set(id, [...(frames.get(id) ?? []), Number(frame)]);
      }
    }
    if (types === "") continue;
    const seen = types.split(",");
    const id = tcp === "" ? `udp/${udp}` : `tcp/${tcp}`;
    const [from, to] = tcp === "" ? [fromUdp, toUdp] : [fromTcp, toTcp];
    const lines = facts.get(id) ?? new Set();
    facts.set(id, lines);
    for (const type of seen) lines.add(`${handshakeName(Number(type))} in ${frame}`);
    if (seen.includes("1")) servers.set(id, to);
    if (j3 !== "" && !ja3.has(id)) ja3.set(id, j3.split(",")[0] as string);
    if (j3s !== "") ja3s.set(id, j3s.split(",").at(-1) as string);
    // A client's certificates are not fingerprinted in the Report.
    if (certificates !== "" && (servers.get(id) ?? from) === from) {
      for (const der of certificates.split(",")) {
        const digest = createHash("sha256").update(Buffer.from(der, "hex")).digest("hex");
        lines.add(`certificate ${digest.slice(0, 16)} in ${frame}`);
      }
    }
  }
  const view = new Map<string, Set<string>>();
  for (const [id, list] of frames) {
    view.set(id, new Set([`frames ${list[0]}–${list.at(-1)}, ${list.length}`, ...(facts.get(id) ?? [])]));
    if (ja3.has(id)) view.get(id)?.add(`ja3 ${ja3.get(id)}`);
    if (ja3s.has(id)) view.get(id)?.add(`ja3s ${ja3s.get(id)}`);
  }
  return view;
}

/** Of the lab's captures: the key log beside them, without the secrets of TLS 1.2, where all we want is in the clear. */
function keyLogOf(path: string): string | undefined {
  const name = `${basename(path).replace(/\.\w+(\.gz)?$/, "")}.keylog`;
  const log = join(dirname(path), "keys", name);
  if (!existsSync(log)) return undefined;
  const copy = join(scratch, name);
  writeFileSync(copy, readFileSync(log, "utf8").replace(/^CLIENT_RANDOM .*\n/gm, ""));
  return copy;
}

/** Lines that only one side has, with `+` for ours and `-` for tshark's. */
function differences(ours: View, tshark: View): string[] {
  const lines: string[] = [];
  for (const id of [...new Set([...ours.keys(), ...tshark.keys()])].sort()) {
    const [mine, theirs] = [ours.get(id) ?? new Set<string>(), tshark.get(id) ?? new Set<string>()];
    for (const line of [...mine].sort()) if (!theirs.has(line)) lines.push(`+ ${id} ${line}`);
    for (const line of [...theirs].sort()) if (!mine.has(line)) lines.push(`- ${id} ${line}`);
  }
  return lines;
}
