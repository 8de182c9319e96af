/**
 * The list of dialects is whole and well-formed: every file is listed, ids are unique, each kind of entry is either written or
 * answered with what to do instead. What the texts are worth is tested beside src/report/bypass.ts and in test/bypass-products.test.ts.
 */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { INTERCEPTORS } from "../interceptors/index.ts";
import type { EntryKind, Pieces } from "./dialect.ts";
import { BYPASS_DIALECTS } from "./index.ts";

const KINDS: readonly EntryKind[] = ["host", "domain", "ipv4", "ipv6"];
const PLACEHOLDER = /%([^%\s]*)%/g;
const KNOWN = ["name", "address", "prefix", "regex", "port", ":port", "number"];

test("every dialect's file is listed under its own id, once", () => {
  const other = ["index.ts", "index.test.ts", "dialect.ts"];
  const files = readdirSync(new URL(".", import.meta.url)).filter((file) => !other.includes(file));
  expect(BYPASS_DIALECTS.map(({ id }) => `${id}.ts`).sort()).toEqual(files.sort());
});

test("what people call them leads to one dialect", () => {
  const words = BYPASS_DIALECTS.flatMap(({ id, alsoCalled = [] }) => [id, ...alsoCalled]);
  expect(new Set(words).size).toBe(words.length);
  for (const word of words) expect(word).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  expect(new Set(BYPASS_DIALECTS.map(({ name }) => name)).size).toBe(BYPASS_DIALECTS.length);
});

test("the interception products exist", () => {
  const products = INTERCEPTORS.map(({ id }) => id);
  for (const { interceptors } of BYPASS_DIALECTS) expect(products).toEqual(expect.arrayContaining([...interceptors]));
});

test.each(BYPASS_DIALECTS.map((dialect) => [dialect.id, dialect] as const))("%s is well-formed", (_, dialect) => {
  const { text, cannot = {}, comment, anyPort, where, source, checked, pitfalls } = dialect;
  for (const kind of KINDS) {
    const templates = text.flatMap((part) => part[kind] ?? []);
    // Written, or answered: never neither, never both.
    expect([kind, templates.length > 0]).toEqual([kind, cannot[kind] === undefined]);
    for (const template of templates) {
      const used = [...template.matchAll(PLACEHOLDER)].map(([, word]) => word);
      expect(KNOWN).toEqual(expect.arrayContaining(used));
      // The entry itself must be in it, or it stands for another part in which it is.
      const isNamed = used.some(
        (word) => word === "name" || word === "address" || word === "prefix" || word === "regex",
      );
      expect(isNamed || used.includes("number")).toBe(true);
      if (used.includes("port") || used.includes(":port")) expect(anyPort).toBeDefined();
    }
    if (templates.length > 0) expect(templates.join()).toMatch(/%(name|address|prefix|regex)%/);
  }
  for (const { before = "", after = "" } of text as readonly Pieces[]) expect(before + after).not.toMatch(/%\S+%/);
  for (const sentence of [where, source, ...pitfalls]) {
    expect(sentence.trim()).toBe(sentence);
    // Also a line of comment.
    expect(sentence).toMatch(/^[\x20-\x7e]+$/);
  }
  expect(checked).toMatch(/^\d{4}-\d{2}$/);
  if (comment !== undefined) expect(comment).toMatch(/^\S+ $/);
});
