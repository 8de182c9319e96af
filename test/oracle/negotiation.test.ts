/**
 * What both sides agreed on, against tshark 4.0 capture by capture, over TCP and QUIC: server name, version, cipher suite, group and
 * what a HelloRetryRequest asked for; and JA4 of the whole program against the JA4 repository's expected results.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fileSource } from "../../src/cli/sources.ts";
import { analyze, type Report } from "../../src/index.ts";
import { cipherSuiteName, groupName, versionName } from "../../src/protocol/tls/names.ts";
import { HAS_TSHARK, tsharkFields } from "../support/tshark.ts";

const SHARED = join(import.meta.dirname, "../../../shared/captures");
const FOLDERS = ["lab", "zeek-tls", "ja4", "media"];
const ready = HAS_TSHARK && existsSync(SHARED);
const skipped = ready ? "" : " (needs tshark and ../shared: SKIPPED)";

const files = ready
  ? FOLDERS.flatMap((folder) =>
      readdirSync(join(SHARED, folder), { withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(pcap|pcapng|cap|gz)$/.test(entry.name))
        .map(({ name }) => `${folder}/${name}`),
    )
  : [];

interface Difference {
  readonly why: string;
  /** `+` only ours, `-` only tshark's. */
  readonly lines: readonly string[];
}

const OLD_KEY_SHARE = "key_share had another number until draft 23 of TLS 1.3; of these drafts the group is not read";

const DIFFERENCES: Readonly<Record<string, Difference>> = {
  "zeek-tls/chrome-63.0.3211.0-canary-tls_experiment.pcap": { why: OLD_KEY_SHARE, lines: ["- tcp/0 group x25519"] },
  "zeek-tls/tls-13draft19-early-data.pcap": {
    why: OLD_KEY_SHARE,
    lines: ["- tcp/0 group x25519", "- tcp/1 group x25519"],
  },
  "zeek-tls/tls13draft16-chrome55.0.2879.0-canary.pcap": {
    why: OLD_KEY_SHARE,
    lines: ["- tcp/0 group x25519", "- tcp/1 group x25519"],
  },
  "zeek-tls/tls13draft16-ff52.a01.pcap": {
    why: OLD_KEY_SHARE,
    lines: ["- tcp/0 group secp384r1", "- tcp/1 group secp384r1"],
  },
  "zeek-tls/ssl-to-http-server.pcap": {
    why: "the server answers in HTTP, so tshark takes the connection for HTTP; the client's first message is a ClientHello all the same",
    lines: ["+ tcp/0 name vk.com"],
  },
  "ja4/socks-https-example.pcap": {
    why: "tshark gives what is inside a SOCKS connection a stream number of its own: its 0, 2 and 4 are our 0, 1 and 2",
    lines: ["+ tcp/1", "- tcp/4"].flatMap((id) => [
      `${id} cipher TLS_RSA_WITH_RC4_128_SHA`,
      `${id} name www.example.com`,
      `${id} version TLS 1.0`,
    ]),
  },
};

const compared = { name: 0, version: 0, cipher: 0, group: 0, retry: 0, quic: 0 };

describe.skipIf(!ready)(`what was agreed on, as tshark has it${skipped}`, () => {
  test("every explained difference is of a capture that exists", () => {
    for (const file of Object.keys(DIFFERENCES)) expect(files).toContain(file);
  });

  test.each(files)("%s", async (file) => {
    const path = join(SHARED, file);
    const ours = ourView(await analyze([fileSource(path)], { maxConnections: 100_000 }));
    const theirs = tsharkView(path);
    const lines = [
      ...[...ours].filter((line) => !theirs.has(line)).map((line) => `+ ${line}`),
      ...[...theirs].filter((line) => !ours.has(line)).map((line) => `- ${line}`),
    ].sort();
    expect(lines).toEqual(DIFFERENCES[file]?.lines ?? []);
    for (const line of theirs) {
      if (line.startsWith("udp")) compared.quic++;
      const [, kind] = line.split(" ") as [string, keyof typeof compared];
      compared[kind]++;
    }
  });

  afterAll(() => expect(Math.min(...Object.values(compared)), JSON.stringify(compared)).toBeGreaterThan(1));
});

