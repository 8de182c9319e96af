// The command and the API as JavaScript: bundled by esbuild with shared chunks, packages stay outside. Used by build.mjs, and by
// the tests of the command line, which build into a folder of their own.
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");

/** `outdir` must be inside the repository, so that packages resolve. */
export async function bundle(outdir) {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ["src/cli/main.ts", "src/index.ts"],
    outdir,
    outbase: "src",
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    packages: "external",
    logLevel: "warning",
  });
  chmodSync(join(ROOT, outdir, "cli/main.js"), 0o755);
}
