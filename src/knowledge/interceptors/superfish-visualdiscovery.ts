/**
 * Superfish VisualDiscovery (Superfish / Lenovo): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const superfishVisualdiscovery: InterceptorProduct = {
  id: "superfish-visualdiscovery",
  name: "Superfish VisualDiscovery",
  vendor: "Superfish / Lenovo",
  kind: "malware",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Superfish, Inc\.$/,
      confidence: "source-code-or-certificate",
      source: "hannob/superfishy certificates/*.crt (parsed with openssl); chromium/badssl.com certs/src/crt/ca-*.crt",
    },
    {
      field: "O",
      pattern: /^Superfish, Inc\.$/,
      confidence: "source-code-or-certificate",
      source: "hannob/superfishy certificates/*.crt (parsed with openssl)",
    },
  ],
  notes: "One root on all machines, key public, blocked by Chromium.",
  rootSpkiSha256: ["S7jzW6HhJvjd4bDEIGJe2G3OYae92tveqauleP8TFF4="],
  rootCertSha256: ["b6fe9151402bad1c06d7e66db67a26aa7356f2e6c644dbcf9f98968ff632e1b7"],
};
