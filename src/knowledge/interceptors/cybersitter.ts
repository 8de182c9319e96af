/**
 * CYBERsitter (Solid Oak): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const cybersitter: InterceptorProduct = {
  id: "cybersitter",
  name: "CYBERsitter",
  vendor: "Solid Oak",
  kind: "parental-control",
  issuerPatterns: [
    { field: "*", pattern: /\bCYBERsitter\b/, confidence: "vendor-name-heuristic", source: "recalled, not verified" },
  ],
  httpHeaders: ["x-cybersitter-content-flag", "x-cybersitter-csvt-token"],
};
