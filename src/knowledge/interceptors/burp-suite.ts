/**
 * Burp Suite (PortSwigger): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const burpSuite: InterceptorProduct = {
  id: "burp-suite",
  name: "Burp Suite",
  vendor: "PortSwigger",
  kind: "debug-proxy",
  issuerPatterns: [
    { field: "CN", pattern: /^PortSwigger CA$/, confidence: "observed", source: "public observation" },
    { field: "O", pattern: /^PortSwigger$/, confidence: "observed", source: "public observation" },
    {
      field: "C",
      pattern: /^PortSwigger$/,
      confidence: "observed",
      source: "public observation (C longer than 2 characters)",
    },
  ],
  notes: "Leaf SPKI == CA SPKI: both print the same pin.",
};
