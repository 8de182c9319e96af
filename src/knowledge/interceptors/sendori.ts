/**
 * Sendori (Sendori): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const sendori: InterceptorProduct = {
  id: "sendori",
  name: "Sendori",
  vendor: "Sendori",
  kind: "malware",
  issuerPatterns: [
    {
      field: "O",
      pattern: /^Sendori,? Inc\.?$/,
      confidence: "recalled",
      source: "Huang et al. 2014 issuer table (recalled from the paper)",
    },
  ],
};
