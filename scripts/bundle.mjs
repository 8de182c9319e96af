// The command and the API as JavaScript, bundled by esbuild. Used by build.mjs, and by the tests of the command line, which
// build into a folder of their own. The program is one script, of which cli/main.ts can keep the compiled code; the API is a module.
//
// Packages are bundled: finding and loading them takes Node longer than our own code (40 of 130 ms). Their licences go along.
// White space and long forms are left out, names stay: a tenth less to read and compile, and stack traces that say where.
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..");

/** Left to Node: zod gives types alone. */
const OUTSIDE = ["zod"];

/** brotli ships its dictionary as source of 750 kB, and for browsers compressed by itself in 70. */
const smallDictionary = {
  name: "small-dictionary",
  setup(build) {
    build.onResolve({ filter: /dictionary-data\.js$/ }, ({ resolveDir }) => ({
      path: join(resolveDir, "dictionary-browser.js"),
    }));
  },
};

const COMMON = {
  absWorkingDir: ROOT,
  outbase: "src",
  bundle: true,
  platform: "node",
  target: "node20.19",
  minifyWhitespace: true,
  minifySyntax: true,
  external: OUTSIDE,
  mainFields: ["module", "main"],
  metafile: true,
  plugins: [smallDictionary],
  logLevel: "warning",
};

/** `outdir` must be inside the repository, so that packages resolve. */
export async function bundle(outdir) {
  const program = await build({
    ...COMMON,
    outdir,
    entryPoints: ["src/cli/program.ts"],
    // A new name for new content, so that compiled code is never taken for that of another program.
    entryNames: "[dir]/[name]-[hash]",
    define: { "import.meta.dirname": "__dirname" },
    format: "cjs",
  });
  const [file] = Object.keys(program.metafile.outputs);
  requireAscii(join(ROOT, file));
  await build({
    ...COMMON,
    outdir,
    entryPoints: ["src/cli/main.ts"],
    define: { PROGRAM: JSON.stringify(basename(file)), "import.meta.dirname": "__dirname" },
    format: "cjs",
  });
  const reader = await build({
    ...COMMON,
    outdir,
    entryPoints: ["src/cli/reader.ts"],
    define: { "import.meta.dirname": "__dirname" },
    format: "cjs",
  });
  const api = await build({ ...COMMON, outdir, entryPoints: ["src/index.ts"], format: "esm" });
  const inputs = [program, reader, api].flatMap(({ metafile }) => Object.keys(metafile.inputs));
  writeFileSync(join(ROOT, outdir, "THIRD-PARTY-LICENSES.txt"), licences(inputs));
  // The command is no module: Node would load its loader of modules for two files.
  writeFileSync(join(ROOT, outdir, "cli/package.json"), '{ "type": "commonjs" }\n');
  chmodSync(join(ROOT, outdir, "cli/main.js"), 0o755);
}

/** main.ts reads it as one byte per character; V8 compiles such text in half the time, too. */
function requireAscii(file) {
  const odd = /[^\x00-\x7f]+/.exec(readFileSync(file, "utf8"))?.[0];
  if (odd !== undefined) throw new Error(`${file} has “${odd}”: escape it; strings esbuild escapes by itself`);
}

/** The licence of every package that one of the files belongs to. */
function licences(files) {
  const packages = files.flatMap((file) => file.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1] ?? []);
  const texts = [...new Set(packages)].sort().map((name) => {
    const folder = join(ROOT, "node_modules", name);
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const names = ["LICENSE", "LICENSE.md", "LICENSE.txt"].map((one) => join(folder, one));
    // What a package forgot to bring.
    names.push(join(import.meta.dirname, "licences", `${name}.txt`));
    const file = names.find(existsSync);
    if (file === undefined) throw new Error(`${name} ${version} is bundled and has no licence file`);
    return `${name} ${version}\n\n${readFileSync(file, "utf8").trim()}\n`;
  });
  return `Packages that are part of this program, with their licences.\n\n${texts.join(`\n${"-".repeat(78)}\n\n`)}`;
}
