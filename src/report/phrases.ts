/**
 * What a Report says, in the words that all renderings for people share: marks, names, reasons, and what belongs together. Owns
 * the wording and the choice of what is shown in full; knows nothing of columns, markup or escaping: what it gives is as
 * hostile as the capture was.
 */
import { RULES } from "../diagnose/rules/index.ts";
import { endpoint, plural } from "../diagnose/words.ts";
import { SERVICES } from "../knowledge/services/index.ts";
import type { Tone } from "./layout.ts";
import { flightText, serverBrief } from "./outside.ts";
import type {
  BypassEntry,
  ConnectionVerdict,
  FeatureStatus,
  Finding,
  Report,
  ReportCertificate,
  ReportConnection,
  ReportFile,
  ReportGroup,
  RuleAnswer,
} from "./schema.ts";

/** A mark and words for one of a closed list, and in which tone they are shown. */
export interface Marked {
  readonly tone: Tone;
  readonly mark: string;
  readonly words: string;
}

export const VERDICTS: Readonly<Record<Report["verdict"]["is"], Marked>> = {
  intercepted: { tone: "bad", mark: "✗", words: "INTERCEPTED" },
  impaired: { tone: "warn", mark: "✗", words: "IMPAIRED" },
  clear: { tone: "good", mark: "✓", words: "CLEAR" },
  "cannot-tell": { tone: "warn", mark: "?", words: "CANNOT TELL" },
};

/** Worst first. */
export const FEATURE_STATES: ReadonlyMap<FeatureStatus["status"], Marked> = new Map([
  ["broken", { tone: "bad", mark: "✗", words: "broken" }],
  ["at-risk", { tone: "warn", mark: "!", words: "at risk" }],
  ["working", { tone: "good", mark: "✓", words: "works" }],
  ["not-seen", { tone: "dim", mark: "?", words: "not seen" }],
]);

/** Worst first. */
export const GROUPS: ReadonlyMap<ReportGroup["verdict"], string> = new Map([
  ["intercepted", "Intercepted"],
  ["impaired", "Impaired"],
  ["cannot-tell", "Cannot tell"],
  ["genuine", "Genuine"],
  ["not-judged", "Not judged"],
]);

/** Items of one list in a sentence. */
const MAX_LISTED = 5;

/** A verdict as mark and words, and what is said behind them. */
export function verdictText(verdict: ConnectionVerdict): Marked & { readonly rest: string } {
  switch (verdict.is) {
    case "intercepted": {
      const by = verdict.interceptor;
      const who = by === undefined ? "" : `: ${by.name}, named by ${NAMED[by.named]}`;
      return { tone: "bad", mark: "✗", words: "intercepted", rest: `, ${verdict.confidence}${who}` };
    }
    case "impaired":
      return { tone: "warn", mark: "✗", words: verdict.cause, rest: `, ${verdict.confidence}` };
    case "cannot-tell":
      return { tone: "warn", mark: "?", words: "cannot tell", rest: `, missing: ${verdict.missing.join(", ")}` };
    case "genuine":
      return { tone: "good", mark: "✓", words: "genuine", rest: "" };
    case "not-judged":
      return { tone: "plain", mark: "", words: "not judged", rest: "" };
  }
}

/** What decided the verdict on a connection: its findings without the possible ones, which never decide. */
export function decidingFindings({ findings }: Report, connection: ReportConnection): Finding[] {
  return findings.filter(({ id, confidence }) => connection.verdict.findings.includes(id) && confidence !== "possible");
}

/** `through the proxy 10.0.0.1:3128: http-connect av.fabrikam.example:443, answered 200`; undefined when direct. */
export function throughText({ server, through }: ReportConnection): string | undefined {
  if (through === undefined) return undefined;
  const { kind, version = "", target, status, title } = through;
  const asked = target === undefined ? "" : ` ${target}`;
  const answered = status === undefined ? "" : `, answered ${status}${title === undefined ? "" : ` “${title}”`}`;
  return `through the proxy ${endpoint(server)}: ${kind}${version}${asked}${answered}`;
}

