/**
 * STUN, TURN and DTLS against tshark 4.0, over every capture of ../shared and our own: the types of STUN messages frame by
 * frame, and of DTLS the handshake messages (by the fragments that tshark lists), hellos, certificates and fingerprints.
 *
 * Where tshark is wrong, the test says so and shows why: it does not look for STUN on ports that it gives to others, nor behind a
 * pseudo-TLS hello, and calls messages of [MS-TURN] malformed for their padding, or for having none.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fileSource } from "../../src/cli/sources.ts";
import { analyze } from "../../src/index.ts";
import { pseudoTlsAnswer, pseudoTlsHello } from "../../src/protocol/pseudo-tls/hello.ts";
import { parseStun } from "../../src/protocol/stun/message.ts";
import { TurnStream } from "../../src/protocol/stun/stream.ts";
import { cipherSuiteName, handshakeName } from "../../src/protocol/tls/names.ts";
import { type Direction, HAS_TSHARK, tcpDirections, tsharkFields } from "../support/tshark.ts";

const OURS = join(import.meta.dirname, "../captures");
const SHARED = join(import.meta.dirname, "../../../shared/captures");
const NEEDS = "(needs tshark: SKIPPED)";

/** Those with more than TLS and DNS in them; of the others the accepted Reports say that there is none of this. */
const own = readdirSync(OURS)
  .filter((name) => /^[dm]\d/.test(name))
  .map((name) => join(OURS, name, "capture.pcap"))
  .filter((path) => existsSync(path));
const shared = ["media", "zeek-tls", "ja4"].flatMap((folder) =>
  existsSync(SHARED)
    ? readdirSync(join(SHARED, folder))
        .filter((name) => /\.(pcap|pcapng|cap|gz)$/.test(name))
        .map((name) => join(SHARED, folder, name))
    : [],
);
const nameOf = (path: string) => path.split("/").slice(-2).join("/");
const files = [...own, ...shared].map((path) => [nameOf(path), path] as const);

// --- STUN

/** What makes tshark look: options beyond its own guess, and why it has to be told. */
const TOLD: Readonly<Record<string, { readonly why: string; readonly options: readonly string[] }>> = {
  "media/turn.pcap": {
    why: "TURN over TCP port 80, where tshark expects HTTP and looks for nothing else",
    options: ["-d", "tcp.port==80,stun"],
  },
};
const TLS_PORT = {
  why: "TURN over TCP port 443 without TLS, where tshark expects TLS",
  options: ["-d", "tcp.port==443,stun"],
};
for (const name of ["d02-direct-turn-tcp", "d10-squid-peek-turn-tcp443", "d14-squid-splice-turn-tcp443"])
  Object.assign(TOLD, { [`${name}/capture.pcap`]: TLS_PORT });
Object.assign(TOLD, { "d23-mitmproxy-turn-tcp443/capture.pcap": TLS_PORT });

/** Type of every message by its last frame: `6 0x0103`, in order. */
function ourMessages(path: string): string[] {
  const found: [frame: number, type: number][] = [];
  for (const [frame = "", payload = ""] of tsharkFields(path, "udp && !icmp && !icmpv6", [
    "frame.number",
    "udp.payload",
  ])) {
    try {
      found.push([Number(frame), parseStun(Buffer.from(payload, "hex")).type]);
    } catch {
      // Another protocol.
    }
  }
  for (const direction of tcpDirections(path)) found.push(...streamMessages(direction));
  return lines(found);
}

/** Behind a pseudo-TLS hello is what tshark cannot see; it is compared elsewhere, with what the lab says. */
function streamMessages({ pieces }: Direction): [number, number][] {
  const found: [number, number][] = [];
  const stream = new TurnStream(undefined, {
    message: ({ type }, _framing, frame) => found.push([frame, type]),
    data: () => {},
  });
  const [first] = pieces;
  if (first === undefined || "gap" in first) return [];
  if (typeof pseudoTlsHello(first.bytes) !== "string" || typeof pseudoTlsAnswer(first.bytes, "ms-turn") === "number")
    return [];
  for (const piece of pieces) {
    if ("gap" in piece) stream.gap();
    else stream.data(piece.bytes, 0, piece.bytes.length, piece.frame);
  }
  return found;
}

