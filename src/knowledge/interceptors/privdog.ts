/**
 * PrivDog (AdTrustMedia): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const privdog: InterceptorProduct = {
  id: "privdog",
  name: "PrivDog",
  vendor: "AdTrustMedia",
  kind: "malware",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^PrivDog Secure Connection Inspector CA$/,
      confidence: "source-code-or-certificate",
      source: "hannob/superfishy certificates/*.crt (parsed with openssl)",
    },
  ],
  notes: "C=EN; notBefore 1995, 60 years.",
  rootSpkiSha256: ["EJAM6yLLzvnkMfaAEiXfN1X3p16uDiLxZMrhy7yBQkw="],
};
