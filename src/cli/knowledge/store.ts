/**
 * The lists of vendors that a person has imported, a file for each service in the folder where programs of this system keep a
 * person's data. Owns the place and the form of the files; fetches nothing, and knows no vendor's format.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { ParseError } from "../../bytes/parse-error.ts";
import type { ImportedList } from "../../diagnose/service-lists.ts";
import { SERVICES } from "../../knowledge/services/index.ts";
import type { ServiceId } from "../../knowledge/services/service.ts";
import { UserError } from "../messages.ts";
import { checkBlocks, checkNames } from "./blocks.ts";

const SCHEMA = "sightline/list/1";

/** `$XDG_DATA_HOME` (XDG Base Directory Specification), `Library/Application Support`, `%LOCALAPPDATA%`. */
export function listFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
  home: () => string = homeOrNone,
): string {
  return join(dataFolder(env, platform, home), "sightline", "lists");
}

function dataFolder(env: Readonly<Record<string, string | undefined>>, platform: string, home: () => string): string {
  const asked = platform === "win32" ? env["LOCALAPPDATA"] : env["XDG_DATA_HOME"];
  // "All paths set in these environment variables must be absolute. If [not], the path should be considered invalid and ignored."
  if (asked !== undefined && isAbsolute(asked)) return asked;
  if (platform === "win32") return join(home(), "AppData", "Local");
  return platform === "darwin" ? join(home(), "Library", "Application Support") : join(home(), ".local", "share");
}

/** A user id without an entry has no home; then nothing was ever kept there. */
function homeOrNone(): string {
  try {
    return homedir();
  } catch {
    return "/nonexistent";
  }
}

/** In the order of services. Throws UserError when a file is none that `storeList` wrote: a list that is not used must be known. */
export function storedLists(folder = listFolder()): ImportedList[] {
  // Most people have none.
  if (!existsSync(folder)) return [];
  const files = new Set(filesIn(folder));
  return SERVICES.filter(({ id }) => files.has(`${id}.json`)).map(({ id }) => readStored(fileOf(folder, id), id));
}

/** Replaces the list of the service; whoever reads at the same time sees the old one or the new one. Gives the file's path. */
export function storeList(list: ImportedList, folder = listFolder()): string {
  const file = fileOf(folder, list.service);
  const unfinished = `${file}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(unfinished, `${JSON.stringify({ schema: SCHEMA, ...list }, null, 2)}\n`, { flush: true });
    renameSync(unfinished, file);
  } catch (error) {
    removeQuietly(unfinished);
    throw new UserError(`${file}: cannot be written (${codeOf(error)})`, "another folder: set XDG_DATA_HOME");
  }
  return file;
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new UserError(`${folder}: the lists kept there cannot be read (${codeOf(error)})`);
  }
}

function fileOf(folder: string, service: ServiceId): string {
  return join(folder, `${service}.json`);
}

function readStored(file: string, service: ServiceId): ImportedList {
  const hint = "import the list again with `sightline update-knowledge --from`, or delete this file";
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`${file}: cannot be read (${codeOf(error)})`, hint);
  }
  try {
    return checked(JSON.parse(text), service);
  } catch (error) {
    const reason = error instanceof ParseError ? error.message.replace(/^.*? at byte \d+: /s, "") : "damaged";
    throw new UserError(`${file}: no list that sightline has kept: ${reason}`, hint);
  }
}

/** Throws ParseError, or TypeError for another form altogether. */
function checked(value: unknown, service: ServiceId): ImportedList {
  const list = value as Partial<Record<keyof ImportedList | "schema", unknown>>;
  const wrong = (what: string) => new ParseError("malformed", "list", 0, what);
  if (list.schema !== SCHEMA) throw wrong(`its schema is not ${SCHEMA}`);
  if (list.service !== service) throw wrong(`it is not of ${service}`);
  const { date, source, sha256, blocks, names } = list;
  if (typeof date !== "string" || !/^\d{4}-\d\d-\d\d$/.test(date) || Number.isNaN(Date.parse(date)))
    throw wrong("no date");
  if (typeof source !== "string" || source === "") throw wrong("no source");
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) throw wrong("no digest");
  if (!isTexts(blocks) || !isTexts(names)) throw wrong("no blocks or no names");
  return { service, date, source, sha256, blocks: checkBlocks(blocks), names: checkNames(names).names };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It never was.
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