/** Features of one service that share status and reason, worst first. */
export function featureRows(
  report: Report,
  service: string,
): { readonly status: FeatureStatus["status"]; readonly features: string[]; readonly reason: string }[] {
  const all = report.features.filter((feature) => feature.service === service);
  return [...FEATURE_STATES.keys()].flatMap((status) => {
    const byReason = new Map<string, string[]>();
    for (const feature of all.filter((feature) => feature.status === status)) {
      const reason = feature.because ?? blamed(report, feature);
      byReason.set(reason, [...(byReason.get(reason) ?? []), feature.feature]);
    }
    return [...byReason].map(([reason, features]) => ({ status, features, reason }));
  });
}

/** Entries that differ in the value only; `limits`: where they have no effect, and why. */
export function bypassRows({
  bypass,
}: Report): { readonly match: string; readonly values: string[]; readonly port?: number; readonly limits: string }[] {
  const rows = new Map<string, BypassEntry[]>();
  for (const entry of bypass) {
    const key = JSON.stringify([entry.match, entry.port, entry.effective, entry.note]);
    rows.set(key, [...(rows.get(key) ?? []), entry]);
  }
  return [...rows.values()].flatMap((entries) => {
    const [first] = entries;
    if (first === undefined) return [];
    const limits = [
      ...(first.effective === "transparent+explicit" ? [] : [`${first.effective} proxies only`]),
      ...(first.note === undefined ? [] : [first.note]),
    ];
    return [
      {
        match: first.match,
        values: entries.map(({ value }) => value),
        ...(first.port !== undefined && { port: first.port }),
        limits: limits.join("; "),
      },
    ];
  });
}

/** What the vendors of what is intercepted say of that, each statement once; `dated`: `of 2024-05`, `read in 2026-11`. */
export function positionsOf({ findings }: Report): { by: string; statement: string; url: string; dated: string }[] {
  const all = new Map(findings.flatMap((finding) => finding.positions ?? []).map((each) => [each.statement, each]));
  return [...all.values()].map(({ by, statement, url, date, dated }) => ({
    by,
    statement,
    url,
    dated: `${dated === "page" ? "of" : "read in"} ${date}`,
  }));
}

/** The lists of addresses that somebody should know of: those that are old, or that other machines do not have. */
export function listTexts({ knowledge = [] }: Report): { isOld: boolean; text: string }[] {
  return knowledge.flatMap(
    ({ service, source, date, imported, stale, connections }): { isOld: boolean; text: string }[] => {
      if (imported === undefined && stale !== true) return [];
      const name = SERVICES.find(({ id }) => id === service)?.name ?? service;
      const what = `${name}: address list of ${date}${imported === undefined ? "" : `, imported from ${source}`}`;
      if (stale !== true) return [{ isOld: false, text: connections > 0 ? what : `${what}, not needed here` }];
      const old = `${what}, more than 90 days older than the capture: the service may have other addresses by now`;
      return [{ isOld: true, text: `${old}; \`sightline update-knowledge\` imports a newer list` }];
    },
  );
}

const TITLES: ReadonlyMap<string, string> = new Map(RULES.map(({ id, title }) => [id, title]));

/** What a rule looks for; its id where a Report of another version has one that is not known here. */
export function titleOf(rule: string): string {
  return TITLES.get(rule) ?? rule;
}

/** Which faults were found, ruled out and not looked for. Rules that do not apply to this capture are left to --json. */
export function checksOf({ rules }: Report): Record<"found" | "ruledOut" | "notSeen" | "failed", string[]> {
  const that = (is: RuleAnswer["is"]): string[] => rules.filter((rule) => rule.is === is).map(({ rule }) => rule);
  return {
    found: that("finding"),
    ruledOut: that("clear"),
    notSeen: rules.flatMap((rule) => (rule.is === "not-observed" ? [`${rule.rule} (needs ${rule.missing})`] : [])),
    failed: rules.flatMap((rule) => (rule.is === "failed" ? [`${rule.rule}: ${rule.error}`] : [])),
  };
}

/** `6 connections: 3 judged, 0 could not be; seen from the client's side` */
export function countsText({ input, totals, verdict }: Report): string {
  const seen = input.vantage === "unknown" ? "" : `; seen from the ${VANTAGE_WORDS[input.vantage]}`;
  return `${plural(totals.connections, "connection")}: ${verdict.judged} judged, ${verdict.notJudged} could not be${seen}`;
}

