/**
 * bettercap https.proxy (open source): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const bettercapHttpsProxy: InterceptorProduct = {
  id: "bettercap-https-proxy",
  name: "bettercap https.proxy",
  vendor: "open source",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Go Daddy Secure Certificate Authority - G2$/,
      sharedWith: "GoDaddy.com, Inc. (public CA)",
      confidence: "source-code-or-certificate",
      source:
        "bettercap/bettercap@8eca2820 tls/cert.go:35-41 DefaultSpoofConfig (require: L=Scottsdale, no ST, self-signed or unknown key)",
    },
    {
      field: "CN",
      pattern: /^bettercap$/,
      confidence: "source-code-or-certificate",
      source: "bettercap/bettercap@8eca2820 tls/cert.go:33 (https.server/api.rest)",
    },
  ],
  notes:
    "Default CA copies the DN of a public CA: DN alone is NOT proof either way; compare AKI/key with the real GoDaddy G2.",
};
