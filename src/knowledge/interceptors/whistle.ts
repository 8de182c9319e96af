/**
 * whistle (open source): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const whistle: InterceptorProduct = {
  id: "whistle",
  name: "whistle",
  vendor: "open source",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^whistle\.\d+$/,
      confidence: "source-code-or-certificate",
      source: "avwo/whistle@c786cfb8d lib/https/ca.js:478",
    },
    {
      field: "O",
      pattern: /^\d+\.wproxy\.org$/,
      confidence: "source-code-or-certificate",
      source: "avwo/whistle@c786cfb8d lib/https/ca.js:494",
    },
  ],
};
