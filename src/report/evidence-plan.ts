/**
 * Which frames of a capture prove the findings of its Report, and what is written on each of them. Owns that choice; knows nothing of
 * files, and reads no payload.
 *
 * Of a connection that a finding names, or that its evidence lies in, the frames are kept up to where its verdict was reached: from its
 * first one through the handshake, and to the end where it failed. Of what follows, a little; then only what ends it. Other
 * connections are kept in the same way, so that nothing that speaks against a finding is left out: all to the same servers, and a few
 * of the same clients that were answered: they show what the network lets through, and that the capture has both directions.
 */
import { grouped } from "../diagnose/grouped.ts";
import { addressesOf, type Followed } from "../observe/follow.ts";
import { ACK, FIN, ICMP_ERROR, type Packet, RST, SYN, TCP } from "../packet/packet.ts";
import { printable } from "./printable.ts";
import type { Evidence, Finding, Report, ReportConnection } from "./schema.ts";

/**
 * Bytes on the wire of a connection that are kept behind what its verdict needs: whether it went on, and whether more than a page came
 * back (64 KiB), is asked by rules.
 */
const AFTERWARDS = 128 * 1024;
/** Bytes of a connection that are kept whole: as much as is read of both directions of a handshake. Of longer ones the headers go on. */
const WHOLE = 2 * 1024 * 1024;
/** Connections of a client that were answered between those that findings name. Rules ask whether there is one. */
const MAX_WITNESSES = 8;
/** Findings that are named on a frame which stands beside their evidence. */
const MAX_NAMED = 8;
/** Comments on a frame of this many findings: a certificate that a hundred connections share is evidence of one. */
const MAX_STATED = 16;

/** The evidence that lies in one frame. */
interface Stated {
  readonly finding: Finding;
  readonly evidence: Evidence[];
}

/** A connection of which frames are kept. */
interface Part {
  /** Absent for one that the Report does not list. */
  readonly connection: ReportConnection | undefined;
  /** Ids of the findings that it stands for. */
  readonly findings: Set<string>;
  /** Why it is kept: a finding names it, or its evidence lies in it; or it may speak against one. */
  relation: "for" | "same server, beside" | "same client, beside";
  /** All is kept up to this frame. */
  through: number;
  /** Bytes that may still be kept behind it; and whole. */
  afterwards: number;
  whole: number;
}

/** What the first look at the capture found. */
export interface Located {
  /** The connections that a frame with evidence belongs to. */
  readonly connections: ReadonlyMap<number, readonly string[]>;
  /** The frame that has the latest time. */
  readonly latest: number;
}

/** Frames that evidence lies in. */
export function evidenceFrames(report: Report): ReadonlySet<number> {
  return new Set(report.findings.flatMap(({ evidence }) => evidence.map(({ frame }) => frame)));
}

export class EvidencePlan {
  private readonly report: Report;
  private readonly parts = new Map<string, Part>();
  private readonly stated: ReadonlyMap<number, readonly Stated[]>;
  /** What handshakes, alerts and the like are in a frame. */
  private readonly events = new Map<number, string[]>();
  /** Addresses of connections, in both directions: for pieces of packets. */
  private readonly pairs = new Set<string>();
  /** How long nothing came is told by the end of the capture. */
  private readonly end: number | undefined;

  constructor(report: Report, { connections, latest }: Located) {
    this.report = report;
    this.stated = statedIn(report.findings);
    const byId = new Map(report.connections.map((connection) => [connection.id, connection]));
    for (const { id, connections: named } of report.findings) for (const one of named) this.add(one, byId.get(one), id);
    for (const [frame, stated] of this.stated) {
      for (const id of connections.get(frame) ?? []) {
        for (const { finding } of stated) {
          const part = this.add(id, byId.get(id), finding.id);
          part.through = Math.max(part.through, frame);
        }
      }
    }
    this.addNeighbours();
    this.addWitnesses();
    for (const { connection } of this.parts.values()) if (connection !== undefined) this.note(connection);
    const isOpen = [...this.parts.values()].some(({ connection }) => connection?.outcome !== "closed");
    this.end = isOpen ? latest : undefined;
  }

  /** Connections of which frames are kept, as far as the Report lists them. */
  get connections(): ReportConnection[] {
    return [...this.parts.values()].flatMap(({ connection }) => connection ?? []);
  }

  has(id: string): boolean {
    return this.parts.has(id);
  }

  /** The last frame that a connection's verdict rests on. */
  through(id: string): number {
    return this.parts.get(id)?.through ?? 0;
  }

