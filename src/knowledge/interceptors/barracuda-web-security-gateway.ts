/**
 * Barracuda Web Security Gateway (Barracuda): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const barracudaWebSecurityGateway: InterceptorProduct = {
  id: "barracuda-web-security-gateway",
  name: "Barracuda Web Security Gateway",
  vendor: "Barracuda",
  kind: "secure-web-gateway",
  issuerPatterns: [
    { field: "*", pattern: /\bBarracuda\b/, confidence: "vendor-name-heuristic", source: "recalled, not verified" },
  ],
  notes: "No DN sourced. Strong HTTP tells exist.",
  httpHeaders: ["barracuda", "cuda_cliip", "x-barracuda-wf-app", "x-barracuda-wf-user"],
};
