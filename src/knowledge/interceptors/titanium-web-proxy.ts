/**
 * Titanium Web Proxy (open source): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const titaniumWebProxy: InterceptorProduct = {
  id: "titanium-web-proxy",
  name: "Titanium Web Proxy",
  vendor: "open source",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Titanium Root Certificate Authority$/,
      confidence: "source-code-or-certificate",
      source: "justcoding121/titanium-web-proxy@902504a3 CertificateManager.cs:44",
    },
  ],
  notes: "Library used inside many Windows tools.",
};
