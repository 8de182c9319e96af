/**
 * Writes schema/report.schema.json from src/report/schema.ts. Run from the root of the repository:
 *
 *     node scripts/run-ts.mjs tools/make-schema.ts
 */
import { writeFileSync } from "node:fs";
import { reportJsonSchema } from "./report-json-schema.ts";

writeFileSync("schema/report.schema.json", reportJsonSchema());
