// Set-up shared by the demo and verify scripts: what must be there before anything can run. Uses Node alone, because on a
// fresh machine nothing else is installed yet.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "..");

/** Runs a command with its output shown; ends this process when it fails. */
export function run(title, command, args, options = {}) {
  process.stderr.write(`── ${title}\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (error !== undefined || status !== 0) {
    process.stderr.write(`${title} failed${error === undefined ? "" : `: ${error.message}`}\n`);
    process.exit(1);
  }
}

/** Installs the locked packages, unless they are newer than the lock file already. */
export function installPackages() {
  const lock = join(root, "package-lock.json");
  const installed = join(root, "node_modules", ".package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  run("install packages (npm ci)", npm, ["ci", "--no-audit", "--no-fund"], { shell: process.platform === "win32" });
}

export function build() {
  run("build", process.execPath, ["scripts/build.mjs"]);
}

/** True when a program is on the PATH. */
export function has(program) {
  const { status, error } = spawnSync(program, ["--version"], { stdio: "ignore" });
  return error === undefined && status === 0;
}

/** Installs the Debian packages of programs that are missing, where that can be done; says so where it cannot. */
export function installPrograms(packages) {
  const missing = Object.entries(packages).filter(([program]) => !has(program));
  if (missing.length === 0) return;
  const names = missing.map(([, name]) => name);
  if (!has("apt-get") || process.getuid?.() !== 0) {
    process.stderr.write(
      `not installed: ${names.join(", ")} (needs Debian's apt-get as root): the tests that need them skip\n`,
    );
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get update", "apt-get", ["update", "-q"], { env, stdio: ["ignore", "ignore", "inherit"] });
  run(`apt-get install ${names.join(" ")}`, "apt-get", ["install", "-y", "-q", "--no-install-recommends", ...names], {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/**
 * Unpacks the Debian packages of daemons that tests start themselves into .cache/debian, so that nothing is started or replaced on this
 * machine; installs the libraries that they need, where that can be done.
 */
export function unpackPackages(packages) {
  const folder = join(root, ".cache", "debian");
  const missing = packages.filter((name) => !existsSync(join(folder, "usr/share/doc", name)));
  if (missing.length === 0) return;
  if (!has("apt-get") || !has("dpkg-deb") || process.getuid?.() !== 0) {
    process.stderr.write(`not unpacked: ${missing.join(", ")} (needs Debian's apt-get as root): their tests skip\n`);
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const quiet = { env, stdio: ["ignore", "ignore", "inherit"] };
  mkdirSync(folder, { recursive: true });
  run("apt-get update", "apt-get", ["update", "-q"], quiet);
  run(`apt-get download ${missing.join(" ")}`, "apt-get", ["download", "-q", ...missing], { ...quiet, cwd: folder });
  const libraries = new Set();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".deb"))) {
    const archive = join(folder, file);
    const { stdout } = spawnSync("dpkg-deb", ["-f", archive, "Depends"], { encoding: "utf8" });
    for (const [name] of stdout.matchAll(/(?<=^|, )lib[a-z0-9.+-]+(?=[ ,\n])/g))
      if (!name.endsWith("-perl")) libraries.add(name);
    run(`unpack ${file}`, "dpkg-deb", ["-x", archive, folder], quiet);
    rmSync(archive);
  }
  run("apt-get install libraries", "apt-get", ["install", "-y", "-q", "--no-install-recommends", ...libraries], quiet);
}
