/**
 * Two or more unrelated addresses present one and the same valid certificate for another name: a portal has taken the
 * connections over until somebody logs in. Nothing is forged, so it is no interception.
 *
 * A portal lets nothing through meanwhile. Servers of one provider that know the name no longer, or not yet, show its
 * default certificate in the same way, while the client reaches others. Answers in plain HTTP are `portal-redirect`'s.
 */
import { networkOf } from "../../bytes/address.ts";
import { speaksFor } from "../../protocol/x509/host-name.ts";
import { type Context, registrableDomain, type TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { addressesOf, nameOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import { holder, holders, servers } from "../words.ts";
import { isWithin, spansOf } from "./meanwhile.ts";
import { certificateAnswer, certificateEvidence, chainIsGood } from "./support.ts";

export const captivePortal: Rule = {
  id: "captive-portal",
  title: "a captive portal",
  references: ["https://www.rfc-editor.org/rfc/rfc8952"],
  check(context) {
    const judged = context
      .tls()
      .filter((c) => chainIsGood(c) && context.leaf(c) !== undefined && nameOf(c) !== undefined);
    const strangers = new Map<string, TlsConnection[]>();
    const reached: TlsConnection[] = [];
    for (const connection of judged) {
      const sha256 = connection.tls.certificates[0]?.sha256 ?? "";
      const known = strangers.get(sha256);
      if (isForName(context, connection)) reached.push(connection);
      else if (known === undefined) strangers.set(sha256, [connection]);
      else known.push(connection);
    }
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
  const spans = spansOf(connections);
  if (reached.some((other) => isWithin(spans, other))) return [];
  const leaf = connections[0] === undefined ? undefined : context.leaf(connections[0]);
  if (leaf === undefined) return [];
  const portal = holder(leaf);
  return [
    {
      confidence: domains.size > 1 ? "proven" : "likely",
      cause: "captive-portal",
      connections,
      what: `${servers(connections)} all presented one and the same valid certificate, that of ${portal}.`,
      why: "The certificate is genuine but belongs to none of these servers: a portal answers for all of them, usually until somebody logs in.",
      fix: `Open a browser, log in at the page of ${portal.replaceAll("*.", "")}, then try again.`,
      evidence: certificateEvidence(context, connections, "subjectAltName", holders, "the name that was asked for"),
    },
  ];
}

function isForName(context: Context, connection: TlsConnection): boolean {
  const leaf = context.leaf(connection);
  return leaf !== undefined && speaksFor(leaf, nameOf(connection) ?? "");
}
