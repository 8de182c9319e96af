/**
 * StaffCop (Atom Security): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const staffcop: InterceptorProduct = {
  id: "staffcop",
  name: "StaffCop",
  vendor: "Atom Security",
  kind: "parental-control",
  issuerPatterns: [
    {
      field: "*",
      pattern: /\bStaff[Cc]op\b/,
      confidence: "vendor-name-heuristic",
      source: "hannob/superfishy certificates/*.crt (parsed with openssl) (installer archived; Komodia-based)",
    },
  ],
  notes: "Employee monitoring.",
};
