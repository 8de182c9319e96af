/**
 * The story, and what a browser shows that is pointed at the Edge's address: a page of the filter. It stands beside the interception
 * and changes nothing; alone it says nothing.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fileSource } from "../src/cli/sources.ts";
import { analyze, type Report } from "../src/index.ts";
import { renderText } from "../src/report/text.ts";
import { memorySource } from "./support/capture-writer.ts";
import { Conversation, pcapOf, text } from "./support/packets.ts";

const CAPTURES = join(import.meta.dirname, "captures");
const roots = [readFileSync(join(CAPTURES, "roots.pem"), "utf8")];
/** Before the captures of the lab. */
const seconds = 1_790_000_000;

const browser = new Conversation({
  client: { ip: "10.20.0.50", port: 50_000 },
  server: { ip: "198.51.100.30", port: 80 },
})
  .open()
  .say("client", text("GET / HTTP/1.1\r\nHost: 198.51.100.30\r\n\r\n"))
  .say(
    "server",
    text(
      "HTTP/1.1 403 Forbidden\r\nServer: Websense Content Gateway\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html><head><title>Access to this site is blocked</title></head></html>",
    ),
  )
  .fin("server")
  .fin("client");

const page = () => memorySource(pcapOf(browser.frames, { seconds }));
const story = (name: string) => fileSource(join(CAPTURES, name, "capture.pcap"));

/** What is said of the connections of the lab, by their address. */
function verdicts({ connections }: Report): string[] {
  return connections
    .filter(({ protocol }) => protocol !== "http")
    .map(
      ({ server, verdict }) =>
        `${server.ip}:${server.port} ${verdict.is} ${"confidence" in verdict ? verdict.confidence : ""}`,
    );
}

test("beside the interception it is told, and changes no verdict", async () => {
  const name = "d37-sharing-before-websense-squid";
  const [alone, beside] = [await analyze([story(name)], { roots }), await analyze([story(name), page()], { roots })];
  expect(verdicts(beside)).toEqual(verdicts(alone));
  expect(beside.verdict.headline).toBe(alone.verdict.headline);
  const found = beside.findings.find(({ rule }) => rule === "block-page");
  expect(found).toMatchObject({ confidence: "possible" });
  expect(found?.what).toBe(
    "198.51.100.30:80 answers in plain HTTP with 403 “Access to this site is blocked” by Websense Content Gateway (frame 5), while TLS to 198.51.100.30:443 is intercepted.",
  );
  expect(beside.connections.find(({ protocol }) => protocol === "http")?.verdict.is).toBe("not-judged");
  expect(renderText(beside, { columns: 100, color: false, unicode: true })).toMatch(
    /Beside it +198\.51\.100\.30:80 answers/,
  );
});

test("without one it is no interception, whatever it calls itself", async () => {
  for (const sources of [[page()], [page(), story("d06-direct-lync-session")]]) {
    const { verdict, findings, connections } = await analyze(sources, { roots });
    expect(verdict.is).not.toBe("intercepted");
    expect(findings.map(({ rule }) => rule)).not.toContain("block-page");
    // It is kept all the same.
    expect(connections.find(({ protocol }) => protocol === "http")?.http).toMatchObject({
      status: 403,
      title: "Access to this site is blocked",
      server: "Websense Content Gateway",
    });
  }
});
