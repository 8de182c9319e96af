/**
 * A network of one machine for real proxies: servers that show a genuine certificate, a client, and a proxy that the client's
 * connections are redirected to, or that it asks. Linux as root (`ip`, `nft`, `openssl`): a network namespace of its own, so that
 * nothing leaves it. Owns processes and addresses; knows no product's configuration.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Where the client is; what it sends to port 443 goes to `TRANSPARENT` on the way. */
const CLIENT = { ipv4: "10.9.0.1", ipv6: "2001:db8:9::1" };
/** The ports that the proxy must listen on: on CLIENT.ipv4, and on any address. */
export const EXPLICIT = { host: CLIENT.ipv4, port: 3128 };
export const TRANSPARENT = 3129;
/** Servers of TLS on port 443, one of them on 8443 as well; under any name. */
export const SERVERS = { listed: "198.51.100.30", listed6: "2001:db8::30", other: "198.51.100.31" };
/** Servers that send back what they get, after their own word. */
export const ECHOES = { listed: "198.51.100.40", other: "198.51.100.41" };
const ECHO_WORD = "echo:";
/** In the hosts file of all programs, at `SERVERS.other`; what has moved is elsewhere for them than for the client. */
export const NAMES = { listed: "sip.fabrikam.example", other: "www.fabrikam.example" };
export const MOVED = "moved.fabrikam.example";

/** A proxy has this long to listen, a client to get its answer: a loaded machine is slow. */
const PATIENCE = 30_000;

const works = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: "ignore" }).status === 0;
export const HAS_LAB =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  works("ip", "netns", "list") &&
  works("nft", "--version") &&
  works("openssl", "version");

export interface Asked {
  readonly server: string;
  readonly port?: number;
  /** Sent as SNI; absent: no name is sent. */
  readonly name?: string;
  /** Ask the proxy for a tunnel, to `server` or to a name. */
  readonly tunnel?: true;
}

export class ProxyLab {
  /** For the proxy's files; it may drop root's rights, so everybody may write. */
  readonly folder = mkdtempSync(join(tmpdir(), "sightline-lab-"));
  /** PEM of the authority that the proxy forges with: certificate and key. */
  readonly authority = { certificate: this.file("ca.pem"), key: this.file("ca.key"), both: this.file("ca-both.pem") };
  readonly hosts = this.file("hosts");
  readonly #namespace = `sightline-${process.pid}-${this.folder.slice(-6)}`;
  readonly #children: ChildProcess[] = [];
  /** What the programs say, for whoever looks for the reason of a failure. */
  readonly #log = openSync(this.file("log"), "a");

