/**
 * AdGuard (AdGuard): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const adguard: InterceptorProduct = {
  id: "adguard",
  name: "AdGuard",
  vendor: "AdGuard",
  kind: "antivirus",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Ad[gG]uard Personal CA$/,
      confidence: "observed",
      source: "AdGuard KB text, public observation",
    },
    {
      field: "CN",
      pattern: /^Adguard CA R\d+$/,
      confidence: "source-code-or-certificate",
      source: "hannob/superfishy certificates/*.crt (parsed with openssl)",
    },
  ],
  notes: "Ad blocker. 2015 builds used 10 built-in RSA keys (superfishy adguard-key0..9).",
};