function lines(found: readonly (readonly [frame: number, type: number])[]): string[] {
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([frame, type]) => `${frame} 0x${type.toString(16).padStart(4, "0")}`);
}

function tsharkMessages(path: string, options: readonly string[] = []): string[] {
  const fields = ["frame.number", "stun.type", "classicstun.type"];
  const rows = tsharkFields(path, "(stun.type || classicstun.type) && !icmp", fields, [
    "-o",
    "tcp.reassemble_out_of_order:TRUE",
    ...options,
  ]);
  return lines(
    rows.flatMap(([frame = "", stun = "", classic = ""]) =>
      `${stun},${classic}`.split(",").flatMap((type) => (type === "" ? [] : [[Number(frame), Number(type)] as const])),
    ),
  );
}

describe.skipIf(!HAS_TSHARK)(`STUN messages ${HAS_TSHARK ? "" : NEEDS}`, () => {
  test.each(files)("%s", (name, path) => {
    const told = TOLD[name];
    const found = ourMessages(path);
    expect(found).toEqual(tsharkMessages(path, told?.options));
    // The explanation is still needed.
    if (told !== undefined) expect(tsharkMessages(path), told.why).not.toEqual(found);
  });

  test.skipIf(shared.length === 0)(
    "a genuine message of Teams, which tshark calls malformed, is whole without padding",
    () => {
      const path = join(SHARED, "media/stun.pcap");
      const [row] = tsharkFields(path, "frame.number == 2", ["udp.payload", "_ws.expert.message"]);
      expect(row?.[1]).toContain("Packet length is not multiple of 4 bytes");
      const bytes = Buffer.from(row?.[0] ?? "", "hex");
      const { dialect, attributes } = parseStun(bytes);
      expect(dialect).toBe("ms-turn");
      // Nothing is left over when every attribute ends where its length says: [MS-TURN] section 2.2.2 knows no padding.
      expect(attributes.reduce((sum, { value }) => sum + 4 + value.length, 20)).toBe(bytes.length);
      // And tshark's NONCE is the realm: [MS-TURN] has 0x0015 for it.
      expect(Buffer.from(attributes.at(-1)?.value ?? []).toString()).toBe('"realm01"');
    },
  );

  test("messages of the dialect with padding, which tshark calls malformed, are whole with it", () => {
    const path = join(OURS, "d05-direct-msturn/capture.pcap");
    const rows = tsharkFields(path, "classicstun", ["udp.payload", "_ws.malformed"]);
    const malformed = rows.filter(([, complaint]) => complaint !== "");
    expect(malformed.length).toBe(2);
    for (const [payload = ""] of malformed) {
      const bytes = Buffer.from(payload, "hex");
      const { attributes } = parseStun(bytes);
      const padded = attributes.reduce((sum, { value }) => sum + 4 + 4 * Math.ceil(value.length / 4), 20);
      expect(padded).toBe(bytes.length);
    }
  });
});

// --- DTLS

/** What tshark cannot know. */
const DTLS_1_3 = "tshark 4.0 does not know DTLS 1.3: it takes the version of the ServerHello for 1.2";

async function ourDtls(path: string): Promise<string[]> {
  const { connections } = await analyze([fileSource(path)], { maxConnections: 100_000 });
  return connections
    .flatMap(({ id, protocol, transport, handshake, tls, serverName, certificates }) => {
      if (protocol !== "dtls" || transport !== "udp") return [];
      const facts = handshake.map(({ message, frame }) => `${message} in ${frame}`);
      if (tls?.cipher !== undefined) facts.push(`cipher ${tls.cipher}`);
      if (tls?.ja3 !== undefined) facts.push(`ja3 ${tls.ja3}`);
      if (tls?.ja3s !== undefined) facts.push(`ja3s ${tls.ja3s}`);
      if (serverName !== undefined) facts.push(`name ${serverName}`);
      for (const { sha256, frame } of certificates) facts.push(`certificate ${sha256.slice(0, 16)} in ${frame}`);
      return facts.map((fact) => `${id} ${fact}`);
    })
    .sort();
}

interface Message {
  readonly name: string;
  readonly length: number;
  readonly pieces: [start: number, end: number][];
  done: boolean;
}

