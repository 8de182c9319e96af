/**
 * The systems and the ways that a TCP handshake shows, against tshark: of the first SYN and SYN-ACK of every connection hop limit,
 * window and options, and SYN to ACK against tshark's `initial_rtt`. Knows of every capture of ../shared that both read.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fileSource } from "../../src/cli/sources.ts";
import { analyze } from "../../src/index.ts";
import type { ReportConnection } from "../../src/report/schema.ts";
import { HAS_TSHARK, tsharkFields } from "../support/tshark.ts";

const SHARED = join(import.meta.dirname, "../../../shared/captures");
const FOLDERS = ["lab", "zeek-tls", "ja4", "media", "formats", "pcapng-suite", "malformed"];
const ready = HAS_TSHARK && existsSync(SHARED);
const title = ready
  ? "SYN, SYN-ACK and round trip as tshark has them"
  : "SYN, SYN-ACK and round trip (needs tshark and ../shared: SKIPPED)";

const files = ready
  ? FOLDERS.flatMap((folder) =>
      readdirSync(join(SHARED, folder), { withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(pcap|pcapng|cap|gz|\w*pcap)$/.test(entry.name))
        .map(({ name }) => `${folder}/${name}`),
    )
  : [];

/** Where the two part, and why that is right. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  "ja4/CVE-2018-6794.pcap": "tshark takes the server's next segment for the ACK of its SYN-ACK",
  "ja4/tcpdump-geneve.pcap":
    "a network identifier for each direction: of another tunnel to us, so counted and not read",
  "malformed/timestamp_invalid_micro.pcap": "more microseconds than a second has, which tshark cuts off",
  "zeek-tls/chrome-1250-tls-x25519-kyber.pcap":
    "a round trip of 0, which tshark takes for none and measures the next one",
};

const compared = { syns: 0, synAcks: 0, roundTrips: 0 };

describe.skipIf(!ready)(title, () => {
  test.each(files)("%s", async (file) => {
    const path = join(SHARED, file);
    const found = compare(await connectionsOf(path), tsharkHandshakes(path));
    expect(found.length > 0, found.join("\n")).toBe(file in DIFFERENCES);
  });

  test("every explained difference is of a capture that exists", () => {
    for (const file of Object.keys(DIFFERENCES)) expect(files).toContain(file);
  });

  afterAll(() => expect(Math.min(...Object.values(compared)), JSON.stringify(compared)).toBeGreaterThan(300));
});

function compare(ours: readonly ReportConnection[], theirs: ReadonlyMap<string, Handshake>): string[] {
  const found: string[] = [];
  for (const connection of ours) {
    const { id, tcp, timing } = connection;
    const wanted = theirs.get(id);
    // Of a connection that tshark counts otherwise there is nothing to compare; connections.test.ts says which.
    if (wanted === undefined || !sameEnds(connection, wanted)) continue;
    for (const name of ["syn", "synAck"] as const) {
      const shown = JSON.stringify(tcp?.[name] && toTshark(tcp[name]));
      const expected = JSON.stringify(wanted[name]);
      if (shown !== expected) found.push(`${id} ${name}: ${shown}, tshark ${expected}`);
      if (shown !== undefined) compared[`${name}s`]++;
    }
    const { initialRtt, repeated } = wanted;
    const { tcpRtt, tcpAck } = timing;
    if (initialRtt === undefined || tcpRtt === undefined || tcpAck === undefined) continue;
    compared.roundTrips++;
    const longer = tcpRtt + tcpAck - initialRtt;
    // tshark counts from the last SYN, we from the first: it may be the one that was answered.
    if (repeated ? longer < -NANOSECOND : Math.abs(longer) > NANOSECOND)
      found.push(`${id} round trip: ${tcpRtt + tcpAck}, tshark ${initialRtt}`);
  }
  return found;
}

/** What capture formats resolve, and what is left of a difference of two such times. */
const NANOSECOND = 2e-9;

/** None of a file that we do not read. */
async function connectionsOf(path: string): Promise<readonly ReportConnection[]> {
  try {
    return (await analyze([fileSource(path)], { maxConnections: 100_000 })).connections;
  } catch {
    return [];
  }
}

interface Shown {
  readonly ttl: number;
  readonly window: number;
  /** Kinds in order, as far as the end of the list. */
  readonly kinds: string;
  readonly mss: string;
  readonly scale: string;
}

interface Handshake {
  client: string;
  syn: Shown | undefined;
  synAck: Shown | undefined;
  initialRtt: number | undefined;
  repeated: boolean;
}

const KINDS: Readonly<Record<string, number>> = {
  ...{ eol: 0, nop: 1, mss: 2, wscale: 3, sackOK: 4, TS: 8, md5: 19, uto: 28, "tcp-ao": 29, mptcp: 30, tfo: 34 },
};

function toTshark({ ttl, window, options }: NonNullable<NonNullable<ReportConnection["tcp"]>["syn"]>): Shown {
  const all = options === "" ? [] : options.split(",");
  const value = (name: string) => all.find((one) => one.startsWith(`${name} `))?.slice(name.length + 1) ?? "";
  const kinds = all.map((one) => KINDS[one.replace(/ .*/, "")] ?? /\((\d+)\)/.exec(one)?.[1]).join(",");
  return { ttl, window, kinds, mss: value("mss"), scale: value("wscale") };
}

/** By Report id. */
function tsharkHandshakes(path: string): ReadonlyMap<string, Handshake> {
  const fields = [
    ...["tcp.stream", "ip.src", "ipv6.src", "tcp.srcport", "tcp.flags", "ip.ttl", "ipv6.hlim"],
    ...["tcp.window_size_value", "tcp.option_kind", "tcp.options.mss_val", "tcp.options.wscale.shift"],
    "tcp.analysis.initial_rtt",
  ];
  const found = new Map<string, Handshake>();
  for (const row of tsharkFields(path, "tcp && !icmp && !icmpv6", fields)) {
    const [stream = "", ip4 = "", ip6 = "", port = "", flags = "", ttl = "", hops = "", window = "", ...rest] = row;
    const [kinds = "", mss = "", scale = "", rtt = ""] = rest;
    const id = `tcp/${stream}`;
    const known = found.get(id);
    const one = known ?? { client: "", syn: undefined, synAck: undefined, initialRtt: undefined, repeated: false };
    found.set(id, one);
    if (rtt !== "") one.initialRtt ??= Number(rtt);
    const flag = Number.parseInt(flags, 16);
    // With a RST it is no SYN.
    if ((flag & 0x06) !== 0x02) continue;
    const name = (flag & 0x10) === 0 ? "syn" : "synAck";
    if (name === "syn") one.client = `${last(ip6) || last(ip4)}:${port}`;
    if (one[name] !== undefined) one.repeated = true;
    one[name] ??= {
      ttl: Number(last(hops) || last(ttl)),
      window: Number(window),
      kinds: untilEnd(kinds),
      mss,
      scale,
    };
  }
  return found;
}

/** Of a packet in a tunnel the innermost. */
const last = (values: string): string => values.split(",").at(-1) as string;

/** tshark shows padding behind the end of the list as one more of it. */
const untilEnd = (kinds: string): string => kinds.replace(/^((?:[1-9]\d*,)*0)(,.*)?$/, "$1");

function sameEnds({ client }: ReportConnection, wanted: Handshake): boolean {
  return wanted.client === "" || wanted.client === `${client.ip}:${client.port}`;
}