/** One line per fact. */
type View = ReadonlySet<string>;

function ourView({ connections }: Report): View {
  const lines = new Set<string>();
  for (const { id, protocol, serverName, tls } of connections) {
    // calls.test.ts compares DTLS.
    if (tls === undefined || protocol === "dtls") continue;
    const { version, cipher, group, helloRetryRequest: retry } = tls;
    // The name of a hello without one is its tunnel's target; JA4 says which has one.
    if (tls.ja4?.[3] === "d") lines.add(`${id} name ${serverName}`);
    if (version !== undefined) lines.add(`${id} version ${version}`);
    if (cipher !== undefined) lines.add(`${id} cipher ${cipher}`);
    if (group !== undefined) lines.add(`${id} group ${group}`);
    if (retry !== undefined) lines.add(`${id} retry ${retry.group}`);
  }
  return lines;
}

const RETRY = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";

function tsharkView(path: string): View {
  const fields = [
    ...["tcp.stream", "udp.stream", "tls.handshake.type", "tls.handshake.extensions_server_name"],
    ...["tls.handshake.ciphersuite", "tls.handshake.version", "tls.handshake.extensions.supported_version"],
    ...["tls.handshake.extensions_key_share_group", "tls.handshake.extensions_key_share_selected_group"],
    "tls.handshake.random",
  ];
  const found = new Map<string, Map<string, string>>();
  const options = ["-o", "tcp.reassemble_out_of_order:TRUE"];
  for (const row of tsharkFields(path, "tls.handshake.type in {1,2}", fields, options)) {
    const [tcp = "", udp = "", types = "", name = "", cipher = "", version = "", selected = "", ...more] = row;
    const [share = "", asked = "", random = ""] = more;
    const id = tcp === "" ? `udp/${last(udp)}` : `tcp/${last(tcp)}`;
    const facts = found.get(id) ?? new Map<string, string>();
    found.set(id, facts);
    const set = (kind: string, value: string, show: (code: number) => string) => {
      if (value !== "") facts.set(kind, show(Number(last(value))));
    };
    if (types.split(",").includes("1")) {
      if (name !== "" && !facts.has("name"))
        facts.set("name", name.split(",")[0]?.toLowerCase().replace(/\.$/, "") as string);
      continue;
    }
    // The last one counts; a HelloRetryRequest is no answer yet.
    set("version", selected === "" ? version : selected, versionName);
    set("cipher", cipher, cipherSuiteName);
    if (last(random) === RETRY) facts.set("retry", asked === "" ? "undefined" : groupName(Number(last(asked))));
    set("group", last(random) === RETRY ? asked : share, groupName);
  }
  return new Set([...found].flatMap(([id, facts]) => [...facts].map(([kind, value]) => `${id} ${kind} ${value}`)));
}

const last = (values: string): string => values.split(",").at(-1) as string;

/** The numbers there are tshark's, which count twice what goes through SOCKS. */
const STREAMS_TWICE: ReadonlySet<string> = new Set(["socks-https-example.pcap.json"]);

const expectations = ready ? readdirSync(join(SHARED, "ja4-expected")) : [];

describe.skipIf(!ready)(`JA4 of the Report is the one expected${skipped}`, () => {
  test("there are expectations", () => expect(expectations.length).toBe(16));

  test.each(expectations)("%s", async (name) => {
    const rows = JSON.parse(readFileSync(join(SHARED, "ja4-expected", name), "utf8")) as Record<string, unknown>[];
    const capture = join(SHARED, "ja4", name.replace(/\.json$/, ""));
    const { connections } = await analyze([fileSource(capture)], { maxConnections: 100_000 });
    const byId = new Map(connections.map(({ id, tls }) => [id, tls?.ja4]));
    // The hello after a HelloRetryRequest, JA4.2, repeats the first one.
    const number = (stream: number) => (STREAMS_TWICE.has(name) ? stream / 2 : stream);
    const wanted = rows.map((row) => [`tcp/${number(Number(row["stream"]))}`, row["JA4.1"]]);
    expect(wanted.map(([id]) => [id, byId.get(id as string)])).toEqual(wanted);
    expect(wanted.length).toBeGreaterThan(0);
  });
});
