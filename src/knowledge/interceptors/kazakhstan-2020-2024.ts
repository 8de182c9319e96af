/**
 * Kazakhstan 2020-2024 (ISCA) (Government of Kazakhstan): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const kazakhstan20202024: InterceptorProduct = {
  id: "kazakhstan-2020-2024",
  name: "Kazakhstan 2020-2024 (ISCA)",
  vendor: "Government of Kazakhstan",
  kind: "state-interception",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Information Security Certification Authority(?: CA)?$/,
      confidence: "observed",
      source: "OONI report text",
    },
    { field: "O", pattern: /^ISCA$/, confidence: "observed", source: "OONI report text" },
    {
      field: "CN",
      pattern: /^НЕГІЗГІ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ$/,
      confidence: "observed",
      source: "OONI report text (2015 root)",
    },
  ],
  notes: "Intermediates valid 75 days; 19 ASes, 14 domains 2021-2024; used even while expired.",
};
