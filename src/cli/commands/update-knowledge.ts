/**
 * `sightline update-knowledge`: imports a vendor's list of addresses, or shows those in use. Owns what is said about them; the
 * formats, the files and the network are `cli/knowledge`'s.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { ParseError, type ParseErrorKind } from "../../bytes/parse-error.ts";
import { type ImportedList, ServiceLists } from "../../diagnose/service-lists.ts";
import { plural } from "../../diagnose/words.ts";
import { SERVICES } from "../../knowledge/services/index.ts";
import type { ServiceId } from "../../knowledge/services/service.ts";
import { printable } from "../../report/printable.ts";
import { download, isUrl } from "../knowledge/download.ts";
import { listFolder, storedLists, storeList } from "../knowledge/store.ts";
import { LISTED, MAX_BYTES, readVendorList } from "../knowledge/vendor-list.ts";
import { say, UserError } from "../messages.ts";
import { writeOut } from "../output.ts";
import { factsOf, terminalStyle } from "../terminal.ts";

export interface UpdateKnowledgeFlags {
  readonly from?: string;
  readonly service?: string;
}

/** Resolves to the exit status. Throws UserError when there is no list that can be used. */
export async function updateKnowledgeCommand(flags: UpdateKnowledgeFlags): Promise<number> {
  const { from, service } = flags;
  if (service !== undefined && !isListed(service))
    throw new UserError(`--service ${service}: no service that has lists`, `one of ${LISTED.join(", ")}`);
  if (from !== undefined) return await importList(from, service);
  if (service !== undefined) throw new UserError("--service says whose list --from is: there is no --from");
  await print(inUse(storedLists()));
  return 0;
}

function isListed(service: string): service is ServiceId {
  return LISTED.some((id) => id === service);
}

async function importList(from: string, service: ServiceId | undefined): Promise<number> {
  const { bytes, source, day } = isUrl(from) ? await downloaded(from) : readFile(from);
  const { told, leftOut, date = day, ...found } = read(from, bytes, service);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const { blocks, names } = found;
  const list: ImportedList = { service: found.service, date, source, sha256, blocks, names };
  const file = storeList(list);
  if (leftOut.length > 0)
    say(
      "warning",
      `${plural(leftOut.length, "name")} with a wildcard inside left out: ${leftOut.slice(0, 3).join(", ")}`,
    );
  const newest = new ServiceLists([list]).newest(list.service);
  if (newest !== undefined && newest.date > date)
    say("warning", `the built-in list of ${newest.date} is newer; both are used`);
  await print([
    `${nameOf(list.service)}: ${contents(list)} of ${date} from ${source}, recognised ${told}.`,
    `sha256 ${sha256}`,
    `Kept in ${file}; \`sightline analyze\` uses it from now on.`,
  ]);
  return 0;
}

interface Raw {
  readonly bytes: Uint8Array;
  readonly source: string;
  /** YYYY-MM-DD: when the vendor said so, where the list does not tell. */
  readonly day: string;
}

/** What a vendor's server gives today is the vendor's word of today. */
async function downloaded(url: string): Promise<Raw> {
  return { bytes: await download(url), source: url, day: dayOf(new Date()) };
}

/** A file is as old as its last change. */
function readFile(path: string): Raw {
  try {
    const { size, mtime } = statSync(path);
    if (size > MAX_BYTES) throw new UserError(`${path}: ${size} bytes: no vendor's list has more than ${MAX_BYTES}`);
    const now = new Date();
    return { bytes: readFileSync(path), source: basename(path), day: dayOf(mtime < now ? mtime : now) };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UserError(`${path}: ${code === "ENOENT" ? "no such file" : `cannot be read (${code})`}`);
  }
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

function read(from: string, bytes: Uint8Array, service: ServiceId | undefined): ReturnType<typeof readVendorList> {
  try {
    return readVendorList(bytes, isUrl(from) ? from : basename(from), service);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const detail = error.message.replace(/^.*? at byte \d+: /s, "");
    throw new UserError(`${from}: ${detail}`, hintFor(error.kind, detail));
  }
}

function hintFor(kind: ParseErrorKind, detail: string): string {
  if (/cannot be told$/.test(detail)) return `say whose: --service ${LISTED.join(" or ")}`;
  if (kind === "truncated") return "perhaps the download was broken off: fetch it again";
  if (kind === "unsupported")
    return "sightline reads Microsoft's endpoints (JSON), Google's prefixes (JSON), and CIDR blocks in lines, as Zoom and Webex publish them";
  return "nothing was imported, the lists in use stay as they are";
}

function inUse(imported: readonly ImportedList[]): string[] {
  const { all } = new ServiceLists(imported);
  const width = Math.max(...all.map(({ service }) => nameOf(service).length));
  const lines = all.map((list, index) => {
    const name = list.service === all[index - 1]?.service ? "" : nameOf(list.service);
    const from = list.sha256 === undefined ? "built in" : `imported from ${list.source}`;
    return `  ${name.padEnd(width)}  ${list.date}  ${contents(list)}, ${from}`;
  });
  return [
    "Lists of addresses in use, the newest of a service first:",
    "",
    ...lines,
    "",
    imported.length === 0 ? "No list was imported. Imported ones are kept in" : "Imported lists are kept in",
    `${listFolder()}: to be rid of one, delete its file.`,
    "",
    "To import a newer one: sightline update-knowledge --from FILE or https URL",
  ];
}

/** `9 ranges and 5 names`. */
function contents({ blocks, names }: Pick<ImportedList, "blocks" | "names">): string {
  const ranges = plural(blocks.length, "range");
  return names.length === 0 ? ranges : `${ranges} and ${plural(names.length, "name")}`;
}

function nameOf(service: ServiceId): string {
  return SERVICES.find(({ id }) => id === service)?.name ?? service;
}

async function print(lines: readonly string[]): Promise<void> {
  const { unicode } = terminalStyle(factsOf(process.stdout));
  await writeOut(
    process.stdout,
    lines.map((line) => `${printable(line, unicode)}\n`),
  );
}
