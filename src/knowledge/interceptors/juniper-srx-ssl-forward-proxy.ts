/**
 * Juniper SRX SSL forward proxy (Juniper): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const juniperSrxSslForwardProxy: InterceptorProduct = {
  id: "juniper-srx-ssl-forward-proxy",
  name: "Juniper SRX SSL forward proxy",
  vendor: "Juniper",
  kind: "ngfw",
  issuerPatterns: [
    {
      field: "*",
      pattern: /\bJuniper\b|\bSRX\b/,
      confidence: "vendor-name-heuristic",
      source: "recalled, not verified",
    },
  ],
  notes: "ClientHello pcaps in mitmengine middleboxes/juniper-vsrx*.",
};
