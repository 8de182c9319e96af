/**
 * The Report as text for a person, who may sit at a support desk: the answer first, then what proves it, what it breaks,
 * what to change, and what could not be judged. A pure function of the Report; every judgement is in it already.
 *
 * About 60 lines for the usual case, whatever the size of the capture: long lists are cut and say so.
 */
import { endpoint, plural } from "../diagnose/words.ts";
import { SERVICES } from "../knowledge/services/index.ts";
import { ladder } from "./ladder.ts";
import { Page, type Piece, type Span, span, type TextStyle, type Tone } from "./layout.ts";
import { choiceText, flightText, serverBrief, serverText } from "./outside.ts";
import type {
  BypassEntry,
  ConnectionVerdict,
  Evidence,
  FeatureStatus,
  Finding,
  Report,
  ReportCertificate,
  ReportConnection,
  ReportFile,
  ReportGroup,
  ReportKnowledge,
  RuleAnswer,
} from "./schema.ts";

/** One shows the fault, a second of another kind makes it plausible; the rest is in the lists. */
const MAX_IN_FULL = 2;
const MAX_EVIDENCE = 3;
const MAX_BYPASS = 5;
const MAX_POSITIONS = 3;
const MAX_GROUPS = 5;
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

/** The rule whose findings say what a browser is shown where something is intercepted. */
const BLOCK_PAGE = "block-page";

export function renderText(report: Report, style: TextStyle): string {
  const page = new Page(style);
  const inFull = chooseInFull(report);
  answer(page, report);
  inFull.forEach((connection, index) => {
    details(page, report, connection, index === 0);
  });
  features(page, report);
  bypass(page, report);
  positions(page, report);
  connections(page, report, new Set(inFull.map(({ id }) => id)));
  checks(page, report);
  input(page, report);
  return page.text();
}

const VERDICT_WORDS: Readonly<Record<Report["verdict"]["is"], Span>> = {
  intercepted: span("bad", "✗ INTERCEPTED"),
  impaired: span("warn", "✗ IMPAIRED"),
  clear: span("good", "✓ CLEAR"),
  "cannot-tell": span("warn", "? CANNOT TELL"),
};

function answer(page: Page, { verdict }: Report): void {
  const confidence = "confidence" in verdict ? `, ${verdict.confidence}` : "";
  page.row(VERDICT_WORDS[verdict.is], span("strong", confidence));
  page.paragraph("", [verdict.headline]);
  if (verdict.is === "cannot-tell") labelled(page, "", "Missing", [verdict.missing.join(", ")]);
  if (verdict.next !== undefined) labelled(page, "", "Next", [span("strong", verdict.next)]);
}

/** The connections that decide the answer: those that break a feature first, then the most certain; no two of the same kind. */
function chooseInFull({ verdict, connections, findings, features }: Report): ReportConnection[] {
  if (verdict.is !== "intercepted" && verdict.is !== "impaired") return [];
  const breaking = new Set(features.filter(({ status }) => status === "broken").flatMap((feature) => feature.findings));
  const rank = ({ verdict }: ReportConnection): number =>
    (verdict.findings.some((id) => breaking.has(id)) ? 0 : 2) +
    ("confidence" in verdict && verdict.confidence === "proven" ? 0 : 1);
  const kinds = new Set<string>();
  return connections
    .filter((connection) => connection.verdict.is === verdict.is)
    .sort((a, b) => rank(a) - rank(b))
    .filter(({ verdict }) => {
      const kind = findings
        .filter(({ id }) => verdict.findings.includes(id))
        .map(({ rule }) => rule)
        .join();
      return !kinds.has(kind) && kinds.add(kind);
    })
    .slice(0, MAX_IN_FULL);
}

