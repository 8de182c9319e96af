/**
 * Check Point HTTPS Inspection (Check Point): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const checkPointHttpsInspection: InterceptorProduct = {
  id: "check-point-https-inspection",
  name: "Check Point HTTPS Inspection",
  vendor: "Check Point",
  kind: "ngfw",
  issuerPatterns: [
    { field: "*", pattern: /\bCheck ?Point\b/, confidence: "vendor-name-heuristic", source: "recalled, not verified" },
  ],
  notes: "Outbound CA is created by the admin; ClientHello in zakird/tlsfingerprints processing/fingerprints/*.py",
};
