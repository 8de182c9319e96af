/**
 * WatchGuard Fireware HTTPS proxy (WatchGuard): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const watchguardFirewareHttpsProxy: InterceptorProduct = {
  id: "watchguard-fireware-https-proxy",
  name: "WatchGuard Fireware HTTPS proxy",
  vendor: "WatchGuard",
  kind: "ngfw",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Fireware HTTPS Proxy\b/,
      confidence: "observed",
      source: "public observation (name only)",
    },
    {
      field: "O",
      pattern: /^WatchGuard(?:_Technologies)?$/,
      needs: { field: "OU", pattern: /^Fireware$/ },
      confidence: "observed",
      source: "public observation (only with OU=Fireware)",
    },
  ],
  notes: '"Fireware web CA" is the management/auth-portal CA, not inspection.',
};