  constructor() {
    chmodSync(this.folder, 0o777);
    writeFileSync(
      this.hosts,
      Object.values(NAMES)
        .map((name) => `${SERVERS.other} ${name}\n`)
        .join(""),
    );
    appendFileSync(this.hosts, `${ECHOES.other} ${MOVED}\n`);
    execFileSync("ip", ["netns", "add", this.#namespace]);
    this.#inside("ip", "link", "set", "lo", "up");
    const addresses = [CLIENT, SERVERS, ECHOES].flatMap((of) => Object.values(of));
    for (const address of addresses) {
      const length = address.includes(":") ? ["/128", "nodad"] : ["/32"];
      this.#inside("ip", "addr", "add", address + length[0], "dev", "lo", ...length.slice(1));
    }
    const redirect = `tcp dport 443 redirect to :${TRANSPARENT}`;
    const rules = `ip saddr ${CLIENT.ipv4} ${redirect}; ip6 saddr ${CLIENT.ipv6} ${redirect};`;
    this.#inside("nft", `add table inet lab { chain out { type nat hook output priority -100; ${rules} }; }`);
    this.#certificate("server", "Genuine");
    this.#certificate("ca", "Forger", "-addext", "keyUsage=critical,keyCertSign,cRLSign");
    writeFileSync(this.authority.both, execFileSync("cat", [this.authority.certificate, this.authority.key]));
    const accept = Object.values(SERVERS).map((server) => at(server, 443));
    for (const where of [...accept, at(SERVERS.listed, 8443)])
      this.start("openssl", [
        "s_server",
        "-accept",
        where,
        "-cert",
        this.file("server.pem"),
        "-key",
        this.file("server.key"),
        "-www",
      ]);
    this.start(process.execPath, ["-e", ECHO_SERVER, ...Object.values(ECHOES)]);
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  /** In the namespace, with the lab's hosts file, until the end of the lab. */
  start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
    const program = [
      "unshare",
      "-m",
      "sh",
      "-c",
      'mount --bind "$0" /etc/hosts && exec "$@"',
      this.hosts,
      command,
      ...args,
    ];
    const child = spawn("ip", ["netns", "exec", this.#namespace, ...program], {
      stdio: ["pipe", this.#log, this.#log],
      env: { ...process.env, ...env },
      cwd: this.folder,
    });
    this.#children.push(child);
  }

  /** Resolves when somebody listens there. */
  async listening(...ports: readonly number[]): Promise<void> {
    const all = [443, 8443, ...ports];
    for (const until = Date.now() + PATIENCE; ; await sleep(100)) {
      const heard = this.#run("ss", "-Hltn");
      const missing = all.filter((port) => !heard.includes(`:${port} `));
      if (missing.length === 0) return;
      if (Date.now() > until)
        throw new Error(
          `nobody listens on port ${missing.join()}: ${readFileSync(this.file("log"), "latin1").slice(-2000)}`,
        );
    }
  }

  /** The issuer's CN of the certificate that the client is shown. */
  issuer({ server, port = 443, name, tunnel }: Asked): string | undefined {
    const local = server.includes(":") ? `[${CLIENT.ipv6}]:0` : `${CLIENT.ipv4}:0`;
    const way = tunnel ? ["-proxy", `${EXPLICIT.host}:${EXPLICIT.port}`] : ["-bind", local];
    const sni = name === undefined ? ["-noservername"] : ["-servername", name];
    return /^issuer=CN = ([^,\n]+)/m.exec(
      this.#run("openssl", "s_client", "-connect", at(server, port), ...way, ...sni),
    )?.[1];
  }

  /** Did the server of `ECHOES` get these bytes from the client, and the client its answer? */
  passes(server: string, bytes: Uint8Array): boolean {
    const hex = Buffer.from(bytes).toString("hex");
    return this.#run(process.execPath, "-e", ECHO_CLIENT, server, CLIENT.ipv4, hex) === `${ECHO_WORD}${hex}\n`;
  }

  async end(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    }
    // Helpers that a proxy had started end with it, not at once.
    for (const pid of execFileSync("ip", ["netns", "pids", this.#namespace], { encoding: "utf8" }).split("\n"))
      if (pid !== "") spawnSync("kill", ["-KILL", pid]);
    execFileSync("ip", ["netns", "delete", this.#namespace]);
    closeSync(this.#log);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #inside(command: string, ...args: string[]): void {
    execFileSync("ip", ["netns", "exec", this.#namespace, command, ...args]);
  }

  /** What it says, however it ends. */
  #run(command: string, ...args: string[]): string {
    const { stdout, error } = spawnSync("ip", ["netns", "exec", this.#namespace, command, ...args], {
      encoding: "utf8",
      input: "",
      timeout: PATIENCE,
    });
    if (error !== undefined) throw error;
    return stdout;
  }

  #certificate(file: string, name: string, ...options: string[]): void {
    const out = ["-keyout", this.file(`${file}.key`), "-out", this.file(`${file}.pem`)];
    const args = [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "30",
      "-subj",
      `/CN=${name}`,
      ...out,
      ...options,
    ];
    execFileSync("openssl", args, { stdio: "ignore" });
    chmodSync(this.file(`${file}.key`), 0o644);
  }
}

function at(server: string, port: number): string {
  return server.includes(":") ? `[${server}]:${port}` : `${server}:${port}`;
}

const ECHO_SERVER = `
  for (const host of process.argv.slice(1))
    require("node:net").createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (bytes) => socket.end("${ECHO_WORD}" + bytes.toString("hex")));
    }).listen(443, host);`;

const ECHO_CLIENT = `
  const [host, localAddress, hex] = process.argv.slice(1);
  const socket = require("node:net").connect({ host, port: 443, localAddress, timeout: 10_000 });
  let answer = "";
  socket.on("connect", () => socket.write(Buffer.from(hex, "hex")));
  socket.on("data", (bytes) => { answer += bytes.toString("latin1"); });
  socket.on("error", () => {});
  socket.on("timeout", () => socket.destroy());
  socket.on("close", () => console.log(answer));`;
