/**
 * Kaspersky (Kaspersky): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const kaspersky: InterceptorProduct = {
  id: "kaspersky",
  name: "Kaspersky",
  vendor: "Kaspersky",
  kind: "antivirus",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Kaspersky Anti-Virus Personal Root Certificate$/,
      confidence: "observed",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/); public observation",
    },
    {
      field: "O",
      pattern: /^(?:AO|ZAO) Kaspersky Lab$/,
      confidence: "observed",
      source: "public observation; Huang et al. 2014 issuer table (recalled from the paper)",
    },
  ],
  notes: 'Match the issuer only: support.kaspersky.* sites have O="AO Kaspersky Lab" as subject.',
};
