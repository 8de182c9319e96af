/**
 * Cyberoam (Cyberoam (Sophos)): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const cyberoam: InterceptorProduct = {
  id: "cyberoam",
  name: "Cyberoam",
  vendor: "Cyberoam (Sophos)",
  kind: "ngfw",
  issuerPatterns: [
    {
      field: "O",
      pattern: /Cyberoam Certificate Authority/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
    {
      field: "CN",
      pattern: /^Cyberoam SSL CA/,
      confidence: "recalled",
      source: "recalled, not verified (Tor blog CVE-2012-3372)",
    },
  ],
  notes: "Same CA key on all devices until 2012; SPKI is in Chromium blocklist (1af56c98...ec584c1.key).",
};
