/**
 * From findings to a verdict: one per connection, then one for the input. Owns which finding decides, what `genuine` needs
 * and what is missing for `cannot-tell`; knows nothing of how it is shown.
 *
 * The ladder: only `proven` and `likely` decide. `genuine` is said only when something was checked that interception would
 * have failed. Absence of a finding is never a verdict.
 */
import type { ConnectionObservation, TlsObservation } from "../observe/observations.ts";
import type { BypassEntry } from "./bypass.ts";
import { type Context, describe, list, speaksFor } from "./context.ts";
import type { JudgedConnection, NumberedFinding } from "./diagnose.ts";
import type { FeatureStatus } from "./features.ts";
import type { NamedInterceptor } from "./rule.ts";
import { missingFrom } from "./rules/capture-incomplete.ts";
import { chainIsGood } from "./rules/support.ts";
import { fallbackCause } from "./rules/undocumented-pseudo-tls-answer.ts";
import { resumesSessionOf } from "./sessions.ts";
import { CAUSES, type Cause } from "./vocabulary.ts";

export type ConnectionVerdict =
  | {
      readonly is: "intercepted";
      readonly confidence: "proven" | "likely";
      readonly cause: "tls-interception";
      readonly interceptor?: NamedInterceptor;
      readonly findings: readonly string[];
    }
  | {
      readonly is: "impaired";
      readonly confidence: "proven" | "likely";
      readonly cause: Exclude<Cause, "tls-interception">;
      readonly findings: readonly string[];
    }
  | { readonly is: "genuine" | "not-judged"; readonly findings: readonly string[] }
  | {
      readonly is: "cannot-tell";
      readonly missing: readonly string[];
      readonly cause?: "capture-incomplete";
      readonly findings: readonly string[];
    };

export interface OverallVerdict {
  readonly is: "intercepted" | "impaired" | "clear" | "cannot-tell";
  readonly confidence?: "proven" | "likely";
  readonly missing?: readonly string[];
  readonly judged: number;
  readonly notJudged: number;
  readonly headline: string;
  readonly next?: string;
}

const KEY_LOG = "key log";
/** Protocols inside which TLS begins later, where this version does not follow. */
const NOT_READ_YET: ReadonlyMap<ConnectionObservation["protocol"], string> = new Map([
  ["http-connect", "a reader for TLS inside HTTP CONNECT"],
  ["smtp", "a reader for TLS after STARTTLS"],
  ["imap", "a reader for TLS after STARTTLS"],
  ["pop3", "a reader for TLS after STARTTLS"],
  ["xmpp", "a reader for TLS after STARTTLS"],
]);
const BASELINE = "a baseline or --private-ca";
/** TLS 1.3: the certificate is encrypted (RFC 8446 section 4.4). Drafts have versions of their own above it. */
const TLS_1_3 = 0x0304;

export function verdictOf(
  context: Context,
  connection: ConnectionObservation,
  findings: readonly NumberedFinding[],
): ConnectionVerdict {
  const decisive = findings.filter(({ cause, confidence }) => cause === "tls-interception" && confidence !== "possible");
  if (decisive.length > 0) {
    const interceptor = decisive.find((finding) => finding.interceptor !== undefined)?.interceptor;
    return {
      is: "intercepted",
      confidence: decisive.some(({ confidence }) => confidence === "proven") ? "proven" : "likely",
      cause: "tls-interception",
      ...(interceptor === undefined ? {} : { interceptor }),
      findings: ids(decisive, findings),
    };
  }
  const failures = findings
    .map((finding) => ({ finding, cause: impairment(finding, connection) }))
    .filter(({ cause }) => cause !== undefined)
    .sort((one, other) => CAUSES.indexOf(one.cause as Cause) - CAUSES.indexOf(other.cause as Cause));
  const worst = failures[0];
  if (worst?.cause !== undefined) {
    return {
      is: "impaired",
      confidence: worst.finding.confidence === "likely" ? "likely" : "proven",
      cause: worst.cause,
      findings: ids([worst.finding], findings),
    };
  }
  if (isGenuine(context, connection)) return { is: "genuine", findings: ids([], findings) };
  const missing = whatIsMissing(connection);
  if (missing === undefined) return { is: "not-judged", findings: ids([], findings) };
  const incomplete = findings.some(({ cause }) => cause === "capture-incomplete");
  return {
    is: "cannot-tell",
    missing: [missing],
    ...(incomplete ? { cause: "capture-incomplete" as const } : {}),
    findings: ids([], findings),
  };
}

