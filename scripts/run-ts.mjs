// Runs one TypeScript file of this repository: `node scripts/run-ts.mjs tools/make-schema.ts [arguments…]`.
// Node 20 cannot strip types, so esbuild bundles the file (packages stay outside) into .cache/ and node imports the result.
import { mkdirSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const [script, ...rest] = process.argv.slice(2);
if (script === undefined) {
  process.stderr.write("usage: node scripts/run-ts.mjs FILE.ts [arguments…]\n");
  process.exit(2);
}

// Inside the repository, so that imports of packages resolve.
const folder = join(import.meta.dirname, "..", ".cache");
mkdirSync(folder, { recursive: true });
const outfile = join(folder, `${basename(script, ".ts")}-${process.pid}.mjs`);
try {
  await build({
    entryPoints: [script],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    packages: "external",
    sourcemap: "inline",
    logLevel: "warning",
  });
  process.argv.splice(1, process.argv.length - 1, resolve(script), ...rest);
  await import(pathToFileURL(outfile).href);
} finally {
  rmSync(outfile, { force: true });
}
