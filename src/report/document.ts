/**
 * The Report as a document for somebody who was not there, such as a colleague in security: the answer, what breaks, what to change and
 * how to check that, the proof frame by frame, what was ruled out, and what could not be looked at. Owns what is in it and in which
 * order; knows no markup. Markdown and HTML are two ways to write the same document down.
 *
 * Nothing here is escaped: every string is as hostile as the capture, and the writers escape each exactly once.
 */

import { endpoint, plural } from "../diagnose/words.ts";
import { SERVICES } from "../knowledge/services/index.ts";
import type { Tone } from "./layout.ts";
import { choiceText, flightText, serverText } from "./outside.ts";
import {
  BLOCK_PAGE,
  bypassRows,
  callText,
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
  reasonOf,
  TRUST_WORDS,
  throughText,
  titleOf,
  VERDICTS,
  verdictText,
} from "./phrases.ts";
import type { Evidence, Finding, Report, ReportCertificate, ReportConnection, ReportGroup } from "./schema.ts";

/** A piece of a line. A plain string is prose; `code` is a value as it is in the capture, or something to type. */
export type Inline =
  | string
  | { readonly is: "code"; readonly text: string }
  | { readonly is: "tone"; readonly tone: Tone; readonly text: string }
  | { readonly is: "link"; readonly url: string };

export type Line = readonly Inline[];

export type Block =
  | { readonly is: "paragraph"; readonly line: Line }
  | { readonly is: "heading"; readonly line: Line }
  | { readonly is: "list"; readonly items: readonly Line[] }
  /** To type in a shell. */
  | { readonly is: "command"; readonly text: string }
  /** Every row has as many cells as `head`. */
  | { readonly is: "table"; readonly head: readonly string[]; readonly rows: readonly (readonly Line[])[] }
  /** `marked`: frames where it went wrong. */
  | { readonly is: "ladder"; readonly connection: ReportConnection; readonly marked: ReadonlySet<number> };

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export interface ReportDocument {
  readonly verdict: Marked & { readonly confidence: string };
  readonly headline: Line;
  /** What is missing for an answer, what to do next: with a label each. */
  readonly first: readonly { readonly label: string; readonly line: Line }[];
  readonly sections: readonly Section[];
  readonly footer: string;
}

/** Enough for every kind of fault that a capture usually shows. */
const MAX_IN_FULL = 4;
/** Rows of evidence of one finding. */
const MAX_EVIDENCE = 10;
const MAX_FINDINGS = 30;
const MAX_ROWS = 50;
/** Groups of one verdict, files, comments. */
const MAX_GROUPS = 20;
const MAX_FILES = 20;
const MAX_COMMENTS = 10;
const MAX_PROBLEMS = 10;
const MAX_REFERENCES = 30;
/** Names of one certificate, ids of one finding. */
const MAX_LISTED = 8;
/** Characters of one value from the capture: an honest distinguished name has fewer. */
const MAX_VALUE = 400;
/** Characters of a sentence; sentences of rules are shorter, those of somebody else's Report may be of any length. */
const MAX_SENTENCE = 2000;

export function documentOf(report: Report): ReportDocument {
  const { verdict, generator } = report;
  const inFull = chooseInFull(report, MAX_IN_FULL);
  const sections = [
    { title: "What works and what does not", blocks: features(report) },
    { title: "What to change", blocks: changes(report, inFull) },
    { title: "Proof", blocks: inFull.flatMap((connection) => proof(report, connection)) },
    { title: "What else was found", blocks: otherFindings(report, inFull) },
    { title: "How to check this", blocks: verification(report, inFull) },
    { title: "Ruled out", blocks: ruledOut(report) },
    { title: "What could not be checked", blocks: unchecked(report) },
    { title: "Connections", blocks: connections(report) },
    { title: "Capture", blocks: capture(report) },
    { title: "References", blocks: references(report, inFull) },
  ];
  return {
    verdict: { ...VERDICTS[verdict.is], confidence: "confidence" in verdict ? verdict.confidence : "" },
    headline: sentence(verdict.headline),
    first: [
      ...(verdict.is === "cannot-tell" ? [{ label: "Missing", line: sentence(verdict.missing.join(", ")) }] : []),
      ...(verdict.next === undefined ? [] : [{ label: "Next", line: sentence(verdict.next) }]),
    ],
    sections: sections.filter(({ blocks }) => blocks.length > 0),
    footer: `Made by sightline ${generator.version} from the capture alone. Proven: nothing else explains it. Likely: two independent signs. Possible: has innocent explanations, and decides nothing. This report holds addresses, names and certificates from the capture.`,
  };
}

