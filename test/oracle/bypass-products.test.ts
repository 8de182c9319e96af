/**
 * What `sightline bypass` writes, read by the real products: Squid, mitmproxy and Privoxy intercept a client in a network of their
 * own. Without the text it is shown a forged certificate everywhere; with it the genuine one, exactly where the entries say.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BYPASS_DIALECTS } from "../../src/knowledge/bypass/index.ts";
import { renderBypass } from "../../src/report/bypass.ts";
import type { BypassEntry } from "../../src/report/schema.ts";
import {
  type Asked,
  ECHOES,
  EXPLICIT,
  HAS_LAB,
  MOVED,
  NAMES,
  ProxyLab,
  SERVERS,
  TRANSPARENT,
} from "../support/proxy-lab.ts";

const common = { port: 443, effective: "transparent+explicit", findings: ["f1"] } as const;
const ENTRIES: readonly BypassEntry[] = [
  { match: "domain", value: NAMES.listed, ...common },
  { match: "domain", value: MOVED, ...common },
  { match: "ip", value: `${SERVERS.listed}/32`, ...common },
  { match: "ip", value: `${SERVERS.listed6}/128`, ...common },
  { match: "ip", value: `${ECHOES.listed}/32`, ...common },
];
/** Of the other kinds: they must be read, too. */
const MORE: readonly BypassEntry[] = [
  { match: "domain", value: ".tailspin.example", effective: "transparent+explicit", findings: [] },
  { match: "domain", value: "a-b._x.example", effective: "explicit", findings: [], port: 5061 },
];

function written(id: string): string {
  const dialect = BYPASS_DIALECTS.find((dialect) => dialect.id === id);
  if (dialect === undefined) throw new Error(`no dialect ${id}`);
  return renderBypass({ bypass: [...ENTRIES, ...MORE] }, dialect).text;
}

const says = (command: string, ...args: string[]) => {
  const { stdout, status, error } = spawnSync(command, args, { encoding: "utf8" });
  return error === undefined && status === 0 ? stdout : "";
};

/** Debian's programs as scripts/verify.mjs unpacks them, else those of the machine. */
const UNPACKED = join(process.cwd(), ".cache", "debian");
const program = (name: string) => [join(UNPACKED, "usr/sbin", name), `/usr/sbin/${name}`].find(existsSync) ?? name;
const SQUID = program("squid");
const CERTGEN = join(SQUID, "../../lib/squid/security_file_certgen");
const HAS_SQUID = says(SQUID, "-v").includes("--with-openssl") && existsSync(CERTGEN);
const MITMDUMP = "mitmdump";
const HAS_MITMPROXY = says(MITMDUMP, "--version") !== "";
const PRIVOXY = program("privoxy");
const HAS_PRIVOXY = says(PRIVOXY, "--version") !== "";

interface Product {
  readonly name: string;
  readonly isThere: boolean;
  readonly ways: readonly ("transparent" | "explicit")[];
  /** Entries are for their ports alone. */
  readonly knowsPorts: boolean;
  start(lab: ProxyLab, text: string): void;
}

const squid: Product = {
  name: "squid",
  isThere: HAS_SQUID,
  ways: ["transparent", "explicit"],
  knowsPorts: true,
  start(lab, text) {
    writeFileSync(lab.file("mime.conf"), "");
    writeFileSync(lab.file("squid.conf"), squidConfig(lab.folder, lab.authority.both, lab.hosts, text));
    // Run by nobody, who may not be let into the checkout.
    copyFileSync(CERTGEN, lab.file("certgen"));
    chmodSync(lab.file("certgen"), 0o755);
    spawnSync(CERTGEN, ["-c", "-s", lab.file("db"), "-M", "4MB"], { cwd: lab.folder });
    spawnSync("chown", ["-R", "nobody:nogroup", lab.file("db")]);
    lab.start(SQUID, ["-N", "-f", lab.file("squid.conf")]);
  },
};

function squidConfig(folder: string, authority: string, hosts: string, text: string): string {
  const bump = `ssl-bump cert=${authority} generate-host-certificates=on`;
  return `visible_hostname lab
cache_effective_user nobody
cache_effective_group nogroup
pid_filename none
cache_log ${folder}/cache.log
access_log none
cache deny all
coredump_dir ${folder}
mime_table ${folder}/mime.conf
icon_directory ${folder}
error_directory ${folder}
hosts_file ${hosts}
pinger_enable off
sslcrtd_program ${folder}/certgen -s ${folder}/db -M 4MB
sslcrtd_children 1 startup=1 idle=1
http_port ${EXPLICIT.host}:${EXPLICIT.port} ${bump}
https_port ${TRANSPARENT} intercept ${bump}
http_access allow all
tls_outgoing_options flags=DONT_VERIFY_PEER
sslproxy_cert_error allow all
${text}
ssl_bump bump all
`;
}

const mitmproxy: Product = {
  name: "mitmproxy",
  isThere: HAS_MITMPROXY,
  ways: ["transparent", "explicit"],
  knowsPorts: false,
  start(lab, text) {
    mkdirSync(lab.file("mitmproxy"));
    writeFileSync(lab.file("mitmproxy/config.yaml"), text);
    const args = ["--set", `confdir=${lab.file("mitmproxy")}`, "--ssl-insecure", "-q"];
    lab.start(MITMDUMP, [...args, "--mode", "transparent", "--listen-port", String(TRANSPARENT)]);
    const where = ["--listen-host", EXPLICIT.host, "--listen-port", String(EXPLICIT.port)];
    lab.start(MITMDUMP, [...args, "--mode", "regular", ...where]);
  },
};

