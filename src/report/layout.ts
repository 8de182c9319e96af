/**
 * Lines of text for a terminal: wrapping, hanging indents, colour. Owns the page; knows nothing of Reports.
 *
 * Every text passes through `printable` here and nowhere else, so no caller can forget it; SGR codes are added after it.
 */
import { columnsOf, printable, shorten, splitAtColumn } from "./printable.ts";

export interface TextStyle {
  /** Width of the terminal. */
  readonly columns: number;
  readonly color: boolean;
  readonly unicode: boolean;
}

export type Tone = "plain" | "strong" | "dim" | "bad" | "good" | "warn";

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** A plain string has the tone `plain`. */
export type Piece = string | Span;

/** Narrower, words no longer fit beside the indents; the terminal wraps instead. */
const MIN_COLUMNS = 60;
/** Wider, the eye loses the line. */
const MAX_COLUMNS = 120;

/** Of one paragraph: a hostile certificate may bring sentences of any length. */
const MAX_LINES = 6;

/** Select Graphic Rendition, ECMA-48 section 8.3.117. */
const SGR: Readonly<Record<Tone, string>> = { plain: "", strong: "1", dim: "2", bad: "1;31", good: "32", warn: "33" };

export function span(tone: Tone, text: string): Span {
  return { text, tone };
}

export class Page {
  readonly columns: number;
  private readonly style: TextStyle;
  private readonly lines: string[] = [];

  constructor(style: TextStyle) {
    this.style = style;
    this.columns = Math.min(Math.max(style.columns, MIN_COLUMNS), MAX_COLUMNS);
  }

  /** At most one blank line in a row, none at the top. */
  blank(): void {
    if (this.lines.length > 0 && this.lines.at(-1) !== "") this.lines.push("");
  }

  /** One line, cut at the edge. Spaces are kept. */
  row(...pieces: readonly Piece[]): void {
    let room = this.columns;
    let line = "";
    for (const { text, tone } of pieces.map(toSpan)) {
      const shown = shorten(this.printable(text), room, this.style.unicode);
      room -= columnsOf(shown);
      line += this.paint(shown, tone);
    }
    this.lines.push(line.trimEnd());
  }

  /** A line that is never cut or broken, for addresses of web pages: they are to be copied. */
  whole(...pieces: readonly Piece[]): void {
    this.lines.push(pieces.map((piece) => this.paint(this.printable(toSpan(piece).text), toSpan(piece).tone)).join(""));
  }

  /**
   * Wrapped text. `first` starts the first line as it is (an indent, a label), the following lines are indented by as many
   * columns. At most `maxLines`; what is left over is cut with an ellipsis.
   */
  paragraph(first: Piece, pieces: readonly Piece[], maxLines = MAX_LINES): void {
    const start = toSpan(first);
    const indent = columnsOf(this.printable(start.text));
    // More than the lines hold is cut anyway: a hostile text must not cost the time to wrap all of it.
    const most = (maxLines + 1) * this.columns;
    const spans = pieces.map(toSpan).map(({ text, tone }) => span(tone, this.printable(text.slice(0, most))));
    const rows = wrap(spans, this.columns - indent);
    if (rows.length > maxLines) {
      rows.length = maxLines;
      const last = rows[maxLines - 1] ?? [];
      last.push(span("dim", this.printable(" …")));
      trimTo(last, this.columns - indent);
    }
    rows.forEach((row, index) => {
      const head = index === 0 ? this.paint(this.printable(start.text), start.tone) : " ".repeat(indent);
      this.lines.push((head + row.map(({ text, tone }) => this.paint(text, tone)).join("")).trimEnd());
    });
  }

  /** With one newline at the end. */
  text(): string {
    return `${this.lines.join("\n").trimEnd()}\n`;
  }

  /** Columns the text takes here. */
  widthOf(text: string): number {
    return columnsOf(this.printable(text));
  }

  /** The text, cut, and padded with `fill` to exactly `columns`. */
  fit(text: string, columns: number, fill = " "): string {
    const shown = shorten(this.printable(text), columns, this.style.unicode);
    return shown + fill.repeat(Math.max(0, columns - columnsOf(shown)));
  }

  private printable(text: string): string {
    return printable(text, this.style.unicode);
  }

  private paint(text: string, tone: Tone): string {
    if (!this.style.color || tone === "plain" || text.trim() === "") return text;
    return `\x1b[${SGR[tone]}m${text}\x1b[0m`;
  }
}

function toSpan(piece: Piece): Span {
  return typeof piece === "string" ? { text: piece, tone: "plain" } : piece;
}

/** Breaks at spaces; a word longer than a line is broken where the line ends. At least one row. */
function wrap(spans: readonly Span[], columns: number): Span[][] {
  const rows: Span[][] = [[]];
  let used = 0;
  let space = false;
  for (const { text, tone } of spans) {
    for (const part of text.split(/( +)/)) {
      if (part === "") continue;
      if (part.startsWith(" ")) {
        space = used > 0;
        continue;
      }
      let word = part;
      let width = columnsOf(word);
      if (used + (space ? 1 : 0) + width > columns && used > 0 && space) {
        rows.push([]);
        used = 0;
        space = false;
      }
      while (used + (space ? 1 : 0) + width > columns) {
        const [head, tail] = splitAtColumn(word, Math.max(columns - used - (space ? 1 : 0), 0));
        if (head !== "") append(rows, tone, (space ? " " : "") + head);
        rows.push([]);
        used = 0;
        space = false;
        word = tail;
        width = columnsOf(word);
      }
      append(rows, tone, (space ? " " : "") + word);
      used += (space ? 1 : 0) + width;
      space = false;
    }
  }
  return rows;
}

/** To the last row; words of one tone stay one span, so that colour is switched once. */
function append(rows: Span[][], tone: Tone, text: string): void {
  const row = rows.at(-1) as Span[];
  const last = row.at(-1);
  if (last?.tone === tone) row[row.length - 1] = span(tone, last.text + text);
  else row.push(span(tone, text));
}

/** Shortens a row before its last span until it fits. */
function trimTo(row: Span[], columns: number): void {
  const last = row.pop();
  if (last === undefined) return;
  let room = columns - columnsOf(last.text);
  const kept = row.splice(0).map(({ text, tone }) => {
    const [head] = splitAtColumn(text, room);
    room -= columnsOf(head);
    return span(tone, head);
  });
  row.push(...kept, last);
}
