/**
 * The Report as JSON text, in pieces: a Report of many connections is longer than the longest string an engine allows.
 * Owns the layout (one line per array element); knows nothing of the fields.
 */
import type { Report } from "./schema.ts";

/** Joined, the pieces are exactly one JSON value and a newline. Each piece is at most one element of an array long. */
export function* reportJson(report: Report): Generator<string> {
  let comma = "{\n";
  for (const [key, value] of Object.entries(report)) {
    yield `${comma}${JSON.stringify(key)}: `;
    comma = ",\n";
    if (Array.isArray(value) && value.length > 0) yield* lines(value);
    else if (key === "certificates") yield* members(report.certificates);
    else yield JSON.stringify(value);
  }
  yield "\n}\n";
}

function* lines(array: readonly unknown[]): Generator<string> {
  let comma = "[\n";
  for (const element of array) {
    yield `${comma}  ${JSON.stringify(element)}`;
    comma = ",\n";
  }
  yield "\n]";
}

function* members(record: object): Generator<string> {
  let comma = "{";
  for (const [key, value] of Object.entries(record)) {
    yield `${comma}\n  ${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    comma = ",";
  }
  yield comma === "{" ? "{}" : "\n}";
}
