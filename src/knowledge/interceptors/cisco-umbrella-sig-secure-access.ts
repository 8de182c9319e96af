/**
 * Cisco Umbrella SIG / Secure Access (Cisco): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const ciscoUmbrellaSigSecureAccess: InterceptorProduct = {
  id: "cisco-umbrella-sig-secure-access",
  name: "Cisco Umbrella SIG / Secure Access",
  vendor: "Cisco",
  kind: "secure-web-gateway",
  vendorSitesArePublic: true,
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Cisco Umbrella (?:Root CA|Primary SubCA|Secondary SubCA(?: [a-z0-9-]+-SG)?)$/,
      confidence: "observed",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/); public observation",
    },
    {
      field: "O",
      pattern: /^Cisco$/,
      needs: { field: "CN", pattern: /^Cisco Umbrella (?:Root CA|Primary SubCA|Secondary SubCA(?: [a-z0-9-]+-SG)?)$/ },
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/) (only together with CN)",
    },
  ],
  notes:
    "Secondary SubCA carries the data-centre code (ams-SG, atl1-SG, nyc-SG, jnb-SG, lax-SG). Observed leaf validity exactly 5 days (2022-05-16T15:14:07..2022-05-21T15:14:07). Also used for Umbrella block pages (block.opendns.com), so verdict must distinguish block page from inspection.",
};
