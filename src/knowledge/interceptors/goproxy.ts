/**
 * goproxy (open source): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const goproxy: InterceptorProduct = {
  id: "goproxy",
  name: "goproxy",
  vendor: "open source",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^goproxy\.github\.io$/,
      confidence: "source-code-or-certificate",
      source: "elazarl/goproxy@a89a8d6 ca.pem (fixed key in the repository)",
    },
    {
      field: "O",
      pattern: /^GoProxy$/,
      confidence: "source-code-or-certificate",
      source: "elazarl/goproxy@a89a8d6 ca.pem (fixed key in the repository)",
    },
  ],
  notes: 'Leaf SUBJECT has O="GoProxy untrusted MITM proxy Inc" (internal/signer/signer.go:57).',
};
