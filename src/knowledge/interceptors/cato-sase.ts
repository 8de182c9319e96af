/**
 * Cato SASE (Cato Networks): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const catoSase: InterceptorProduct = {
  id: "cato-sase",
  name: "Cato SASE",
  vendor: "Cato Networks",
  kind: "secure-web-gateway",
  issuerPatterns: [
    { field: "CN", pattern: /^Cato Networks Root CA$/, confidence: "observed", source: "public observation" },
  ],
  notes: "Name is of the root; the intermediate DN was not seen.",
};
