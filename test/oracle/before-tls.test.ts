/**
 * What is said before TLS, and of QUIC, against tshark 4.0: targets and answers of HTTP CONNECT and SOCKS, RDP's negotiation, answers
 * in plain HTTP, names and versions of QUIC. Over our own captures and those of ../shared that have any of it.
 *
 * By the client's port: tshark numbers the connection inside a SOCKS tunnel as one more.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fileSource } from "../../src/cli/sources.ts";
import { analyze, type Report } from "../../src/index.ts";
import { HAS_TSHARK, tsharkFields } from "../support/tshark.ts";

const OWN = join(import.meta.dirname, "../captures");
const SHARED = join(import.meta.dirname, "../../../shared/captures");
const title = HAS_TSHARK ? "tshark says the same" : "tshark says the same (needs tshark: SKIPPED)";

const own = readdirSync(OWN, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) =>
    join(OWN, name, readdirSync(join(OWN, name)).find((file) => file.startsWith("capture.")) as string),
  );
const shared = existsSync(SHARED)
  ? readdirSync(join(SHARED, "ja4"))
      .filter((name) => /\.(pcap|pcapng)$/.test(name))
      .map((name) => join(SHARED, "ja4", name))
  : [];
const files = [...own, ...shared].map((path) => [path.split("/").slice(-2).join("/"), path] as const);
const named = (part: string) => files.filter(([name]) => name.includes(part));

function report(path: string): Promise<Report> {
  return analyze([fileSource(path)], { maxConnections: 100_000 });
}

/** `client port: text`, of the connections for which there is a text. */
function ours(
  { connections }: Report,
  text: (connection: Report["connections"][number]) => string | undefined,
): string[] {
  return connections
    .flatMap((connection) => {
      const said = text(connection);
      return said === undefined ? [] : [`${connection.client.port}: ${said}`];
    })
    .sort();
}

