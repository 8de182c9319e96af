/**
 * The Report as text for a person, who may sit at a support desk: the answer first, then what proves it, what it breaks,
 * what to change, and what could not be judged. A pure function of the Report; every judgement is in it already.
 *
 * About 60 lines for the usual case, whatever the size of the capture: long lists are cut and say so.
 */
import { endpoint, plural } from "../diagnose/words.ts";
import { SERVICES } from "../knowledge/services/index.ts";
import { bothEnds, sideBySide } from "./both-ends.ts";
import { ladder } from "./ladder.ts";
import { Page, type Piece, span, type TextStyle } from "./layout.ts";
import { choiceText, flightText, serverText } from "./outside.ts";
import {
  BLOCK_PAGE,
  bypassRows,
  callText,
  checksOf,
  chooseInFull,
  countsText,
  day,
  decidingFindings,
  FEATURE_STATES,
  featureRows,
  fileText,
  GROUPS,
  kindOf,
  leafOf,
  list,
  listTexts,
  type Marked,
  mediaText,
  nameAfter,
  positionsOf,
  programOf,
  protocolCounts,
  reasonOf,
  relayText,
  TRUST_WORDS,
  throughText,
  toldText,
  VERDICTS,
  verdictText,
} from "./phrases.ts";
import type {
  ConnectionVerdict,
  Evidence,
  Finding,
  Report,
  ReportConnection,
  ReportFile,
  ReportGroup,
} from "./schema.ts";

/** One shows the fault, a second of another kind makes it plausible; the rest is in the lists. */
const MAX_IN_FULL = 2;
const MAX_EVIDENCE = 3;
const MAX_BYPASS = 5;
const MAX_POSITIONS = 3;
const MAX_GROUPS = 5;
const MAX_SIGNS = 3;
const MAX_FILES = 4;
const MAX_PROBLEMS = 3;
/** On the file; those on frames stand where the frame is evidence. */
const MAX_COMMENTS = 3;
/** Two lines hold any honest name. */
const MAX_NAME_LINES = 2;
/** A field, a server and two names: what was found, and what was expected. */
const MAX_EVIDENCE_LINES = 4;
/** A name, and what is seen of a connection that could not be judged. */
const MAX_GROUP_LINES = 3;

export function renderText(report: Report, style: TextStyle): string {
  const page = new Page(style);
  const inFull = chooseInFull(report, MAX_IN_FULL);
  answer(page, report);
  inFull.forEach((connection, index) => {
    details(page, report, connection, index === 0);
  });
  if (inFull.every(({ otherEnd }) => otherEnd === undefined)) {
    const [first] = report.connections.filter(({ otherEnd }) => otherEnd !== undefined);
    if (first !== undefined) sideBySide(page, report, first);
  }
  bothEnds(page, report);
  features(page, report);
  bypass(page, report);
  positions(page, report);
  connections(page, report, new Set(inFull.map(({ id }) => id)));
  signs(page, report);
  checks(page, report);
  input(page, report);
  return page.text();
}

function answer(page: Page, { verdict }: Report): void {
  const confidence = "confidence" in verdict ? `, ${verdict.confidence}` : "";
  const { tone, mark, words } = VERDICTS[verdict.is];
  page.row(span(tone, `${mark} ${words}`), span("strong", confidence));
  page.paragraph("", [verdict.headline]);
  if (verdict.is === "cannot-tell") labelled(page, "", "Missing", [verdict.missing.join(", ")]);
  if (verdict.next !== undefined) labelled(page, "", "Next", [span("strong", verdict.next)]);
}

function details(page: Page, report: Report, connection: ReportConnection, first: boolean): void {
  const { id, server, application } = connection;
  page.blank();
  page.row(
    span("strong", `${id}  `),
    span("strong", `${endpoint(server)}${nameAfter(connection)}`),
    `  ${kindOf(connection)}`,
  );
  if (application !== undefined) {
    page.paragraph("  ", [`of ${programOf(application.path)}, process ${application.pid}`], MAX_NAME_LINES);
  }
  proxy(page, connection);
  page.paragraph("  ", verdictLine(connection.verdict));

  const deciding = decidingFindings(report, connection);
  // After the first, the certificate says what a second ladder would.
  const brief = !first && leafOf(report, connection) !== undefined;
  // Frame numbers count through all files of a capture, so they need no file beside them.
  if (!brief) ladder(page, connection, new Set(deciding.flatMap(({ evidence }) => evidence).map(({ frame }) => frame)));
  if (!brief) outside(page, connection);
  certificate(page, report, connection);
  const relay = relayText(connection);
  if (relay !== undefined) labelled(page, "  ", "Relay", [relay, span("dim", toldText(connection))], MAX_NAME_LINES);
  const media = mediaText(connection);
  if (media !== undefined) labelled(page, "  ", "Media", [media]);
  sideBySide(page, report, connection);
  const [decisive, ...others] = deciding;
  if (decisive === undefined) return;
  labelled(page, "  ", "What", [decisive.what]);
  labelled(page, "  ", "Why", [decisive.why]);
  const beside = report.findings.find(({ rule, connections }) => rule === BLOCK_PAGE && connections.includes(id));
  if (beside !== undefined) labelled(page, "  ", "Beside it", [beside.what]);
  if (brief) return;
  proof(page, report, connection, decisive);
  if (others.length > 0)
    labelled(page, "  ", "Also", [
      list(
        others.map(({ rule }) => rule),
        MAX_GROUPS,
      ),
    ]);
}

