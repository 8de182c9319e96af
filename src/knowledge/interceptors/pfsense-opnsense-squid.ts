/**
 * pfSense/OPNsense Squid (Netgate/Deciso): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const pfsenseOpnsenseSquid: InterceptorProduct = {
  id: "pfsense-opnsense-squid",
  name: "pfSense/OPNsense Squid",
  vendor: "Netgate/Deciso",
  kind: "ngfw",
  issuerPatterns: [
    {
      field: "O",
      pattern: /^(?:pfSense|OPNsense).*(?:webConfigurator|Self-Signed).*$/,
      confidence: "recalled",
      source: "recalled, not verified",
    },
  ],
  notes: "Admin-named CA; see Squid.",
};