function tsharkDtls(path: string): string[] {
  const fields = [
    "frame.number",
    "udp.stream",
    "udp.srcport",
    "dtls.handshake.type",
    "dtls.handshake.message_seq",
    "dtls.handshake.length",
    "dtls.handshake.fragment_offset",
    "dtls.handshake.fragment_length",
    "dtls.handshake.ciphersuite",
    "dtls.handshake.ja3",
    "dtls.handshake.ja3s",
    "dtls.handshake.extensions_server_name",
    "dtls.handshake.certificate",
  ];
  const facts = new Set<string>();
  const once = new Set<string>();
  const clients = new Map<string, string>();
  const messages = new Map<string, Message>();
  for (const row of tsharkFields(path, "dtls.handshake.type", fields)) {
    const [frame = "", stream = "", port = "", types, seqs, lengths, offsets, sizes, suites = "", ja3 = "", ja3s = ""] =
      row;
    const [serverName = "", certificates = ""] = row.slice(11);
    const id = `udp/${stream}`;
    const list = (text = "") => text.split(",");
    const kinds = list(types).map(Number);
    for (const [i, type] of kinds.entries()) {
      const key = `${id} ${port} ${list(seqs)[i]}`;
      const known = messages.get(key) ?? {
        name: handshakeName(type),
        length: Number(list(lengths)[i]),
        pieces: [],
        done: false,
      };
      messages.set(key, known);
      const start = Number(list(offsets)[i]);
      known.pieces.push([start, start + Number(list(sizes)[i])]);
      if (known.done || !covers(known)) continue;
      known.done = true;
      facts.add(`${id} ${known.name} in ${frame}`);
    }
    if (kinds.includes(1) && !clients.has(id)) clients.set(id, port);
    // Of several hellos we fingerprint the first ClientHello and the last ServerHello; one that is sent again is the same.
    const first = (what: string, value: string) => {
      if (value === "" || once.has(`${id} ${what}`)) return;
      once.add(`${id} ${what}`);
      facts.add(`${id} ${what} ${value}`);
    };
    first("ja3", list(ja3)[0] as string);
    first("name", list(serverName)[0] as string);
    if (kinds.includes(2) && ja3s !== "") {
      for (const fact of [...facts])
        if (/^(ja3s|cipher) /.test(fact.slice(id.length + 1)) && fact.startsWith(`${id} `)) facts.delete(fact);
      facts.add(`${id} ja3s ${ja3s}`);
      facts.add(`${id} cipher ${cipherSuiteName(Number(suites))}`);
    }
    // A client's certificates are not in the Report; the server's counts once.
    if (certificates !== "" && port !== clients.get(id) && !once.has(`${id} certificate`)) {
      once.add(`${id} certificate`);
      for (const der of list(certificates)) {
        const digest = createHash("sha256").update(Buffer.from(der, "hex")).digest("hex");
        facts.add(`${id} certificate ${digest.slice(0, 16)} in ${frame}`);
      }
    }
  }
  return [...facts].sort();
}

function covers({ length, pieces }: Message): boolean {
  let end = 0;
  for (const [start, stop] of [...pieces].sort(([a], [b]) => a - b)) if (start <= end) end = Math.max(end, stop);
  return end >= length;
}

describe.skipIf(!HAS_TSHARK)(`DTLS ${HAS_TSHARK ? "" : NEEDS}`, () => {
  test.each(files)("%s", async (_, path) => {
    expect(await ourDtls(path)).toEqual(tsharkDtls(path));
  });

  test.skipIf(shared.length === 0)(`${DTLS_1_3}; we say 1.3, as supported_versions does`, async () => {
    const path = join(SHARED, "zeek-tls/dtls13-wolfssl.pcap");
    const { connections } = await analyze([fileSource(path)]);
    expect(connections.map(({ tls }) => tls?.version)).toEqual(["DTLS 1.3"]);
    const [row] = tsharkFields(path, "frame.number == 4", [
      "dtls.handshake.extensions.supported_version",
      "_ws.col.Protocol",
    ]);
    expect(row).toEqual(["0xfefc", "DTLSv1.2"]);
  });
});
