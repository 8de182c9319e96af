/**
 * Charles (XK72): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const charles: InterceptorProduct = {
  id: "charles",
  name: "Charles",
  vendor: "XK72",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Charles Proxy (?:CA|Custom Root Certificate)\b/,
      confidence: "observed",
      source: "public observation",
    },
    { field: "O", pattern: /^XK72 Ltd$/, confidence: "observed", source: "public observation" },
    {
      field: "OU",
      pattern: /^https?:\/\/(?:www\.)?charlesproxy\.com\/ssl$/,
      confidence: "observed",
      source: "public observation",
    },
  ],
};
