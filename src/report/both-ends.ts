/**
 * Both ends of a comparison: the two hellos and certificates of one connection side by side, and which connections were found at both.
 * Owns this layout; judges nothing.
 */
import { endpoint, plural } from "../diagnose/words.ts";
import { type Page, type Span, span } from "./layout.ts";
import type { Report, ReportCertificate, ReportConnection } from "./schema.ts";

type OtherEnd = NonNullable<ReportConnection["otherEnd"]>;

/** Of pairs in a list. */
const MAX_PAIRS = 5;
/** An issuer of honest length in half a terminal. */
const MAX_CELL_LINES = 3;
/** Mark and label before the two columns, and the space between them. */
const LABEL = 13;
const GAP = 2;

/** What is different is marked, where that shows something between. */
export function sideBySide(page: Page, report: Report, connection: ReportConnection): void {
  const { otherEnd } = connection;
  if (otherEnd === undefined) return;
  const { files } = report.input;
  const rows: Row[] = [
    ["Both ends", files[connection.file]?.name, files[otherEnd.file]?.name],
    ["", `${connection.id}, ${frames(connection)}`, `${otherEnd.id}, ${frames(otherEnd)}`],
    ["From", endpoint(connection.client), endpoint(otherEnd.client)],
    ["To", endpoint(connection.server), endpoint(otherEnd.server)],
    ["Name", connection.serverName, otherEnd.serverName],
    ["Hello", otherEnd.clientHello.here, otherEnd.clientHello.there, true],
    ["Program", connection.tls?.ja4, otherEnd.tls?.ja4, true],
    ["Answer", otherEnd.serverHello.here, otherEnd.serverHello.there, true],
    ["Chosen", chosen(connection), chosen(otherEnd)],
    ...certificateRows(report, connection, otherEnd),
  ];
  page.blank();
  for (const row of rows) draw(page, row, otherEnd.is);
  page.blank();
}

type Row = readonly [label: string, here: string | undefined, there: string | undefined, tells?: boolean];

function certificateRows({ certificates }: Report, connection: ReportConnection, otherEnd: OtherEnd): Row[] {
  const [here, there] = [connection, otherEnd].map(({ certificates: [leaf] }) => leaf?.sha256);
  if (here === undefined && there === undefined) return [];
  const seen = here !== undefined && there !== undefined;
  const of = (sha256: string | undefined, field: (leaf: ReportCertificate) => string): string => {
    const leaf = certificates[sha256 ?? ""];
    return leaf === undefined ? "not seen" : field(leaf);
  };
  const row = (label: string, field: (leaf: ReportCertificate) => string): Row => [
    label,
    of(here, field),
    of(there, field),
    seen,
  ];
  return [
    row("Issuer", ({ issuer }) => issuer),
    row("Key", ({ key }) => key),
    ["SHA-256", here ?? "not seen", there ?? "not seen", seen],
  ];
}

function frames({ frames: { first, last } }: Pick<ReportConnection, "frames">): string {
  return first === last ? `frame ${first}` : `frames ${first} to ${last}`;
}

function chosen({ tls, protocol }: Pick<ReportConnection, "tls" | "protocol">): string {
  return [tls?.version ?? protocol, ...(tls?.cipher === undefined ? [] : [tls.cipher])].join(", ");
}

/** The two cells, wrapped beside each other; no row where neither is known. */
function draw(page: Page, [label, here = "", there = "", tells]: Row, is: OtherEnd["is"]): void {
  if (here === "" && there === "") return;
  const differs = tells === true && here !== "" && there !== "" && here !== there && is === "different";
  const width = Math.floor((page.columns - LABEL - GAP) / 2);
  const [left, right] = [lines(page, here, width), lines(page, there, width)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const head: Span = differs && i === 0 ? span("bad", "✗ ") : span("plain", "  ");
    page.row(
      head,
      span("dim", (i === 0 ? label : "").padEnd(LABEL - 2)),
      span(differs ? "bad" : "plain", page.fit(left[i] ?? "", width)),
      " ".repeat(GAP),
      span(differs ? "bad" : "plain", right[i] ?? ""),
    );
  }
}

/** Broken at spaces where there are any. */
function lines(page: Page, text: string, width: number): string[] {
  const found: string[] = [];
  let rest = text;
  while (rest !== "" && found.length < MAX_CELL_LINES) {
    if (page.widthOf(rest) <= width || found.length === MAX_CELL_LINES - 1) {
      found.push(page.fit(rest, Math.min(page.widthOf(rest), width)));
      break;
    }
    // A character has a column at least.
    const space = rest.lastIndexOf(" ", width);
    const end = space > width / 2 ? space : width;
    found.push(page.fit(rest.slice(0, end), Math.min(page.widthOf(rest.slice(0, end)), width)));
    rest = rest.slice(end).trimStart();
  }
  return found;
}

/** Which connections are in both captures, those that differ first. */
export function bothEnds(page: Page, { input, connections }: Report): void {
  const { comparison, files } = input;
  if (comparison === undefined) return;
  const { inBoth, onlyHere, onlyThere, clockOffset } = comparison;
  page.blank();
  page.row(span("strong", `Both ends: ${plural(inBoth, "TLS connection")} found in both captures`));
  const paired = connections.filter(({ otherEnd }) => otherEnd !== undefined);
  for (const is of ["different", "same", "not-seen"] as const) {
    const alike = paired.filter(({ otherEnd }) => otherEnd?.is === is);
    for (const connection of alike.slice(0, MAX_PAIRS)) pairLine(page, connection, connection.otherEnd as OtherEnd);
    if (alike.length > MAX_PAIRS) page.row(span("dim", `  … and ${alike.length - MAX_PAIRS} more (--json has all)`));
  }
  const alone = [
    ...(onlyHere > 0 ? [`${onlyHere} only in ${files[0]?.name}`] : []),
    ...(onlyThere > 0 ? [`${onlyThere} only in ${files.at(-1)?.name}`] : []),
    ...(clockOffset === undefined ? [] : [clock(clockOffset)]),
  ];
  if (alone.length > 0) page.paragraph("  ", [alone.join("; ")]);
}

const FOUND: Readonly<Record<OtherEnd["by"], string>> = {
  hello: "",
  tcp: ", on the same TCP connection",
  time: ", by name and time",
};

const HELLOS: Readonly<Record<OtherEnd["is"], readonly [mark: Span, words: string]>> = {
  different: [span("bad", "✗ "), "another hello or certificate there"],
  same: [span("good", "✓ "), "the same hellos"],
  "not-seen": [span("plain", "  "), "hellos that do not tell"],
};

function pairLine(page: Page, connection: ReportConnection, otherEnd: OtherEnd): void {
  const [mark, words] = HELLOS[otherEnd.is];
  const name = connection.serverName === undefined ? "" : ` ${connection.serverName}`;
  page.paragraph(
    mark,
    [
      `${connection.id} and ${otherEnd.id}  ${endpoint(connection.server)}${name}: `,
      span("dim", words + FOUND[otherEnd.by]),
    ],
    2,
  );
}

function clock(offset: number): string {
  const by = Math.abs(offset);
  if (by < 0.001) return "the clocks agree";
  const text = by < 1 ? `${(by * 1000).toFixed(1)} ms` : `${by.toFixed(3)} s`;
  return `the other end's clock is ${text} ${offset > 0 ? "ahead" : "behind"}, the way there included`;
}
