/**
 * Sennheiser HeadSetup root (Sennheiser): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const sennheiserHeadsetupRoot: InterceptorProduct = {
  id: "sennheiser-headsetup-root",
  name: "Sennheiser HeadSetup root",
  vendor: "Sennheiser",
  kind: "malware",
  issuerPatterns: [
    {
      field: "*",
      pattern: /\bSennheiser\b/,
      confidence: "vendor-name-heuristic",
      source: "Chromium net/data/ssl/blocklist README (2 roots by SHA-256)",
    },
  ],
  rootCertSha256: [
    "91e5cc32910686c5cac25c18cc805696c7b33868c280caf0c72844a2a8eb91e2",
    "ddd8ab9178c99cbd9685ea4ae66dc28bfdc9a5a8a166f7f69ad0b5042ad6eb28",
  ],
};
