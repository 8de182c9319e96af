/**
 * NetFree (NetFree): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const netfree: InterceptorProduct = {
  id: "netfree",
  name: "NetFree",
  vendor: "NetFree",
  kind: "parental-control",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^NetFree Sign ?, ?.+$/,
      confidence: "observed",
      source: "public observation (21 per-ISP CAs)",
    },
  ],
  notes: "Israeli filtered-ISP service; suffix is the ISP.",
};
