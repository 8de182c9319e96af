/**
 * Evidence files in tests: made in memory, and their own findings in terms of the capture that they were taken from, so that both can be
 * compared. Owns that translation; knows nothing of how frames are chosen.
 */
import { parseAddress } from "../../src/bytes/address.ts";
import type { ByteSource } from "../../src/capture/input.ts";
import { type AnalyzeOptions, analyze, type Report } from "../../src/index.ts";
import { extractEvidence } from "../../src/report/evidence.ts";
import type { ReportConnection } from "../../src/report/schema.ts";
import { concat, memorySource } from "./capture-writer.ts";

export async function evidenceOf(
  report: Report,
  sources: readonly ByteSource[],
  options?: Parameters<typeof extractEvidence>[3],
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  await extractEvidence(
    report,
    sources,
    (piece) => {
      pieces.push(piece);
    },
    options,
  );
  return concat(...pieces);
}

/** Findings as they are the same in a capture and in the evidence of it: frames by their numbers in the capture. */
export interface PlainFinding {
  readonly rule: string;
  readonly confidence: string;
  readonly connections: readonly string[];
  readonly evidence: readonly string[];
  readonly what: string;
}

/** `ip`: what an address is called instead. */
export function findingsOf(report: Report, ip = (address: string): string => address): PlainFinding[] {
  const numbers = numbersIn(report);
  const byId = new Map(report.connections.map((connection) => [connection.id, connection]));
  const original = (frame: number): number => numbers.get(frame) ?? frame;
  const translated = (text: string): string =>
    text
      .replace(ADDRESS, (address) => (isAddress(address) ? ip(address) : address))
      .replace(/\bframe (\d+)/g, (_, frame) => `frame ${original(Number(frame))}`)
      .replace(/\b(?:tcp|udp)\/\d+/g, (id) => keyOf(byId.get(id), ip));
  return report.findings.map(({ rule, confidence, connections, evidence, what }) => ({
    rule,
    confidence,
    connections: connections.map((id) => keyOf(byId.get(id), ip)),
    evidence: evidence.map(
      ({ frame, path, value, expected }) => `${original(frame)} ${path} = ${translated(value)}, not ${expected}`,
    ),
    what: translated(what),
  }));
}

/** What the connections that findings name are called in both. */
export function verdictsOf(report: Report, ip = (address: string): string => address): Record<string, unknown> {
  const named = new Set(report.findings.flatMap(({ connections }) => connections));
  return Object.fromEntries(
    report.connections
      .filter(({ id }) => named.has(id))
      .map((connection) => {
        const { findings: _, ...verdict } = connection.verdict;
        return [keyOf(connection, ip), verdict];
      }),
  );
}

const ADDRESS = /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4})(?![\w.])/gi;

function isAddress(text: string): boolean {
  try {
    parseAddress(text);
    return true;
  } catch {
    return false;
  }
}

function keyOf(connection: ReportConnection | undefined, ip: (address: string) => string): string {
  if (connection === undefined) return "a connection that is not there";
  const { client, server, time } = connection;
  return `${ip(client.ip)} ${client.port} ${ip(server.ip)} ${server.port} ${time?.from}`;
}

/** Original numbers of frames, as the comments on them say; empty for a capture that is no evidence. */
function numbersIn(report: Report): Map<number, number> {
  const comments = report.input.files.flatMap((file) => file.comments ?? []);
  return new Map(
    comments.flatMap(({ frame, text }): [number, number][] => {
      const number = /\bwas frame (\d+)/.exec(text)?.[1];
      return frame === undefined || number === undefined ? [] : [[frame, Number(number)]];
    }),
  );
}

export function analyzeBytes(bytes: Uint8Array, options: AnalyzeOptions): Promise<Report> {
  return analyze([memorySource(bytes, { name: "evidence.pcapng" })], options);
}
