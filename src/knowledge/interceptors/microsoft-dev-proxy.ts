/**
 * Microsoft Dev Proxy (Microsoft): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const microsoftDevProxy: InterceptorProduct = {
  id: "microsoft-dev-proxy",
  name: "Microsoft Dev Proxy",
  vendor: "Microsoft",
  kind: "debug-proxy",
  vendorSitesArePublic: true,
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Dev Proxy CA$/,
      confidence: "source-code-or-certificate",
      source: "dotnet/dev-proxy@2c616405 ProxyEngine.cs:93",
    },
  ],
};
