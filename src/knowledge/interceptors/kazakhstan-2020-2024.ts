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
      // НЕГІЗГІ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ, escaped so that the bundled program is ASCII (scripts/bundle.mjs).
      pattern:
        /^\u041d\u0415\u0413\u0406\u0417\u0413\u0406 \u041a\u0423\u04d8\u041b\u0410\u041d\u0414\u042b\u0420\u0423\u0428\u042b \u041e\u0420\u0422\u0410\u041b\u042b\u049a$/,
      confidence: "observed",
      source: "OONI report text (2015 root)",
    },
  ],
  notes: "Intermediates valid 75 days; 19 ASes, 14 domains 2021-2024; used even while expired.",
};
