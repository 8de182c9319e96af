/**
 * Komodia SDK (generic) (Komodia): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const komodiaSdk: InterceptorProduct = {
  id: "komodia-sdk",
  name: "Komodia SDK (generic)",
  vendor: "Komodia",
  kind: "malware",
  issuerPatterns: [
    {
      field: "O",
      pattern: /^Komodia$/,
      confidence: "source-code-or-certificate",
      source: "hannob/superfishy certificates/*.crt (parsed with openssl)",
    },
  ],
  notes:
    "Komodia engine bug: an origin whose certificate fails validation is re-signed with altered subject (EFF 2015).",
};
