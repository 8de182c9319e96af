#!/usr/bin/env node
/**
 * The `sightline` command: loads the program and runs it. Owns its compiled code, kept beside it: compiling is a good part
 * of a short run. As Python's __pycache__ it has the permissions of the program itself, and where it cannot be written, is
 * damaged or was made by another Node, the program is compiled as if it were not there.
 */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Script } from "node:vm";

/** File name of the bundled program.ts, which changes with its content. Filled in by scripts/bundle.mjs. */
declare const PROGRAM: string;

/** Bytes of a SHA-256. */
const DIGEST = 32;

const file = join(import.meta.dirname, PROGRAM);
const compiled = `${file}.${process.version}-${process.arch}.cache`;
const require = createRequire(file);

const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, "latin1")}\n})`;
const cachedData = readCompiled();
const script = new Script(source, { filename: file, ...(cachedData !== undefined && { cachedData }) });
const module = { exports: {} as typeof import("./program.ts") };
script.runInThisContext()(module.exports, require, module, file, dirname(file));

void module.exports.run().then(keep);

function keep(judged: boolean): void {
  // All that reading and judging need is compiled now; a run that came to neither would leave the next ones most to compile.
  if (judged && (cachedData === undefined || script.cachedDataRejected === true)) writeCompiled();
}

/** SHA-256 of the code, then the code: V8 trusts what it is given, and what has changed on the disk would do anything. */
function readCompiled(): Buffer | undefined {
  try {
    const bytes = readFileSync(compiled);
    const code = bytes.subarray(DIGEST);
    return sha256(code).equals(bytes.subarray(0, DIGEST)) ? code : undefined;
  } catch {
    return undefined;
  }
}

function writeCompiled(): void {
  // Renamed when complete: another run may read it at any time.
  const unfinished = `${compiled}.${process.pid}`;
  try {
    // First, whether it can be written at all: for an installed program often not, and making the code takes time.
    writeFileSync(unfinished, "");
    const code = script.createCachedData();
    writeFileSync(unfinished, Buffer.concat([sha256(code), code]));
    renameSync(unfinished, compiled);
  } catch {
    // The folder cannot be written, or the disk is full.
    removeQuietly(unfinished);
  }
}

function sha256(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nor can it be removed.
  }
}
