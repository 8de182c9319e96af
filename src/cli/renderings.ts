/**
 * The surfaces of a Report that a person can ask for, by option: text unless another is named. Owns the options and what each prints;
 * knows nothing of how a Report comes about.
 */
import { type Command, Option } from "commander";
import { renderEcs } from "../report/ecs.ts";
import { renderHtml } from "../report/html.ts";
import { reportJson } from "../report/json.ts";
import { renderMarkdown } from "../report/markdown.ts";
import type { Report } from "../report/schema.ts";
import { renderText } from "../report/text.ts";
import { factsOf, terminalStyle } from "./terminal.ts";

export interface RenderingFlags {
  readonly json?: true;
  readonly markdown?: true;
  readonly html?: true;
  readonly ecs?: true;
}

/** As in the report contract. */
export const EXIT_STATUS = { clear: 0, intercepted: 1, impaired: 1, "cannot-tell": 2 } as const;

const OPTIONS: Readonly<Record<keyof RenderingFlags, string>> = {
  json: "print the Report as JSON instead of text",
  markdown: "print Markdown, for a ticket",
  html: "print one HTML file that needs nothing else",
  ecs: "print events for a SIEM: a line of JSON per connection, in names of the Elastic Common Schema",
};

/** Adds the options, of which only one can be given. */
export function addRenderings(command: Command, names: readonly (keyof RenderingFlags)[]): Command {
  for (const name of names) {
    const others = names.filter((other) => other !== name);
    command.addOption(new Option(`--${name}`, OPTIONS[name]).conflicts(others));
  }
  return command;
}

/** Text and Markdown and HTML show a few connections and count the others; the rest lists every one. */
export function listsAll({ json, ecs }: RenderingFlags): boolean {
  return json === true || ecs === true;
}

/** Joined, the pieces are what was asked for. */
export function rendered(report: Report, flags: RenderingFlags): Iterable<string> {
  if (flags.json) return reportJson(report);
  if (flags.markdown) return [renderMarkdown(report)];
  if (flags.html) return [renderHtml(report)];
  if (flags.ecs) return renderEcs(report);
  return [renderText(report, terminalStyle(factsOf(process.stdout)))];
}
