/**
 * Smoothwall Filter (Smoothwall (Qoria)): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const smoothwallFilter: InterceptorProduct = {
  id: "smoothwall-filter",
  name: "Smoothwall Filter",
  vendor: "Smoothwall (Qoria)",
  kind: "secure-web-gateway",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /Smoothwall-default-root-certificate-authority/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
  ],
};
