/**
 * tshark as an oracle for tests: its fields as rows, and the TCP payload of a capture per direction, in order, with gaps.
 * The reassembly here is deliberately plain and separate from src/stream, so that both can be wrong only by chance.
 */
import { execFileSync, spawnSync } from "node:child_process";

export const HAS_TSHARK = (() => {
  try {
    execFileSync("tshark", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** One row per packet, one text per field; several occurrences in one packet are joined by ",". */
export function tsharkFields(
  file: string,
  filter: string,
  fields: readonly string[],
  options: readonly string[] = [],
): string[][] {
  const args = [
    "-r",
    file,
    "-Y",
    filter,
    "-T",
    "fields",
    "-E",
    "aggregator=,",
    ...options,
    ...fields.flatMap((field) => ["-e", field]),
  ];
  // tshark exits with 2 for damaged captures and for link types it does not know, after printing what it could read.
  const { stdout, error } = spawnSync("tshark", args, { encoding: "utf8", maxBuffer: 1 << 30 });
  if (error !== undefined) throw error;
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")]));
}

export type Piece = { readonly frame: number; readonly bytes: Uint8Array } | { readonly gap: number };

export interface Direction {
  /** tshark's tcp.stream. */
  readonly stream: string;
  /** Source address and port. */
  readonly from: string;
  /** It sent the connection's SYN. */
  readonly client: boolean;
  /** Begun by a SYN (with or without ACK), and every byte captured. */
  readonly complete: boolean;
  readonly pieces: readonly Piece[];
}

export function tcpDirections(file: string): Direction[] {
  const rows = tsharkFields(file, "tcp && !icmp && !icmpv6", [
    "frame.number",
    "tcp.stream",
    "ip.src",
    "ipv6.src",
    "tcp.srcport",
    "tcp.seq_raw",
    "tcp.len",
    "tcp.flags",
    "tcp.payload",
  ]);
  const found = new Map<
    string,
    { stream: string; from: string; client: boolean; base?: number; segments: Segment[] }
  >();
  for (const [
    frame = "",
    stream = "",
    ip4 = "",
    ip6 = "",
    port = "",
    seq = "",
    len = "",
    flags = "",
    payload = "",
  ] of rows) {
    // Several occurrences: tunnels and ICMP quotations, which the plain reassembly here leaves alone.
    if ([stream, port, seq, len].some((field) => field.includes(","))) continue;
    const from = `${ip4}${ip6}:${port}`;
    const key = `${stream} ${from}`;
    const flag = Number.parseInt(flags, 16);
    let direction = found.get(key);
    if (direction === undefined) {
      direction = { stream, from, client: false, segments: [] };
      found.set(key, direction);
    }
    if ((flag & 0x02) !== 0) {
      direction.base ??= (Number(seq) + 1) >>> 0;
      if ((flag & 0x10) === 0) direction.client = true;
    }
    if (Number(len) > 0) {
      direction.segments.push({
        frame: Number(frame),
        seq: Number(seq),
        length: Number(len),
        bytes: Buffer.from(payload, "hex"),
      });
    }
  }
  return [...found.values()].map(({ stream, from, client, base, segments }) => {
    const first = base ?? segments[0]?.seq ?? 0;
    const { pieces, whole } = arrange(segments, first);
    return { stream, from, client, complete: base !== undefined && whole, pieces };
  });
}

interface Segment {
  readonly frame: number;
  readonly seq: number;
  /** On the wire; `bytes` may be fewer. */
  readonly length: number;
  readonly bytes: Uint8Array;
}

function arrange(segments: readonly Segment[], base: number): { pieces: Piece[]; whole: boolean } {
  // Signed distance, so that a segment before the base (keep-alive) sorts before it.
  const at = (segment: Segment) => (segment.seq - base) | 0;
  const sorted = [...segments].sort((a, b) => at(a) - at(b) || b.bytes.length - a.bytes.length || a.frame - b.frame);
  const pieces: Piece[] = [];
  let next = 0;
  let whole = true;
  const gap = (length: number) => {
    whole = false;
    pieces.push({ gap: length });
    next += length;
  };
  for (const segment of sorted) {
    const start = at(segment);
    if (start + segment.length <= next) continue;
    if (start > next) gap(start - next);
    const bytes = segment.bytes.subarray(next - start);
    if (bytes.length > 0) pieces.push({ frame: segment.frame, bytes });
    next += bytes.length;
    if (start + segment.length > next) gap(start + segment.length - next);
  }
  return { pieces, whole };
}

/** A ClientHello or ServerHello as tshark found it, whatever carried it. */
export interface TsharkHello {
  readonly frame: number;
  /** tcp.stream; undefined over UDP. */
  readonly stream: string | undefined;
  /** HandshakeType 1 or 2. */
  readonly type: number;
  /** Message with its 4-byte header, hexadecimal. */
  readonly message: string;
  readonly ja3: string | undefined;
  readonly ja3String: string | undefined;
}

export function tsharkHellos(file: string): TsharkHello[] {
  const args = ["-r", file, "-Y", "tls.handshake.type in {1,2}", "-T", "json", "-x", "--no-duplicate-keys"];
  const text = execFileSync("tshark", args, {
    encoding: "utf8",
    maxBuffer: 1 << 30,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const found: TsharkHello[] = [];
  for (const packet of JSON.parse(text) as { _source: { layers: Record<string, Record<string, unknown>> } }[]) {
    const { layers } = packet._source;
    const frame = Number(layers["frame"]?.["frame.number"]);
    const stream = layers["tcp"]?.["tcp.stream"] as string | undefined;
    const walk = (node: unknown): void => {
      if (typeof node !== "object" || node === null) return;
      const fields = node as Record<string, unknown>;
      const messages = many(fields["tls.handshake"]) as Record<string, string>[];
      const raw = fields["tls.handshake_raw"] as unknown[] | undefined;
      const bytes = raw === undefined ? [] : ((typeof raw[0] === "string" ? [raw] : raw) as [string][]);
      messages.forEach((message, i) => {
        const type = Number(message["tls.handshake.type"]);
        if (type !== 1 && type !== 2) return;
        const suffix = type === 1 ? "" : "s";
        found.push({
          frame,
          stream,
          type,
          message: bytes[i]?.[0] ?? "",
          ja3: message[`tls.handshake.ja3${suffix}`],
          ja3String: message[`tls.handshake.ja3${suffix}_full`],
        });
      });
      for (const value of Object.values(fields)) walk(value);
    };
    walk(layers);
  }
  return found;
}

function many(value: unknown): unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}
