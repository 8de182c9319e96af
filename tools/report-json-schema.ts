/**
 * The published JSON Schema of the Report, as text. Owns the difference between our own schema (closed) and the published one
 * (open: a later version may add a field); knows nothing of files.
 */
import { z } from "zod";
import { reportSchema } from "../src/report/schema.ts";

/** Draft 2020-12, two-space indentation, one newline at the end. */
export function reportJsonSchema(): string {
  const schema = z.toJSONSchema(reportSchema, {
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  const titled = { title: "Sightline report", ...schema };
  return `${JSON.stringify(titled, null, 2)}\n`;
}
