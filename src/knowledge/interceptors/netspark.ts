/**
 * NetSpark (NetSpark): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const netspark: InterceptorProduct = {
  id: "netspark",
  name: "NetSpark",
  vendor: "NetSpark",
  kind: "parental-control",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^www\.netspark\.com$/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
    {
      field: "O",
      pattern: /^NetSpark$/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/); Huang et al. 2014 issuer table (recalled from the paper)",
    },
  ],
};