  /** How many bytes of a frame are kept; undefined: it is left out. Called once for every frame, in order. */
  keep(followed: Followed): number | undefined {
    const { frame, ids } = followed;
    let kept = this.isPieceOf(followed) ? frame.captured : undefined;
    for (const id of ids) {
      const part = this.parts.get(id);
      if (part === undefined) continue;
      const mine = this.keepOf(part, followed);
      if (mine !== undefined) kept = Math.max(kept ?? 0, mine);
    }
    // It may be anybody's: its time is all that counts.
    return kept ?? (frame.number === this.end ? 0 : undefined);
  }

  /** What is written on a frame that is kept, one line each. `values`: with what findings say: addresses and names are in it. */
  comments({ frame, file, ids, packet }: Followed, values: boolean): string[] {
    const { number } = frame;
    const stated = this.stated.get(number) ?? [];
    const lines = stated.slice(0, MAX_STATED).flatMap((one) => statement(one, values));
    if (stated.length > MAX_STATED) lines.push(`and ${stated.length - MAX_STATED} more findings`);
    if (stated.length === 0) lines.push(this.purpose(number, ids, packet));
    const name = values ? ` of ${baseName(this.report.input.files[file]?.name)}` : "";
    const whose = ids.length === 0 ? "" : ` (${ids.join(", ")})`;
    lines.push(`was frame ${number}${name}${whose}`);
    return lines.map((line) => printable(line, true));
  }

  /** Why a frame is there that no evidence lies in. */
  private purpose(number: number, ids: readonly string[], packet: Packet): string {
    const parts = ids.flatMap((id) => this.parts.get(id) ?? []);
    if (parts.length === 0) {
      return number === this.end ? "the capture goes on until here: nothing more came before" : "piece of a packet";
    }
    const relation = (parts.find((part) => part.relation === "for") ?? parts[0])?.relation;
    const findings = [...new Set(parts.flatMap((part) => [...part.findings]))];
    const named = findings.slice(0, MAX_NAMED).join(", ");
    const more = findings.length > MAX_NAMED ? ` and ${findings.length - MAX_NAMED} more` : "";
    const events = this.events.get(number)?.join(", ") ?? controlOf(packet);
    return `${relation} ${named}${more}${events === "" ? "" : `: ${events}`}`;
  }

  private add(id: string, connection: ReportConnection | undefined, finding: string): Part {
    let part = this.parts.get(id);
    if (part === undefined) {
      const through = connection === undefined ? 0 : throughOf(connection);
      part = { connection, findings: new Set(), relation: "for", through, afterwards: AFTERWARDS, whole: WHOLE };
      this.parts.set(id, part);
    }
    part.findings.add(finding);
    return part;
  }

  private addNeighbours(): void {
    const findings = new Map<string, Set<string>>();
    for (const part of this.parts.values()) {
      if (part.connection === undefined) continue;
      for (const place of placesOf(part.connection)) {
        const known = findings.get(place);
        if (known === undefined) findings.set(place, new Set(part.findings));
        else for (const id of part.findings) known.add(id);
      }
    }
    for (const connection of this.report.connections) {
      if (this.parts.has(connection.id)) continue;
      const beside = new Set(placesOf(connection).flatMap((place) => [...(findings.get(place) ?? [])]));
      for (const id of beside) this.add(connection.id, connection, id).relation = "same server, beside";
    }
  }

  private addWitnesses(): void {
    const named = grouped(
      [...this.parts.values()].filter(({ relation }) => relation === "for"),
      ({ connection }) => connection?.client.ip,
    );
    const answered = grouped(
      this.report.connections.filter(({ id, bytes }) => bytes.fromServer > 0 && !this.parts.has(id)),
      ({ client }) => client.ip,
    );
    for (const [ip, parts] of named) {
      const findings = parts.flatMap((part) => [...part.findings]);
      for (const connection of witnesses(
        answered.get(ip) ?? [],
        parts.flatMap(({ connection }) => connection ?? []),
      )) {
        for (const id of findings) this.add(connection.id, connection, id).relation = "same client, beside";
      }
    }
  }

  private note({ client, server, handshake, tls, reset, http }: ReportConnection): void {
    this.pairs.add(`${client.ip} ${server.ip}`);
    this.pairs.add(`${server.ip} ${client.ip}`);
    const event = (frame: number, what: string): void => {
      const known = this.events.get(frame);
      if (known === undefined) this.events.set(frame, [what]);
      else known.push(what);
    };
    for (const { from, message, frame } of handshake) event(frame, `${message} (${from})`);
    for (const { from, description, frame } of tls?.alerts ?? []) event(frame, `Alert ${description} (${from})`);
    if (reset !== undefined) event(reset.frame, `RST (${reset.from})`);
    if (http !== undefined) event(http.frame, `HTTP ${http.status}`);
  }

