/**
 * `sightline compare`: opens a capture of the client's side and one of the server's, runs the comparison, prints the Report. Knows
 * nothing of captures or verdicts; what is said around the answer it shares with `analyze`.
 */
import { compare } from "../../index.ts";
import { UserError } from "../messages.ts";
import { writeOut } from "../output.ts";
import { EXIT_STATUS, type RenderingFlags, rendered } from "../renderings.ts";
import { type JudgingFlags, openCapture, readJudging, warnOf } from "./analyze.ts";

export interface CompareFlags extends JudgingFlags, Pick<RenderingFlags, "json"> {}

/** Resolves to the exit status. Throws UserError when one of the two could not be read. */
export async function compareCommand(client: string, edge: string, flags: CompareFlags): Promise<number> {
  if (client === edge)
    throw new UserError(
      `${client}: the same capture twice`,
      "compare one from the client's side with one from the server's: sightline compare client.pcapng edge.pcapng",
    );
  const judging = await readJudging(flags);
  const report = await compare([await openCapture(client)], [await openCapture(edge)], judging);
  for (const file of report.input.files) warnOf(file);
  await writeOut(process.stdout, rendered(report, flags));
  return EXIT_STATUS[report.verdict.is];
}