/** What the client asked of the proxy, the answer, and what the proxy says of itself, which anybody could say. */
function proxy(page: Page, connection: ReportConnection): void {
  const text = throughText(connection);
  if (text === undefined) return;
  page.paragraph("  ", [text], MAX_NAME_LINES);
  const { headers = [] } = connection.through ?? {};
  if (headers.length === 0) return;
  const said = headers.map(({ name, value }) => `${name}: ${value}`);
  labelled(page, "  ", "It says", [list(said, MAX_GROUPS)], MAX_NAME_LINES);
}

/** What the server chose and showed of itself, the certificate apart. */
function outside(page: Page, connection: ReportConnection): void {
  const rows: [string, string | undefined][] = [
    ["Chosen", choiceText(connection)],
    ["Flight", flightText(connection)],
    ["Server", serverText(connection)],
  ];
  for (const [label, text] of rows) if (text !== undefined) labelled(page, "  ", label, [text], MAX_NAME_LINES);
}

function verdictLine(verdict: ConnectionVerdict): Piece[] {
  const { tone, mark, words, rest } = verdictText(verdict);
  return [span(tone, `${mark} ${words}`.trimStart()), rest];
}

function certificate(page: Page, report: Report, connection: ReportConnection): void {
  const { trust } = connection;
  const leaf = leafOf(report, connection);
  if (leaf === undefined) return;
  const doubtful = trust !== undefined && trust.is !== "public-root";
  const frame = connection.certificates[0]?.frame;
  labelled(page, "  ", "Subject", [leaf.subject, span("dim", `  (frame ${frame})`)], MAX_NAME_LINES);
  labelled(page, doubtful ? "✗ " : "  ", "Issuer", [span(doubtful ? "bad" : "plain", leaf.issuer)], MAX_NAME_LINES);
  labelled(page, "  ", "Valid", [`${day(leaf.notBefore)} to ${day(leaf.notAfter)}, ${leaf.key}, ${leaf.signature}`]);
  if (trust !== undefined)
    labelled(page, "  ", "Trust", [TRUST_WORDS[trust.is], trust.detail === undefined ? "" : `: ${trust.detail}`]);
}

function proof(page: Page, report: Report, connection: ReportConnection, finding: Finding): void {
  const { fix, evidence, references } = finding;
  const leaf = leafOf(report, connection);
  // The names are shown with the certificate.
  const shown = evidence.filter(({ value }) => value !== leaf?.issuer && value !== leaf?.subject);
  const comments = new Map(
    filesOf(report)
      .flatMap((file) => file.comments ?? [])
      .map(({ frame, text }) => [frame, text]),
  );
  shown.slice(0, MAX_EVIDENCE).forEach((item, index) => {
    labelled(page, "  ", index === 0 ? "Evidence" : "", evidenceLine(item), MAX_EVIDENCE_LINES);
    const comment = comments.get(item.frame);
    if (comment !== undefined) labelled(page, "  ", "", [span("dim", `comment: ${comment}`)], MAX_NAME_LINES);
  });
  if (shown.length > MAX_EVIDENCE) labelled(page, "  ", "", [span("dim", andMore(shown.length - MAX_EVIDENCE))]);
  // An exemption is listed below, with all the others.
  if (!report.bypass.some(({ findings }) => findings.includes(finding.id))) labelled(page, "  ", "Fix", [fix]);
  for (const reference of references.slice(0, 1)) page.whole(`  ${"See".padEnd(LABEL)}`, span("dim", reference));
}

/** Of a comparison without the capture of the other end, whose frames have numbers of their own. */
function filesOf({ input }: Report): readonly ReportFile[] {
  return input.comparison === undefined ? input.files : input.files.slice(0, -1);
}

