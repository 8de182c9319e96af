/**
 * KeepMyFamilySecure (Parental Control Solutions Ltd.): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const keepmyfamilysecure: InterceptorProduct = {
  id: "keepmyfamilysecure",
  name: "KeepMyFamilySecure",
  vendor: "Parental Control Solutions Ltd.",
  kind: "parental-control",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^KeepMyFamilySecure$/,
      confidence: "source-code-or-certificate",
      source: "hannob/superfishy certificates/*.crt (parsed with openssl)",
    },
    {
      field: "O",
      pattern: /^Parental Control Solutions Ltd\.$/,
      confidence: "source-code-or-certificate",
      source: "hannob/superfishy certificates/*.crt (parsed with openssl)",
    },
  ],
  notes: "Komodia engine; private key public.",
};
