/**
 * The built program for tests of the command line: built once per test file into a folder of its own, with a `sightline` on
 * PATH. Knows nothing of what the program does.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { bundle } from "../../scripts/bundle.mjs";

export interface Program {
  /** The folder of the command, and of its compiled code. */
  readonly folder: string;
  /** An empty folder to run in. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  remove(): void;
}

export async function buildProgram(): Promise<Program> {
  mkdirSync(".cache", { recursive: true });
  // Inside the repository, where packages resolve.
  const built = mkdtempSync(join(process.cwd(), ".cache", "program-"));
  await bundle(relative(process.cwd(), built));
  const cwd = mkdtempSync(join(tmpdir(), "sightline-"));
  const bin = join(built, "bin");
  mkdirSync(bin);
  const command = join(bin, "sightline");
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${join(built, "cli/main.js")}' "$@"\n`);
  chmodSync(command, 0o755);
  // Nothing of the person's own terminal may change what is expected.
  const env = { PATH: `${bin}${delimiter}${process.env["PATH"]}`, HOME: cwd, LC_ALL: "C.UTF-8" };
  return {
    folder: join(built, "cli"),
    cwd,
    env,
    remove: () => {
      rmSync(built, { recursive: true, force: true });
      rmSync(cwd, { recursive: true, force: true });
    },
  };
}
