/**
 * What goes to stderr: one line per message, `sightline: error: …`, and never a stack trace. Owns the form and the last
 * resort for our own defects; knows nothing of what went wrong.
 */
import { basename } from "node:path";
import { printable } from "../report/printable.ts";
import { factsOf, terminalStyle } from "./terminal.ts";

/** The command could not run for a reason a person can act on. Exit status 2. */
export class UserError extends Error {
  readonly hints: readonly string[];

  constructor(message: string, ...hints: string[]) {
    super(message);
    this.name = "UserError";
    this.hints = hints;
  }
}

/** Exit status when nothing could be said. */
export const EXIT_COULD_NOT_RUN = 2;

export function say(kind: "error" | "warning" | "hint", text: string): void {
  const { unicode } = terminalStyle(factsOf(process.stderr));
  process.stderr.write(`sightline: ${kind}: ${printable(text, unicode)}\n`);
}

export function sayError(error: UserError): void {
  say("error", error.message);
  for (const hint of error.hints) say("hint", hint);
}

/** An internal error is longer than this only when it quotes something, perhaps from the capture. */
const MAX_INTERNAL_MESSAGE = 200;

/** For an exception nobody expected. Names the place in our code, for the report of the defect; quotes no capture content. */
export function sayDefect(error: unknown): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const place = /\(?([^\s(]+:\d+:\d+)\)?$/m.exec(stack?.replace(message, "") ?? "")?.[1];
  say(
    "error",
    `internal error: ${name}: ${message.slice(0, MAX_INTERNAL_MESSAGE)}${place === undefined ? "" : ` (${basename(place)})`}`,
  );
  say("hint", "this is a defect in sightline, not in your capture");
  say(
    "hint",
    "to report it, copy the line above and add `sightline --version` and the command; the capture is not needed",
  );
}
