/**
 * Certificates that were made for the very connections they appear on: each begins at the moment of its connection, or a
 * whole number of days before it (proxies date back to survive wrong clocks: mitmproxy two days, sslsplit one).
 *
 * One fresh certificate alone is a renewal. Several, on different servers, under an issuer that no public root vouches for, have
 * two independent signs to confirm them: one key on all of them, and TCP answered near while TLS is far. Within one domain
 * both are needed, as an organisation that has just renewed its servers may have used one key; for unrelated domains one. One fresh
 * certificate behind a near TCP and a far TLS is possible only.
 */
import type { Context, TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { TIME } from "../lacks.ts";
import { addressesOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import { called, moment, servers } from "../words.ts";
import { answersFar, daysBack } from "./minting.ts";
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

export const mintedOnDemand: Rule = {
  id: "minted-on-demand",
  title: "certificates made at the moment of the connection",
  references: ["https://docs.mitmproxy.org/stable/concepts-certificates/"],
  doc: {
    about:
      "Looks for certificates that begin at the moment of their connection, or whole days before it to the minute, under an issuer that no public root vouches for. Proxies make a certificate when somebody connects, and date it back to survive wrong clocks. One fresh certificate is a renewal; several on different servers are not.",
    finds: {
      likely:
        "several servers, with one key on all certificates or TCP answered near and TLS far; with both where all are of one domain",
      possible: "several servers without such a sign, or one server with TCP near and TLS far",
    },
    causes: ["tls-interception"],
    innocent: ["servers of one owner that were just renewed", "a private authority that issues for hours or days"],
    advice:
      "Exempt the servers named in the finding from TLS inspection on the proxy. Where it is only possible: compare with the certificate that the same server presents on another network.",
  },
  check(context) {
    const shown = context.tls().filter((connection) => context.leaf(connection) !== undefined);
    const judged = shown.filter(({ untimed }) => untimed !== true);
    if (judged.length === 0 && shown.length > 0) return { is: "not-observed", missing: TIME };
    const fresh = judged.filter(
      (connection) =>
        // Inside an organisation, short-lived certificates of its own CA are common.
        !isOwn(connection) && hasPrivateIssuer(context, connection) && daysBack(context, connection) !== undefined,
    );
    const findings = byIssuer(context, fresh).flatMap(({ connections }) => finding(context, connections));
    return certificateAnswer(context.tls(), findings, judged.length);
  },
};

function finding(context: Context, connections: readonly TlsConnection[]): Finding[] {
  const leaves = new Set(connections.map(({ tls }) => tls.certificates[0]?.sha256));
  const isSeveral = leaves.size > 1 && addressesOf(connections).size > 1;
  const isFar = connections.every((connection) => answersFar(connection) === true);
  const issuer = connections[0] === undefined ? undefined : context.leaf(connections[0])?.issuer;
  if (!(isSeveral || isFar) || issuer === undefined) return [];
  const second = [
    ...(isSeveral && new Set(connections.map((c) => context.leafKey(c))).size === 1
      ? ["all carry one and the same key"]
      : []),
    ...(isFar ? ["TCP is answered near and TLS far"] : []),
  ];
  const unrelated = unrelatedDomains(context, connections).length > 1;
  const likely = isSeveral && second.length >= (unrelated ? 1 : 2);
  const days = [...new Set(connections.map((connection) => daysBack(context, connection)))].sort().join(" or ");
  const when = days === "0" ? "within minutes of" : `${days === "1" ? "1 day" : `${days} days`} to the minute before`;
  return [
    {
      confidence: likely ? "likely" : "possible",
      cause: "tls-interception",
      connections,
      what: `The certificates of ${servers(connections)}, issued by ${called(issuer)}, begin ${when} these connections${second.map((sign) => `; ${sign}`).join("")}.`,
      why: likely
        ? "Different servers do not renew their certificates at the moment somebody connects. A box that makes a certificate for every connection does."
        : isSeveral
          ? "Different servers rarely renew their certificates at the moment somebody connects; servers of one owner just renewed, or short-lived certificates of a private CA, would look the same."
          : "A box that makes a certificate for every connection looks like this; so does a server behind a load balancer whose private CA has just renewed its certificate.",
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
