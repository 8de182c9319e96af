import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ImportedList } from "../../diagnose/service-lists.ts";
import { listFolder, storedLists, storeList } from "./store.ts";

const zoom: ImportedList = {
  service: "zoom",
  date: "2026-11-20",
  source: "Zoom.txt",
  sha256: "0".repeat(64),
  blocks: ["170.114.0.0/16"],
  names: [],
};
const teams: ImportedList = { ...zoom, service: "teams", blocks: ["52.112.0.0/14"], names: ["*.skype.com"] };

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sightline-lists-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(process.platform === "win32")("the folder", () => {
  const home = () => "/home/a";

  test.each([
    [{}, "linux", "/home/a/.local/share/sightline/lists"],
    [{ XDG_DATA_HOME: "/data" }, "linux", "/data/sightline/lists"],
    [{ XDG_DATA_HOME: "data" }, "linux", "/home/a/.local/share/sightline/lists"],
    [{ XDG_DATA_HOME: "" }, "linux", "/home/a/.local/share/sightline/lists"],
    [{}, "darwin", "/home/a/Library/Application Support/sightline/lists"],
    [{ LOCALAPPDATA: "/local" }, "win32", "/local/sightline/lists"],
    [{}, "win32", "/home/a/AppData/Local/sightline/lists"],
  ])("%j on %s", (env, platform, expected) => {
    expect(listFolder(env, platform, home)).toBe(expected);
  });
});

test("what was stored is read again, in the order of services; nothing else is left or read", () => {
  const deep = join(folder, "a/b");
  expect(storedLists(deep)).toEqual([]);
  storeList(zoom, deep);
  storeList(teams, deep);
  expect(storedLists(deep)).toEqual([teams, zoom]);
  expect(readdirSync(deep).sort()).toEqual(["teams.json", "zoom.json"]);
  writeFileSync(join(deep, "zoom.json.123"), "half");
  writeFileSync(join(deep, "notes.txt"), "");
  expect(storedLists(deep)).toEqual([teams, zoom]);
});

test("a newer list replaces the old one", () => {
  storeList(zoom, folder);
  const newer = { ...zoom, date: "2026-12-01", blocks: ["206.247.0.0/16"] };
  storeList(newer, folder);
  expect(storedLists(folder)).toEqual([newer]);
});

test("what cannot be written is said, and leaves nothing behind", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => storedLists(join(folder, "file"))).toThrow(/file: the lists kept there cannot be read \(ENOTDIR\)/);
  expect(() => storeList(zoom, join(folder, "file"))).toThrow(/zoom\.json: cannot be written \((ENOTDIR|EEXIST)\)/);
  mkdirSync(join(folder, "zoom.json"));
  expect(() => storeList(zoom, folder)).toThrow(/cannot be written/);
  expect(readdirSync(folder).sort()).toEqual(["file", "zoom.json"]);
});

describe("a file that nobody stored so is no list, and nobody goes on without it", () => {
  test.each<[string, (stored: Record<string, unknown>) => unknown]>([
    ["another schema", (list) => ({ ...list, schema: "sightline/list/2" })],
    ["another service", (list) => ({ ...list, service: "teams" })],
    ["no date", (list) => ({ ...list, date: "soon" })],
    ["no day", (list) => ({ ...list, date: "2026-13-01" })],
    ["no source", (list) => ({ ...list, source: "" })],
    ["no digest", (list) => ({ ...list, sha256: 1 })],
    ["no blocks", (list) => ({ ...list, blocks: undefined })],
    ["everything", (list) => ({ ...list, blocks: ["0.0.0.0/0"] })],
    ["no address", (list) => ({ ...list, blocks: ["zoom"] })],
    ["a name for all", (list) => ({ ...list, names: ["*"] })],
    ["null", () => null],
  ])("%s", (_, change) => {
    const file = storeList(zoom, folder);
    writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, "utf8")))));
    expect(() => storedLists(folder)).toThrow(/zoom\.json: no list that sightline has kept: /);
  });

  test("half of it", () => {
    const file = storeList(zoom, folder);
    writeFileSync(file, readFileSync(file, "utf8").slice(0, 50));
    expect(() => storedLists(folder)).toThrow(/zoom\.json: no list that sightline has kept: damaged/);
  });
});
