/**
 * AnyProxy (Alibaba): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const anyproxy: InterceptorProduct = {
  id: "anyproxy",
  name: "AnyProxy",
  vendor: "Alibaba",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^AnyProxy$/,
      confidence: "source-code-or-certificate",
      source: "alibaba/anyproxy@b93f948 lib/certMgr.js",
    },
    {
      field: "O",
      pattern: /^AnyProxy$/,
      confidence: "source-code-or-certificate",
      source: "alibaba/anyproxy@b93f948 lib/certMgr.js",
    },
  ],
};
