/**
 * ContentKeeper (ContentKeeper (Impero)): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const contentkeeper: InterceptorProduct = {
  id: "contentkeeper",
  name: "ContentKeeper",
  vendor: "ContentKeeper (Impero)",
  kind: "secure-web-gateway",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /ContentKeeper Appliance CA \(\d+\)/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
    {
      field: "O",
      pattern: /ContentKeeper Technologies/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
  ],
};
