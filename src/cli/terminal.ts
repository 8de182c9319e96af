/**
 * What the terminal can show: columns, colour, Unicode. Owns these three decisions; knows nothing of what is shown.
 */

/** What the decisions depend on, so that they can be tested. */
export interface TerminalFacts {
  readonly isTTY: boolean;
  /** Undefined when the output is no terminal. */
  readonly columns: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
}

export interface TerminalStyle {
  readonly columns: number;
  readonly color: boolean;
  readonly unicode: boolean;
}

/** Width when nobody says: a file, a pipe, a job log. */
const DEFAULT_COLUMNS = 80;

export function terminalStyle(facts: TerminalFacts): TerminalStyle {
  return { columns: columns(facts), color: color(facts), unicode: unicode(facts) };
}

export function factsOf(stream: NodeJS.WriteStream): TerminalFacts {
  return { isTTY: stream.isTTY === true, columns: stream.columns, env: process.env, platform: process.platform };
}

function columns(facts: TerminalFacts): number {
  const asked = Number(facts.columns ?? facts.env["COLUMNS"]);
  return Number.isInteger(asked) && asked > 0 ? asked : DEFAULT_COLUMNS;
}

/** NO_COLOR (no-color.org: set and not empty), then FORCE_COLOR as Node reads it, then the terminal itself. */
function color({ env, isTTY }: TerminalFacts): boolean {
  if (isSet(env["NO_COLOR"])) return false;
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return isTTY && env["TERM"] !== "dumb";
}

/** POSIX: the first of these that is set decides the character set. Windows says nothing: its newer terminals can. */
function unicode({ env, platform }: TerminalFacts): boolean {
  if (env["TERM"] === "dumb" || env["TERM"] === "linux") return false;
  const locale = [env["LC_ALL"], env["LC_CTYPE"], env["LANG"]].find(isSet);
  if (locale !== undefined) return /utf-?8/i.test(locale);
  if (platform === "win32") return isSet(env["WT_SESSION"]) || env["TERM_PROGRAM"] === "vscode";
  // The applications that start a macOS terminal without a locale still show UTF-8.
  return platform === "darwin";
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}
