/** What is large is read by a thread of its own: the answer is that of one thread, also where the thread comes to nothing. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildProgram, type Program } from "../support/program.ts";
import { REAL_CAPTURES } from "../support/real-captures.ts";

/** Bytes from which on there is a thread (src/cli/commands/analyze.ts), and some more. */
const MUCH = 66 * 1024 * 1024;

let program: Program;
/** What one thread says. */
let expected: Answer;

beforeAll(async () => {
  program = await buildProgram();
  writeFileSync(join(program.cwd, "large.pcap"), large());
  expected = analyze([], readFileSync(join(program.cwd, "large.pcap")));
}, 60_000);
afterAll(() => program?.remove());

/** Real captures after each other, again and again, at later and later times. */
function large(): Uint8Array {
  const captures = REAL_CAPTURES.filter(({ header }) => header[0] === 0xd4 && header[20] === 1);
  const records: Uint8Array[] = [];
  let bytes = 0;
  for (let round = 0; bytes < MUCH; round++) {
    for (const capture of captures) {
      for (const given of capture.records) {
        const record: Uint8Array = given.slice();
        const view = new DataView(record.buffer);
        view.setUint32(0, view.getUint32(0, true) + 10_000 * round, true);
        records.push(record);
        bytes += record.length;
      }
    }
  }
  return Buffer.concat([(captures[0] as (typeof captures)[0]).header, ...records]);
}

interface Answer {
  readonly report: unknown;
  readonly stderr: string;
  readonly status: number | null;
}

function analyze(args: readonly string[], input?: Uint8Array): Answer {
  const command = [join(program.folder, "main.js"), "analyze", "--json", ...args];
  const { stdout, stderr, status } = spawnSync(process.execPath, command, {
    ...program,
    ...(input !== undefined && { input }),
    encoding: "utf8",
    maxBuffer: 1 << 28,
    timeout: 60_000,
  });
  // A pipe has another name, and its size is known at its end only.
  return { report: JSON.parse(stdout.replaceAll('"stdin"', '"large.pcap"')), stderr, status };
}

test.skipIf(availableParallelism() < 2)("has a thread, and the Report that one thread makes of a pipe", () => {
  const ran = join(program.cwd, "ran");
  const reader = readFileSync(join(program.folder, "reader.js"), "utf8");
  // Once when it starts, and whenever it has waited: first to be told to begin.
  const note = `const wait = Atomics.wait;
    const note = (what) => require("node:fs").appendFileSync(${JSON.stringify(ran)}, what);
    Atomics.wait = (...args) => { const how = wait(...args); note("w"); return how; };
    note("x");`;
  writeFileSync(join(program.folder, "reader.js"), reader.replace('"use strict";', `"use strict";${note}`));
  expect(analyze(["large.pcap"])).toEqual(expected);
  expect(readFileSync(ran, "utf8")).toMatch(/^xw/);
});

/** As the thread does it: ready, then told to begin. */
const WAITS = `const word = new Int32Array(require("node:worker_threads").workerData.state);
  Atomics.store(word, 0, 1);
  if (Atomics.wait(word, 0, 1) === "timed-out" || word[0] !== 2) process.exit(1);`;

test.each([
  ["is missing", undefined],
  ["throws at once", 'throw new Error("no")'],
  ["ends at once", "process.exit(3)"],
  ["ends without a word", ""],
  ["ends when it should read", WAITS],
  ["throws when it should read", `${WAITS} throw new Error("no");`],
  ["throws later", `${WAITS} setTimeout(() => { throw new Error("no"); }, 50);`],
  ["never says that it has read", `${WAITS} setTimeout(() => process.exit(), 50);`],
])("is read without the thread that %s", (_, script) => {
  const reader = join(program.folder, "reader.js");
  if (script === undefined) rmSync(reader);
  else writeFileSync(reader, script);
  expect(existsSync(reader)).toBe(script !== undefined);
  expect(analyze(["large.pcap"])).toEqual(expected);
});
