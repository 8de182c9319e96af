import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

const PIECE = 1000;
const PIECES = 100_000;

let folder = "";
let writer = "";

/** A program that writes 100 MB through `writeOut` and then says so by its status. */
beforeAll(() => {
  mkdirSync(".cache", { recursive: true });
  folder = mkdtempSync(".cache/output-");
  writer = join(folder, "writer.mjs");
  const program = `
    import { writeOut } from "./src/cli/output.ts";
    process.stdout.on("error", () => {});
    function* pieces() { for (let i = 0; i < ${PIECES}; i++) yield String(i).padStart(${PIECE - 1}) + "\\n"; }
    try { await writeOut(process.stdout, pieces()); process.exitCode = 7; }
    catch (error) { process.stderr.write(error.name + ": " + error.message); process.exitCode = 8; }
  `;
  buildSync({
    stdin: { contents: program, resolveDir: process.cwd() },
    outfile: writer,
    bundle: true,
    format: "esm",
    platform: "node",
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a slow reader gets every byte", async () => {
  const child = spawn(process.execPath, [writer], { stdio: ["ignore", "pipe", "inherit"] });
  let length = 0;
  let last = "";
  const exit = once(child, "exit");
  for await (const chunk of child.stdout) {
    length += chunk.length;
    last = chunk.subarray(-PIECE).toString();
    if (length % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(length).toBe(PIECE * PIECES);
  expect(last.trim()).toBe(String(PIECES - 1));
  expect(await exit).toEqual([7, null]);
});

test("a reader that goes away ends it quietly, with its own status", async () => {
  const child = spawn(process.execPath, [writer], { stdio: ["ignore", "pipe", "pipe"] });
  const exit = once(child, "exit");
  await once(child.stdout, "data");
  child.stdout.destroy();
  let said = "";
  for await (const chunk of child.stderr) said += chunk;
  expect(said).toBe("");
  expect(await exit).toEqual([7, null]);
});

test.skipIf(process.platform !== "linux")("a full disk is an error a person can read", async () => {
  const child = spawn("sh", ["-c", `'${process.execPath}' '${writer}' > /dev/full`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exit = once(child, "exit");
  let said = "";
  for await (const chunk of child.stderr) said += chunk;
  expect(said).toBe("UserError: cannot write the result: ENOSPC: no space left on device, write");
  expect(await exit).toEqual([8, null]);
});
