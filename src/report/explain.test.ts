import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CAUSE_DOCS } from "../diagnose/causes.ts";
import { RULES } from "../diagnose/rules/index.ts";
import { CAUSES } from "../diagnose/vocabulary.ts";
import { INTERCEPTORS } from "../knowledge/interceptors/index.ts";
import { explainText, publishedOf, rulesText, topics } from "./explain.ts";
import { columnsOf } from "./printable.ts";
import type { Report } from "./schema.ts";

const plain = { columns: 80, color: false, unicode: true };

function explained(id: string): string {
  return explainText(
    topics().filter((topic) => topic.id === id),
    plain,
  );
}

/** As one line, whatever the width broke. */
function flat(text: string): string {
  return text.replace(/\s+/g, " ");
}

describe("the list of rules", () => {
  test.each([60, 80, 120])("fits %i columns and has them all, each once", (columns) => {
    const text = rulesText({ ...plain, columns });
    for (const line of text.split("\n")) expect(columnsOf(line)).toBeLessThanOrEqual(columns);
    const ids = text.split("\n").flatMap((line) => /^([a-z]+(?:-[a-z]+)+|unanswered) {2,}/.exec(line)?.[1] ?? []);
    expect(ids.toSorted()).toEqual(RULES.map(({ id }) => id).toSorted());
  });

  test("how sure a rule can be at best", () => {
    expect(rulesText(plain)).toMatch(/^leaf-with-issuer-key {12}proven {4}a server certificate/m);
    expect(rulesText(plain)).toMatch(/^separate-server-hello {11}possible {2}ServerHello and/m);
  });
});

describe("everything is explained", () => {
  test.each(topics().map((topic) => [`${topic.kind} ${topic.id}`, topic] as const))("%s", (_, topic) => {
    for (const columns of [60, 80, 120]) {
      const text = explainText([topic], { ...plain, columns });
      expect(text).toMatch(/^\S+ {2}(rule|cause|product|service|feature)\n\S/);
      expect(text.split("\n").length).toBeGreaterThan(5);
      expect(text).not.toMatch(/undefined|\[object|\n\n\n/);
      // Addresses of web pages are to be copied.
      for (const line of text.split("\n").filter((line) => !line.includes("://")))
        expect(columnsOf(line), line).toBeLessThanOrEqual(columns);
      expect(text, "nothing is cut").not.toMatch(/…/);
    }
  });

  test("ids are unique within a kind", () => {
    const ids = topics().map(({ kind, id }) => `${kind} ${id}`);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test("a rule: what it means, how sure, what looks alike, what to do, where it is written and when", () => {
  const text = explained("shared-forger");
  expect(flat(text)).toContain("How sure - proven: the key is known, for three unrelated domains or more - likely:");
  expect(flat(text)).toContain("Looks alike - one owner with several domains");
  expect(flat(text)).toContain("To do Exempt the servers");
  expect(text).toContain("See          https://jhalderm.com/pub/papers/interception-ndss17.pdf (NDSS 2017)");
});

test("a fault that is a rule's and a cause's is explained as both", () => {
  const text = explained("path-mtu-black-hole");
  expect(text).toContain("path-mtu-black-hole  rule\n");
  expect(text).toContain("path-mtu-black-hole  cause\n");
  expect(flat(text)).toContain("Found by path-mtu-black-hole");
});

test("a product: by what it is named, and how well that is known", () => {
  const text = flat(explained("fortinet-fortigate"));
  expect(text).toContain("- CN is “FortiGate CA”: seen in a certificate of a running product. Source: Chromium");
  expect(text).toContain("O matches /^Fortinet(?: Ltd\\.)?$/");
  expect(text).toContain("How sure proven at best, and only on a chain that no public root vouches for");
  const weak = INTERCEPTORS.find(
    ({ issuerPatterns }) =>
      issuerPatterns.every(({ confidence }) => confidence === "recalled") && issuerPatterns.length > 0,
  );
  expect(flat(explained(weak?.id ?? ""))).toMatch(/How sure (likely|possible) at best/);
});

test("a product without an issuer of its own says so", () => {
  expect(flat(explained("squid"))).toContain("Named by nothing: its administrator always supplies the CA");
});

test("a feature: which way it takes in each service", () => {
  expect(flat(explained("desktop-sharing"))).toContain(
    "Lync / Skype for Business Server Needs TCP 443 of A/V Edge. RDP desktop sharing is TCP only",
  );
});

describe("causes", () => {
  test("each says what it means and what to do", () => {
    for (const cause of CAUSES)
      for (const text of [CAUSE_DOCS[cause].about, CAUSE_DOCS[cause].advice])
        expect(text, cause).toMatch(/^[A-Z].*\.$/s);
  });

  test("each is found by a rule", () => {
    const found = new Set(RULES.flatMap(({ doc }) => doc.causes));
    expect(CAUSES.filter((cause) => !found.has(cause))).toEqual([]);
  });
});

test("what is published once has its date", () => {
  for (const url of RULES.flatMap(({ references }) => references).filter((url) =>
    /\/rfc\d+|\/papers\/|doi\//.test(url),
  ))
    expect(publishedOf(url), url).toMatch(/\d{4}$/);
});

test("in the Reports of the tests no rule is surer than it says it can be", () => {
  for (const name of readdirSync("test/captures").filter((name) => name.includes("-"))) {
    const { findings } = JSON.parse(readFileSync(`test/captures/${name}/report.json`, "utf8")) as Report;
    for (const { rule, confidence } of findings)
      expect(Object.keys(RULES.find(({ id }) => id === rule)?.doc.finds ?? {}), `${name}: ${rule}`).toContain(
        confidence,
      );
  }
});
