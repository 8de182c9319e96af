/**
 * ProxyPin (ProxyPin): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const proxypin: InterceptorProduct = {
  id: "proxypin",
  name: "ProxyPin",
  vendor: "ProxyPin",
  kind: "debug-proxy",
  issuerPatterns: [
    { field: "*", pattern: /^ProxyPin CA\b/, confidence: "observed", source: "public observation (name only)" },
  ],
};
