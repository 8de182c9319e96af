/**
 * Evidence files over all captures there are: their own analysis gives the findings of the whole capture, about the same connections,
 * frames and values, and no others. And what is left out, kept and refused.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { toHex } from "../src/bytes/text.ts";
import { fileSource } from "../src/cli/sources.ts";
import { type AnalyzeOptions, analyze } from "../src/index.ts";
import {
  concat,
  enhancedPacket,
  interfaceDescription,
  memorySource,
  option,
  pcapHeader,
  secretsBlock,
  sectionHeader,
} from "./support/capture-writer.ts";
import { authority } from "./support/certificates.ts";
import { analyzeBytes, evidenceOf, findingsOf, verdictsOf } from "./support/evidence.ts";
import { CLIENT, Conversation, pcapOf, SERVER } from "./support/packets.ts";
import { LAB_ROOTS } from "./support/real-captures.ts";
import { record } from "./support/tls-messages.ts";
import { handshake } from "./support/traffic.ts";

const FOLDER = join(import.meta.dirname, "captures");

const cases = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => {
    const folder = join(FOLDER, name);
    const file = readdirSync(folder).find((entry) => entry.startsWith("capture."));
    if (file === undefined) return [];
    const keys = join(folder, "keys.log");
    const path = join(folder, file);
    return [
      { name, path, keyLogs: [] },
      ...(existsSync(keys) ? [{ name: `${name}, with its keys`, path, keyLogs: [readFileSync(keys, "utf8")] }] : []),
    ];
  });

describe.each(cases)("$name", ({ path, keyLogs }) => {
  test("its evidence gives the same findings", () => givesTheSame(path, { roots: [LAB_ROOTS], keyLogs }));
});

const SHARED = join(import.meta.dirname, "../../shared/captures");
const others = ["formats", "ja4", "malformed", "media", "pcapng-suite", "zeek-tls"].flatMap((folder) =>
  existsSync(join(SHARED, folder))
    ? readdirSync(join(SHARED, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /cap|netmon|snoop|ntar/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name))
    : [],
);

describe.skipIf(others.length === 0)("captures of others (needs ../shared; skipped when absent)", () => {
  test.each(others.map((path) => [path.slice(SHARED.length + 1), path]))("%s", async (_, path) => {
    await givesTheSame(path, {});
  });
});

async function givesTheSame(path: string, options: AnalyzeOptions): Promise<void> {
  const source = fileSource(path);
  const report = await analyze([source], options).catch(() => undefined);
  // No capture.
  if (report === undefined) return;
  source.rewind?.();
  if (report.findings.length === 0) {
    await expect(evidenceOf(report, [source])).rejects.toThrow("nothing to prove");
    return;
  }
  const evidence = await evidenceOf(report, [source]);
  const again = await analyzeBytes(evidence, options);
  expect(again.input.files[0]?.problems).toEqual([]);
  expect(findingsOf(again)).toEqual(findingsOf(report));
  expect(verdictsOf(again)).toEqual(verdictsOf(report));
}

const CA = authority("Contoso Inspection CA");
const LEAF = CA.leaf("teams.microsoft.com");

/** A public service's name on a private root, then `bulk` segments of data with their acknowledgements, and the end. */
function intercepted(bulk: number): Conversation {
  const talk = new Conversation({ client: CLIENT, server: SERVER }).open();
  handshake(talk, "teams.microsoft.com", [LEAF, CA.certificate]);
  for (let i = 0; i < bulk; i++) talk.say("server", record(23, new Uint8Array(1200).fill(i))).ack("client");
  return talk.fin("server").fin("client").ack("server");
}