const privoxy: Product = {
  name: "privoxy",
  isThere: HAS_PRIVOXY,
  ways: ["explicit"],
  knowsPorts: true,
  start(lab, text) {
    writeFileSync(lab.file("all.action"), "{+https-inspection +ignore-certificate-errors}\n/\n");
    writeFileSync(lab.file("user.action"), text);
    mkdirSync(lab.file("certificates"));
    chmodSync(lab.file("certificates"), 0o777);
    const config = {
      confdir: lab.folder,
      logdir: lab.folder,
      actionsfile: "all.action\nactionsfile user.action",
      "listen-address": `${EXPLICIT.host}:${EXPLICIT.port}`,
      "ca-directory": lab.folder,
      "ca-cert-file": "ca.pem",
      "ca-key-file": "ca.key",
      "certificate-directory": lab.file("certificates"),
      "trusted-cas-file": lab.file("server.pem"),
    };
    const lines = Object.entries(config).map(([key, value]) => `${key} ${value}\n`);
    writeFileSync(lab.file("config"), lines.join(""));
    lab.start(PRIVOXY, ["--no-daemon", lab.file("config")]);
  },
};

/** What the entries are for. */
const LISTED: Readonly<Record<"transparent" | "explicit", readonly Asked[]>> = {
  transparent: [{ server: SERVERS.listed }, { server: SERVERS.listed6 }, { server: SERVERS.other, name: NAMES.listed }],
  explicit: [
    { server: SERVERS.listed, tunnel: true },
    { server: SERVERS.listed6, tunnel: true },
    { server: NAMES.listed, tunnel: true },
    { server: NAMES.listed, name: NAMES.listed, tunnel: true },
  ],
};
/** What they are not for. */
const OTHERS: typeof LISTED = {
  transparent: [{ server: SERVERS.other }, { server: SERVERS.other, name: NAMES.other }],
  explicit: [
    { server: SERVERS.other, tunnel: true },
    { server: NAMES.other, name: NAMES.other, tunnel: true },
  ],
};

const shown = (asked: Asked) => JSON.stringify(asked);

describe.each([squid, mitmproxy, privoxy])("$name", (product) => {
  const { isThere, ways, knowsPorts, name } = product;
  const title = "intercepts (needs Linux, root, ip, nft, openssl and the product; skipped when absent)";
  describe.skipIf(!isThere || !HAS_LAB)(title, () => {
    describe.each([
      ["without the text: everything", ""],
      ["with it: the others alone", written(name)],
    ])("%s", (_, text) => {
      let lab: ProxyLab;
      beforeAll(async () => {
        lab = new ProxyLab();
        product.start(lab, text);
        await lab.listening(EXPLICIT.port, ...(ways.includes("transparent") ? [TRANSPARENT] : []));
      });
      afterAll(() => lab?.end());

      test.each(ways.flatMap((way) => LISTED[way]).map((asked) => [shown(asked), asked] as const))("%s", (_, asked) => {
        expect(lab.issuer(asked)).toBe(text === "" ? FORGER[name] : "Genuine");
      });

      test.each(ways.flatMap((way) => OTHERS[way]).map((asked) => [shown(asked), asked] as const))("%s", (_, asked) => {
        expect(lab.issuer(asked)).toBe(FORGER[name]);
      });

      test("another port of a listed server", () => {
        const asked = { server: SERVERS.listed, port: 8443, tunnel: true } as const;
        expect(lab.issuer(asked)).toBe(text === "" || knowsPorts ? FORGER[name] : "Genuine");
      });

      if (ways.includes("transparent")) {
        test("a listed name that the proxy finds elsewhere", () => {
          // Squid takes it for a forged Host header.
          const exempt = name === "squid" ? undefined : "Genuine";
          expect(lab.issuer({ server: SERVERS.other, name: MOVED })).toBe(text === "" ? FORGER[name] : exempt);
        });

        test("pseudo-TLS passes to a listed address", () => {
          expect(lab.passes(ECHOES.listed, PSEUDO_TLS)).toBe(text !== "");
          expect(lab.passes(ECHOES.other, PSEUDO_TLS)).toBe(false);
        });
      }

      if (name === "squid") {
        test("plain TURN, too", () => {
          expect(lab.passes(ECHOES.listed, TURN)).toBe(text !== "");
          expect(lab.passes(ECHOES.other, TURN)).toBe(false);
        });
      }
    });
  });
});

const FORGER: Readonly<Record<string, string>> = { squid: "Forger", mitmproxy: "mitmproxy", privoxy: "Forger" };

/** [MS-TURN] 2.1.1. */
const PSEUDO_TLS = Buffer.from(`160301002d010000290301${"11".repeat(4)}${"22".repeat(28)}00000200180100`, "hex");
/** An Allocate request without attributes. */
const TURN = Buffer.from("000300002112a442112233445566778899aabbcc", "hex");

describe.skipIf(!HAS_SQUID)("squid -k parse (needs Squid with OpenSSL; skipped when absent)", () => {
  test("takes the text, and would not take everything", () => {
    const folder = mkdtempSync(join(tmpdir(), "sightline-squid-"));
    try {
      const parse = (text: string) => {
        const file = join(folder, "squid.conf");
        writeFileSync(file, `http_port 3128\n${text}\nssl_bump bump all\n`);
        const { stdout, stderr, status } = spawnSync(SQUID, ["-k", "parse", "-f", file], { encoding: "utf8" });
        return { status, complaints: (stdout + stderr).split("\n").filter((line) => /ERROR|FATAL|Bungled/.test(line)) };
      };
      expect(parse(written("squid"))).toEqual({ status: 0, complaints: [] });
      expect(parse("ssl_bump splice no_such_acl").status).not.toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
