/**
 * Citrix ADC/Gateway (SSL forward proxy) (Citrix): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const citrixAdcGateway: InterceptorProduct = {
  id: "citrix-adc-gateway",
  name: "Citrix ADC/Gateway (SSL forward proxy)",
  vendor: "Citrix",
  kind: "secure-web-gateway",
  issuerPatterns: [
    {
      field: "*",
      pattern: /\b(?:Citrix|NetScaler) .*(?:SSL|Proxy|CA)\b/,
      confidence: "vendor-name-heuristic",
      source: "recalled, not verified",
    },
  ],
  httpHeaders: ["x-citrix-via", "x-citrix-gateway"],
};
