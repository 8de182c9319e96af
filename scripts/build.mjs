// Builds dist/: `node scripts/build.mjs`. JavaScript by esbuild, declarations of the API by tsc. The folder is replaced as a
// whole, so that no stale chunk is published.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";

process.chdir(join(import.meta.dirname, ".."));
rmSync("dist", { recursive: true, force: true });
await bundle("dist");
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { stdio: "inherit" });