// --- what works

function features(report: Report): Block[] {
  return SERVICES.flatMap(({ id, name }): Block[] => {
    const rows = featureRows(report, id).map(({ status, features, reason }): Line[] => {
      const { tone, mark, words } = FEATURE_STATES.get(status) as Marked;
      return [[{ is: "tone", tone, text: `${mark} ${words}` }], [features.join(", ")], sentence(reason)];
    });
    return rows.length === 0 ? [] : [{ is: "heading", line: [name] }, ...table(["Status", "Feature", "Why"], rows)];
  });
}

// --- what to change

function changes(report: Report, inFull: readonly ReportConnection[]): Block[] {
  const { verdict, bypass } = report;
  if (verdict.is !== "intercepted" && verdict.is !== "impaired") return [];
  if (bypass.length === 0) {
    const fixes = new Set(inFull.flatMap((connection) => decidingFindings(report, connection).map(({ fix }) => fix)));
    return fixes.size === 0 ? [] : [{ is: "list", items: [...fixes].map(sentence) }];
  }
  const rows = bypassRows(report).map(({ match, values, port, limits }): Line[] => [
    [match],
    codes(values),
    [port === undefined ? "any" : String(port)],
    sentence(limits),
  ]);
  return [
    paragraph(
      "Exempt exactly these from TLS inspection. What is exempt passes without being read; everything else stays inspected.",
    ),
    ...table(["Match", "Value", "Port", "Note"], rows),
    paragraph(
      "To paste: `sightline bypass REPORT --for PRODUCT`, where REPORT is what `sightline analyze --json` writes.",
    ),
    ...positions(report),
  ];
}

function positions(report: Report): Block[] {
  const items = positionsOf(report).map(
    ({ by, statement, url, dated }): Line => [
      `${by}: `,
      ...sentence(statement),
      " ",
      { is: "link", url },
      ` (${dated})`,
    ],
  );
  return items.length === 0
    ? []
    : [paragraph("What the vendor says of TLS inspection:"), { is: "list", items: items.slice(0, MAX_ROWS) }];
}

// --- proof

function proof(report: Report, connection: ReportConnection): Block[] {
  const { id, server, application } = connection;
  const { tone, mark, words, rest } = verdictText(connection.verdict);
  const deciding = decidingFindings(report, connection);
  const marked = new Set(deciding.flatMap(({ evidence }) => evidence).map(({ frame }) => frame));
  const through = throughText(connection);
  const beside = report.findings.find(({ rule, connections }) => rule === BLOCK_PAGE && connections.includes(id));
  return [
    { is: "heading", line: [`${id}: ${endpoint(server)}${nameAfter(connection)}, ${kindOf(connection)}`] },
    { is: "paragraph", line: [{ is: "tone", tone, text: `${mark} ${words}`.trim() }, rest] },
    ...(application === undefined ? [] : [paragraph(`Of ${programOf(application.path)}, process ${application.pid}.`)]),
    ...(through === undefined ? [] : [paragraph(`${through[0]?.toUpperCase()}${through.slice(1)}.`)]),
    { is: "ladder", connection, marked },
    ...outside(connection),
    ...certificates(report, connection, deciding),
    ...deciding.flatMap((finding) => findingBlocks(report, finding)),
    ...(beside === undefined ? [] : [paragraph(`Beside it: ${beside.what}`)]),
  ];
}

function outside(connection: ReportConnection): Block[] {
  const rows: [string, string | undefined][] = [
    ["Chosen", choiceText(connection)],
    ["Encrypted flight", flightText(connection)],
    ["Server", serverText(connection)],
    ["Relay and media", callText(connection) || undefined],
  ];
  const items = rows.flatMap(([label, text]) => (text === undefined ? [] : [sentence(`${label}: ${text}`)]));
  return items.length === 0 ? [] : [{ is: "list", items }];
}

