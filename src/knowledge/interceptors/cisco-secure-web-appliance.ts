/**
 * Cisco Secure Web Appliance (WSA/IronPort) (Cisco): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const ciscoSecureWebAppliance: InterceptorProduct = {
  id: "cisco-secure-web-appliance",
  name: "Cisco Secure Web Appliance (WSA/IronPort)",
  vendor: "Cisco",
  kind: "secure-web-gateway",
  vendorSitesArePublic: true,
  issuerPatterns: [
    {
      field: "*",
      pattern: /\b(?:IronPort|Cisco Web Security Appliance)\b/,
      confidence: "vendor-name-heuristic",
      source: "recalled, not verified",
    },
  ],
  notes:
    "CA is generated or uploaded by the customer (AsyncOS 9.1 user guide), so no default DN. Tell via HTTP: Via + X-IMForwards (zakird/tlsfingerprints processing/fingerprints/*.py).",
  httpHeaders: ["via", "x-imforwards"],
};
