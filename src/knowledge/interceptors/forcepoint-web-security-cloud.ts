/**
 * Forcepoint Web Security Cloud (Forcepoint): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const forcepointWebSecurityCloud: InterceptorProduct = {
  id: "forcepoint-web-security-cloud",
  name: "Forcepoint Web Security Cloud",
  vendor: "Forcepoint",
  kind: "secure-web-gateway",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Forcepoint Cloud CA$/,
      confidence: "observed",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/); public observation",
    },
    {
      field: "O",
      pattern: /^Forcepoint LLC$/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
  ],
  notes: "Observed root SHA-1 93EC87F242AEDFC23FBA32C825C8FE094F5422FC valid to 2044-11-26.",
};
