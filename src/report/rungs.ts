/**
 * The handshake of one connection as rungs of a ladder: who sent what in which frame, what went wrong, what ended it. Owns which rungs
 * are shown; knows nothing of how they are drawn, nor of why something is wrong: the frames to mark are given.
 */
import type { ReportConnection } from "./schema.ts";

type Side = "client" | "server";

export interface Rung {
  readonly from: Side;
  readonly label: string;
  readonly frame: number;
  readonly at: number;
  /** Frames that carried any of it. */
  readonly frames: readonly number[];
  /** Ends the connection: an alert or RST. */
  readonly ends: boolean;
}

/** A rung that is shown. */
export interface ShownRung extends Rung {
  /** It went wrong here. */
  readonly isMarked: boolean;
  /** Rungs left out before it. */
  readonly leftOut: number;
}

export interface Ladder {
  readonly rungs: readonly ShownRung[];
  /** Rungs left out after the last. */
  readonly leftOut: number;
  /** What ended it without a message of its own. */
  readonly end: string | undefined;
}

/** A handshake that went wrong is over in fewer; of a longer one the middle is left out. */
const MAX_RUNGS = 9;

/** `marked`: frame numbers of this connection where it went wrong. */
export function ladderOf(connection: ReportConnection, marked: ReadonlySet<number>): Ladder {
  const all = rungsOf(connection);
  const isMarked = ({ from, frames, ends }: Rung): boolean =>
    (from === "server" || ends) && frames.some((frame) => marked.has(frame));
  let previous = -1;
  const rungs = choose(all, isMarked).map((rung) => {
    const index = all.indexOf(rung);
    const leftOut = index - previous - 1;
    previous = index;
    return { ...rung, isMarked: isMarked(rung), leftOut };
  });
  return { rungs, leftOut: all.length - previous - 1, end: endOf(connection, all) };
}

function rungsOf(connection: ReportConnection): Rung[] {
  const rungs: Rung[] = [];
  const imitated = connection.protocol === "pseudo-tls" || connection.protocol === "ssltcp";
  for (const { from, message, frame, frames, at, incomplete } of connection.handshake) {
    const note = incomplete ? " (not all captured)" : imitated && from === "client" ? ` (${connection.protocol})` : "";
    const label = message + note;
    const last = rungs.at(-1);
    if (last !== undefined && last.from === from && last.frame === frame) {
      rungs[rungs.length - 1] = { ...last, label: `${last.label}, ${label}`, frames: [...last.frames, ...frames] };
    } else rungs.push({ from, label, frame, at, frames, ends: false });
  }
  for (const { from, level, description, frame, at } of connection.tls?.alerts ?? [])
    rungs.push({ from, label: `Alert ${description} (${level})`, frame, at, frames: [frame], ends: true });
  if (connection.http !== undefined) {
    const { frame, at, status, title } = connection.http;
    const label = `HTTP ${status}${title === undefined ? "" : ` “${title}”`}`;
    rungs.push({ from: "server", label, frame, at, frames: [frame], ends: false });
  }
  if (connection.reset !== undefined) {
    const { from, frame, at } = connection.reset;
    rungs.push({ from, label: "RST", frame, at, frames: [frame], ends: true });
  }
  if (rungs.length === 0 && connection.frames.count > 0) {
    const { first, count } = connection.frames;
    const label = `${count} ${count === 1 ? "frame" : "frames"}, ${connection.bytes.fromClient} bytes of payload`;
    rungs.push({ from: "client", label, frame: first, at: 0, frames: [first], ends: false });
  }
  return rungs.sort((a, b) => a.at - b.at || a.frame - b.frame);
}

/** The beginning, whatever is marked, and the end; of what follows the last mark, the answer to it. */
function choose(all: readonly Rung[], isMarked: (rung: Rung) => boolean): readonly Rung[] {
  const last = all.findLastIndex((rung) => isMarked(rung) || rung.ends);
  const rungs = last === -1 ? all : all.slice(0, last + 2);
  if (rungs.length <= MAX_RUNGS) return rungs;
  const spare = MAX_RUNGS - Math.min(rungs.filter(isMarked).length, MAX_RUNGS) - 1;
  return rungs
    .filter((rung, index) => index < spare || isMarked(rung) || index === rungs.length - 1)
    .slice(0, MAX_RUNGS);
}

function endOf({ outcome, tls, reset, bytes }: ReportConnection, rungs: readonly Rung[]): string | undefined {
  switch (outcome) {
    case "unanswered":
      return "no answer";
    case "refused":
      return reset === undefined ? "refused" : undefined;
    case "stalled":
      return "nothing more";
    case "alert":
      return (tls?.alerts.length ?? 0) === 0 ? "encrypted alert" : undefined;
    case "reset":
      return rungs.some(({ ends }) => ends) ? undefined : "RST";
    case "closed":
      return bytes.fromServer === 0 ? "closed without an answer" : undefined;
    case "open":
      return undefined;
  }
}

/** Four decimals as in Wireshark's usual precision for people; fewer when the number is long. */
export function seconds(at: number): string {
  return at.toFixed(at < 1000 ? 4 : 0);
}
