/**
 * McAfee / Skyhigh Web Gateway (Skyhigh Security): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const mcafeeSkyhighWebGateway: InterceptorProduct = {
  id: "mcafee-skyhigh-web-gateway",
  name: "McAfee / Skyhigh Web Gateway",
  vendor: "Skyhigh Security",
  kind: "secure-web-gateway",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /McAfee Web Gateway/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
    {
      field: "*",
      pattern: /\bSkyhigh (?:Secure Web Gateway|Security)\b/,
      confidence: "vendor-name-heuristic",
      source: "recalled, not verified",
    },
  ],
  notes: 'Skyhigh cloud generates a per-customer CA (Skyhigh docs "Configure Trust between WGCS and Endpoints").',
  httpHeaders: ["x-mwg-via"],
};
