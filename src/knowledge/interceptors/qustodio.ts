/**
 * Qustodio (Qustodio): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const qustodio: InterceptorProduct = {
  id: "qustodio",
  name: "Qustodio",
  vendor: "Qustodio",
  kind: "parental-control",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Qustodio(?: CA)?$/,
      confidence: "source-code-or-certificate",
      source: "hannob/superfishy certificates/*.crt (parsed with openssl)",
    },
    {
      field: "O",
      pattern: /^Qustodio(?: LLC)?$/,
      confidence: "source-code-or-certificate",
      source: "hannob/superfishy certificates/*.crt (parsed with openssl)",
    },
  ],
  notes: "Two fixed roots with published private keys: anyone can sign for them.",
};
