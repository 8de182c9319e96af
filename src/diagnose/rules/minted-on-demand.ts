/**
 * Certificates that were made for the very connections they appear on: each begins at the moment of its connection, or a
 * whole number of days before it (proxies date back to survive wrong clocks: mitmproxy two days, sslsplit one).
 *
 * One fresh certificate is a renewal. Several, on different servers, under an issuer that no public root vouches for, are
 * likely forged when a second, independent sign is there: one key on all of them, or TCP answered near and TLS far.
 */
import type { ConnectionObservation } from "../../observe/observations.ts";
import { type Context, describe, list } from "../context.ts";
import { answer, type Finding, type Rule } from "../rule.ts";
import { bypassAdvice, byIssuer, certificateEvidence, reachesNoPublicRoot } from "./support.ts";

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
    const judged = context.tls().filter((c) => context.leaf(c) !== undefined);
    const fresh = judged.filter((c) => reachesNoPublicRoot(c) && c.tls.trust?.is !== "self-signed" && isFresh(context, c));
    const findings = byIssuer(context, fresh).flatMap(({ issuer, connections }): Finding[] => {
      const leaves = new Set(connections.map(({ tls }) => tls?.certificates[0]?.sha256));
      const addresses = new Set(connections.map(({ server }) => server.ip));
      if (leaves.size < 2 || addresses.size < 2) return [];
      const oneKey = new Set(connections.map((c) => context.leafKey(c))).size === 1;
      const far = connections.every(answersFar);
      const second = [
        ...(oneKey ? ["all of them carry one and the same key"] : []),
        ...(far ? ["TCP is answered near and TLS far"] : []),
      ];
      return [
        {
          confidence: second.length > 0 ? "likely" : "possible",
          cause: "tls-interception",
          connections,
          what: `The certificates of ${list(connections.map(describe))}, issued by ${issuer}, were made within minutes of these connections${second.length > 0 ? `; ${second.join(", and ")}` : ""}.`,
          why:
            second.length > 0
              ? "Different servers do not renew their certificates at the moment somebody connects. A box that makes a certificate for every connection does."
              : "Different servers rarely renew their certificates at the moment somebody connects; short-lived certificates of one private CA would look the same.",
          fix: bypassAdvice(connections, "the proxy"),
          evidence: certificateEvidence(
            context,
            connections,
            "validity.notBefore",
            (leaf) => new Date(leaf.notBefore * 1000).toISOString(),
            "a date that has nothing to do with this connection",
          ),
        },
      ];
    });
    return answer(findings, judged.length);
  },
};

function isFresh(context: Context, connection: ConnectionObservation): boolean {
  const leaf = context.leaf(connection);
  if (leaf === undefined) return false;
  const age = connection.from.seconds - leaf.notBefore;
  for (let days = 0; days <= MAX_DAYS_BACK; days++) {
    const since = age - days * DAY;
    if (since >= -SKEW && since <= FRESH) return true;
  }
  return false;
}

function answersFar({ timing: { tcpRtt, hello } }: ConnectionObservation): boolean {
  return tcpRtt !== undefined && hello !== undefined && hello - tcpRtt >= FAR_SECONDS && hello >= tcpRtt * FAR_RATIO;
}
