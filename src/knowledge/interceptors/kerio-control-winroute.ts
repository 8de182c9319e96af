/**
 * Kerio Control / WinRoute (GFI): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const kerioControlWinroute: InterceptorProduct = {
  id: "kerio-control-winroute",
  name: "Kerio Control / WinRoute",
  vendor: "GFI",
  kind: "ngfw",
  issuerPatterns: [
    {
      field: "*",
      pattern: /\bKerio\b/,
      confidence: "vendor-name-heuristic",
      source:
        "cloudflare/mitmengine@b587be9 reference_fingerprints/mitmengine/{mitm,badheader}.txt (product fingerprint only)",
    },
  ],
};
