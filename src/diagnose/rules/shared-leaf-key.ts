/**
 * One key on the certificates of unrelated hosts, none of them under a public root. Proxies make one key and put it on
 * every certificate they forge. Only likely: an organisation's own CA may have reused a key for hosts of two domains.
 *
 * Self-signed certificates do not count: firmware and images ship one key to many owners.
 */
import type { Finding } from "../finding.ts";
import { grouped } from "../grouped.ts";
import { addressesOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import { describe, list, short } from "../words.ts";
import { bypassAdvice, certificateAnswer, certificateEvidence, hasPrivateIssuer, unrelatedDomains } from "./support.ts";

export const sharedLeafKey: Rule = {
  id: "shared-leaf-key",
  title: "one server key for unrelated hosts",
  references: ["https://dl.acm.org/doi/10.1145/2987443.2987455"],
  doc: {
    about:
      "Looks for one key on the certificates of unrelated hosts, none of them under a public root. Proxies make one key and put it on every certificate. Self-signed ones do not count: firmware ships one key to many owners.",
    finds: { likely: "always: an organisation may have used one key for hosts of two domains" },
    causes: ["tls-interception"],
    innocent: ["one owner with two domains who used one key for both"],
    advice:
      "Exempt the servers named in the finding from TLS inspection on the proxy. If all are one owner's, declare its CA with --private-ca instead.",
  },
  check(context) {
    const judged = context.tls().filter((connection) => context.leafKey(connection) !== undefined);
    const holders = grouped(judged, (connection) =>
      hasPrivateIssuer(context, connection) ? context.leafKey(connection) : undefined,
    );
    const findings = [...holders.entries()].flatMap(([key, connections]): Finding[] => {
      const domains = unrelatedDomains(context, connections);
      const addresses = addressesOf(connections);
      if (domains.length < 2 || addresses.size < 2) return [];
      return [
        {
          confidence: "likely",
          cause: "tls-interception",
          connections,
          what: `The certificates of ${list(domains.map(short), 4)} carry one and the same key, on ${addresses.size} addresses.`,
          why: "Unrelated servers do not share a private key; a box that makes their certificates on the fly does.",
          fix: `${bypassAdvice(connections, "the proxy")} If all of them are one owner's, declare its CA with --private-ca instead.`,
          evidence: certificateEvidence(
            context,
            connections,
            "subjectPublicKeyInfo",
            (_, connection) => `${describe(connection)}: sha256:${key}`,
            "a key of each server's own",
          ),
        },
      ];
    });
    return certificateAnswer(context.tls(), findings, judged.length);
  },
};