/** `pcap, 62 frames, 2026-11-22 21:00:48 to 21:00:49 UTC` */
export function fileText({ format, frames, from, to }: ReportFile): string {
  const time =
    from === undefined || to === undefined
      ? ""
      : `, ${period(from, to)} ${LOCAL_TIME.test(format) ? "local time" : "UTC"}`;
  return `${format}, ${frames} frames${time}`;
}

/** The rule whose findings say what a browser is shown where something is intercepted. */
export const BLOCK_PAGE = "block-page";

/** The connections that decide the answer: those that break a feature first, then the most certain; no two of the same kind. */
export function chooseInFull({ verdict, connections, findings, features }: Report, most: number): ReportConnection[] {
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
    .slice(0, most);
}

/** The name that the client asked for, else what whoever captured called the address. */
export function nameAfter({
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
export function programOf(path: string): string {
  return /[^\\/]+$/.exec(path)?.[0] ?? path;
}

const NAMED = {
  "by-issuer": "the issuer",
  "by-structure": "the certificate's structure",
  declared: "your declaration",
} as const;

export const TRUST_WORDS: Readonly<Record<NonNullable<ReportConnection["trust"]>["is"], string>> = {
  "public-root": "verified up to a public root",
  "private-root": "ends at a private root, not at a public one",
  "self-signed": "self-signed",
  incomplete: "incomplete: the issuer's certificate was not presented",
  "invalid-signature": "a signature in the chain does not verify",
  unknown: "not verified",
};

export function leafOf(
  { certificates }: Report,
  { certificates: presented }: ReportConnection,
): ReportCertificate | undefined {
  return certificates[presented[0]?.sha256 ?? ""];
}

/** `203.0.113.40:50659 for 198.18.0.2:44599`; undefined when none was asked for. */
export function relayText({ stun }: ReportConnection): string | undefined {
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

export function toldText({ stun }: ReportConnection): string {
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
export function mediaText({ media }: ReportConnection): string | undefined {
  if (media === undefined) return undefined;
  const { fromClient, fromServer } = media;
  if (fromClient !== undefined && fromServer !== undefined)
    return `RTP flowed both ways (from frames ${fromClient} and ${fromServer} on)`;
  return fromClient === undefined
    ? `RTP flowed from the server only (from frame ${fromServer} on)`
    : `RTP flowed from the client only (from frame ${fromClient} on)`;
}

/** The connections behind the findings of a feature; empty when there are none. */
function blamed({ findings }: Report, feature: FeatureStatus): string {
  const ids = findings.filter(({ id }) => feature.findings.includes(id)).flatMap((finding) => finding.connections);
  return list([...new Set(ids)], MAX_LISTED);
}

/** Empty when there is nothing to tell. */
export function callText(connection: ReportConnection): string {
  const relay = relayText(connection);
  const media = mediaText(connection);
  return [...(relay === undefined ? [] : [`relay ${relay}`]), ...(media === undefined ? [] : [media])].join("; ");
}

/** Why a connection of the lists is where it is. */
export function reasonOf(connection: ReportConnection): string {
  const { verdict, trust, protocol, otherEnd } = connection;
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
      if (otherEnd?.is === "same") return "the same hellos at both ends";
      if (protocol === "pseudo-tls") return `the documented answer, then TURN: relay ${relayText(connection)}`;
      return trust?.detail ?? "";
    case "not-judged":
      return "";
  }
}

export function protocolCounts(groups: readonly ReportGroup[]): string {
  const counts = new Map<string, number>();
  for (const group of groups) {
    const protocol = "folded" in group ? "others" : group.protocol;
    counts.set(protocol, (counts.get(protocol) ?? 0) + group.connections);
  }
  return [...counts].map(([protocol, count]) => `${protocol} ${count}`).join(", ");
}

/** Formats that do not tell the time zone of their times. */
const LOCAL_TIME = /^netmon(1|2\.[0-2])/;

const VANTAGE_WORDS = { client: "client's side", server: "server's side", middle: "middle of the path" } as const;

export function list(items: readonly string[], most: number): string {
  const rest = items.length - most;
  return items.slice(0, most).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** `TLS 1.3 read with its keys, A/V Edge`; the service's own name where the role is not known. */
export function kindOf({ protocol, transport, tls, quic, service }: ReportConnection): string {
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
      : `; the server speaks ${list(spoken, MAX_LISTED)}`,
  ].join("");
}

export function day(moment: string): string {
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