function evidenceLine({ frame, path, value, expected }: Evidence): Piece[] {
  return [`frame ${frame}: ${path} = ${value}`, expected === undefined ? "" : span("dim", `; expected ${expected}`)];
}

/** Worst first; features that share status and reason share a line. What is broken, and what works beside it, gets more lines. */
function features(page: Page, report: Report): void {
  for (const service of SERVICES) {
    const rows = featureRows(report, service.id);
    if (rows.length === 0) continue;
    heading(page, service.name);
    const isHit = rows.some(({ status }) => status === "broken");
    for (const { status, features, reason } of rows) {
      const { tone, mark, words } = FEATURE_STATES.get(status) as Marked;
      const pieces = [features.join(", "), span("dim", reason === "" ? "" : `: ${reason}`)];
      const whole = status === "broken" || (status === "working" && isHit);
      page.paragraph(span(tone, `  ${mark} ${words.padEnd(LABEL - 2)}`), pieces, whole ? undefined : 1);
    }
  }
}

/** Entries that differ in the value only share a line. */
function bypass(page: Page, report: Report): void {
  const rows = bypassRows(report);
  if (rows.length === 0) return;
  heading(page, "Exempt from TLS interception");
  for (const { match, values, port, limits } of rows.slice(0, MAX_BYPASS)) {
    const where = port === undefined ? "" : `, port ${port}`;
    const note = limits === "" ? "" : `: ${limits}`;
    page.paragraph(`  ${match.padEnd(LABEL)}`, [span("strong", list(values, MAX_BYPASS)), where, span("dim", note)]);
  }
  if (rows.length > MAX_BYPASS) more(page, "  ", rows.length - MAX_BYPASS);
  labelled(page, "  ", "To paste", [
    "sightline bypass REPORT --for PRODUCT",
    span("dim", "  (REPORT: this, with --json)"),
  ]);
}

/** What the vendors of what is intercepted say of that, to be forwarded to whoever runs the proxy. */
function positions(page: Page, report: Report): void {
  const all = positionsOf(report);
  if (all.length === 0) return;
  heading(page, "What the vendor says of TLS inspection");
  for (const { by, statement, url, dated } of all.slice(0, MAX_POSITIONS)) {
    page.paragraph(`  ${by.padEnd(LABEL)}`, [statement]);
    page.whole(`  ${"See".padEnd(LABEL)}`, span("dim", `${url} (${dated})`));
  }
  if (all.length > MAX_POSITIONS) more(page, "  ", all.length - MAX_POSITIONS);
}

/** All connections by verdict, worst first: a line per group, except those shown in full and those that present no identity. */
function connections(page: Page, report: Report, inFull: ReadonlySet<string>): void {
  const byId = new Map(report.connections.map((connection) => [connection.id, connection]));
  for (const [is, word] of GROUPS) {
    const all = report.groups.filter((group) => group.verdict === is);
    if (all.length === 0) continue;
    const count = all.reduce((sum, group) => sum + group.connections, 0);
    if (is === "not-judged") {
      heading(page, `${word}: ${plural(count, "connection")} without an identity to check (${protocolCounts(all)})`);
      calls(page, report);
      continue;
    }
    const rest = all.filter((group) => group.connections > 1 || !inFull.has(group.firstId));
    if (rest.length === 0) continue;
    heading(
      page,
      `${word}: ${plural(count, "connection")}${rest.length < all.length ? `, ${all.length - rest.length} of them above` : ""}`,
    );
    for (const group of rest.slice(0, MAX_GROUPS)) groupLine(page, group, byId.get(group.firstId));
    const hidden = rest.slice(MAX_GROUPS).reduce((sum, group) => sum + ("folded" in group ? group.folded : 1), 0);
    if (hidden > 0) more(page, "  ", hidden);
  }
}

/** Of connections that could not be judged, what is known of them though it decides nothing. */
function signs(page: Page, report: Report): void {
  const open = new Set(report.connections.flatMap(({ id, verdict }) => (verdict.is === "cannot-tell" ? id : [])));
  const found = report.findings.filter(
    ({ confidence, connections }) => confidence === "possible" && connections.some((id) => open.has(id)),
  );
  if (found.length === 0) return;
  heading(page, "Signs of interception that have innocent explanations");
  for (const { what, why } of found.slice(0, MAX_SIGNS)) page.paragraph("  ", [what, span("dim", ` ${why}`)]);
  if (found.length > MAX_SIGNS) more(page, "  ", found.length - MAX_SIGNS);
}

