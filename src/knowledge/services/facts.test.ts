/**
 * What was found out about the services (../shared/facts/real-time-media.md, sections 2.1 to 2.4) against what is here: no port, name,
 * address block or vendor's statement may be forgotten. Skipped, and says so in its title, where the folder is absent.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isPublicServiceName } from "../../diagnose/service.ts";
import { SERVICES } from "./index.ts";
import type { MeetingService, Ports } from "./service.ts";

const FACTS = join(import.meta.dirname, "../../../../shared/facts/real-time-media.md");
const present = existsSync(FACTS);
const facts = present ? readFileSync(FACTS, "utf8") : "";

/** `clients2/4.google.com`: all that is meant. */
const spelled = (text: string) =>
  text.replace(
    /\b([a-z]+)(\d?)((?:\/[a-z0-9]+)+)(\.[a-z]+\.[a-z]+)/g,
    (_, stem: string, digit: string, more: string, domain: string) =>
      [
        stem + digit,
        ...more
          .slice(1)
          .split("/")
          .map((part) => (/^\d$/.test(part) ? stem + part : part)),
      ]
        .map((name) => name + domain)
        .join(" "),
  );

/** Between two headings. */
const section = (from: string, to: string) => facts.slice(facts.indexOf(from), facts.indexOf(to));
const service = (id: string): MeetingService => {
  const found = SERVICES.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no ${id}`);
  return found;
};

const bounds = (ports: Ports) => (typeof ports === "number" ? [ports, ports] : ports) as readonly [number, number];
const portsOf = ({ roles }: MeetingService) =>
  roles.flatMap(({ paths }) => paths.flatMap(({ ports }) => ports.map(bounds)));

/** `443`, `50000-59999`: of a port four digits at least, or 443 and 80, so that years and counts are none. */
function portsIn(text: string): [number, number][] {
  return [...text.matchAll(/\b(\d{2,5})(?:-(\d{2,5}))?\b/g)]
    .map(([, first, last]): [number, number] => [Number(first), Number(last ?? first)])
    .filter(
      ([first]) => first === 443 || first === 80 || (first > 1024 && first < 65_536 && !(first > 1999 && first < 2040)),
    );
}

const title = present ? "every fact is here" : "every fact is here (needs ../shared: SKIPPED)";

describe.skipIf(!present)(title, () => {
  const table = section("### 2.1", "### 2.2")
    .split("\n")
    .filter((line) => /^\| /.test(line) && !/^\| feature lost/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()));

  test("the table of Lync has its rows", () => {
    expect(table.length).toBeGreaterThanOrEqual(11);
  });

  test.each(table.map((cells) => [cells[1] ?? "", cells[4] ?? ""]))("Lync, %s: ports %s", (_, ports) => {
    const found = portsIn(ports);
    expect(found.length).toBeGreaterThan(0);
    for (const port of found) expect(portsOf(service("lync"))).toContainEqual(port);
  });

  test.each([
    ["zoom", "* Zoom", "* Webex"],
    ["webex", "* Webex", "* Google Meet"],
    ["meet", "* Google Meet", "### 2.4"],
    ["teams", "### 2.2", "### 2.3"],
  ])("%s: addresses and names", (id, from, to) => {
    const text = section("### 2.2", "## 3.");
    const part = text.slice(text.indexOf(from), text.indexOf(to));
    const listed = new Set(service(id).addresses.flatMap(({ blocks }) => blocks));
    const blocks = part.match(/\b(?:\d+\.){3}\d+\/\d+|\b[0-9a-f]{4}:[0-9a-f:]+\/\d+/g) ?? [];
    expect(blocks.length).toBeGreaterThan(4);
    for (const block of blocks) expect(listed, block).toContain(block);
    const names =
      spelled(part)
        .replace(/https?:\S+|\S+\.(?:md|htm|json|txt)\b/g, "")
        .match(/(?:\*\.)?[a-z0-9]+(?:\.[a-z0-9]+)*\.(?:com|us|goog|microsoft|ms|net)\b/g) ?? [];
    expect(names.length).toBeGreaterThan(1);
    // Endpoints of the list itself, not of a service.
    const elsewhere = ["endpoints.office.com", "help.webex.com", "assets.zoom.us", "support.google.com"];
    for (const name of names.filter((each) => !elsewhere.includes(each)))
      expect(isPublicServiceName(name.replace(/^\*\./, "x.")), name).toBe(true);
  });

  test.each([
    ["zoom", /Ports: .*/],
    ["meet", /UDP 3478, 19302.*/],
    ["teams", /^.*13\.107\.64\.0\/18.* - UDP .*$/m],
  ])("%s: ports", (id, line) => {
    const text =
      line
        .exec(section("### 2.2", "### 2.4"))?.[0]
        .replace(/^.* - (?=UDP)/, "")
        .replace(/\(.*/, "") ?? "";
    const found = portsIn(text);
    expect(found.length).toBeGreaterThan(0);
    const known = portsOf(service(id));
    for (const [first, last] of found)
      expect(
        known.some(([from, to]) => from <= first && last <= to),
        `${first}-${last}`,
      ).toBe(true);
  });

  test("every position on inspection is here, of those about these services and the proxies before them", () => {
    const rows = section("### 2.4", "## 3.")
      .split("\n")
      .filter((line) => /^\| /.test(line) && !/^\| vendor/.test(line));
    const urls = SERVICES.flatMap(({ inspection }) => inspection.map(({ url }) => url)).join(" ");
    const expected: Readonly<Record<string, string>> = {
      "Teams / SfB Online": "proxy-servers-for-skype-for-business-online",
      "Microsoft 365": "microsoft-365-network-connectivity-principles",
      "Google Meet": "answer/1279090",
      Webex: "WBX000028782",
      Zoom: "library.zoom.com",
      Zscaler: "reviewing-ssl-inspection",
    };
    // A service of its own, and a question that nobody has answered.
    const others = ["Windows 365/AVD", "MTR Pro portal hosts"];
    for (const row of rows) {
      const vendor = row.split("|")[1]?.trim() ?? "";
      if (others.includes(vendor)) continue;
      expect(urls, vendor).toContain(expected[vendor] ?? `nothing of ${vendor}`);
    }
    expect(urls).toContain("network-intermediation");
  });
});
