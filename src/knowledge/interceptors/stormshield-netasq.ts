/**
 * Stormshield / NETASQ (Stormshield): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const stormshieldNetasq: InterceptorProduct = {
  id: "stormshield-netasq",
  name: "Stormshield / NETASQ",
  vendor: "Stormshield",
  kind: "ngfw",
  issuerPatterns: [
    {
      field: "*",
      pattern: /\b(?:Stormshield|NETASQ)\b/,
      confidence: "vendor-name-heuristic",
      source: "sectigo/CTLogs PR #38 (root and sub-root exist; DN not shown)",
    },
    { field: "CN", pattern: /^SSL proxy default authority$/, confidence: "recalled", source: "recalled, not verified" },
  ],
};
