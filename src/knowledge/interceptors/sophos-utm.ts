/**
 * Sophos UTM (SG) (Sophos): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const sophosUtm: InterceptorProduct = {
  id: "sophos-utm",
  name: "Sophos UTM (SG)",
  vendor: "Sophos",
  kind: "ngfw",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^sophosutm Proxy CA$/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
    {
      field: "O",
      pattern: /^sophosutm$/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
    {
      field: "CN",
      pattern: /^Sophos_CA_[A-Z0-9]+$/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
  ],
  notes: 'Default host name; real installs carry "<hostname> Proxy CA".',
};