  private keepOf(part: Part, { frame, tells, headers }: Followed): number | undefined {
    const { number, captured, original } = frame;
    const isLast = number === part.connection?.frames.last;
    if (this.stated.has(number)) return captured;
    if (number > part.through && !tells && !isLast) {
      if (part.afterwards <= 0) return undefined;
      part.afterwards -= original;
    }
    if (part.whole <= 0) return headers;
    part.whole -= captured;
    return captured;
  }

  private isPieceOf({ isPiece, packet }: Followed): boolean {
    if (!isPiece) return false;
    const { source, destination } = addressesOf(packet);
    return this.pairs.has(`${source} ${destination}`);
  }
}

function statedIn(findings: readonly Finding[]): Map<number, Stated[]> {
  const stated = new Map<number, Stated[]>();
  for (const finding of findings) {
    const byFrame = new Map<number, Evidence[]>();
    for (const one of finding.evidence) {
      const known = byFrame.get(one.frame);
      if (known === undefined) byFrame.set(one.frame, [one]);
      else known.push(one);
    }
    for (const [frame, evidence] of byFrame) {
      const known = stated.get(frame);
      if (known === undefined) stated.set(frame, [{ finding, evidence }]);
      else known.push({ finding, evidence });
    }
  }
  return stated;
}

function statement({ finding, evidence }: Stated, values: boolean): string[] {
  const { id, rule, confidence, what } = finding;
  return [
    `${id} ${rule}, ${confidence}${values ? `: ${what}` : ""}`,
    ...evidence.map(({ path, value, expected }) => {
      if (!values) return `${id} evidence: ${path}`;
      return `${id} evidence: ${path} = ${value}${expected === undefined ? "" : `; expected ${expected}`}`;
    }),
  ];
}

/** What a packet that is no handshake message says by its header. */
function controlOf({ kind, flags }: Packet): string {
  if (kind === ICMP_ERROR) return "ICMP error";
  if (kind !== TCP) return "";
  if ((flags & SYN) !== 0) return (flags & ACK) !== 0 ? "SYN-ACK" : "SYN";
  return (flags & RST) !== 0 ? "RST" : (flags & FIN) !== 0 ? "FIN" : "";
}

/** Where the file lay is nobody's business. */
function baseName(path = "the capture"): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** The last frame that its verdict rests on, as far as its row tells: of one that failed all, for what failed it may be silence. */
function throughOf(connection: ReportConnection): number {
  const { frames, handshake, tls, certificates, http, reset, stun, outcome, verdict } = connection;
  if (verdict.is === "impaired" || (outcome !== "open" && outcome !== "closed")) return frames.last;
  let through = frames.first;
  for (const message of handshake) for (const frame of message.frames) through = Math.max(through, frame);
  for (const { frame } of [...(tls?.alerts ?? []), ...certificates]) through = Math.max(through, frame);
  for (const one of [http, reset, stun?.allocation]) through = Math.max(through, one?.frame ?? 0);
  return through;
}

/** Of a client's answered connections the last one before those named, the first one after them, and some in between. */
function witnesses(answered: readonly ReportConnection[], named: readonly ReportConnection[]): ReportConnection[] {
  const begins = named.map(({ frames }) => frames.first);
  const first = begins.reduce((one, other) => Math.min(one, other));
  const last = begins.reduce((one, other) => Math.max(one, other));
  const before = answered.filter(({ frames }) => frames.first < first).at(-1);
  const after = answered.find(({ frames }) => frames.first > last);
  const between = answered.filter(({ frames }) => first < frames.first && frames.first < last);
  const genuine = between.filter(({ verdict }) => verdict.is === "genuine").slice(0, MAX_WITNESSES / 2);
  const others = between.filter(({ verdict }) => verdict.is !== "genuine").slice(0, MAX_WITNESSES - genuine.length);
  return [before, after, ...genuine, ...others].filter((connection) => connection !== undefined);
}

/** What connections have in common that may speak for or against each other: the server, or what a proxy was asked for; the name. */
function placesOf({ server, through, serverName }: ReportConnection): string[] {
  const places = [`${server.ip} ${through?.target ?? ""}`];
  if (serverName !== undefined) places.push(serverName.toLowerCase());
  return places;
}
