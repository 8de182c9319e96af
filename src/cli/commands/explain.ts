/**
 * `sightline rules` and `sightline explain`: what Sightline looks for and what its words mean. Owns finding what was asked for; knows
 * nothing of how it is told.
 */
import { explainText, nameOfTopic, rulesText, type Topic, topics } from "../../report/explain.ts";
import { UserError } from "../messages.ts";
import { isNear } from "../near.ts";
import { writeOut } from "../output.ts";
import { factsOf, terminalStyle } from "../terminal.ts";

/** More suggestions are no help. */
const MAX_SUGGESTIONS = 6;

export async function rulesCommand(): Promise<void> {
  await writeOut(process.stdout, [rulesText(terminalStyle(factsOf(process.stdout)))]);
}

/** Throws UserError for what nothing is called. */
export async function explainCommand(asked: string): Promise<void> {
  const all = topics();
  const word = slug(asked);
  const found = all.filter((topic) => topic.id === word || slug(nameOfTopic(topic)) === word);
  if (found.length === 0) throw unknown(asked, nearest(all, word));
  await writeOut(process.stdout, [explainText(found, terminalStyle(factsOf(process.stdout)))]);
}

function nearest(all: readonly Topic[], word: string): string[] {
  const near = all.filter((topic) =>
    [topic.id, slug(nameOfTopic(topic)), ...(topic.kind === "product" ? [slug(topic.product.vendor)] : [])].some(
      (known) => isNear(known, word),
    ),
  );
  return [...new Set(near.map(({ id }) => id))].slice(0, MAX_SUGGESTIONS);
}

function unknown(asked: string, near: readonly string[]): UserError {
  return new UserError(
    `nothing is called '${asked}'`,
    ...(near.length === 0 ? [] : [`did you mean ${near.join(", ")}?`]),
    "rules: sightline rules; a Report names rules, causes, products, services and features by their ids",
  );
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}
