/**
 * A Report that was saved, read again from a file or stdin. Owns what is said when it is none; knows nothing of what is done with it.
 */
import { readFileSync } from "node:fs";
import { ParseError } from "../bytes/parse-error.ts";
import { readReport } from "../report/read.ts";
import type { Report } from "../report/schema.ts";
import { cannotRead, detailOf } from "./commands/analyze.ts";
import { UserError } from "./messages.ts";

const HOW_TO = "a Report is what `sightline analyze --json capture.pcapng > report.json` writes";
const STDIN = "stdin";

/** `-` is stdin. Throws UserError. */
export async function readReportFile(file: string): Promise<Report> {
  if (file === "-" && process.stdin.isTTY) throw new UserError("no Report: stdin is the terminal", HOW_TO);
  const name = file === "-" ? STDIN : file;
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw cannotRead(name, (error as NodeJS.ErrnoException).code ?? String(error));
  }
  try {
    return await readReport(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const where = error.path.startsWith("report.") || error.path.startsWith("report[") ? `${error.path}: ` : "";
    throw new UserError(`${name}: ${where}${detailOf(error)}`, HOW_TO);
  }
}
