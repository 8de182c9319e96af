/**
 * BullGuard (BullGuard (Gen)): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const bullguard: InterceptorProduct = {
  id: "bullguard",
  name: "BullGuard",
  vendor: "BullGuard (Gen)",
  kind: "antivirus",
  issuerPatterns: [
    {
      field: "O",
      pattern: /^BullGuard Ltd\.?$/,
      confidence: "recalled",
      source: "Huang et al. 2014 issuer table (recalled from the paper)",
    },
  ],
};
