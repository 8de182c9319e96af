/**
 * One non-public key that signs for unrelated registrable domains. Within one domain it may be that organisation's own CA;
 * for three it is a forger (proven), for two it is likely.
 *
 * The key is the one that verifies the leaf. When the issuer's certificate was not sent, issuer name and
 * authorityKeyIdentifier stand for it, and count one step less: a name can be shared.
 */
import type { ConnectionObservation } from "../../observe/observations.ts";
import { describe, list } from "../context.ts";
import { answer, type Finding, type Rule } from "../rule.ts";
import { bypassAdvice, certificateEvidence, reachesNoPublicRoot, unrelatedDomains } from "./support.ts";

const PROVEN_DOMAINS = 3;
const LIKELY_DOMAINS = 2;

export const sharedForger: Rule = {
  id: "shared-forger",
  title: "one private issuer for unrelated hosts",
  references: ["https://jhalderm.com/pub/papers/interception-ndss17.pdf"],
  check(context) {
    const signers = new Map<string, { keyKnown: boolean; connections: ConnectionObservation[] }>();
    let checked = 0;
    for (const connection of context.tls()) {
      const leaf = context.leaf(connection);
      if (leaf === undefined) continue;
      checked++;
      if (!reachesNoPublicRoot(connection) || connection.tls.trust?.is === "self-signed") continue;
      const key = connection.tls.signing?.issuerKey;
      const signer = key ?? `${leaf.issuer.text} ${leaf.authorityKeyId ?? ""}`;
      const known = signers.get(signer);
      if (known === undefined) signers.set(signer, { keyKnown: key !== undefined, connections: [connection] });
      else known.connections.push(connection);
    }
    const findings = [...signers.values()].flatMap(({ keyKnown, connections }): Finding[] => {
      const domains = unrelatedDomains(context, connections);
      // A name without a key counts as one domain less.
      const weight = domains.length - (keyKnown ? 0 : 1);
      if (weight < LIKELY_DOMAINS) return [];
      const issuer = connections[0] === undefined ? "" : (context.leaf(connections[0])?.issuer.text ?? "");
      return [
        {
          confidence: weight >= PROVEN_DOMAINS ? "proven" : "likely",
          cause: "tls-interception",
          connections,
          what: `${issuer}, which no public root vouches for, issued the certificates of ${domains.length} unrelated domains: ${list(domains, 4)}.`,
          why: "Hosts of unrelated owners do not share a private certificate authority; one box in between that makes certificates for all of them does.",
          fix: bypassAdvice(connections, "the proxy"),
          evidence: certificateEvidence(context, connections, "issuer", (leaf, connection) => `${describe(connection)}: ${leaf.issuer.text}`, "a public authority, or one per owner"),
        },
      ];
    });
    return answer(findings, checked);
  },
};