/** Of those without an identity, what came of relays and media; first what somebody has to do something about. */
function calls(page: Page, { connections, findings }: Report): void {
  const urgent: [ReportConnection, string][] = [];
  const others: [ReportConnection, string][] = [];
  for (const connection of connections) {
    const { verdict } = connection;
    const facts = callText(connection);
    if (verdict.is !== "not-judged" || facts === "") continue;
    const advice = findings.find(({ id, confidence }) => verdict.findings.includes(id) && confidence === "proven");
    if (advice === undefined) others.push([connection, facts]);
    else urgent.push([connection, `${facts}. ${advice.fix}`]);
  }
  const rows = [...urgent, ...others];
  for (const [index, [{ id, server, protocol }, facts]] of rows.slice(0, MAX_GROUPS).entries()) {
    const pieces = [`${endpoint(server)}, ${protocol}: `, span("dim", facts)];
    page.paragraph(`  ${id.padEnd(LABEL)}`, pieces, index < urgent.length ? undefined : MAX_NAME_LINES);
  }
  if (rows.length > MAX_GROUPS) more(page, "  ", rows.length - MAX_GROUPS);
}

function groupLine(page: Page, group: ReportGroup, first: ReportConnection | undefined): void {
  const count = group.connections > 1 ? ` ×${group.connections}` : "";
  if ("folded" in group) {
    page.row(`  ${group.firstId.padEnd(LABEL)}and others to ${group.folded} servers${count}`);
    return;
  }
  const times = group.elsewhere === undefined ? count : `${count}, ${group.elsewhere} of them to other addresses`;
  const { server } = group;
  const serverName = group.serverName ?? first?.through?.target;
  const reason = first === undefined ? "" : reasonOf(first);
  page.paragraph(
    `  ${group.firstId.padEnd(LABEL)}`,
    [
      `${endpoint(server)}${nameAfter({ server, serverName })}, ${group.protocol}${times}`,
      span("dim", reason === "" ? "" : `: ${reason}`),
    ],
    MAX_GROUP_LINES,
  );
}

/** Which faults were found, ruled out and not looked for. Rules that do not apply to this capture are left to --json. */
function checks(page: Page, report: Report): void {
  const { found, ruledOut, notSeen, failed } = checksOf(report);
  const rows: [string, string[]][] = [
    ["Found", found],
    ["Ruled out", ruledOut],
    ["Not seen", notSeen],
    ["Failed", failed],
  ];
  if (rows.every(([, rules]) => rules.length === 0)) return;
  heading(page, "Checks");
  for (const [label, rules] of rows) if (rules.length > 0) labelled(page, "  ", label, [rules.join(", ")]);
}

function input(page: Page, report: Report): void {
  const { files } = report.input;
  heading(page, "Input");
  for (const file of files.slice(0, MAX_FILES)) fileLines(page, file);
  if (files.length > MAX_FILES) more(page, "  ", files.length - MAX_FILES);
  page.paragraph("  ", [countsText(report)]);
  for (const { isOld, text } of listTexts(report))
    page.paragraph("  ", isOld ? [span("warn", "! old list"), `  ${text}`] : [text], MAX_EVIDENCE_LINES);
}

function fileLines(page: Page, file: ReportFile): void {
  const { name, problems, dropped, comments = [] } = file;
  page.paragraph("  ", [span("strong", name), `: ${fileText(file)}`], MAX_NAME_LINES);
  for (const { text } of comments.filter(({ frame }) => frame === undefined).slice(0, MAX_COMMENTS)) {
    page.paragraph("    ", [span("dim", `comment: ${text}`)], MAX_NAME_LINES);
  }
  if (dropped !== undefined) {
    page.paragraph("    ", [span("warn", "! dropped"), `: ${plural(dropped, "packet")} lost while capturing`]);
  }
  for (const { kind, frame, detail } of problems.slice(0, MAX_PROBLEMS)) {
    const where = frame === 0 ? "" : ` after frame ${frame}`;
    page.paragraph("    ", [span("warn", `! ${kind}`), `${where}: ${detail}`], MAX_NAME_LINES);
  }
  if (problems.length > MAX_PROBLEMS) more(page, "    ", problems.length - MAX_PROBLEMS);
}

/** Columns of the labels before a paragraph. */
const LABEL = 11;

function labelled(page: Page, indent: string, label: string, pieces: readonly Piece[], maxLines?: number): void {
  page.paragraph(span("dim", `${indent}${label.padEnd(LABEL)}`), pieces, maxLines);
}

function heading(page: Page, text: string): void {
  page.blank();
  page.row(span("strong", text));
}

function more(page: Page, indent: string, count: number): void {
  page.row(span("dim", `${indent}${andMore(count)}`));
}

function andMore(count: number): string {
  return `… and ${count} more (--json has all)`;
}
