import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fileSource, SourceError } from "./sources.ts";

const folder = mkdtempSync(join(tmpdir(), "sightline-"));
afterAll(() => rmSync(folder, { recursive: true }));

function given(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function errorOf(path: string): unknown {
  try {
    fileSource(path);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("files", () => {
  test("are read in pieces, end with 0, and again from the beginning after rewind", () => {
    const source = fileSource(given("a", "hello"));
    expect(source.size).toBe(5);
    const into = new Uint8Array(3);
    const lengths = () => [source.read(into), source.read(into), source.read(into)];
    expect(lengths()).toEqual([3, 2, 0]);
    source.rewind?.();
    expect(lengths()).toEqual([3, 2, 0]);
    source.seek?.(4);
    expect([lengths(), String.fromCharCode(into[0] as number)]).toEqual([[1, 0, 0], "o"]);
    source.rewind?.();
    expect(lengths()).toEqual([3, 2, 0]);
    source.close();
    source.close();
    expect(source.read(into)).toBe(0);
  });

  test.each([
    ["missing", join(folder, "missing"), "ENOENT"],
    ["a directory", folder, "EISDIR"],
    ["behind a file", join(given("f", ""), "x"), "ENOTDIR"],
  ])("%s", (_, path, code) => {
    const error = errorOf(path);
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({ code, file: path });
  });

  test("without permission", ({ skip }) => {
    skip(process.getuid?.() === 0, "the superuser may read everything");
    const path = given("secret", "x");
    execFileSync("chmod", ["000", path]);
    expect(errorOf(path)).toMatchObject({ code: "EACCES" });
  });

  test("one that vanishes between opening and reading", () => {
    const path = given("gone", "x");
    const source = fileSource(path);
    rmSync(path);
    expect(() => source.read(new Uint8Array(1))).toThrow(SourceError);
  });

  test("a named pipe is opened once and cannot be rewound", async () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    const writer = execFile("sh", ["-c", 'printf "hello" > "$0"', path]);
    const source = fileSource(path);
    expect([source.size, source.rewind, source.seek]).toEqual([undefined, undefined, undefined]);
    const into = new Uint8Array(10);
    let text = "";
    for (let count = source.read(into) as number; count > 0; count = source.read(into) as number) {
      text += new TextDecoder().decode(into.subarray(0, count));
    }
    expect(text).toBe("hello");
    source.close();
    await new Promise((resolve) => (writer.exitCode === null ? writer.on("exit", resolve) : resolve(undefined)));
  });
});