/** The cause a finding gives when nothing shows interception. */
function impairment(
  finding: NumberedFinding,
  connection: ConnectionObservation,
): Exclude<Cause, "tls-interception" | "capture-incomplete"> | undefined {
  if (finding.cause === "capture-incomplete") return undefined;
  if (finding.cause !== "tls-interception") return finding.confidence === "possible" ? undefined : finding.cause;
  // A pseudo-TLS hello that got something else than its answer: not proven to be interception, but it failed.
  const answered = connection.pseudoTls?.answer;
  return answered === undefined || finding.rule.id !== "undocumented-pseudo-tls-answer" ? undefined : fallbackCause(answered);
}

function isGenuine(context: Context, connection: ConnectionObservation): boolean {
  const pseudo = connection.pseudoTls;
  if (pseudo !== undefined) return pseudo.answer === "documented" && pseudo.framedTurn.server !== undefined;
  if (isGenuineChain(context, connection)) return true;
  const tls = connection.tls;
  return (
    tls?.resumed === true &&
    context.tls().some((other) => isGenuineChain(context, other) && resumesSessionOf(tls, other.tls))
  );
}

/** Signatures verified to a public root or a declared private CA, for the name asked for and at the time of the capture. */
function isGenuineChain(context: Context, connection: ConnectionObservation): boolean {
  const leaf = context.leaf(connection);
  if (leaf === undefined || !chainIsGood(connection)) return false;
  const name = connection.tls?.clientHello?.serverName;
  const now = connection.from.seconds;
  return (name === undefined || speaksFor(leaf, name)) && leaf.notBefore <= now && now <= leaf.notAfter;
}

/** What would answer the question; undefined when the question does not arise. */
function whatIsMissing(connection: ConnectionObservation): string | undefined {
  const { tls, pseudoTls, tcp } = connection;
  if (pseudoTls !== undefined) {
    return pseudoTls.answer === "documented" ? "the TURN messages after the pseudo-TLS hello" : (missingFrom(connection) ?? "the server's answer");
  }
  if (connection.protocol === "quic") return KEY_LOG;
  if (tls === undefined) return NOT_READ_YET.get(connection.protocol) ?? missingFrom(connection);
  return tlsIsMissing(tls) ?? missingFrom(connection) ?? (tcp?.reset === undefined ? "the whole handshake" : "a handshake that goes on to the certificate");
}

function tlsIsMissing(tls: TlsObservation): string | undefined {
  if (tls.certificates.length > 0) {
    const trust = tls.trust;
    if (trust?.is === "incomplete") return `the certificate of ${trust.anchor ?? "the issuer"}, or ${BASELINE}`;
    if (trust?.is === "unknown") return `${trust.detail ?? "a chain that can be checked"}: ${BASELINE}`;
    return BASELINE;
  }
  if (tls.version !== undefined && tls.version >= TLS_1_3) return KEY_LOG;
  if (tls.resumed === true) return "the full handshake that this connection resumes";
  return undefined;
}

function ids(first: readonly NumberedFinding[], all: readonly NumberedFinding[]): string[] {
  return [...new Set([...first, ...all].map(({ id }) => id))];
}

