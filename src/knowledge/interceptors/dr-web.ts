/**
 * Dr.Web (Doctor Web): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const drWeb: InterceptorProduct = {
  id: "dr-web",
  name: "Dr.Web",
  vendor: "Doctor Web",
  kind: "antivirus",
  issuerPatterns: [
    {
      field: "*",
      pattern: /\b(?:Dr\.?\s?Web|Doctor Web)\b/,
      confidence: "vendor-name-heuristic",
      source: "recalled, not verified",
    },
  ],
  httpHeaders: ["x-drweb-keynumber", "x-drweb-syshash"],
};
