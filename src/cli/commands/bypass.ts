/**
 * `sightline bypass`: the exemptions of a Report in the words of a product. Owns the choice of the product, and what goes where:
 * stdout is only what is to be pasted. Knows no product's syntax.
 */
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { ParseError } from "../../bytes/parse-error.ts";
import { list, short } from "../../diagnose/words.ts";
import type { BypassDialect } from "../../knowledge/bypass/dialect.ts";
import { BYPASS_DIALECTS } from "../../knowledge/bypass/index.ts";
import { renderBypass } from "../../report/bypass.ts";
import { readReport } from "../../report/read.ts";
import type { Report } from "../../report/schema.ts";
import { EXIT_COULD_NOT_RUN, say, UserError } from "../messages.ts";
import { isNear } from "../near.ts";
import { writeOut } from "../output.ts";

export interface BypassFlags {
  readonly for?: string;
  readonly list?: boolean;
}

const HOW_TO_LIST = "all products: sightline bypass --list";
const HOW_TO_REPORT = "a Report is what `sightline analyze --json capture.pcapng > report.json` writes";

/** More lines of this kind help nobody: a Report may hold thousands of entries. */
const MAX_WARNINGS = 10;

/** Resolves to the exit status. Throws UserError when there is no Report, no such product, or nothing to write. */
export async function bypassCommand(file: string | undefined, flags: BypassFlags): Promise<number> {
  if (flags.list) {
    await writeOut(process.stdout, [listText()]);
    return 0;
  }
  const asked = flags.for === undefined ? undefined : dialectCalled(flags.for);
  const report = await read(file);
  if (report.bypass.length === 0)
    throw new UserError(
      report.verdict.is === "intercepted"
        ? "this Report shows neither the name nor the address of what is intercepted: there is nothing to exempt"
        : "nothing is intercepted in this Report: there is nothing to exempt",
    );
  const dialect = asked ?? dialectOf(report);
  const { text: pasted, remarks, warnings, notes } = renderBypass(report, dialect);
  for (const warning of warnings.slice(0, MAX_WARNINGS)) say("warning", warning);
  if (warnings.length > MAX_WARNINGS) say("warning", `and ${warnings.length - MAX_WARNINGS} more like these`);
  if (pasted === "") {
    say("error", `none of the Report's entries can be written for ${dialect.name}`);
    return EXIT_COULD_NOT_RUN;
  }
  for (const hint of [...notes, ...remarks]) say("hint", hint);
  await writeOut(process.stdout, [pasted]);
  return 0;
}

/** Of the product that the Report names; the plain list, with a word why, where it names none, several or an unknown one. */
function dialectOf({ connections }: Report): BypassDialect {
  const named = new Map<string, string>();
  for (const { verdict } of connections)
    if (verdict.is === "intercepted" && verdict.interceptor !== undefined)
      named.set(verdict.interceptor.id, verdict.interceptor.name);
  const ids = [...named.keys()];
  const served = BYPASS_DIALECTS.filter(({ interceptors }) => interceptors.some((id) => named.has(id)));
  const ofAll = served.find(({ interceptors }) => ids.every((id) => interceptors.includes(id)));
  if (ofAll !== undefined) return ofAll;
  const products = list([...named.values()].map(short));
  if (named.size === 0) say("hint", "the Report names no product: this is the plain list; name yours with --for");
  else if (served.length === 0) say("hint", `how ${products} is told is not known: this is the plain list`);
  else {
    const ways = served.map(({ id }) => `--for ${id}`).join(", ");
    say("hint", `the Report names ${products}: this is the plain list; choose with ${ways}`);
  }
  say("hint", HOW_TO_LIST);
  return dialectCalled("list");
}

/** Throws UserError, with suggestions. */
function dialectCalled(asked: string): BypassDialect {
  const word = slug(asked);
  const found = BYPASS_DIALECTS.find((dialect) => wordsOf(dialect).includes(word));
  if (found !== undefined) return found;
  const near = BYPASS_DIALECTS.filter((dialect) => wordsOf(dialect).some((known) => isNear(known, word)));
  const hint = near.length === 0 ? [] : [`did you mean ${near.map(({ id }) => id).join(", ")}?`];
  throw new UserError(`no product is called '${asked}'`, ...hint, HOW_TO_LIST);
}

function wordsOf({ id, name, alsoCalled = [], interceptors }: BypassDialect): string[] {
  return [id, slug(name), ...alsoCalled, ...interceptors];
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

/** A line for each product, in columns. */
function listText(): string {
  const rows = BYPASS_DIALECTS.map(({ id, format, status, name }) => [id, status, format, name] as const);
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const [ids, statuses, formats] = [0, 1, 2].map(width) as [number, number, number];
  return rows
    .map(
      ([id, status, format, name]) =>
        `${id.padEnd(ids)}  ${status.padEnd(statuses)}  ${format.padEnd(formats)}  ${name}\n`,
    )
    .join("");
}

async function read(file: string | undefined): Promise<Report> {
  const isStdin = file === undefined || file === "-";
  if (isStdin && process.stdin.isTTY)
    throw new UserError("no Report: no file was named and stdin is the terminal", HOW_TO_REPORT);
  const name = isStdin ? "stdin" : file;
  let json: string;
  try {
    json = isStdin ? await text(process.stdin) : readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(`${name}: ${code === "ENOENT" ? "no such file" : `cannot be read (${code ?? String(error)})`}`);
  }
  try {
    return await readReport(json);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const detail = error.message.replace(/^.*? at byte \d+: /s, "");
    const where = error.path === "report" || error.path === "report.schema" ? "" : `${error.path}: `;
    throw new UserError(`${name}: ${where}${detail}`, HOW_TO_REPORT);
  }
}
