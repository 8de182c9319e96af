/**
 * The handshake ladder of one connection: client left, server right, an arrow per frame, the moment it went wrong marked.
 * Owns its layout; knows nothing of why something is wrong: the frames to mark are given.
 */
import { endpoint } from "../diagnose/words.ts";
import { type Page, span } from "./layout.ts";
import type { ReportConnection } from "./schema.ts";

type Side = "client" | "server";

interface Rung {
  readonly from: Side;
  readonly label: string;
  readonly frame: number;
  readonly at: number;
  /** Frames that carried any of it. */
  readonly frames: readonly number[];
  /** Ends the connection: an alert or RST. */
  readonly ends: boolean;
}

/** A handshake that went wrong is over in fewer; of a longer one the middle is left out. */
const MAX_RUNGS = 9;
/** `│`, frame and time before it. */
const LEFT = 22;
/** Wider, the two sides drift apart. */
const MAX_WIDTH = 100;
/** Arrow head, the strokes beside the label, the spaces around it. */
const LABEL_MARGIN = 6;

/** `marked`: frame numbers of this connection where it went wrong. */
export function ladder(page: Page, connection: ReportConnection, marked: ReadonlySet<number>): void {
  const width = Math.min(page.columns, MAX_WIDTH) - LEFT - 4;
  const { client, server } = connection;
  const [left, right] = [`client ${endpoint(client)}`, `${endpoint(server)} server`];
  const gap = width + 2 - page.widthOf(left) - page.widthOf(right);
  page.row(
    span("dim", "   frame   seconds  "),
    gap > 0 ? left + " ".repeat(gap) + right : `client${" ".repeat(width - 10)}server`,
  );

  const rungs = rungsOf(connection);
  const isMarked = ({ from, frames, ends }: Rung): boolean =>
    (from === "server" || ends) && frames.some((frame) => marked.has(frame));
  const shown = choose(rungs, isMarked);
  let previous = -1;
  for (const rung of shown) {
    const index = rungs.indexOf(rung);
    if (index > previous + 1) leftOut(page, width, index - previous - 1);
    previous = index;
    drawRung(page, width, rung, isMarked(rung));
  }
  if (rungs.length > previous + 1) leftOut(page, width, rungs.length - previous - 1);
  const end = endOf(connection, rungs);
  if (end !== undefined) page.row(" ".repeat(LEFT - 2), " │", centred(page, end, width), "│ ", span("bad", "✗"));
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

function drawRung(page: Page, width: number, { from, label, frame, at }: Rung, bad: boolean): void {
  const text = page.fit(label, Math.min(page.widthOf(label), width - LABEL_MARGIN));
  const strokes = "─".repeat(width - page.widthOf(text) - 5);
  const tone = bad ? "bad" : "plain";
  page.row(
    span("dim", `  ${String(frame).padStart(6)}  ${seconds(at).padStart(8)}  `),
    "│",
    ...(from === "client" ? ["── ", span(tone, text), ` ${strokes}─▶`] : [`◀─${strokes} `, span(tone, text), " ──"]),
    "│",
    ...(bad ? [span("bad", " ✗")] : []),
  );
}

function leftOut(page: Page, width: number, count: number): void {
  page.row(
    " ".repeat(LEFT - 2),
    span("dim", " │"),
    span("dim", centred(page, `… ${count} more`, width)),
    span("dim", "│"),
  );
}

/** What ended it without a message of its own. */
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

function centred(page: Page, text: string, width: number): string {
  const before = Math.max(0, Math.floor((width - page.widthOf(text)) / 2));
  return page.fit(" ".repeat(before) + text, width);
}

/** Four decimals as in Wireshark's usual precision for people; fewer when the number is long. */
function seconds(at: number): string {
  return at.toFixed(at < 1000 ? 4 : 0);
}
