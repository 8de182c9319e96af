/**
 * Net Nanny (ContentWatch) (ContentWatch/Zift): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const netNanny: InterceptorProduct = {
  id: "net-nanny",
  name: "Net Nanny (ContentWatch)",
  vendor: "ContentWatch/Zift",
  kind: "parental-control",
  issuerPatterns: [
    {
      field: "O",
      pattern: /^ContentWatch,? Inc\.?$/,
      confidence: "recalled",
      source: "Huang et al. 2014 issuer table (recalled from the paper)",
    },
  ],
  httpHeaders: ["x-netnanny-ignore"],
};