export function overallVerdict(
  judged: readonly JudgedConnection[],
  features: readonly FeatureStatus[],
  bypass: readonly BypassEntry[],
): OverallVerdict {
  const of = (is: ConnectionVerdict["is"]) => judged.filter(({ verdict }) => verdict.is === is);
  const intercepted = of("intercepted");
  const impaired = of("impaired");
  const unanswered = of("cannot-tell");
  const counts = {
    judged: total([...intercepted, ...impaired, ...of("genuine")]),
    notJudged: total(unanswered),
  };
  const open = missingSentence(unanswered);
  if (intercepted.length > 0) {
    const confidence = intercepted.some(({ verdict }) => "confidence" in verdict && verdict.confidence === "proven") ? "proven" : "likely";
    const entries = list(bypass.map(({ value }) => value), 4);
    return {
      is: "intercepted",
      confidence,
      ...counts,
      headline: interceptionHeadline(intercepted, features) + open,
      next: `Add ${entries} to the proxy's TLS inspection bypass list, then capture again and run \`sightline analyze\`.`,
    };
  }
  const genuine = of("genuine");
  const overcome = impaired.filter((failed) => genuine.some((later) => overcomes(later, failed)));
  const failing = impaired.filter((failed) => !overcome.includes(failed));
  if (failing.length > 0) {
    const worst = [...failing].sort((one, other) => rank(one) - rank(other))[0] as JudgedConnection;
    const confidence = "confidence" in worst.verdict ? worst.verdict.confidence : "likely";
    const others = total(failing) - 1 - worst.connection.alike;
    return {
      is: "impaired",
      confidence,
      ...counts,
      headline: `No interception was found, but ${describe(worst.connection)} failed: ${CAUSE_TEXT[causeOf(worst)]}${others > 0 ? ` (and ${others} more failed)` : ""}.${open}`,
    };
  }
  const retried =
    overcome.length > 0
      ? ` ${plural(total(overcome), "earlier connection")} to the same servers failed (${list(overcome.map((failed) => CAUSE_TEXT[causeOf(failed)]))}).`
      : "";
  const blocking = unanswered.filter(({ service, connection }) => service !== undefined || isUnfinished(connection));
  if (genuine.length > 0 && blocking.length === 0) {
    return {
      is: "clear",
      ...counts,
      headline: `Nothing intercepts: ${plural(total(genuine), "connection")} to ${list(genuine.map(({ connection }) => describe(connection)))} reached the genuine server.${retried}${open}`,
    };
  }
  const missing = [...new Set(unanswered.flatMap(({ verdict }) => ("missing" in verdict ? verdict.missing : [])))];
  if (missing.length === 0) missing.push("a capture with the connection that fails in it, from its first packet on");
  return {
    is: "cannot-tell",
    missing,
    ...counts,
    headline:
      total(unanswered) > 0
        ? `Cannot tell: ${plural(total(unanswered), "connection")} could not be judged.`
        : judged.length > 0
          ? "Cannot tell: no connection in this capture shows who is at the other end."
          : "Cannot tell: there is no connection in this capture.",
    next: `To find out: ${list(missing.map(howToGet), 4)}.`,
  };
}

function interceptionHeadline(intercepted: readonly JudgedConnection[], features: readonly FeatureStatus[]): string {
  const named = intercepted.flatMap(({ verdict }) => ("interceptor" in verdict && verdict.interceptor !== undefined ? [verdict.interceptor.name] : []));
  const who = named.length > 0 ? list(named) : "A proxy in between";
  // What the person cannot do comes first, then what merely is read along.
  const service = intercepted.filter(({ service }) => service !== undefined);
  const shown = [...(service.length > 0 ? service : intercepted)].sort(
    (one, other) => Number(other.connection.pseudoTls !== undefined) - Number(one.connection.pseudoTls !== undefined),
  );
  const servers = [...new Set(shown.map(({ connection }) => describe(connection)))];
  const more = new Set(intercepted.map(({ connection }) => describe(connection))).size - 1;
  const broken = features.filter(({ status }) => status === "broken").map(({ feature }) => feature.replaceAll("-", " "));
  const certain = intercepted.some(({ verdict }) => "confidence" in verdict && verdict.confidence === "proven");
  return `${who} ${certain ? "intercepts" : "very likely intercepts"} TLS to ${servers[0]}${more > 0 ? ` and ${more} more` : ""}${broken.length > 0 ? `; ${list(broken, 4)} cannot work through it` : ""}.`;
}