function findingBlocks(report: Report, { rule, confidence, what, why, evidence }: Finding): Block[] {
  const comments = new Map(
    report.input.files.flatMap((file) => file.comments ?? []).map(({ frame, text }) => [frame, text]),
  );
  const rows = evidence.slice(0, MAX_EVIDENCE).map(({ frame, path, value: seen, expected }): Line[] => {
    const comment = comments.get(frame);
    return [
      [code(`frame.number==${frame}`)],
      [code(path)],
      [value(seen), ...(comment === undefined ? [] : [" (comment: ", ...sentence(comment), ")"])],
      expected === undefined ? [] : sentence(expected),
    ];
  });
  return [
    { is: "paragraph", line: [{ is: "tone", tone: "strong", text: `${confidence}: ` }, ...sentence(what)] },
    { is: "paragraph", line: [{ is: "tone", tone: "strong", text: "Why: " }, ...sentence(why), " (", code(rule), ")"] },
    ...table(["Wireshark filter", "Field", "Seen", "Expected"], rows),
    ...andMore(evidence.length - MAX_EVIDENCE, "rows of evidence"),
  ];
}

// --- the certificate, beside what is expected

function certificates(report: Report, connection: ReportConnection, deciding: readonly Finding[]): Block[] {
  const leaf = leafOf(report, connection);
  if (leaf === undefined) return [];
  const { trust, serverName, protocol } = connection;
  const sha256 = connection.certificates[0]?.sha256 ?? "";
  const frame = connection.certificates[0]?.frame ?? 0;
  const genuine = referenceOf(report, connection);
  const reference = genuine === undefined ? undefined : leafOf(report, genuine);
  const none = protocol === "pseudo-tls" || protocol === "ssltcp";
  const expected = (field: string): Evidence["expected"] =>
    deciding.flatMap(({ evidence }) => evidence).find(({ path }) => path === `tls.certificate[0].${field}`)?.expected;
  const doubtful = trust !== undefined && trust.is !== "public-root";
  const row = (label: string, shown: Line, usual: Line | undefined): Line[] => [
    [label],
    shown,
    none ? ["none: this protocol has no certificate"] : (usual ?? [""]),
  ];
  const of = (get: (leaf: ReportCertificate) => Line): Line | undefined =>
    reference === undefined ? undefined : get(reference);
  const said = (field: string): Line | undefined => {
    const text = expected(field);
    return text === undefined ? undefined : sentence(text);
  };
  const issuer = value(leaf.issuer);
  const trusted = trust === undefined ? "" : TRUST_WORDS[trust.is];
  const detail = trust?.detail === undefined ? [] : [": ", ...sentence(trust.detail)];
  const rows = [
    row(
      "Subject",
      [value(leaf.subject)],
      of(({ subject }) => [value(subject)]),
    ),
    row(
      "Names",
      codes(leaf.names),
      of(({ names }) => codes(names)) ??
        said("subjectAltName") ??
        (serverName === undefined ? undefined : [value(serverName)]),
    ),
    row(
      "Issuer",
      doubtful ? [{ is: "tone", tone: "bad", text: "✗ " }, issuer] : [issuer],
      of((genuine) => [value(genuine.issuer)]) ?? said("issuer"),
    ),
    row("Trust", [trusted, ...detail], [TRUST_WORDS["public-root"]]),
    row(
      "Valid",
      [validity(leaf)],
      of((genuine) => [validity(genuine)]) ?? said("validity.notBefore") ?? said("validity.notAfter"),
    ),
    row(
      "Key",
      [`${leaf.key}, ${leaf.signature}`],
      of(({ key, signature }) => [`${key}, ${signature}`]) ?? said("subjectPublicKeyInfo"),
    ),
    row("SHA-256", [code(sha256)], genuine === undefined ? undefined : [code(genuine.certificates[0]?.sha256 ?? "")]),
  ];
  const beside =
    genuine === undefined
      ? "Expected"
      : `The same server on ${genuine.id}, frame ${genuine.certificates[0]?.frame ?? 0}`;
  return table(["Certificate", `Presented in frame ${frame}`, beside], rows);
}

/** Another connection to a server of the same name, which was shown to be the real one. */
function referenceOf({ connections }: Report, { id, serverName, certificates }: ReportConnection) {
  if (serverName === undefined) return undefined;
  const leaf = certificates[0]?.sha256;
  return connections.find(
    (other) =>
      other.id !== id &&
      other.serverName === serverName &&
      other.verdict.is === "genuine" &&
      other.certificates[0] !== undefined &&
      other.certificates[0].sha256 !== leaf,
  );
}

function validity({ notBefore, notAfter }: ReportCertificate): string {
  return `${day(notBefore)} to ${day(notAfter)}`;
}

// --- the rest of the findings

