/**
 * A Report and its capture → the frames that prove it, as pcapng with a comment on each. Owns the two readings of the capture, the first
 * of which makes sure that the Report is of this capture, and what goes into the file besides frames. Which frames, `evidence-plan.ts`
 * decides.
 */
import type { ByteSource } from "../capture/input.ts";
import { PcapngWriter } from "../capture/pcapng-writer.ts";
import { CaptureSet } from "../capture/set.ts";
import { addressesOf, type Followed, follow } from "../observe/follow.ts";
import { AddressMap } from "../packet/address-map.ts";
import { type Packet, TCP, UDP } from "../packet/packet.ts";
import { VERSION } from "../version.ts";
import { Anonymizer } from "./anonymous/anonymizer.ts";
import { addressesIn } from "./anonymous/text.ts";
import { moment } from "./build.ts";
import { EvidencePlan, evidenceFrames, type Located } from "./evidence-plan.ts";
import type { Report, ReportConnection } from "./schema.ts";
import { Secrets } from "./secrets.ts";

/** What was asked for cannot be done. */
export class EvidenceError extends Error {
  override readonly name = "EvidenceError";
  /** `other-capture`: the Report is not of these files. */
  readonly kind: "nothing-to-prove" | "other-capture" | "no-capture";

  constructor(kind: EvidenceError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface EvidenceOptions {
  /**
   * Other addresses in the place of the real ones, nothing private in the payload: see `anonymous/anonymizer.ts`. The key, 32 random bytes,
   * decides which; who has it can undo that.
   */
  readonly anonymize?: { readonly key: Uint8Array };
  /** `bytesTotal`: of all readings. */
  onProgress?(state: { bytesRead: number; bytesTotal: number | undefined; frames: number }): void;
}

/** What was written. */
export interface EvidenceSummary {
  readonly frames: number;
  readonly connections: number;
  readonly findings: number;
  /** Addresses that stand in certificates, which nobody can change: known besides, if the file is anonymized. */
  readonly certified: readonly string[];
}

/**
 * Hands `write` the file, piece by piece. `sources`: those that `report` is of, in any order; they are read twice, so all must have
 * `rewind`. Throws EvidenceError when there is nothing to prove or the Report is of another capture, before anything is written; ParseError
 * as `analyze` does.
 */
export async function extractEvidence(
  report: Report,
  sources: readonly ByteSource[],
  write: (piece: Uint8Array) => void | Promise<void>,
  { onProgress, anonymize }: EvidenceOptions = {},
): Promise<EvidenceSummary> {
  const { kind } = report.input;
  if (kind !== "capture") throw new EvidenceError("no-capture", `the Report is of a ${kind}, not of a capture`);
  if (report.findings.length === 0)
    throw new EvidenceError("nothing-to-prove", "the Report has no findings: there is nothing to prove");
  const size = sources.reduce<number | undefined>((sum, one) => addTo(sum, one.size), 0);
  const readings = anonymize === undefined ? 2 : 3;
  const progress =
    (before: number) =>
    (set: CaptureSet): void =>
      onProgress?.({
        bytesRead: before * (size ?? 0) + set.bytesRead,
        bytesTotal: size === undefined ? undefined : readings * size,
        frames: set.frames,
      });
  const { located, secrets } = await locate(report, sources, progress(0));
  const plan = new EvidencePlan(report, located);
  let anonymizer: Anonymizer | undefined;
  if (anonymize !== undefined) {
    const one = new Anonymizer(new AddressMap(anonymize.key), report.connections, plan);
    await reading(sources, (set) => one.read(set, progress(1)));
    anonymizer = one;
  }

  const isOpen = anonymizer === undefined;
  const writer = new PcapngWriter(`sightline ${VERSION}`, heading(report, isOpen));
  let frames = 0;
  const flush = (): void | Promise<void> => write(writer.take());
  await reading(sources, (set) =>
    follow(set, progress(readings - 1), (followed) => {
      const captured = plan.keep(followed);
      if (captured === undefined) return;
      const { frame, file } = followed;
      const comments = plan.comments(followed, isOpen);
      if (anonymizer === undefined) {
        if (frame.comment !== undefined) comments.unshift(frame.comment);
        writer.frame(frame, file, captured, comments, secrets.of(frame, "all"));
      } else {
        const other = anonymizer.frame(followed);
        if (other === undefined) return;
        writer.frame(other, 0, other.captured, comments, secrets.of(frame, "handshake"));
      }
      frames++;
      if (writer.pending >= PIECE) return flush();
    }),
  );
  const names = namesOf(plan.connections);
  if (isOpen && names.size > 0) writer.names(names);
  const lost = report.input.files.reduce((sum, { dropped = 0 }) => sum + dropped, 0);
  if (lost > 0) writer.lost(lost);
  await flush();
  const { connections } = plan;
  const certified = isOpen ? [] : addressesInCertificates(report, connections);
  return { frames, connections: connections.length, findings: report.findings.length, certified };
}

function addTo(sum: number | undefined, size: number | undefined): number | undefined {
  return sum === undefined || size === undefined ? undefined : sum + size;
}

/** Bytes that are handed over at once. */
const PIECE = 1 << 16;

/** The first reading: where the evidence lies, and that the Report is of this capture. */
async function locate(
  report: Report,
  sources: readonly ByteSource[],
  progress: (set: CaptureSet) => void,
): Promise<{ located: Located; secrets: Secrets }> {
  const wanted = evidenceFrames(report);
  const firsts = firstFrames(report);
  const connections = new Map<number, readonly string[]>();
  const secrets = new Secrets();
  let latest = 0;
  let seconds = Number.NEGATIVE_INFINITY;
  let nanos = 0;
  const look = ({ frame, ids, packet }: Followed): void => {
    const { number } = frame;
    if (!frame.untimed && (frame.seconds > seconds || (frame.seconds === seconds && frame.nanos > nanos))) {
      ({ seconds, nanos } = frame);
      latest = number;
    }
    if (wanted.has(number)) connections.set(number, [...ids]);
    const first = firsts.get(number);
    if (first === undefined) return;
    if (!ids.includes(first.id)) throw otherCapture(`${first.id} does not begin with frame ${number}`);
    if (!isBetween(first, packet))
      throw otherCapture(`${first.id} is not between ${first.client.ip} and ${first.server.ip}`);
  };
  await reading(sources, async (set) => {
    const { files, frames } = await follow(set, progress, look);
    const analyzed = report.input.files.filter(({ format }) => format !== UNREAD);
    if (analyzed.length !== files.length)
      throw otherCapture(`it was made of ${analyzed.length} file(s), and here are ${files.length}`);
    for (const [index, file] of files.entries()) {
      const then = analyzed[index];
      const from = file.from && moment(file.from);
      const to = file.to && moment(file.to);
      if (then === undefined || then.frames !== file.frames)
        throw otherCapture(`${file.name} has ${file.frames} frames, not ${then?.frames}`);
      if (then.from !== from || then.to !== to)
        throw otherCapture(`${file.name} is of ${from} to ${to}, not of ${then.from} to ${then.to}`);
      // The same packets in another format, or compressed, are the same evidence.
      if (then.format === file.format && then.bytes !== file.bytes)
        throw otherCapture(`${file.name} has ${file.bytes} bytes, not ${then.bytes}`);
    }
    if (frames !== report.totals.frames) throw otherCapture(`here are ${frames} frames, not ${report.totals.frames}`);
    for (const { secrets: logs } of set.files) for (const log of logs) secrets.add(log);
  });
  return { located: { connections, latest }, secrets };
}

/** Format of a file in the Report of which nothing could be read. */
const UNREAD = "unknown";

/** Reads all from the beginning. */
async function reading(sources: readonly ByteSource[], read: (set: CaptureSet) => Promise<unknown>): Promise<void> {
  for (const source of sources) source.rewind?.();
  const set = await CaptureSet.open(sources);
  try {
    await read(set);
  } finally {
    set.close();
  }
}

function otherCapture(why: string): EvidenceError {
  return new EvidenceError("other-capture", `the Report is of another capture: ${why}`);
}

/** Connections that findings name, by their first frames. */
function firstFrames({ findings, connections }: Report): Map<number, ReportConnection> {
  const named = new Set(findings.flatMap((finding) => finding.connections));
  return new Map(connections.filter(({ id }) => named.has(id)).map((one) => [one.frames.first, one]));
}

/** Whether a packet goes one way or the other; one that an ICMP error quotes does not tell. */
function isBetween({ client, server }: ReportConnection, packet: Packet): boolean {
  if (packet.kind !== TCP && packet.kind !== UDP) return true;
  const ends = [client, server].map(({ ip, port }) => `${ip} ${port}`);
  const { source, destination } = addressesOf(packet);
  const [from, to] = [`${source} ${packet.sourcePort}`, `${destination} ${packet.destinationPort}`];
  return from === ends[0] ? to === ends[1] : from === ends[1] && to === ends[0];
}

/** On the file as a whole. `isOpen`: addresses and names may be in it. */
function heading({ verdict, findings }: Report, isOpen: boolean): string {
  const count = findings.length === 1 ? "the finding" : `the ${findings.length} findings`;
  const what = isOpen ? verdict.headline : "Anonymized: addresses are others, and what is private was left out.";
  return `${what} These frames prove ${count} of sightline. Each says what for; numbers of frames and connections in that are those of the whole capture.`;
}

function addressesInCertificates(report: Report, connections: readonly ReportConnection[]): string[] {
  const presented = new Set(connections.flatMap(({ certificates }) => certificates.map(({ sha256 }) => sha256)));
  const texts = [...presented].flatMap((sha256) => {
    const certificate = report.certificates[sha256];
    return certificate === undefined ? [] : [certificate.subject, certificate.issuer, ...certificate.names];
  });
  return [...new Set(texts.flatMap(addressesIn))];
}

/** That whoever captured gave the addresses. */
function namesOf(connections: readonly ReportConnection[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { client, server } of connections) {
    for (const { ip, name } of [client, server]) if (name !== undefined) names.set(ip, name);
  }
  return names;
}
