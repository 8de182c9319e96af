/**
 * Zscaler Internet Access (Zscaler): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const zscaler: InterceptorProduct = {
  id: "zscaler",
  name: "Zscaler Internet Access",
  vendor: "Zscaler",
  kind: "secure-web-gateway",
  ownDomains: ["zpath.net", "zscalerbeta.net", "zscalerone.net", "zscalertwo.net", "zscalerthree.net", "zscloud.net"],
  issuerPatterns: [
    {
      field: "O",
      pattern: /^Zscaler Inc\.?$/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
    {
      field: "CN",
      pattern: /^Zscaler (?:Intermediate )?Root CA\b/,
      confidence: "observed",
      source: "microsoft/vscode#207636 (openssl chain dump); public observation",
    },
    { field: "OU", pattern: /^Zscaler Inc\.?$/, confidence: "observed", source: "public observation" },
    { field: "emailAddress", pattern: /@zscaler\.com$/, confidence: "observed", source: "microsoft/vscode#207636" },
  ],
  notes:
    'Chain observed: leaf <- "Zscaler Intermediate Root CA (<cloud>.net) (t) " <- "Zscaler Intermediate Root CA (<cloud>.net)" <- "Zscaler Root CA". Cloud name (zscaler.net, zscalerthree.net ...) appears in CN. Observed leaf validity exactly 14 days with notBefore = signing time; 128-bit serial; SANs copied. Customers may use their own intermediate.',
};
