/**
 * Kazakhstan 2019 (Qaznet) (Government of Kazakhstan): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const kazakhstan2019: InterceptorProduct = {
  id: "kazakhstan-2019",
  name: "Kazakhstan 2019 (Qaznet)",
  vendor: "Government of Kazakhstan",
  kind: "state-interception",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Qaznet Trust Network$/,
      confidence: "observed",
      source: "Censored Planet report 2019-07-23; Chromium net/data/ssl/blocklist README",
    },
    {
      field: "CN",
      pattern: /^Security Certificate$/,
      needs: { field: "C", pattern: /^KZ$/ },
      confidence: "observed",
      source: "Censored Planet report 2019-07-23 (intermediate; require C=KZ)",
    },
  ],
  notes:
    "Leaf: subject+SAN copied, RSA-2048 per host, validity shifted exactly 6 h earlier, serial equal to origin except last 4 bytes, all other extensions removed.",
};
