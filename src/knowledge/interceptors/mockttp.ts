/**
 * Mockttp (HTTP Toolkit): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const mockttp: InterceptorProduct = {
  id: "mockttp",
  name: "Mockttp",
  vendor: "HTTP Toolkit",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Mockttp Testing CA - DO NOT TRUST - TESTING ONLY$/,
      confidence: "source-code-or-certificate",
      source: "httptoolkit/mockttp@0d0ac20 src/util/certificates.ts:193",
    },
    {
      field: "O",
      pattern: /^Mockttp$/,
      confidence: "source-code-or-certificate",
      source: "httptoolkit/mockttp@0d0ac20 src/util/certificates.ts:194",
    },
  ],
};
