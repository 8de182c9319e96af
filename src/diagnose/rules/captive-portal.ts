/**
 * Two or more unrelated addresses present one and the same valid public certificate for another name: a portal has taken
 * the connections over until somebody logs in. Nothing is forged, so it is no interception.
 */
import type { ConnectionObservation } from "../../observe/observations.ts";
import { networkOf } from "../../packet/address.ts";
import { describe, list, registrableDomain, speaksFor } from "../context.ts";
import { answer, type Finding, type Rule } from "../rule.ts";
import { certificateEvidence, chainIsGood } from "./support.ts";

export const captivePortal: Rule = {
  id: "captive-portal",
  title: "a captive portal",
  references: ["https://www.rfc-editor.org/rfc/rfc8952"],
  check(context) {
    const strangers = new Map<string, ConnectionObservation[]>();
    let checked = 0;
    for (const connection of context.tls()) {
      const leaf = context.leaf(connection);
      const name = connection.tls.clientHello?.serverName;
      const sha256 = connection.tls.certificates[0]?.sha256;
      if (!chainIsGood(connection) || leaf === undefined || name === undefined || sha256 === undefined) continue;
      checked++;
      if (speaksFor(leaf, name)) continue;
      const known = strangers.get(sha256);
      if (known === undefined) strangers.set(sha256, [connection]);
      else known.push(connection);
    }
    const findings = [...strangers.values()].flatMap((connections): Finding[] => {
      const networks = new Set(connections.map(({ server }) => networkOf(server.ip)));
      const domains = new Set(connections.map(({ tls }) => registrableDomain(tls?.clientHello?.serverName ?? "")));
      // One host that serves a default certificate for several names of its own is no portal.
      if (networks.size < 2 && domains.size < 2) return [];
      if (new Set(connections.map(({ server }) => server.ip)).size < 2) return [];
      const first = connections[0];
      const leaf = first === undefined ? undefined : context.leaf(first);
      const portal = leaf === undefined ? "" : list(leaf.names.length > 0 ? leaf.names : [leaf.subject.text]);
      return [
        {
          confidence: "proven",
          cause: "captive-portal",
          connections,
          what: `${list(connections.map(describe))} all presented one and the same public certificate, that of ${portal}.`,
          why: "The certificate is genuine but belongs to none of these servers: a portal answers for all of them, usually until somebody logs in.",
          fix: `Open a browser, log in at ${portal}, then try again.`,
          evidence: certificateEvidence(context, connections, "subjectAltName", () => portal, "the name that was asked for"),
        },
      ];
    });
    return answer(findings, checked);
  },
};
