import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { boundaryViolations } from "./support/boundaries.ts";

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .sort();

describe("imports run one way, and the core runs in a browser", () => {
  test("there is a tree to check", () => {
    expect(files.length).toBeGreaterThan(20);
  });

  test.each(files)("src/%s", (file) => {
    expect(boundaryViolations(file, readFileSync(`src/${file}`, "utf8"))).toEqual([]);
  });
});

describe("the checker notices", () => {
  test.each([
    ["bytes/a.ts", 'import { readFileSync } from "node:fs";'],
    ["bytes/a.ts", 'import type { Stats } from "node:fs";'],
    ["report/a.ts", 'export { join } from "node:path";'],
    ["capture/a.ts", 'const fs = await import("node:fs");'],
    ["capture/a.ts", "const fs = await import(name);"],
    ["protocol/tls/a.ts", 'import { packet } from "../../packet/packet.ts";'],
    ["protocol/tls/a.ts", 'import type { Packet } from "../../packet/packet.ts";'],
    ["observe/a.ts", 'import { diagnose } from "../diagnose/diagnose.ts";'],
    ["diagnose/rules/a.ts", 'import { renderText } from "../../report/text.ts";'],
    ["diagnose/a.ts", 'export * from "../cli/main.ts";'],
    ["diagnose/a.ts", 'import { analyze } from "../index.ts";'],
    ["knowledge/services/a.ts", 'import { toHex } from "../../bytes/text.ts";'],
    ["probe/a.ts", 'import { observe } from "../observe/observe.ts";'],
    ["report/text.ts", 'import { reportSchema } from "./schema.ts";'],
    ["cli/main.ts", 'import { type Report, reportSchema } from "../report/schema.ts";'],
    ["report/text.ts", 'import { z } from "zod";'],
    ["observe/a.ts", 'import chalk from "chalk";'],
    ["bytes/a.ts", 'import { x } from "../../test/support/x.ts";'],
    ["elsewhere/a.ts", ""],
    ["observe/a.ts", "const now = Date.now();"],
    ["observe/a.ts", "const now = new Date();"],
    ["observe/a.ts", "const now = new Date;"],
    ["observe/a.ts", "const now = Date();"],
    ["observe/a.ts", "const dice = Math.random();"],
    ["observe/a.ts", "crypto.getRandomValues(bytes);"],
    ["observe/a.ts", "const t = performance.now();"],
    ["observe/a.ts", "const t = globalThis.performance;"],
    ["observe/a.ts", "if (process.env.DEBUG) run();"],
    ["observe/a.ts", "return Buffer.from(bytes);"],
    ["observe/a.ts", "names.sort((a, b) => a.localeCompare(b));"],
    ["observe/a.ts", "const shown = count.toLocaleString();"],
    ["observe/a.ts", "setTimeout(() => {}, 1);"],
  ])("%s: %s", (path, text) => {
    expect(boundaryViolations(path, text)).toHaveLength(1);
  });
});

describe("the checker lets pass", () => {
  test.each([
    ["observe/a.ts", 'import { Cursor } from "../bytes/cursor.ts";'],
    [
      "report/build.ts",
      'import { diagnose } from "../diagnose/diagnose.ts"; import type { Report } from "./schema.ts";',
    ],
    ["cli/commands/a.ts", 'import { join } from "node:path"; import { analyze } from "../../index.ts";'],
    ["cli/progress.ts", "const t = performance.now();"],
    ["knowledge/a.ts", 'import type { DistinguishedName } from "../protocol/x509/certificate.ts";'],
    ["probe/a.ts", 'import type { Observations } from "../observe/observations.ts";'],
    ["report/schema.ts", 'import { z } from "zod";'],
    ["protocol/tls/a.ts", 'import { md5 } from "@noble/hashes/legacy.js";'],
    ["diagnose/a.ts", 'import { VERSION } from "../version.ts";'],
    ["observe/a.ts", "const at = new Date(seconds * 1000).toISOString();"],
    [
      "observe/a.ts",
      'const state = { process: 1 }; state.process = 2; // Date.now() and process in words: "Math.random()"',
    ],
    ["index.ts", 'export { analyze } from "./report/build.ts";'],
  ])("%s: %s", (path, text) => {
    expect(boundaryViolations(path, text)).toEqual([]);
  });
});
