/**
 * Hetty (open source): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const hetty: InterceptorProduct = {
  id: "hetty",
  name: "Hetty",
  vendor: "open source",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Hetty$/,
      confidence: "source-code-or-certificate",
      source: "dstotijn/hetty@8ca6b07 pkg/proxy/cert.go:107",
    },
    {
      field: "O",
      pattern: /^Hetty CA$/,
      confidence: "source-code-or-certificate",
      source: "dstotijn/hetty@8ca6b07 pkg/proxy/cert.go:107",
    },
  ],
};
