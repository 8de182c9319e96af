/**
 * The list of products is whole and well-formed: every file is listed, ids are unique, patterns have no state, sources
 * are given. What the patterns are worth is tested beside src/diagnose/issuer.ts.
 */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { INTERCEPTORS } from "./index.ts";

test("every product file is listed under its own id, once", () => {
  const other = ["index.ts", "index.test.ts", "product.ts"];
  const files = readdirSync(new URL(".", import.meta.url)).filter((file) => !other.includes(file));
  expect(INTERCEPTORS.map(({ id }) => `${id}.ts`).sort()).toEqual(files.sort());
});

test("ids and names are unique, ids fit the report contract", () => {
  expect(new Set(INTERCEPTORS.map(({ id }) => id)).size).toBe(INTERCEPTORS.length);
  expect(new Set(INTERCEPTORS.map(({ name }) => name)).size).toBe(INTERCEPTORS.length);
  for (const { id } of INTERCEPTORS) expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
});

test.each(INTERCEPTORS.map((product) => [product.id, product] as const))("%s is well-formed", (_, product) => {
  expect(product.name.trim()).not.toBe("");
  expect(product.vendor.trim()).not.toBe("");
  for (const { field, pattern, needs, confidence, source } of product.issuerPatterns) {
    // A g or y flag would make the answer depend on the previous one; an i flag on nothing the source said.
    expect(pattern.flags + (needs?.pattern.flags ?? "")).toBe("");
    expect(pattern.test("")).toBe(false);
    expect(source.trim()).not.toBe("");
    if (confidence === "vendor-name-heuristic") expect(field).toBe("*");
  }
  const structure = product.leafStructure;
  for (const { oid, values } of structure?.extensions ?? []) {
    expect(oid).toMatch(/^\d+(\.\d+)+$/);
    for (const value of values ?? []) expect(value).toMatch(/^(?:[0-9a-f]{2})+$/);
  }
  if (structure !== undefined) expect(structure.source.trim()).not.toBe("");
  for (const header of product.httpHeaders ?? []) expect(header).toMatch(/^[a-z0-9_-]+$/);
  for (const pin of product.rootSpkiSha256 ?? []) expect(pin).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  for (const hash of product.rootCertSha256 ?? []) expect(hash).toMatch(/^[0-9a-f]{64}$/);
});
