/**
 * The handshake ladder of one connection: client left, server right, an arrow per frame, the moment it went wrong marked.
 * Owns its layout; knows nothing of why something is wrong: the frames to mark are given.
 */
import { endpoint } from "../diagnose/words.ts";
import { type Page, span } from "./layout.ts";
import { ladderOf, type ShownRung, seconds } from "./rungs.ts";
import type { ReportConnection } from "./schema.ts";

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

  const { rungs, leftOut, end } = ladderOf(connection, marked);
  for (const rung of rungs) {
    skipped(page, width, rung.leftOut);
    drawRung(page, width, rung);
  }
  skipped(page, width, leftOut);
  if (end !== undefined) page.row(" ".repeat(LEFT - 2), " │", centred(page, end, width), "│ ", span("bad", "✗"));
}

function drawRung(page: Page, width: number, { from, label, frame, at, isMarked }: ShownRung): void {
  const text = page.fit(label, Math.min(page.widthOf(label), width - LABEL_MARGIN));
  const strokes = "─".repeat(width - page.widthOf(text) - 5);
  const tone = isMarked ? "bad" : "plain";
  page.row(
    span("dim", `  ${String(frame).padStart(6)}  ${seconds(at).padStart(8)}  `),
    "│",
    ...(from === "client" ? ["── ", span(tone, text), ` ${strokes}─▶`] : [`◀─${strokes} `, span(tone, text), " ──"]),
    "│",
    ...(isMarked ? [span("bad", " ✗")] : []),
  );
}

function skipped(page: Page, width: number, count: number): void {
  if (count === 0) return;
  page.row(
    " ".repeat(LEFT - 2),
    span("dim", " │"),
    span("dim", centred(page, `… ${count} more`, width)),
    span("dim", "│"),
  );
}

function centred(page: Page, text: string, width: number): string {
  const before = Math.max(0, Math.floor((width - page.widthOf(text)) / 2));
  return page.fit(" ".repeat(before) + text, width);
}
