/**
 * Watt Toolkit / SteamTools (BeyondDimension): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const wattToolkitSteamtools: InterceptorProduct = {
  id: "watt-toolkit-steamtools",
  name: "Watt Toolkit / SteamTools",
  vendor: "BeyondDimension",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^SteamTools Certificate$/,
      confidence: "source-code-or-certificate",
      source: "BeyondDimension/SteamTools@8f29d7b8e CertificateConstants.cs:13",
    },
    {
      field: "O",
      pattern: /^BeyondDimension$/,
      confidence: "source-code-or-certificate",
      source: "BeyondDimension/SteamTools@8f29d7b8e CertGenerator.cs:13",
    },
  ],
};