describe("what is kept", () => {
  test("bulk data is left out, the end is kept", async () => {
    const { frames } = intercepted(5000);
    const capture = pcapOf(frames);
    const report = await analyze([memorySource(capture)]);
    const evidence = await evidenceOf(report, [memorySource(capture)]);
    expect(evidence.length).toBeLessThan(capture.length / 20);
    const again = await analyzeBytes(evidence, {});
    expect(findingsOf(again)).toEqual(findingsOf(report));
    expect(findingsOf(again).map(({ rule }) => rule)).toContain("public-service-on-private-root");
    expect(verdictsOf(again)).toEqual(verdictsOf(report));
    expect(again.connections[0]?.outcome).toBe("closed");
  });

  test("other connections are left out, but for those that may speak against a finding", async () => {
    const talks = [
      new Conversation({ client: CLIENT, server: { ip: "198.51.100.1", port: 80 } }),
      new Conversation({ client: { ...CLIENT, ip: "10.0.0.9" }, server: { ip: "198.51.100.2", port: 80 } }),
      new Conversation({ client: { ...CLIENT, ip: "10.0.0.9" }, server: SERVER }),
    ].map((talk) =>
      talk.open().say("client", Uint8Array.of(1)).say("server", Uint8Array.of(2)).fin("client").fin("server"),
    );
    const capture = pcapOf([...intercepted(0).frames, ...talks.flatMap(({ frames }) => frames)]);
    const report = await analyze([memorySource(capture)]);
    const { connections } = await analyzeBytes(await evidenceOf(report, [memorySource(capture)]), {});
    expect(connections.map(({ client, server }) => [client.ip, server.ip])).toEqual([
      [CLIENT.ip, SERVER.ip],
      // The same client was answered there; the same server answered another.
      [CLIENT.ip, "198.51.100.1"],
      ["10.0.0.9", SERVER.ip],
    ]);
  });

  test("comments of the capture beside ours, and secrets of these connections alone", async () => {
    const { frames } = intercepted(1);
    // Behind Ethernet, IPv4, TCP, the headers of record and message, and the version.
    const random = toHex(frames[3]?.subarray(54 + 11, 54 + 43) ?? new Uint8Array(0));
    const line = (of: string) => `CLIENT_RANDOM ${of} ${"ab".repeat(48)}\n`;
    const comment = option(false, 1, new TextEncoder().encode("look here"));
    const capture = concat(
      sectionHeader(),
      interfaceDescription(),
      secretsBlock(new TextEncoder().encode(line("77".repeat(32)) + line(random))),
      ...frames.map((bytes, i) => enhancedPacket(bytes, { time: BigInt(i), ...(i === 3 && { trailer: comment }) })),
    );
    const report = await analyze([memorySource(capture)]);
    const evidence = await evidenceOf(report, [memorySource(capture)]);
    const text = Buffer.from(evidence).toString("latin1");
    expect(report.input.files[0]?.comments).toEqual([{ frame: 4, text: "look here" }]);
    const again = await analyzeBytes(evidence, {});
    expect(again.input.files[0]?.comments?.find(({ frame }) => frame === 4)?.text).toMatch(/^look here\nfor f1/);
    expect(text).toContain(line(random));
    expect(text).not.toContain("77".repeat(32));
  });

  test("several files become one, with their interfaces", async () => {
    const { frames } = intercepted(1);
    const raw = pcapOf(
      frames.map((bytes) => bytes.subarray(14)),
      { link: 101, seconds: 1_700_000_100 },
    );
    const sources = [memorySource(pcapOf(frames), { name: "b" }), memorySource(raw, { name: "a" })];
    const report = await analyze(sources);
    const rewound = (): typeof sources => {
      for (const source of sources) source.rewind();
      return sources;
    };
    const again = await analyzeBytes(await evidenceOf(report, rewound().reverse()), {});
    // In one file, so that numbers of files differ.
    expect(findingsOf(again)).toEqual(findingsOf(report));
    expect(again.totals.frames).toBe(report.totals.frames);
  });
});

describe("what is refused, before anything is written", () => {
  const { frames } = intercepted(3);
  const capture = pcapOf(frames);
  const refusal = async (sources: Uint8Array[]): Promise<string> => {
    const report = await analyze([memorySource(capture)]);
    let written = 0;
    const failure = await evidenceOf(
      report,
      sources.map((bytes) => memorySource(bytes)),
      {
        onProgress: () => {},
      },
    ).then(
      (evidence) => {
        written = evidence.length;
        return undefined;
      },
      (error: unknown) => error,
    );
    expect(written).toBe(0);
    return failure instanceof Error ? failure.message : "none";
  };

  test.each([
    ["a frame less", () => [pcapOf(frames.slice(0, -1))], "memory has 15 frames, not 16"],
    ["another time", () => [pcapOf(frames, { seconds: 1_700_000_001 })], "memory is of 2023-11-14T22:13:21Z to"],
    [
      "other connections",
      () => [pcapOf(frames.map((bytes) => bytes.map((b, i) => (i === 33 ? b ^ 1 : b))))],
      "tcp/0 is not between 10.0.0.5 and 192.0.2.10",
    ],
    ["a file more", () => [capture, pcapHeader()], "it was made of 1 file(s), and here are 2"],
  ])("%s", async (_, sources, message) => {
    expect(await refusal(sources())).toContain(message);
  });
});
