/**
 * Certificates that were made for the very connections they appear on: each begins at the moment of its connection, or a
 * whole number of days before it (proxies date back to survive wrong clocks: mitmproxy two days, sslsplit one).
 *
 * One fresh certificate is a renewal. Several, on different servers, under an issuer that no public root vouches for, have
 * two independent signs to confirm them: one key on all of them, and TCP answered near while TLS is far. Within one domain
 * both are needed, as an organisation that has just renewed its servers may have used one key; for unrelated domains one.
 */
import type { Context, TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { TIME } from "../lacks.ts";
import { addressesOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import { called, moment, servers } from "../words.ts";
import {
  byIssuer,
  bypassAdvice,
  certificateAnswer,
  certificateEvidence,
  compareAdvice,
  hasPrivateIssuer,
  isOwn,
  unrelatedDomains,
} from "./support.ts";

/** Seconds between minting and connection: proxies keep a forged certificate for later connections. */
const FRESH = 600;
/** A certificate that begins after its connection: clocks differ by a little. Seconds. */
const SKEW = 60;
const DAY = 86_400;
/** Days by which proxies date back. */
const MAX_DAYS_BACK = 2;
/** TLS answered later than TCP by this factor and time: somebody dials on (measured: direct paths 0.9–1.2, proxies 2.4 and more). */
const FAR_RATIO = 3;
const FAR_SECONDS = 0.01;

export const mintedOnDemand: Rule = {
  id: "minted-on-demand",
  title: "certificates made at the moment of the connection",
  references: ["https://docs.mitmproxy.org/stable/concepts-certificates/"],
  check(context) {
    const shown = context.tls().filter((connection) => context.leaf(connection) !== undefined);
    const judged = shown.filter(({ untimed }) => untimed !== true);
    if (judged.length === 0 && shown.length > 0) return { is: "not-observed", missing: TIME };
    const fresh = judged.filter(
      (connection) =>
        // Inside an organisation, short-lived certificates of its own CA are common.
        !isOwn(connection) && hasPrivateIssuer(context, connection) && isFresh(context, connection),
    );
    const findings = byIssuer(context, fresh).flatMap(({ connections }) => finding(context, connections));
    return certificateAnswer(context.tls(), findings, judged.length);
  },
};

function finding(context: Context, connections: readonly TlsConnection[]): Finding[] {
  const leaves = new Set(connections.map(({ tls }) => tls.certificates[0]?.sha256));
  const addresses = addressesOf(connections);
  const issuer = connections[0] === undefined ? undefined : context.leaf(connections[0])?.issuer;
  if (leaves.size < 2 || addresses.size < 2 || issuer === undefined) return [];
  const second = [
    ...(new Set(connections.map((c) => context.leafKey(c))).size === 1 ? ["all carry one and the same key"] : []),
    ...(connections.every(answersFar) ? ["TCP is answered near and TLS far"] : []),
  ];
  const unrelated = unrelatedDomains(context, connections).length > 1;
  const likely = second.length >= (unrelated ? 1 : 2);
  return [
    {
      confidence: likely ? "likely" : "possible",
      cause: "tls-interception",
      connections,
      what: `The certificates of ${servers(connections)}, issued by ${called(issuer)}, begin within minutes of these connections${second.map((sign) => `; ${sign}`).join("")}.`,
      why: likely
        ? "Different servers do not renew their certificates at the moment somebody connects. A box that makes a certificate for every connection does."
        : "Different servers rarely renew their certificates at the moment somebody connects; servers of one owner just renewed, or short-lived certificates of a private CA, would look the same.",
      fix: likely ? bypassAdvice(connections, "the proxy") : compareAdvice(connections),
      evidence: certificateEvidence(
        context,
        connections,
        "validity.notBefore",
        (leaf) => moment(leaf.notBefore),
        "a date that has nothing to do with this connection",
      ),
    },
  ];
}

function isFresh(context: Context, connection: TlsConnection): boolean {
  const leaf = context.leaf(connection);
  // Minutes count here: not on a clock that may be off by hours.
  if (leaf === undefined || context.hasLocalTime(connection)) return false;
  const age = connection.from.seconds - leaf.notBefore;
  for (let days = 0; days <= MAX_DAYS_BACK; days++) {
    const since = age - days * DAY;
    if (since >= -SKEW && since <= FRESH) return true;
  }
  return false;
}

function answersFar({ timing: { tcpRtt, hello }, through }: TlsConnection): boolean {
  // Behind a proxy that was asked for a tunnel TLS is always further away.
  if (through !== undefined) return false;
  return tcpRtt !== undefined && hello !== undefined && hello - tcpRtt >= FAR_SECONDS && hello >= tcpRtt * FAR_RATIO;
}
