/**
 * An authority's certificate that bears the name of a public root and not its key: anyone can copy a name, nobody the key. A proxy
 * whose CA was called after a public one presents such a chain (bettercap's default CA copies Go Daddy's).
 *
 * Proven where the leaf is of a time in which public leaves carry SCTs, and has none: an authority that had renewed its key
 * under the same name before would have them. Else possible: the list of roots begins in 2012.
 */
import type { Context, TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import type { Rule } from "../rule.ts";
import { called, servers } from "../words.ts";
import {
  byIssuer,
  bypassAdvice,
  certificateAnswer,
  compareAdvice,
  isDeclaredPrivate,
  isInBaseline,
  SCTS_DEMANDED,
} from "./support.ts";

/** Evidence rows of one finding. */
const MAX_EVIDENCE = 20;

export const imitatedAuthority: Rule = {
  id: "imitated-authority",
  title: "an authority with the name of a public root and another key",
  references: [
    "https://www.rfc-editor.org/rfc/rfc5280#section-6.1",
    "https://www.bettercap.org/modules/ethernet/proxies/https.proxy/",
  ],
  doc: {
    about:
      "Looks for an authority's certificate with the name of a public root and another key. Anyone can copy a name, nobody the key: a proxy whose CA was called after a public one presents such a chain.",
    finds: {
      proven: "the server's certificate is of a time in which public ones carry SCTs, and has none",
      possible: "it is older, or has SCTs: the authority may have had more keys than are known here",
    },
    causes: ["tls-interception"],
    innocent: ["an old authority that renewed its key under the same name"],
    advice:
      "Exempt the servers named in the finding from TLS inspection on the proxy. Where it is only possible: compare with the certificate that the same server presents on another network.",
  },
  check(context) {
    const judged = context.tls().filter((connection) => context.leaf(connection) !== undefined);
    const found = judged.filter(
      (c) => c.tls.signing?.namesake !== undefined && !isDeclaredPrivate(c) && !isInBaseline(c),
    );
    const findings = byIssuer(context, found).map(({ leaf, connections }) => {
      const decides = leaf.embeddedScts === 0 && leaf.notBefore >= SCTS_DEMANDED;
      return finding(context, connections, decides);
    });
    return certificateAnswer(context.tls(), findings, judged.length);
  },
};

function finding(context: Context, connections: readonly TlsConnection[], decides: boolean): Finding {
  const namesake = connections[0]?.tls.signing?.namesake;
  return {
    confidence: decides ? "proven" : "possible",
    cause: "tls-interception",
    connections,
    what: `${servers(connections)} presented a chain whose authority calls itself ${namesake === undefined ? "" : called(namesake.subject)}, as a public root does, but has another key.`,
    why: decides
      ? "The name of an authority can be copied, its key cannot. Whoever made this chain wants to be taken for that authority."
      : "The name of an authority can be copied, its key cannot; but this chain is old, and the authority may have had more keys than are known here.",
    fix: decides ? bypassAdvice(connections, "the proxy") : compareAdvice(connections),
    evidence: connections.slice(0, MAX_EVIDENCE).flatMap((connection) => {
      const { tls, file } = connection;
      const index = tls.certificates.findIndex(({ sha256 }) => context.certificate(sha256) === tls.signing?.namesake);
      const presented = tls.certificates[index];
      if (presented === undefined) return [];
      return [
        {
          file,
          frame: presented.frame,
          path: `tls.certificate[${index}].subjectPublicKeyInfo`,
          value: `SHA-256 ${context.keyOf(presented.sha256)}`,
          expected: "the key of the public root of that name",
        },
      ];
    }),
  };
}
