/** The compiled code that the command keeps beside itself: it may save time and must never change an answer. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { buildProgram, type Program } from "../support/program.ts";

const CAPTURE = join(import.meta.dirname, "files", "sharing.pcap");

let program: Program;
let answer: string;

beforeAll(async () => {
  program = await buildProgram();
  answer = sightline("analyze", CAPTURE);
});
afterAll(() => program.remove());
afterEach(() => {
  for (const name of kept()) rmSync(join(program.folder, name), { recursive: true });
});

function sightline(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("sightline", args, { ...program, encoding: "utf8" });
  return `${stdout}${stderr}[exit ${status}]`;
}

/** What is in the folder besides the program. */
function kept(): string[] {
  return readdirSync(program.folder).filter((name) => !/\.js(on)?$/.test(name));
}

function keptFile(): string {
  const [name, ...others] = kept();
  expect([name, others]).toEqual([expect.stringMatching(/^program-\w+\.js\.v[\d.]+-\w+\.cache$/), []]);
  return join(program.folder, name as string);
}

test("is kept by a run that has worked, and used by the next one", () => {
  expect(sightline("analyze", CAPTURE)).toBe(answer);
  const code = readFileSync(keptFile());
  expect(sightline("analyze", CAPTURE)).toBe(answer);
  expect(readFileSync(keptFile()).equals(code)).toBe(true);
});

test.each([["--help"], ["rules"], ["explain", "lync"], ["analyze", "missing.pcap"]])(
  "is not kept by a run that has not: %s",
  (...args) => {
    sightline(...args);
    expect(kept()).toEqual([]);
  },
);

test.each([
  ["changed", (bytes: Buffer) => bytes.fill(0xff, bytes.length / 2, bytes.length / 2 + 1)],
  ["cut short", (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
  ["empty", () => Buffer.alloc(0)],
])("that was %s is made anew", (_, damage) => {
  sightline("analyze", CAPTURE);
  const good = readFileSync(keptFile());
  const bad = Buffer.from(damage(Buffer.from(good)));
  expect(bad.equals(good)).toBe(false);
  writeFileSync(keptFile(), bad);
  expect(sightline("analyze", CAPTURE)).toBe(answer);
  expect(readFileSync(keptFile()).equals(bad)).toBe(false);
});

test("cannot be kept: nothing is said, and nothing left behind", () => {
  sightline("analyze", CAPTURE);
  const file = keptFile();
  rmSync(file);
  // Not even root can put a file in the place of a folder.
  mkdirSync(file);
  expect(sightline("analyze", CAPTURE)).toBe(answer);
  expect(kept()).toEqual([file.slice(program.folder.length + 1)]);
});
