/**
 * Symantec Cloud SWG (WSS) (Broadcom): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const symantecCloudSwg: InterceptorProduct = {
  id: "symantec-cloud-swg",
  name: "Symantec Cloud SWG (WSS)",
  vendor: "Broadcom",
  kind: "secure-web-gateway",
  issuerPatterns: [
    {
      field: "*",
      pattern: /\b(?:Symantec Web Security Service|Cloud SWG|Blue Coat Cloud)\b/,
      confidence: "vendor-name-heuristic",
      source: "recalled, not verified",
    },
  ],
  notes: "DN not re-verified.",
};
