/**
 * Kurupira Web Filter (Kurupira.NET): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const kurupiraWebFilter: InterceptorProduct = {
  id: "kurupira-web-filter",
  name: "Kurupira Web Filter",
  vendor: "Kurupira.NET",
  kind: "parental-control",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Kurupira\.NET$/,
      confidence: "source-code-or-certificate",
      source: "hannob/superfishy certificates/*.crt (parsed with openssl)",
    },
    {
      field: "O",
      pattern: /^Kurupira\.NET$/,
      confidence: "source-code-or-certificate",
      source:
        "hannob/superfishy certificates/*.crt (parsed with openssl); Huang et al. 2014 issuer table (recalled from the paper)",
    },
  ],
  notes: "Komodia engine; private key public.",
};
