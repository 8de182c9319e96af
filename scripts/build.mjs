// Builds dist/: `node scripts/build.mjs`. JavaScript by esbuild, declarations of the API by tsc. The folder is replaced as a
// whole, so that no stale chunk is published.
import { execFileSync, spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";

process.chdir(join(import.meta.dirname, ".."));
rmSync("dist", { recursive: true, force: true });
await bundle("dist");
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { stdio: "inherit" });
// The first run leaves the compiled code behind (src/cli/main.ts); it need not be a person's.
spawnSync(process.execPath, [
  "dist/cli/main.js",
  "analyze",
  "test/captures/d37-sharing-before-websense-squid/capture.pcap",
]);
