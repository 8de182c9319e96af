/**
 * `sightline show`: a Report that was saved, printed as `analyze` would have. Owns nothing but the order of the two; knows nothing of
 * captures.
 */
import { writeOut } from "../output.ts";
import { EXIT_STATUS, type RenderingFlags, rendered } from "../renderings.ts";
import { readReportFile } from "../report-file.ts";

/** Resolves to the exit status, that of the Report's verdict. Throws UserError when there is no Report. */
export async function showCommand(file: string, flags: RenderingFlags): Promise<number> {
  const report = await readReportFile(file);
  await writeOut(process.stdout, rendered(report, flags));
  return EXIT_STATUS[report.verdict.is];
}
