/**
 * Reqable (Reqable): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const reqable: InterceptorProduct = {
  id: "reqable",
  name: "Reqable",
  vendor: "Reqable",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "*",
      pattern: /^Reqable (?:Proxy )?CA\b/,
      confidence: "observed",
      source: "public observation (name only)",
    },
  ],
};
