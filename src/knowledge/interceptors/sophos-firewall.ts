/**
 * Sophos Firewall (SFOS/XG) (Sophos): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const sophosFirewall: InterceptorProduct = {
  id: "sophos-firewall",
  name: "Sophos Firewall (SFOS/XG)",
  vendor: "Sophos",
  kind: "ngfw",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Sophos SSL CA_[A-Za-z0-9-]+$/,
      confidence: "observed",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/); public observation",
    },
    {
      field: "O",
      pattern: /^Sophos$/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
    {
      field: "CN",
      pattern: /^Default_CA_[A-Za-z0-9]+$/,
      ownPages: true,
      confidence: "observed",
      source:
        "public observation; docs.sophos.com Sophos Firewall 19.0, Certificates: it signs locally-signed certificates too",
    },
    {
      field: "OU",
      pattern: /^NSG$/,
      needs: { field: "O", pattern: /^Sophos$/ },
      confidence: "observed",
      source: "public observation (only with O=Sophos)",
    },
    { field: "emailAddress", pattern: /^support@sophos\.com$/, confidence: "observed", source: "public observation" },
  ],
  notes:
    "Chromium's class [A-Z0-9-] misses mixed-case suffixes such as _9qTYklI48xOlW0E. Observed leaf: 7-byte serial, validity copied from origin (89d59m).",
};