function details(page: Page, report: Report, connection: ReportConnection, first: boolean): void {
  const { id, server, through, application } = connection;
  page.blank();
  page.row(
    span("strong", `${id}  `),
    span("strong", `${endpoint(server)}${nameAfter(connection)}`),
    `  ${kindOf(connection)}`,
  );
  if (application !== undefined) {
    page.paragraph("  ", [`of ${programOf(application.path)}, process ${application.pid}`], MAX_NAME_LINES);
  }
  if (through !== undefined) proxy(page, connection, through);
  page.paragraph("  ", verdictLine(connection.verdict));

  // What decided it: the findings of the connection, without the possible ones that never decide.
  const deciding = report.findings.filter(
    ({ id, confidence }) => connection.verdict.findings.includes(id) && confidence !== "possible",
  );
  // After the first, the certificate says what a second ladder would.
  const brief = !first && leafOf(report, connection) !== undefined;
  // Frame numbers count through all files, so they need no file beside them.
  if (!brief) ladder(page, connection, new Set(deciding.flatMap(({ evidence }) => evidence).map(({ frame }) => frame)));
  if (!brief) outside(page, connection);
  certificate(page, report, connection);
  const relay = relayText(connection);
  if (relay !== undefined) labelled(page, "  ", "Relay", [relay, span("dim", toldText(connection))], MAX_NAME_LINES);
  const media = mediaText(connection);
  if (media !== undefined) labelled(page, "  ", "Media", [media]);
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

/** The name that the client asked for, else what whoever captured called the address. */
function nameAfter({
  server,
  serverName,
}: {
  server: ReportConnection["server"];
  serverName?: string | undefined;
}): string {
  if (serverName !== undefined) return ` ${serverName}`;
  return server.name === undefined ? "" : ` (${server.name})`;
}

/** The last part of a path of Windows or Unix. */
function programOf(path: string): string {
  return /[^\\/]+$/.exec(path)?.[0] ?? path;
}

/** What the client asked of the proxy, the answer, and what the proxy says of itself, which anybody could say. */
function proxy(page: Page, { server }: ReportConnection, through: NonNullable<ReportConnection["through"]>): void {
  const { kind, version = "", target, status, title, headers = [] } = through;
  const asked = target === undefined ? "" : ` ${target}`;
  const answered = status === undefined ? "" : `, answered ${status}${title === undefined ? "" : ` “${title}”`}`;
  page.paragraph("  ", [`through the proxy ${endpoint(server)}: ${kind}${version}${asked}${answered}`], MAX_NAME_LINES);
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
  switch (verdict.is) {
    case "intercepted": {
      const by = verdict.interceptor;
      const who = by === undefined ? "" : `: ${by.name}, named by ${NAMED[by.named]}`;
      return [span("bad", "✗ intercepted"), `, ${verdict.confidence}${who}`];
    }
    case "impaired":
      return [span("warn", `✗ ${verdict.cause}`), `, ${verdict.confidence}`];
    case "cannot-tell":
      return [span("warn", "? cannot tell"), `, missing: ${verdict.missing.join(", ")}`];
    case "genuine":
      return [span("good", "✓ genuine")];
    case "not-judged":
      return ["not judged"];
  }
}

const NAMED = {
  "by-issuer": "the issuer",
  "by-structure": "the certificate's structure",
  declared: "your declaration",
} as const;

const TRUST_WORDS: Readonly<Record<NonNullable<ReportConnection["trust"]>["is"], string>> = {
  "public-root": "verified up to a public root",
  "private-root": "ends at a private root, not at a public one",
  "self-signed": "self-signed",
  incomplete: "incomplete: the issuer's certificate was not presented",
  "invalid-signature": "a signature in the chain does not verify",
  unknown: "not verified",
};

function leafOf(
  { certificates }: Report,
  { certificates: presented }: ReportConnection,
): ReportCertificate | undefined {
  return certificates[presented[0]?.sha256 ?? ""];
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

/** `203.0.113.40:50659 for 198.18.0.2:44599`; undefined when none was asked for. */
function relayText({ stun }: ReportConnection): string | undefined {
  const allocation = stun?.allocation;
  if (allocation === undefined) return undefined;
  const { is, error, relay, alternate, stream } = allocation;
  const purpose = stream === undefined ? "" : ` (${stream.replace("-", " ")})`;
  const said = error === undefined ? "" : `: ${error.code} ${error.reason}`.trimEnd();
  switch (is) {
    case "allocated": {
      const mapped = stun?.mapped === undefined ? "" : ` for ${endpoint(stun.mapped)}`;
      return `${relay === undefined ? "allocated" : endpoint(relay)}${mapped}${purpose}`;
    }
    case "challenged":
      return `asked for${purpose}, and not again after the challenge${said}`;
    case "refused":
      return `refused${purpose}${said}`;
    case "redirected":
      return `not here${purpose}, but at ${alternate === undefined ? "another server" : endpoint(alternate)}`;
    case "unanswered":
      return `asked for${purpose}, no answer`;
  }
}

function toldText({ stun }: ReportConnection): string {
  const { software, realm, allocation } = stun ?? {};
  const facts = [
    ...(allocation === undefined ? [] : [`frame ${allocation.frame}`]),
    ...(allocation?.lifetime === undefined ? [] : [`for ${allocation.lifetime} s`]),
    ...(software === undefined ? [] : [software]),
    ...(realm === undefined ? [] : [`realm ${realm}`]),
  ];
  return `  (${facts.join(", ")})`;
}

/** Undefined when none was recognised. */
function mediaText({ media }: ReportConnection): string | undefined {
  if (media === undefined) return undefined;
  const { fromClient, fromServer } = media;
  if (fromClient !== undefined && fromServer !== undefined)
    return `RTP flowed both ways (from frames ${fromClient} and ${fromServer} on)`;
  return fromClient === undefined
    ? `RTP flowed from the server only (from frame ${fromServer} on)`
    : `RTP flowed from the client only (from frame ${fromClient} on)`;
}

function proof(page: Page, report: Report, connection: ReportConnection, finding: Finding): void {
  const { fix, evidence, references } = finding;
  const leaf = leafOf(report, connection);
  // The names are shown with the certificate.
  const shown = evidence.filter(({ value }) => value !== leaf?.issuer && value !== leaf?.subject);
  const comments = new Map(
    report.input.files.flatMap((file) => file.comments ?? []).map(({ frame, text }) => [frame, text]),
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

function evidenceLine({ frame, path, value, expected }: Evidence): Piece[] {
  return [`frame ${frame}: ${path} = ${value}`, expected === undefined ? "" : span("dim", `; expected ${expected}`)];
}

const FEATURE_WORDS: ReadonlyMap<FeatureStatus["status"], readonly [tone: Tone, mark: string, word: string]> = new Map([
  ["broken", ["bad", "✗", "broken"]],
  ["at-risk", ["warn", "!", "at risk"]],
  ["working", ["good", "✓", "works"]],
  ["not-seen", ["dim", "?", "not seen"]],
]);

/** Worst first; features that share status and reason share a line. What is broken, and what works beside it, gets more lines. */
function features(page: Page, report: Report): void {
  for (const service of SERVICES) {
    const all = report.features.filter((feature) => feature.service === service.id);
    if (all.length === 0) continue;
    heading(page, service.name);
    const isHit = all.some(({ status }) => status === "broken");
    for (const [status, [tone, mark, word]] of FEATURE_WORDS) {
      const byReason = new Map<string, string[]>();
      for (const feature of all.filter((feature) => feature.status === status)) {
        const reason = feature.because ?? blamed(report, feature);
        byReason.set(reason, [...(byReason.get(reason) ?? []), feature.feature]);
      }
      for (const [reason, names] of byReason) {
        const pieces = [names.join(", "), span("dim", reason === "" ? "" : `: ${reason}`)];
        const whole = status === "broken" || (status === "working" && isHit);
        page.paragraph(span(tone, `  ${mark} ${word.padEnd(LABEL - 2)}`), pieces, whole ? undefined : 1);
      }
    }
  }
}

/** The connections behind the findings of a feature; empty when there are none. */
function blamed({ findings }: Report, feature: FeatureStatus): string {
  const ids = findings.filter(({ id }) => feature.findings.includes(id)).flatMap((finding) => finding.connections);
  return list([...new Set(ids)], MAX_GROUPS);
}

/** Entries that differ in the value only share a line. */
function bypass(page: Page, { bypass }: Report): void {
  if (bypass.length === 0) return;
  heading(page, "Exempt from TLS interception");
  const rows = new Map<string, BypassEntry[]>();
  for (const entry of bypass) {
    const key = JSON.stringify([entry.match, entry.port, entry.effective, entry.note]);
    rows.set(key, [...(rows.get(key) ?? []), entry]);
  }
  for (const [first, ...others] of [...rows.values()].slice(0, MAX_BYPASS)) {
    if (first === undefined) continue;
    const values = list(
      [first, ...others].map(({ value }) => value),
      MAX_BYPASS,
    );
    const where = first.port === undefined ? "" : `, port ${first.port}`;
    const limits = [
      ...(first.effective === "transparent+explicit" ? [] : [`${first.effective} proxies only`]),
      ...(first.note === undefined ? [] : [first.note]),
    ];
    const note = limits.length === 0 ? "" : `: ${limits.join("; ")}`;
    page.paragraph(`  ${first.match.padEnd(LABEL)}`, [span("strong", values), where, span("dim", note)]);
  }
  if (rows.size > MAX_BYPASS) more(page, "  ", rows.size - MAX_BYPASS);
  labelled(page, "  ", "To paste", [
    "sightline bypass REPORT --for PRODUCT",
    span("dim", "  (REPORT: this, with --json)"),
  ]);
}

/** What the vendors of what is intercepted say of that, to be forwarded to whoever runs the proxy. */
function positions(page: Page, { findings }: Report): void {
  const all = new Map(findings.flatMap((finding) => finding.positions ?? []).map((each) => [each.statement, each]));
  if (all.size === 0) return;
  heading(page, "What the vendor says of TLS inspection");
  for (const { by, statement, url, date, dated } of [...all.values()].slice(0, MAX_POSITIONS)) {
    page.paragraph(`  ${by.padEnd(LABEL)}`, [statement]);
    page.whole(`  ${"See".padEnd(LABEL)}`, span("dim", `${url} (${dated === "page" ? "of" : "read in"} ${date})`));
  }
  if (all.size > MAX_POSITIONS) more(page, "  ", all.size - MAX_POSITIONS);
}

const GROUP_WORDS: ReadonlyMap<ReportGroup["verdict"], string> = new Map([
  ["intercepted", "Intercepted"],
  ["impaired", "Impaired"],
  ["cannot-tell", "Cannot tell"],
  ["genuine", "Genuine"],
  ["not-judged", "Not judged"],
]);

/** All connections by verdict, worst first: a line per group, except those shown in full and those that present no identity. */
function connections(page: Page, report: Report, inFull: ReadonlySet<string>): void {
  const byId = new Map(report.connections.map((connection) => [connection.id, connection]));
  for (const [is, word] of GROUP_WORDS) {
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

/** Empty when there is nothing to tell. */
function callText(connection: ReportConnection): string {
  const relay = relayText(connection);
  const media = mediaText(connection);
  return [...(relay === undefined ? [] : [`relay ${relay}`]), ...(media === undefined ? [] : [media])].join("; ");
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

/** Why a connection of the lists is where it is. */
function reasonOf(connection: ReportConnection): string {
  const { verdict, trust, protocol } = connection;
  switch (verdict.is) {
    case "intercepted":
      return `${verdict.confidence}${verdict.interceptor === undefined ? "" : `, ${verdict.interceptor.name}`}`;
    case "impaired":
      return verdict.cause;
    case "cannot-tell": {
      const reason = `missing ${verdict.missing.join(", ")}${verdict.cause === undefined ? "" : ` (${verdict.cause})`}`;
      const flight = flightText(connection);
      return flight === undefined ? reason : [reason, flight, serverBrief(connection)].join("; ");
    }
    case "genuine":
      if (trust?.is === "public-root") return `chain verified to ${trust.anchor ?? "a public root"}`;
      return protocol === "pseudo-tls" ? `the documented answer, then TURN: relay ${relayText(connection)}` : "";
    case "not-judged":
      return "";
  }
}

function protocolCounts(groups: readonly ReportGroup[]): string {
  const counts = new Map<string, number>();
  for (const group of groups) {
    const protocol = "folded" in group ? "others" : group.protocol;
    counts.set(protocol, (counts.get(protocol) ?? 0) + group.connections);
  }
  return [...counts].map(([protocol, count]) => `${protocol} ${count}`).join(", ");
}

/** Which faults were found, ruled out and not looked for. Rules that do not apply to this capture are left to --json. */
function checks(page: Page, { rules }: Report): void {
  const that = (is: RuleAnswer["is"]): string[] => rules.filter((rule) => rule.is === is).map(({ rule }) => rule);
  const rows: [string, string[]][] = [
    ["Found", that("finding")],
    ["Ruled out", that("clear")],
    ["Not seen", rules.flatMap((rule) => (rule.is === "not-observed" ? [`${rule.rule} (needs ${rule.missing})`] : []))],
    ["Failed", rules.flatMap((rule) => (rule.is === "failed" ? [`${rule.rule}: ${rule.error}`] : []))],
  ];
  if (rows.every(([, rules]) => rules.length === 0)) return;
  heading(page, "Checks");
  for (const [label, rules] of rows) if (rules.length > 0) labelled(page, "  ", label, [rules.join(", ")]);
}

function input(page: Page, { input, totals, verdict, knowledge = [] }: Report): void {
  heading(page, "Input");
  for (const file of input.files.slice(0, MAX_FILES)) fileLines(page, file);
  if (input.files.length > MAX_FILES) more(page, "  ", input.files.length - MAX_FILES);
  const seen = input.vantage === "unknown" ? "" : `; seen from the ${VANTAGE_WORDS[input.vantage]}`;
  page.paragraph("  ", [
    `${plural(totals.connections, "connection")}: ${verdict.judged} judged, ${verdict.notJudged} could not be${seen}`,
  ]);
  for (const list of knowledge) listLine(page, list);
}

/** A list of addresses that somebody should know of: one that is old, or that other machines do not have. */
function listLine(page: Page, { service, source, date, imported, stale, connections }: ReportKnowledge): void {
  if (imported === undefined && stale !== true) return;
  const name = SERVICES.find(({ id }) => id === service)?.name ?? service;
  const what = `${name}: address list of ${date}${imported === undefined ? "" : `, imported from ${source}`}`;
  const used = imported === undefined || connections > 0 ? "" : ", not needed here";
  const old = `${what}, more than 90 days older than the capture: the service may have other addresses by now; \`sightline update-knowledge\` imports a newer list`;
  page.paragraph(
    "  ",
    stale === true ? [span("warn", "! old list"), `  ${old}`] : [`${what}${used}`],
    MAX_EVIDENCE_LINES,
  );
}

/** Formats that do not tell the time zone of their times. */
const LOCAL_TIME = /^netmon(1|2\.[0-2])/;

const VANTAGE_WORDS = { client: "client's side", server: "server's side", middle: "middle of the path" } as const;

function fileLines(page: Page, file: ReportFile): void {
  const { name, format, frames, from, to, problems, dropped, comments = [] } = file;
  const time =
    from === undefined || to === undefined
      ? ""
      : `, ${period(from, to)} ${LOCAL_TIME.test(format) ? "local time" : "UTC"}`;
  page.paragraph("  ", [span("strong", name), `: ${format}, ${frames} frames${time}`], MAX_NAME_LINES);
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

function list(items: readonly string[], most: number): string {
  const rest = items.length - most;
  return items.slice(0, most).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** `TLS 1.3 read with its keys, A/V Edge`; the service's own name where the role is not known. */
function kindOf({ protocol, transport, tls, quic, service }: ReportConnection): string {
  const name =
    protocol === "tls"
      ? (tls?.version ?? "TLS")
      : protocol === "dtls"
        ? (tls?.version ?? "DTLS") + (tls?.srtp === undefined ? "" : " for SRTP")
        : protocol === "unknown"
          ? transport
          : quic === undefined
            ? protocol
            : quicKind(quic);
  const kind = tls?.decrypted === true ? `${name} read with its keys` : name;
  const known = SERVICES.find(({ id }) => id === service?.id);
  const role = known?.roles.find(({ id }) => id === service?.role)?.name ?? known?.name;
  return role === undefined ? kind : `${kind}, ${role}`;
}

/** `QUIC version 1 after a Retry`; `QUIC version draft-29, not read; the server speaks 1, 2`. */
function quicKind({ version, offered = [], retry }: NonNullable<ReportConnection["quic"]>): string {
  const isRead = version === undefined || version === "1" || version === "2";
  // Servers add reserved ones, which nobody speaks.
  const spoken = offered.filter((one) => one !== "reserved");
  return [
    version === undefined ? "QUIC" : `QUIC version ${version}`,
    retry === true ? " after a Retry" : "",
    isRead ? "" : ", not read",
    spoken.length === 0 || (version !== undefined && spoken.includes(version))
      ? ""
      : `; the server speaks ${list(spoken, MAX_GROUPS)}`,
  ].join("");
}

function day(moment: string): string {
  return moment.replace(/T.*$/, "");
}

/** The date once when it is the same. */
function period(from: string, to: string): string {
  const [start, end] = [from, to].map((moment) => moment.replace(/(\.\d+)?Z$/, "").replace("T", " ")) as [
    string,
    string,
  ];
  return `${start} to ${day(from) === day(to) ? end.slice(day(to).length + 1) : end}`;
}
