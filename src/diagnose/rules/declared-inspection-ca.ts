/**
 * A certificate signed by a CA that the person declared to be for inspection: whoever asks knows that it signs for nothing else.
 * The signature decides, never the name. The product is named where the CA bears the name of one; else the CA's own name stands for it.
 */
import { INTERCEPTORS } from "../../knowledge/interceptors/index.ts";
import type { Certificate } from "../../protocol/x509/certificate.ts";
import type { TlsConnection } from "../context.ts";
import type { NamedInterceptor } from "../finding.ts";
import { matchIssuer } from "../issuer.ts";
import type { Rule } from "../rule.ts";
import { called, servers } from "../words.ts";
import { byIssuer, bypassAdvice, certificateAnswer, certificateEvidence, isUnderInspectionCa } from "./support.ts";

export const declaredInspectionCa: Rule = {
  id: "declared-inspection-ca",
  title: "a certificate of an inspection CA that was declared",
  references: ["https://www.rfc-editor.org/rfc/rfc5280#section-6.1"],
  doc: {
    about:
      "Looks for certificates signed by a CA that was declared to be for inspection (--inspection-ca). The signature decides, never the name. Not judged without such a declaration.",
    finds: {
      proven: "always: such a CA signs what a proxy makes in place of servers' own certificates, and nothing else",
    },
    causes: ["tls-interception"],
    innocent: [],
    advice: "Exempt the servers named in the finding from TLS inspection on the proxy that has this CA.",
  },
  check(context) {
    if (context.observations.inspectionDeclared !== true) return { is: "not-applicable" };
    const judged = context.tls().filter((connection) => context.leaf(connection) !== undefined);
    const findings = byIssuer(context, judged.filter(isUnderInspectionCa)).map(({ leaf, connections }) => {
      const [first] = connections as [TlsConnection];
      const interceptor = nameIt(leaf, first.tls.trust?.anchor);
      return {
        confidence: "proven" as const,
        cause: "tls-interception" as const,
        connections,
        what: `${servers(connections)} presented a certificate issued by ${called(leaf.issuer)}, signed by the inspection CA that you declared (--inspection-ca).`,
        why: "An inspection CA signs what a proxy makes in place of servers' own certificates, and nothing else; the signatures lead to its key.",
        fix: bypassAdvice(connections, interceptor.name),
        evidence: certificateEvidence(
          context,
          connections,
          "issuer",
          (shown) => shown.issuer.text,
          "an issuer other than the inspection CA",
        ),
        interceptor,
      };
    });
    return certificateAnswer(context.tls(), findings, judged.length);
  },
};

function unquoted(text: string): string {
  return text.startsWith("\u201c") ? text.slice(1, -1) : text;
}

/** `anchor`: subject of the CA that was declared. */
function nameIt(leaf: Certificate, anchor = "the declared inspection CA"): NamedInterceptor {
  const product = matchIssuer([leaf.issuer], INTERCEPTORS)?.product;
  if (product !== undefined) return { id: product.id, name: product.name, named: "declared" };
  const name = leaf.issuer.text === "" ? anchor : unquoted(called(leaf.issuer));
  return { id: "declared-inspection-ca", name, named: "declared" };
}