function otherFindings(report: Report, inFull: readonly ReportConnection[]): Block[] {
  const shown = new Set(inFull.flatMap((connection) => decidingFindings(report, connection)));
  const others = report.findings.filter((finding) => !shown.has(finding));
  const rows = others
    .slice(0, MAX_FINDINGS)
    .map(({ rule, confidence, what, why, fix, connections }): Line[] => [
      [confidence],
      [...sentence(what), " ", ...sentence(why), " ", ...sentence(fix)],
      [list(connections, MAX_LISTED)],
      [code(rule)],
    ]);
  return [
    ...table(["How sure", "What, why, and what to do", "Connections", "Rule"], rows),
    ...andMore(others.length - MAX_FINDINGS, "findings"),
  ];
}

// --- how to check it

/** What a shell takes as one word without a meaning of its own; also no option. */
const HOST = /^[a-z0-9][a-z0-9.-]*$/i;

function verification(report: Report, inFull: readonly ReportConnection[]): Block[] {
  const frames = inFull.map((connection) => {
    const numbers = decidingFindings(report, connection).flatMap(({ evidence }) => evidence.map(({ frame }) => frame));
    const own = [...new Set(numbers)].sort((a, b) => a - b).slice(0, MAX_EVIDENCE);
    return [connection, own] as const;
  });
  const items: Line[] = frames.map(([{ id }, own]) => [
    `${id}: open the capture in Wireshark; the connection is `,
    code(id.replace("/", ".stream==")),
    ...(own.length === 0 ? [] : [", its proof ", code(`frame.number in {${own.join(",")}}`)]),
    ".",
  ]);
  if (report.input.files.length > 1)
    items.push(["The capture has several files: frames are counted as in one file that mergecap makes of them."]);
  const blocks: Block[] = items.length === 0 ? [] : [{ is: "list", items }];
  const asked = new Set<string>();
  for (const connection of inFull) {
    const { serverName = "", server, through, protocol, verdict } = connection;
    const leaf = leafOf(report, connection);
    if (verdict.is !== "intercepted" || through !== undefined || protocol !== "tls" || !HOST.test(serverName)) continue;
    if (leaf === undefined || asked.has(serverName)) continue;
    asked.add(serverName);
    blocks.push(
      paragraph(`Who issued the certificate of ${serverName}, seen from a network without the proxy:`),
      {
        is: "command",
        text: `echo | openssl s_client -connect ${serverName}:${server.port} -servername ${serverName} | openssl x509 -noout -subject -issuer -fingerprint -sha256`,
      },
      {
        is: "paragraph",
        line: [
          "Here it was ",
          value(leaf.issuer),
          ", and the fingerprint ",
          code(fingerprint(connection.certificates[0]?.sha256 ?? "")),
          ". Another issuer there confirms that the server did not send this one.",
        ],
      },
    );
  }
  if (report.verdict.is === "intercepted" || report.verdict.is === "impaired")
    blocks.push(
      paragraph(
        "After the change capture again at the same place, from before the client starts, and run `sightline analyze` on it: the servers must then be listed as genuine.",
      ),
    );
  return blocks;
}

/** `AB:CD:…`, as OpenSSL writes it. */
function fingerprint(sha256: string): string {
  return sha256.toUpperCase().replace(/..(?=.)/g, "$&:");
}

// --- what was ruled out, and what was not looked at

function ruledOut({ rules }: Report): Block[] {
  const rows = rules.flatMap((rule): Line[][] =>
    rule.is === "clear" ? [[[titleOf(rule.rule)], [String(rule.checked)], [code(rule.rule)]]] : [],
  );
  if (rows.length === 0) return [];
  return [
    paragraph("Looked for in every connection where it could have been seen, and not found:"),
    ...table(["Not found", "Looked at", "Rule"], rows),
  ];
}

function unchecked({ rules, verdict }: Report): Block[] {
  const rows = rules.flatMap((rule): Line[][] => {
    const title = titleOf(rule.rule);
    if (rule.is === "not-observed") return [[[title], ["needs ", ...sentence(rule.missing)], [code(rule.rule)]]];
    if (rule.is === "failed") return [[[title], ["this rule failed: ", ...sentence(rule.error)], [code(rule.rule)]]];
    return [];
  });
  const { notJudged } = verdict;
  return [
    ...(notJudged === 0
      ? []
      : [
          paragraph(`${plural(notJudged, "connection")} could not be judged; what each lacks is listed with it below.`),
        ]),
    ...table(["Not checked", "Because", "Rule"], rows),
  ];
}

