/**
 * Symantec / Blue Coat ProxySG (Edge SWG) (Broadcom): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const symantecBlueCoatProxysg: InterceptorProduct = {
  id: "symantec-blue-coat-proxysg",
  name: "Symantec / Blue Coat ProxySG (Edge SWG)",
  vendor: "Broadcom",
  kind: "secure-web-gateway",
  issuerPatterns: [
    {
      field: "O",
      pattern: /^Blue Coat.*/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
  ],
  notes:
    "Default appliance keyring; most deployments use a corporate sub-CA. Caddy/NDSS note it copies the client cipher list.",
  httpHeaders: ["x-bluecoat-via", "x-bluecoat-user"],
};
