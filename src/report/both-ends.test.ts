import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { memorySource } from "../../test/support/capture-writer.ts";
import { compare } from "../index.ts";
import { columnsOf } from "./printable.ts";
import type { Report } from "./schema.ts";
import { renderText } from "./text.ts";

const roots = [readFileSync("test/compare/roots.pem", "utf8")];
const source = (name: string) =>
  memorySource(new Uint8Array(readFileSync(`test/compare/${name}.pcap`)), { name: `${name}.pcap` });
const compared = (name: string): Promise<Report> =>
  compare([source(`${name}/client`)], [source(`${name}/edge`)], { roots });
const text = (report: Report, columns: number, unicode = true) =>
  renderText(report, { columns, color: false, unicode });

test.each([60, 80, 120])("two columns in a terminal of %d", async (columns) => {
  const lines = text(await compared("mitm-bypass-tls12"), columns).split("\n");
  const wrapped = lines.filter((line) => !line.includes("https://"));
  expect(Math.max(...wrapped.map(columnsOf))).toBeLessThanOrEqual(columns);
  const at = lines.findIndex((line) => line.startsWith("  Both ends"));
  const width = Math.floor((columns - 15) / 2);
  const second = 13 + width + 2;
  expect(lines[at]?.slice(second)).toBe("mitm-bypass-tls12/edge.pcap".slice(0, width));
  const from = lines.find((line) => line.startsWith("  From"));
  expect(from?.slice(13)).toMatch(/^10\.20\.0\.50:\d+ +192\.0\.2\.1:\d+$/);
});

test("what differs is marked, and only that", async () => {
  const lines = text(await compared("mitm-bypass-tls12"), 120).split("\n");
  const rows = lines.slice(lines.findIndex((line) => line.startsWith("  Both ends")));
  const marked = rows.slice(0, rows.indexOf("")).filter((line) => line.startsWith("\u2717"));
  expect(marked.map((line) => line.slice(2, 9).trim())).toEqual(["Hello", "Program", "Answer"]);
  const clear = text(await compared("nat-tls13"), 120).split("\n");
  const unmarked = clear.slice(clear.findIndex((line) => line.startsWith("  Both ends")));
  expect(unmarked.slice(0, unmarked.indexOf("")).join("")).not.toContain("\u2717");
});

test("the list says which connections are the same and how they were found", async () => {
  const lines = text(await compared("mitm-bypass-tls12"), 120).split("\n");
  const at = lines.indexOf("Both ends: 6 TLS connections found in both captures");
  expect(lines.slice(at + 1, at + 8)).toEqual([
    "\u2717 tcp/0 and tcp/0 192.0.2.10:443 www.adatum.example: another hello or certificate there, by name and time",
    "\u2717 tcp/2 and tcp/2 192.0.2.66:443 mail.litware.example: another hello or certificate there, by name and time",
    "\u2717 tcp/3 and tcp/3 192.0.2.10:443 www.adatum.example: another hello or certificate there, by name and time",
    "\u2717 tcp/5 and tcp/5 192.0.2.66:443 mail.litware.example: another hello or certificate there, by name and time",
    "\u2713 tcp/1 and tcp/1 192.0.2.44:443 cdn.northwind.example: the same hellos",
    "\u2713 tcp/4 and tcp/4 192.0.2.44:443 cdn.northwind.example: the same hellos",
    "  the other end's clock is 2.3 ms ahead, the way there included",
  ]);
});

test("hostile names stay in their cells", async () => {
  const report = structuredClone(await compared("front-tls12")) as Report;
  const hostile = `CN=${"\u001b[31m".repeat(50)}\u4e00\u4e00${"x".repeat(500)}`;
  for (const leaf of Object.values(report.certificates)) Object.assign(leaf, { issuer: hostile });
  for (const unicode of [true, false]) {
    const lines = text(report, 80, unicode).split("\n");
    expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(80);
    expect(lines.join("")).not.toContain("\u001b");
  }
});
