/**
 * JSON text → a Report. Owns the check that it is one, by the published schema, so that whatever works on a Report may trust its
 * shape; knows nothing of files. What a later version has added stays, and is not looked at.
 */
import { ParseError } from "../bytes/parse-error.ts";
import type { Report } from "./schema.ts";

/** Of this and all earlier versions. */
const SCHEMA: Report["schema"] = "sightline/report/1";

/** Throws ParseError: `unsupported` for a Report of another schema, `malformed` for anything else that is none. */
export async function readReport(text: string): Promise<Report> {
  const value = parse(text);
  const schema = typeof value === "object" && value !== null && "schema" in value ? value.schema : undefined;
  if (typeof schema !== "string" || !schema.startsWith("sightline/report/"))
    throw new ParseError("malformed", "report", 0, "this is no Report of sightline");
  if (schema !== SCHEMA)
    throw new ParseError("unsupported", "report.schema", 0, `${schema}; this version reads ${SCHEMA}`);
  // Rarely needed, and larger than most of the program.
  const [{ Validator }, { default: published }] = await Promise.all([
    import("@cfworker/json-schema"),
    import("../../schema/report.schema.json", { with: { type: "json" } }),
  ]);
  const { valid, errors } = new Validator(published as object, "2020-12").validate(value);
  if (valid) return value as Report;
  // The last one is the most particular: those before it say that what contains it does not fit.
  const { instanceLocation = "#", error = "does not fit the schema" } = errors.at(-1) ?? {};
  throw new ParseError("malformed", pathOf(instanceLocation), 0, error);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ParseError("malformed", "report", 0, "this is no JSON");
  }
}

/** `#/findings/0/what` → `report.findings[0].what` */
function pathOf(location: string): string {
  return location
    .replace(/^#/, "report")
    .replace(/\/(\d+)(?=\/|$)/g, "[$1]")
    .replaceAll("/", ".");
}
