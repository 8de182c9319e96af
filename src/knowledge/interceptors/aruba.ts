/**
 * Aruba (captive portal / gateway) (HPE Aruba): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const aruba: InterceptorProduct = {
  id: "aruba",
  name: "Aruba (captive portal / gateway)",
  vendor: "HPE Aruba",
  kind: "ngfw",
  issuerPatterns: [
    {
      field: "*",
      pattern: /\bAruba\b/,
      confidence: "vendor-name-heuristic",
      source: "public observation (Firefox mitm_canary_issuer named an Aruba appliance)",
    },
  ],
  notes: "May be a captive portal rather than inspection.",
};
