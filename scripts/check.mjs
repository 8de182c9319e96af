// Everything that must hold before a commit: `npm run check`. Stops at the first step that fails.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

process.chdir(join(import.meta.dirname, ".."));

const steps = [
  ["format and lint", "biome", ["ci", "."]],
  ["types", "tsc", ["--noEmit", "-p", "."]],
  ["dead code", "knip", []],
  ["build", "node", ["scripts/build.mjs"]],
  ["tests", "vitest", ["run"]],
];

for (const [index, [name, command, args]] of steps.entries()) {
  process.stdout.write(`\n[${index + 1}/${steps.length}] ${name}: ${command} ${args.join(" ")}\n`);
  const [file, argv] =
    command === "node"
      ? [process.execPath, args]
      : [join("node_modules", ".bin", process.platform === "win32" ? `${command}.cmd` : command), args];
  const { status, error } = spawnSync(file, argv, { stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) {
    process.stderr.write(`\ncheck: ${name} failed${error === undefined ? "" : `: ${error.message}`}\n`);
    process.exit(1);
  }
}
process.stdout.write("\ncheck: everything holds\n");
