/**
 * Securly (Securly): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const securly: InterceptorProduct = {
  id: "securly",
  name: "Securly",
  vendor: "Securly",
  kind: "parental-control",
  issuerPatterns: [
    {
      field: "*",
      pattern: /\bSecurly\b/,
      confidence: "vendor-name-heuristic",
      source: "public observation (file securly_ca.crt)",
    },
  ],
};