describe.skipIf(!HAS_TSHARK)(title, () => {
  const proxied = files.filter(([name]) => /^e\d\d-explicit|-proxy-|https-connect/.test(name));
  test("there are captures of each kind", () => {
    expect(proxied.length).toBeGreaterThan(4);
    for (const part of ["o01-socks", "o02-rdp", "o03-quic"]) expect(named(part)).toHaveLength(1);
  });

  test.each(proxied)("HTTP CONNECT: the last target, and its answer: %s", async (_, path) => {
    const wanted = new Map<string, { target: string; status: string }>();
    const fields = ["tcp.srcport", "tcp.dstport", "http.request.method", "http.request.uri", "http.response.code"];
    const ports = ["3127", "3128", "8080"].flatMap((port) => ["-d", `tcp.port==${port},http`]);
    for (const [from = "", to = "", method = "", uri = "", code = ""] of tsharkFields(path, "http", fields, ports)) {
      if (method === "CONNECT") wanted.set(from, { target: uri, status: "" });
      const asked = wanted.get(to);
      if (code !== "" && asked !== undefined) asked.status = code;
    }
    const rows = [...wanted].map(([port, { target, status }]) => `${port}: ${target} ${status}`).sort();
    expect(rows.length).toBeGreaterThan(0);
    expect(ours(await report(path), ({ through }) => through && `${through.target} ${through.status ?? ""}`)).toEqual(
      rows,
    );
  });

  test.each([...named("o01-socks"), ...named("ja4/socks")])("SOCKS: %s", async (name, path) => {
    // tshark does not look for SOCKS on the port that this capture has it on.
    const port = name.includes("socks4-https") ? "9901" : "1081";
    const fields = [
      "tcp.srcport",
      "tcp.dstport",
      "socks.version",
      "socks.results",
      "socks.remote_name",
      "socks.v4a_dns_name",
      "socks.dst",
      "socks.dstport",
      "socks.port",
      "socks.auth_status",
    ];
    const options = ["-d", "tcp.port==1080,socks", "-d", `tcp.port==${port},socks`];
    const wanted = new Map<string, { target: string; reply: string }>();
    for (const row of tsharkFields(path, "socks", fields, options)) {
      const [from = "", to = "", , reply = "", host = "", host4a = "", address = "", port4 = "", port5 = "", login] =
        row;
      if (["1080", port].includes(to)) {
        // What goes through the tunnel is shown with the request again, its address misread.
        const known = wanted.get(from) ?? { target: "", reply: "" };
        if (known.target === "" && port4 + port5 !== "")
          known.target = `${host || host4a || address}:${port4 || port5}`;
        wanted.set(from, known);
      } else {
        const asked = wanted.get(to);
        if (asked !== undefined && reply !== "" && asked.reply === "") asked.reply = reply;
        if (asked !== undefined && login !== undefined && login !== "" && login !== "0") asked.reply = "login refused";
      }
    }
    const rows = [...wanted].map(([client, { target, reply }]) => `${client}: ${target} ${reply}`).sort();
    expect(rows.length).toBeGreaterThan(0);
    const found = ours(
      await report(path),
      ({ through }) => through && `${through.target ?? ""} ${through.status ?? "login refused"}`,
    );
    expect(found).toEqual(rows);
  });

  test.each(named("o02-rdp"))("RDP: both sides agree on TLS, which tshark does not look into: %s", async (_, path) => {
    const wanted = new Set<string>();
    for (const [to = "", selected = ""] of tsharkFields(path, "rdp.neg_type == 2", [
      "tcp.dstport",
      "rdp.negReq.selectedProtocol",
    ]))
      if (selected === "0x00000001") wanted.add(`${to}: rdp ServerHello`);
    expect(wanted.size).toBe(2);
    const found = ours(await report(path), ({ protocol, handshake }) =>
      protocol === "rdp" ? `rdp ${handshake.find(({ from }) => from === "server")?.message}` : undefined,
    );
    expect(found).toEqual([...wanted].sort());
  });

  test.each(named("o06-portal"))("plain HTTP where TLS was asked for, or in its place: %s", async (_, path) => {
    const wanted = new Map<string, string>();
    const fields = ["frame.number", "tcp.dstport", "http.response.code", "http.server", "http.location"];
    for (const [frame = "", to = "", code = "", server = "", location = ""] of tsharkFields(
      path,
      "http.response",
      fields,
    )) {
      // Of a page that was asked for nothing is told.
      if (!wanted.has(to) && code !== "200")
        wanted.set(to, `${frame} ${code} ${server} ${location.replace(/\?.*/, "")}`);
    }
    const rows = [...wanted].map(([port, said]) => `${port}: ${said}`).sort();
    expect(rows.length).toBeGreaterThan(0);
    const found = ours(
      await report(path),
      ({ http }) => http && `${http.frame} ${http.status} ${http.server ?? ""} ${http.location ?? ""}`,
    );
    expect(found).toEqual(rows);
  });

  test.each(files.filter(([name]) => /quic|^ja4/.test(name)))(
    "QUIC: names, versions, what servers speak instead, Retry: %s",
    async (_, path) => {
      const fields = [
        "udp.stream",
        "quic.version",
        "quic.supported_version",
        "quic.retry_token",
        "tls.handshake.extensions_server_name",
        "icmp.type",
      ];
      const wanted = new Map<string, { version: string; offered: string; retry: boolean; name: string }>();
      for (const [stream = "", versions = "", offered = "", retry = "", name = "", icmp = ""] of tsharkFields(
        path,
        "quic",
        fields,
      )) {
        if (icmp !== "" || stream.includes(",")) continue;
        const known = wanted.get(stream) ?? { version: "", offered: "", retry: false, name: "" };
        wanted.set(stream, known);
        const [version = ""] = versions.split(",");
        if (version !== "" && version !== "0x00000000") known.version = version;
        if (offered !== "") known.offered = offered;
        if (retry !== "") known.retry = true;
        if (name !== "" && known.name === "") known.name = name;
      }
      const rows = [...wanted]
        .filter(([, { version }]) => version !== "")
        .map(([stream, { version, offered, retry, name }]) => {
          const spoken = offered === "" ? [] : offered.split(",").map(versionName);
          return `udp/${stream} ${versionName(version)} ${spoken} ${retry} ${name}`;
        })
        .sort();
      const { connections } = await report(path);
      const found = connections
        .flatMap(({ id, quic, serverName }) =>
          quic?.version === undefined
            ? []
            : [`${id} ${quic.version} ${quic.offered ?? []} ${quic.retry ?? false} ${serverName ?? ""}`],
        )
        .sort();
      expect(found).toEqual(rows);
    },
  );
});

/** As in the Report; independent of src/protocol. */
function versionName(hex: string): string {
  const version = Number(hex);
  if (version === 1) return "1";
  if (version === 0x6b3343cf) return "2";
  if (/^0xff0000/.test(hex)) return `draft-${version & 0xff}`;
  return /^0x(.a){4}$/.test(hex) ? "reserved" : hex;
}
