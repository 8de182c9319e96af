/**
 * SonicWall DPI-SSL (SonicWall): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const sonicwallDpiSsl: InterceptorProduct = {
  id: "sonicwall-dpi-ssl",
  name: "SonicWall DPI-SSL",
  vendor: "SonicWall",
  kind: "ngfw",
  issuerPatterns: [
    { field: "CN", pattern: /^SonicWALL Firewall DPI-SSL$/, confidence: "observed", source: "public observation" },
    {
      field: "O",
      pattern: /^(?:HTTPS Management Certificate for SonicWALL.*|SonicWALL Inc\.)$/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/); public observation",
    },
  ],
};
