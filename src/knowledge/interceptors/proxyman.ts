/**
 * Proxyman (Proxyman): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const proxyman: InterceptorProduct = {
  id: "proxyman",
  name: "Proxyman",
  vendor: "Proxyman",
  kind: "debug-proxy",
  issuerPatterns: [
    { field: "CN", pattern: /^Proxyman CA \(/, confidence: "observed", source: "public observation" },
    { field: "O", pattern: /^Proxyman (?:LLC|Inc)$/, confidence: "observed", source: "public observation" },
  ],
};
