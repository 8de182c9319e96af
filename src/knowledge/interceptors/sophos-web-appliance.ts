/**
 * Sophos Web Appliance (Sophos): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const sophosWebAppliance: InterceptorProduct = {
  id: "sophos-web-appliance",
  name: "Sophos Web Appliance",
  vendor: "Sophos",
  kind: "secure-web-gateway",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /Sophos Web Appliance/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
    {
      field: "O",
      pattern: /Sophos Plc/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
  ],
  httpHeaders: ["x-sophos-wsa-clientip", "x-sophos-filter", "x-sophos-meta"],
};
