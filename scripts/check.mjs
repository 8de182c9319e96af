// Everything that must hold before a commit: `npm run check`. Stops at the first step that fails.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./setup.mjs";

const bin = (name) => join(root, "node_modules", ".bin", process.platform === "win32" ? `${name}.cmd` : name);

export const STEPS = [
  { name: "format and lint", file: bin("biome"), args: ["ci", "."] },
  { name: "types", file: bin("tsc"), args: ["--noEmit", "-p", "."] },
  { name: "dead code", file: bin("knip"), args: [] },
  { name: "build", file: process.execPath, args: ["scripts/build.mjs"] },
];
/** Without the comparisons with tshark and the fuzzing, which `npm run verify` runs as well. */
const UNIT_TESTS = {
  name: "unit tests and boundaries",
  file: bin("vitest"),
  args: ["run", "--exclude", "test/oracle/**", "--exclude", "test/fuzz/**"],
};

if (process.argv[1] === import.meta.filename) {
  const steps = [...STEPS, UNIT_TESTS];
  for (const [index, { name, file, args }] of steps.entries()) {
    process.stdout.write(`\n[${index + 1}/${steps.length}] ${name}\n`);
    const { status, error } = spawnSync(file, args, {
      cwd: root,
      stdio: "inherit",
      shell: process.platform === "win32",
    });
    if (status !== 0) {
      process.stderr.write(`\ncheck: ${name} failed${error === undefined ? "" : `: ${error.message}`}\n`);
      process.exit(1);
    }
  }
  process.stdout.write("\ncheck: everything holds\n");
}
