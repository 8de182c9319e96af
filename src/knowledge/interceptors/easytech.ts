/**
 * EasyTech (EasyTech): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const easytech: InterceptorProduct = {
  id: "easytech",
  name: "EasyTech",
  vendor: "EasyTech",
  kind: "antivirus",
  issuerPatterns: [
    {
      field: "O",
      pattern: /^EasyTech$/,
      confidence: "recalled",
      source: "Huang et al. 2014 issuer table (recalled from the paper)",
    },
  ],
  notes: "Classified in the paper as a PC-support/security product.",
};
