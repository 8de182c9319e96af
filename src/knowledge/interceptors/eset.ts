/**
 * ESET (ESET): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const eset: InterceptorProduct = {
  id: "eset",
  name: "ESET",
  vendor: "ESET",
  kind: "antivirus",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^ESET SSL Filter CA$/,
      confidence: "observed",
      source: "public observation (keytool dump)",
    },
    {
      field: "O",
      pattern: /^ESET, spol\. s r\. ?o\.$/,
      confidence: "observed",
      source: "public observation; Huang et al. 2014 issuer table (recalled from the paper)",
    },
  ],
  notes:
    "Observed leaf: no Subject Key Identifier, RSA-2048, SHA256withRSA, 128-bit serial, expiry copied from origin.",
};
