/**
 * Two or more unrelated addresses present one and the same valid certificate for another name: a portal has taken the
 * connections over until somebody logs in. Nothing is forged, so it is no interception.
 *
 * A portal lets nothing through meanwhile. Servers of one provider that know the name no longer, or not yet, or that host many
 * (mail, for one), show its own certificate in the same way, while the client uses them in spite of it, or reaches others; where
 * it does neither, they would look the same, so this is never more than likely. Answers in plain HTTP are `portal-redirect`'s.
 */
import { networkOf } from "../../bytes/address.ts";
import type { Certificate } from "../../protocol/x509/certificate.ts";
import { speaksFor } from "../../protocol/x509/host-name.ts";
import { type Context, registrableDomain, type TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { grouped } from "../grouped.ts";
import { addressesOf, nameOf, peerOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import { wentOn } from "../went-on.ts";
import { holder, holders, list, servers, short } from "../words.ts";
import { isWithin, spansOf } from "./meanwhile.ts";
import { certificateAnswer, certificateEvidence, chainIsGood } from "./support.ts";

/** IANA: https, 443/tcp. */
const HTTPS = 443;
/** Bytes; under another's name a portal answers with a redirect, or with one page, beside its certificates. */
const MAX_PAGE = 65_536;

export const captivePortal: Rule = {
  id: "captive-portal",
  title: "a captive portal",
  references: ["https://www.rfc-editor.org/rfc/rfc8952"],
  doc: {
    about:
      "Looks for one and the same valid certificate in answer to names that it is not for. A portal answers for every server until somebody logs in. Nothing is forged, so it is no interception.",
    finds: {
      likely:
        "two or more addresses of unrelated networks or domains show it, nobody goes on there, and the client reaches nothing else meanwhile",
    },
    causes: ["captive-portal"],
    innocent: ["servers of one provider that show its own certificate for a name they know no longer, or not yet"],
    advice: "Open a browser, log in at the network's page, then try again.",
  },
  check(context) {
    const judged = context
      .tls()
      .filter((c) => chainIsGood(c) && context.leaf(c) !== undefined && nameOf(c) !== undefined);
    const strangers = grouped(judged, (connection) =>
      isForName(context, connection) ? undefined : connection.tls.certificates[0]?.sha256,
    );
    const reached = context.tls().filter((connection) => isReached(context, connection));
    const findings = [...strangers.values()].flatMap((connections) => finding(context, connections, reached));
    return certificateAnswer(context.tls(), findings, judged.length);
  },
};

function finding(
  context: Context,
  connections: readonly TlsConnection[],
  reached: readonly TlsConnection[],
): Finding[] {
  const addresses = addressesOf(connections);
  const networks = new Set([...addresses].map(networkOf));
  const domains = new Set(connections.map((c) => registrableDomain(nameOf(c) ?? "")));
  // One owner's hosts in one network that show a default certificate are no portal.
  if (addresses.size < 2 || (networks.size < 2 && domains.size < 2)) return [];
  if (connections.some(isInUse)) return [];
  const leaf = connections[0] === undefined ? undefined : context.leaf(connections[0]);
  if (leaf === undefined) return [];
  const spans = spansOf(connections);
  // What is for the portal's own name is its login page.
  if (reached.some((other) => isWithin(spans, other) && !speaksFor(leaf, nameOf(other) ?? ""))) return [];
  return [
    {
      confidence: "likely",
      cause: "captive-portal",
      connections,
      what: `${servers(connections)} all presented one and the same valid certificate, that of ${holder(leaf)}.`,
      why: "The certificate is genuine but belongs to none of these servers: a portal answers for all of them, usually until somebody logs in.",
      fix: `Open a browser, log in at the page of ${pages(leaf)}, then try again.`,
      evidence: certificateEvidence(context, connections, "subjectAltName", holders, "the name that was asked for"),
    },
  ];
}

function isForName(context: Context, connection: TlsConnection): boolean {
  const leaf = context.leaf(connection);
  return leaf !== undefined && speaksFor(leaf, nameOf(connection) ?? "");
}

/**
 * The client accepted the certificate and got more than a portal has for it: a dialogue that is not of the web, or more than a
 * page.
 */
function isInUse(connection: TlsConnection): boolean {
  return wentOn(connection) && (peerOf(connection).port !== HTTPS || connection.bytes.fromServer > MAX_PAGE);
}

/** Shown to be genuine, or used, whatever it showed. */
function isReached(context: Context, connection: TlsConnection): boolean {
  return wentOn(connection) || (chainIsGood(connection) && isForName(context, connection));
}

/** Where to log in: a wildcard is no address. */
function pages(leaf: Certificate): string {
  const hosts = leaf.names.map((name) => short(name.replace(/^\*\./, "")));
  return hosts.length > 0 ? list(hosts) : holder(leaf);
}