function connections(report: Report): Block[] {
  const byId = new Map(report.connections.map((connection) => [connection.id, connection]));
  return [...GROUPS].flatMap(([is, word]): Block[] => {
    const groups = report.groups.filter((group) => group.verdict === is);
    if (groups.length === 0) return [];
    const count = groups.reduce((sum, group) => sum + group.connections, 0);
    const rows = groups.slice(0, MAX_GROUPS).map((group) => groupRow(group, byId.get(group.firstId)));
    return [
      { is: "heading", line: [`${word}: ${plural(count, "connection")}`] },
      ...table(["First", "Server", "Protocol", "Connections", "Why"], rows),
      ...andMore(groups.length - MAX_GROUPS, "rows"),
    ];
  });
}

/** The relay of a pseudo-TLS dialogue that was judged is the reason already. */
function whyOf(connection: ReportConnection): string {
  if (connection.verdict.is === "not-judged") return callText(connection);
  return [reasonOf(connection), mediaText(connection) ?? ""].filter((text) => text !== "").join("; ");
}

function groupRow(group: ReportGroup, first: ReportConnection | undefined): Line[] {
  const count = String(group.connections);
  if ("folded" in group) return [[group.firstId], [`${group.folded} servers`], [""], [count], [""]];
  const { server } = group;
  const name = group.serverName ?? first?.through?.target;
  const elsewhere = group.elsewhere === undefined ? "" : `, ${group.elsewhere} of them to other addresses`;
  const reason = first === undefined ? "" : whyOf(first);
  return [
    [group.firstId],
    [code(endpoint(server)), ...(name === undefined ? [nameAfter({ server })] : [" ", value(name)])],
    [first === undefined ? group.protocol : kindOf(first)],
    [`${count}${elsewhere}`],
    sentence(reason),
  ];
}

// --- the capture itself

function capture(report: Report): Block[] {
  const { files } = report.input;
  const items = files.slice(0, MAX_FILES).flatMap((file): Line[] => {
    const { name, dropped, problems, comments = [] } = file;
    const notes = comments.filter(({ frame }) => frame === undefined).slice(0, MAX_COMMENTS);
    return [
      [value(name), `: ${fileText(file)}`],
      ...notes.map(({ text }): Line => ["comment in the file: ", ...sentence(text)]),
      ...(dropped === undefined ? [] : [[`${plural(dropped, "packet")} lost while capturing`]]),
      ...problems
        .slice(0, MAX_PROBLEMS)
        .map(
          ({ kind, frame, detail }): Line => [
            `${kind}${frame === 0 ? "" : ` after frame ${frame}`}: `,
            ...sentence(detail),
          ],
        ),
    ];
  });
  const lists = listTexts(report)
    .slice(0, MAX_ROWS)
    .map(({ text }) => sentence(text));
  return [
    { is: "list", items: [...items, [countsText(report)], ...lists] },
    ...andMore(files.length - MAX_FILES, "files"),
  ];
}

function references(report: Report, inFull: readonly ReportConnection[]): Block[] {
  const first = inFull.flatMap((connection) => decidingFindings(report, connection));
  const urls = [...new Set([...first, ...report.findings].flatMap((finding) => finding.references))];
  return urls.length === 0
    ? []
    : [{ is: "list", items: urls.slice(0, MAX_REFERENCES).map((url): Line => [{ is: "link", url }]) }];
}

// --- pieces

function paragraph(text: string): Block {
  return { is: "paragraph", line: sentence(text) };
}

function table(head: readonly string[], rows: readonly (readonly Line[])[]): Block[] {
  if (rows.length === 0) return [];
  return [{ is: "table", head, rows: rows.slice(0, MAX_ROWS) }, ...andMore(rows.length - MAX_ROWS, "rows")];
}

function andMore(count: number, what: string): Block[] {
  return count > 0 ? [paragraph(`… and ${count} more ${what} (the Report as JSON has all).`)] : [];
}

function code(text: string): Inline {
  return { is: "code", text };
}

function codes(texts: readonly string[]): Line {
  const shown = texts.slice(0, MAX_LISTED).flatMap((text, index) => [...(index === 0 ? [] : [", "]), value(text)]);
  const rest = texts.length - MAX_LISTED;
  return rest > 0 ? [...shown, ` and ${rest} more`] : shown;
}

/** From the capture, as it is. */
function value(text: string): Inline {
  return code(cut(text, MAX_VALUE));
}

/** What our own sentences have between backticks is to be typed. */
function sentence(text: string): Line {
  return cut(text, MAX_SENTENCE)
    .split(/`([^`]+)`/)
    .map((part, index) => (index % 2 === 0 ? part : code(part)))
    .filter((part) => part !== "");
}

/** Not through the middle of a surrogate pair. */
function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
