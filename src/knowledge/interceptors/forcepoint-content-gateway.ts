/**
 * Forcepoint Web Security (Websense) (Forcepoint): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const forcepointContentGateway: InterceptorProduct = {
  id: "forcepoint-content-gateway",
  name: "Forcepoint Web Security (Websense)",
  vendor: "Forcepoint",
  kind: "secure-web-gateway",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Websense Public Primary Certificate Authority$/,
      confidence: "observed",
      source: "public observation",
    },
  ],
  notes: "On-prem default root keeps the Websense name. Customers are told to replace it.",
  httpHeaders: ["x-websensehost", "x-websenseproxychannel", "x-websenseproxysslconnection"],
};
