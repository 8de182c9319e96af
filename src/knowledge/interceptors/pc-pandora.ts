/**
 * PC Pandora (Pandora Corp): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const pcPandora: InterceptorProduct = {
  id: "pc-pandora",
  name: "PC Pandora",
  vendor: "Pandora Corp",
  kind: "parental-control",
  issuerPatterns: [
    { field: "*", pattern: /\bPandora\b/, confidence: "vendor-name-heuristic", source: "recalled, not verified" },
  ],
  notes: "ClientHello in cloudflare/mitmengine@b587be9 reference_fingerprints/mitmengine/{mitm,badheader}.txt",
};
