/**
 * Microsoft Forefront TMG (Microsoft): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const microsoftForefrontTmg: InterceptorProduct = {
  id: "microsoft-forefront-tmg",
  name: "Microsoft Forefront TMG",
  vendor: "Microsoft",
  kind: "secure-web-gateway",
  vendorSitesArePublic: true,
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Microsoft Forefront TMG HTTPS Inspection Certification Authority$/,
      confidence: "recalled",
      source: "recalled, not verified",
    },
  ],
  notes: "EOL; ClientHello pcaps in mitmengine middleboxes/ms-threat_management_gateway.",
};
