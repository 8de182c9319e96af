/**
 * TlsStream and the message parsers against tshark, over every capture of ../shared. Compared per direction of which every
 * byte from the SYN on was captured: the plaintext handshake messages and alerts in order, and of the hellos server name,
 * cipher suite and version. Streams in which TLS begins behind another protocol are not read here.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseClientHello, parseServerHello, parseSslv2ClientHello } from "../../src/protocol/tls/messages.ts";
import { versionName } from "../../src/protocol/tls/names.ts";
import { type HandshakeEvent, TlsStream } from "../../src/protocol/tls/stream.ts";
import { type Direction, HAS_TSHARK, tcpDirections, tsharkFields } from "../support/tshark.ts";

const CAPTURES = join(import.meta.dirname, "../../../shared/captures");
const READY = HAS_TSHARK && existsSync(CAPTURES);

const files = !READY
  ? []
  : ["lab", "zeek-tls", "ja4"].flatMap((folder) =>
      readdirSync(join(CAPTURES, folder))
        .filter((name) => /\.(pcap|pcapng|cap|gz)$/.test(name))
        .map((name) => `${folder}/${name}`),
    );

/** Where tshark and this project part, and why that is right. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "lab/f31-pcapng-dsb-tls13-mixed.pcapng": "tshark decrypts with the secrets inside",
  "ja4/chrome-cloudflare-quic-with-secrets.pcapng": "tshark decrypts with the secrets inside",
  "ja4/http2-with-cookies.pcapng": "tshark decrypts with the secrets inside",
  "zeek-tls/https-to-http.pcap": "tshark does not read a hello on this port",
  "zeek-tls/ssl-to-http-server.pcap": "tshark does not read a hello on this port",
  "zeek-tls/ssl-v2.pcap": "SSL 2.0 after the hello is recognised, not read",
  "zeek-tls/tls-fragmented-handshake.pcap.gz": "tshark does not put together a Certificate of 340 kB",
  "zeek-tls/tls1.2-protocol-violation.pcap": "messages with false lengths",
};

interface Read {
  readonly types: string[];
  readonly alerts: string[];
  readonly messages: HandshakeEvent[];
}

function read(direction: Direction): Read | undefined {
  const types: string[] = [];
  const alerts: string[] = [];
  const messages: HandshakeEvent[] = [];
  let isTls = true;
  const stream = new TlsStream({
    record: () => {},
    handshake: (event) => {
      types.push(String(event.type));
      messages.push(event);
    },
    alert: (_level, description) => alerts.push(String(description)),
    changeCipherSpec: () => {},
    encrypted: () => {},
    notTls: () => {
      isTls = false;
    },
    lost: () => {},
  });
  for (const piece of direction.pieces) {
    if ("gap" in piece) stream.gap(piece.gap);
    else stream.data(piece.bytes, 0, piece.bytes.length, piece.frame);
  }
  stream.end();
  return isTls ? { types, alerts, messages } : undefined;
}

const FIELDS = [
  "tcp.stream",
  "ip.src",
  "ipv6.src",
  "tcp.srcport",
  "tls.handshake.type",
  "tls.alert_message.desc",
  "tls.handshake.extensions_server_name",
  "tls.handshake.ciphersuite",
  "tls.handshake.version",
  "tls.handshake.extensions.supported_version",
];

interface Wanted {
  /** Handshake types in the order of the frames. */
  readonly types: string[];
  readonly alerts: string[];
  /** Per frame with a ClientHello. */
  readonly serverNames: string[];
  /** Per frame with a ServerHello: cipher suite, version, selected version. */
  readonly answers: string[][];
}

/** tshark's answer per "stream source". */
function tsharkRead(file: string): Map<string, Wanted> {
  const found = new Map<string, Wanted>();
  for (const row of tsharkFields(file, "tls", FIELDS, ["-o", "tcp.reassemble_out_of_order:TRUE"])) {
    const [stream = "", ip4 = "", ip6 = "", port = "", types = "", alerts = "", name = "", ...answer] = row;
    const key = `${stream} ${ip4}${ip6}:${port}`;
    const wanted = found.get(key) ?? { types: [], alerts: [], serverNames: [], answers: [] };
    found.set(key, wanted);
    const codes = types === "" ? [] : types.split(",");
    wanted.types.push(...codes);
    if (alerts !== "") wanted.alerts.push(...alerts.split(","));
    if (codes.includes("1")) wanted.serverNames.push(name.toLowerCase());
    if (codes.includes("2")) wanted.answers.push(answer);
  }
  return found;
}

const hex = (code: number) => `0x${code.toString(16).padStart(4, "0")}`;

describe.skipIf(!READY)("TLS against tshark (needs tshark and ../shared; skipped when absent)", () => {
  it("finds captures", () => expect(files.length).toBeGreaterThan(100));

  it.each(files)("%s", (name) => {
    const file = join(CAPTURES, name);
    if (name in EXCEPTIONS) return;
    const all = tsharkRead(file);
    for (const direction of tcpDirections(file)) {
      const found = direction.complete ? read(direction) : undefined;
      if (found === undefined) continue;
      const key = `${direction.stream} ${direction.from}`;
      const wanted = all.get(key) ?? { types: [], alerts: [], serverNames: [], answers: [] };
      expect(found.types, key).toEqual(wanted.types);
      expect(found.alerts, key).toEqual(wanted.alerts);
      const serverNames: string[] = [];
      const answers: string[][] = [];
      for (const { type, format, body } of found.messages) {
        if (type === 1 && body !== undefined) {
          const hello = format === "sslv2" ? parseSslv2ClientHello(body) : parseClientHello(body);
          serverNames.push(hello.serverName ?? "");
        } else if (type === 2 && body !== undefined) {
          const { cipherSuite, version, selectedVersion } = parseServerHello(body);
          answers.push([hex(cipherSuite), hex(version), selectedVersion === undefined ? "" : hex(selectedVersion)]);
          expect(versionName(selectedVersion ?? version)).not.toMatch(/unknown/);
        }
      }
      expect(serverNames, key).toEqual(wanted.serverNames);
      expect(answers, key).toEqual(wanted.answers);
    }
  });
});
