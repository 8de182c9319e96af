/**
 * HTTP Toolkit (HTTP Toolkit): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const httpToolkit: InterceptorProduct = {
  id: "http-toolkit",
  name: "HTTP Toolkit",
  vendor: "HTTP Toolkit",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^HTTP Toolkit CA\b/,
      confidence: "source-code-or-certificate",
      source: "public observation (source)",
    },
  ],
};
