/**
 * From findings to the verdict on one connection. Owns which finding decides, what `genuine` needs and what is missing for
 * `cannot-tell`; knows nothing of how it is shown.
 *
 * The ladder: only `proven` and `likely` decide. `genuine` is said only when something was checked that interception would
 * have failed. Absence of a finding is never a verdict.
 */
import type { ConnectionObservation } from "../observe/observations.ts";
import { speaksFor } from "../protocol/x509/host-name.ts";
import { baselineOf } from "./baseline.ts";
import type { Context } from "./context.ts";
import type { ConnectionVerdict, NumberedFinding } from "./diagnosis.ts";
import {
  BASELINE,
  CERTIFICATE,
  FEWER_SERVERS,
  hidesCertificate,
  missingFrom,
  NEWER_BASELINE,
  OVER_TCP,
  presentsNone,
  TIME,
  WHOLE_HANDSHAKE,
} from "./lacks.ts";
import { isRefused, nameOf } from "./peer.ts";
import { chainIsGood, isDeclaredPrivate, isInBaseline } from "./rules/support.ts";
import { passedUnchanged } from "./rules/two-sided-hello.ts";
import { fallbackCause } from "./rules/undocumented-pseudo-tls-answer.ts";
import { CAUSES, type Cause } from "./vocabulary.ts";
import { short } from "./words.ts";

export function verdictOf(
  context: Context,
  connection: ConnectionObservation,
  findings: readonly NumberedFinding[],
): ConnectionVerdict {
  // Of a certificate that is known to be the server's own only what nothing else explains is held against it.
  const isVouchedFor = isInBaseline(connection) || passedUnchanged(context, connection);
  const decisive = findings.filter(
    ({ cause, confidence }) =>
      cause === "tls-interception" && (confidence === "proven" || (confidence === "likely" && !isVouchedFor)),
  );
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
  const [worst] = findings
    .flatMap((finding) => {
      const cause = impairment(finding, connection);
      return cause === undefined ? [] : [{ finding, cause }];
    })
    .sort((one, other) => CAUSES.indexOf(one.cause) - CAUSES.indexOf(other.cause));
  if (worst !== undefined) {
    return {
      is: "impaired",
      confidence: worst.finding.confidence === "likely" ? "likely" : "proven",
      cause: worst.cause,
      findings: ids([worst.finding], findings),
    };
  }
  // Whom a declared CA lets sign for everybody is open.
  const isDoubted = isDeclaredPrivate(connection) && findings.some(({ cause }) => cause === "tls-interception");
  if (!isDoubted && isGenuine(context, connection)) return { is: "genuine", findings: ids([], findings) };
  const isKnown = baselineOf(context.observations, connection).length > 0;
  const missing = whatIsMissing(connection, isKnown ? NEWER_BASELINE : BASELINE);
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
  // A pseudo-TLS hello that got something else than its answer: not shown to be interception, but it failed.
  if (finding.rule.id !== "undocumented-pseudo-tls-answer" || connection.pseudoTls === undefined) return undefined;
  return fallbackCause(connection.pseudoTls.answer);
}

function isGenuine(context: Context, connection: ConnectionObservation): boolean {
  const pseudo = connection.pseudoTls;
  if (pseudo !== undefined) return pseudo.answer === "documented" && pseudo.framedTurn.server !== undefined;
  const name = nameOf(connection);
  if (isGenuineChain(context, connection, name) || passedUnchanged(context, connection)) return true;
  const { tls } = connection;
  return (
    tls !== undefined && context.origins({ ...connection, tls }).some((origin) => isGenuineChain(context, origin, name))
  );
}

/**
 * Signatures verified to a public root or a declared private CA, for the name asked for and at the time of the capture; or the very leaf
 * that the server is known to present.
 */
function isGenuineChain(context: Context, connection: ConnectionObservation, name: string | undefined): boolean {
  const leaf = context.leaf(connection);
  if (leaf === undefined || connection.pseudoTls !== undefined) return false;
  if (isInBaseline(connection)) return true;
  if (!chainIsGood(connection)) return false;
  return (name === undefined || speaksFor(leaf, name)) && context.outOfDate(connection) === undefined;
}

/** What would answer the question; undefined when the question does not arise. */
function whatIsMissing(connection: ConnectionObservation, baseline: string): string | undefined {
  const { tls, pseudoTls, tcp } = connection;
  if (connection.undetailed === true) return FEWER_SERVERS;
  if (connection.untimed === true && isUnanswered(connection)) return missingFrom(connection) ?? TIME;
  if (pseudoTls !== undefined) {
    if (pseudoTls.answer === "documented") return "the TURN messages after the pseudo-TLS hello";
    return missingFrom(connection) ?? "the server's answer";
  }
  if (tls === undefined && connection.protocol === "quic") return OVER_TCP;
  if (tls === undefined) return missingFrom(connection) ?? (isTunnel(connection) ? WHOLE_HANDSHAKE : undefined);
  if (tls.certificates.length > 0) return missingTrust(connection, baseline);
  if (presentsNone(connection)) return CERTIFICATE;
  const missing = hidesCertificate(tls) ?? missingFrom(connection);
  return missing ?? (tcp?.reset === undefined ? WHOLE_HANDSHAKE : "a handshake that goes on to the certificate");
}

/** A question that got no answer: without the time nobody knows whether only not yet. */
function isUnanswered({ bytes, outcome, tls, pseudoTls, stun, protocol }: ConnectionObservation): boolean {
  if (bytes.fromServer > 0) return false;
  const isQuestion = tls !== undefined || pseudoTls !== undefined || stun !== undefined || protocol === "quic";
  return isQuestion || outcome === "unanswered";
}

/** A tunnel that was not refused, in which nothing that can be judged was seen. */
function isTunnel({ through }: ConnectionObservation): boolean {
  return through !== undefined && !isRefused(through);
}

/** The certificate is there; what would tell whether it is the server's own. */
function missingTrust({ tls }: ConnectionObservation, baseline: string): string {
  const trust = tls?.trust;
  if (trust?.is === "incomplete") return `the certificate of ${short(trust.anchor ?? "the issuer")}, or ${baseline}`;
  if (trust?.is === "unknown") return `${trust.detail ?? "a chain that can be checked"}: ${baseline}`;
  return baseline;
}

function ids(first: readonly NumberedFinding[], all: readonly NumberedFinding[]): string[] {
  return [...new Set([...first, ...all].map(({ id }) => id))];
}
