/**
 * iboss Cloud (iboss): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const ibossCloud: InterceptorProduct = {
  id: "iboss-cloud",
  name: "iboss Cloud",
  vendor: "iboss",
  kind: "secure-web-gateway",
  issuerPatterns: [
    {
      field: "*",
      pattern: /\biboss\b/,
      confidence: "observed",
      source: 'public observation ("iboss Network Security (intermediate)") (censoredplanet-style block page pattern)',
    },
  ],
  notes: "Only a textual observation of the chain; DN attribute unknown.",
};
