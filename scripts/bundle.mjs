// The command and the API as JavaScript: bundled by esbuild with shared chunks. Used by build.mjs, and by the tests of the
// command line, which build into a folder of their own.
//
// Packages are bundled: finding and loading them takes Node longer than our own code (40 of 130 ms). Their licences go along.
// White space and long forms are left out, names stay: a tenth less to read and compile, and stack traces that say where.
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");

/** Left to Node: zod gives types alone. */
const OUTSIDE = ["zod"];

/** commander is CommonJS and asks for Node's own modules in its way. */
const REQUIRE =
  'import { createRequire as makeRequire } from "node:module";const require = makeRequire(import.meta.url);';

/** `outdir` must be inside the repository, so that packages resolve. */
export async function bundle(outdir) {
  const { metafile } = await build({
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
    minifyWhitespace: true,
    minifySyntax: true,
    external: OUTSIDE,
    banner: { js: REQUIRE },
    mainFields: ["module", "main"],
    metafile: true,
    logLevel: "warning",
  });
  writeFileSync(join(ROOT, outdir, "THIRD-PARTY-LICENSES.txt"), licences(Object.keys(metafile.inputs)));
  chmodSync(join(ROOT, outdir, "cli/main.js"), 0o755);
}

/** The licence of every package that one of the files belongs to. */
function licences(files) {
  const packages = files.flatMap((file) => file.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1] ?? []);
  const texts = [...new Set(packages)].sort().map((name) => {
    const folder = join(ROOT, "node_modules", name);
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = ["LICENSE", "LICENSE.md", "LICENSE.txt"].map((one) => join(folder, one)).find(existsSync);
    if (file === undefined) throw new Error(`${name} ${version} is bundled and has no licence file`);
    return `${name} ${version}\n\n${readFileSync(file, "utf8").trim()}\n`;
  });
  return `Packages that are part of this program, with their licences.\n\n${texts.join(`\n${"-".repeat(78)}\n\n`)}`;
}
