/**
 * UserGate (UserGate): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const usergate: InterceptorProduct = {
  id: "usergate",
  name: "UserGate",
  vendor: "UserGate",
  kind: "ngfw",
  issuerPatterns: [
    { field: "*", pattern: /\bUserGate\b/, confidence: "vendor-name-heuristic", source: "recalled, not verified" },
  ],
};