function missingSentence(unanswered: readonly JudgedConnection[]): string {
  const count = total(unanswered);
  if (count === 0) return "";
  const missing = unanswered.flatMap(({ verdict }) => ("missing" in verdict ? verdict.missing : []));
  return ` ${plural(count, "connection")} could not be judged (missing: ${list(missing)}).`;
}

/** A handshake of which the capture shows a part, and not the part that would answer. */
function isUnfinished({ tls, pseudoTls, outcome, handshake }: ConnectionObservation): boolean {
  if (tls === undefined && pseudoTls === undefined) return false;
  if (outcome === "stalled" || outcome === "alert") return true;
  const whole = tls?.clientHello !== undefined && tls.serverHello !== undefined;
  return handshake.length > 0 && !whole;
}

/** The same client reached the same server later: the person's problem is not this failure. */
function overcomes(later: JudgedConnection, failed: JudgedConnection): boolean {
  const [one, other] = [later.connection, failed.connection];
  return (
    one.frames.first > other.frames.first &&
    one.transport === other.transport &&
    one.client.ip === other.client.ip &&
    one.server.ip === other.server.ip &&
    one.server.port === other.server.port
  );
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function total(connections: readonly JudgedConnection[]): number {
  return connections.reduce((sum, { connection }) => sum + 1 + connection.alike, 0);
}

function causeOf(judged: JudgedConnection): Exclude<Cause, "tls-interception"> {
  return judged.verdict.is === "impaired" ? judged.verdict.cause : "capture-incomplete";
}

function rank(judged: JudgedConnection): number {
  return CAUSES.indexOf(causeOf(judged)) + (judged.service === undefined ? CAUSES.length : 0);
}

function howToGet(missing: string): string {
  if (missing === KEY_LOG) return "capture with the client's TLS key log (SSLKEYLOGFILE), since TLS 1.3 encrypts the certificate";
  if (missing === "the other direction") return "capture both directions";
  if (missing === "the start of the connection") return "start the capture before the client connects";
  if (missing === "whole packets") return "capture whole packets (tcpdump -s 0)";
  if (missing === BASELINE) return "declare the issuer with --private-ca if it is legitimate";
  return `get ${missing}`;
}

const CAUSE_TEXT: Record<Exclude<Cause, "tls-interception">, string> = {
  "captive-portal": "a captive portal answers for it",
  "proxy-auth-required": "the proxy demands authentication",
  "proxy-denied": "the proxy denies it",
  "proxy-upstream-failed": "the proxy cannot reach it",
  "port-blocked": "the port never answers",
  "port-refused": "the port refuses connections",
  "reset-on-hello": "the connection is reset after the client's hello",
  "path-mtu-black-hole": "full-size packets are lost on the path",
  "client-certificate-required": "the server demands a client certificate",
  "tls-version-mismatch": "client and server have no TLS version in common",
  "tls-alert": "the handshake ended with a TLS alert",
  "certificate-expired": "its certificate has expired",
  "certificate-not-yet-valid": "its certificate is not valid yet",
  "name-mismatch": "its certificate is for another name",
  "self-signed": "the client does not trust its self-signed certificate",
  "private-ca": "the client does not trust its private issuer",
  "local-agent": "a local agent replaces its certificate",
  "non-tls-answer": "what answers does not speak TLS",
  "closed-without-answer": "the other side closes without an answer",
  "no-answer": "it never answers",
  "packet-loss": "packets are lost",
  "capture-incomplete": "the capture is incomplete",
};
