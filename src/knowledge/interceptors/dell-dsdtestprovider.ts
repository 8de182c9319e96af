/**
 * Dell DSDTestProvider (Dell): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const dellDsdtestprovider: InterceptorProduct = {
  id: "dell-dsdtestprovider",
  name: "Dell DSDTestProvider",
  vendor: "Dell",
  kind: "malware",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^DSDTestProvider$/,
      confidence: "source-code-or-certificate",
      source: "hannob/superfishy certificates/*.crt (parsed with openssl); Chromium net/data/ssl/blocklist README",
    },
  ],
  notes: "OEM root; key public.",
  rootSpkiSha256: ["EwrU4GM1ISkFMbZlH1dZsLx7xlZwn/jzZcIUOwOJtvY="],
};
