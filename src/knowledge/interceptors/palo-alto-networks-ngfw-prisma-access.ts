/**
 * Palo Alto Networks NGFW / Prisma Access (Palo Alto Networks): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const paloAltoNetworksNgfwPrismaAccess: InterceptorProduct = {
  id: "palo-alto-networks-ngfw-prisma-access",
  name: "Palo Alto Networks NGFW / Prisma Access",
  vendor: "Palo Alto Networks",
  kind: "ngfw",
  issuerPatterns: [
    {
      field: "*",
      pattern: /\b(?:Palo ?Alto|PAN-?OS|Prisma Access|GlobalProtect)\b/,
      confidence: "vendor-name-heuristic",
      source: "recalled, not verified",
    },
  ],
  notes: "No factory forward-trust CA: admin generates it, name is free text.",
};
