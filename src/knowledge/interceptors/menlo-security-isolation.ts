/**
 * Menlo Security Isolation (Menlo Security): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const menloSecurityIsolation: InterceptorProduct = {
  id: "menlo-security-isolation",
  name: "Menlo Security Isolation",
  vendor: "Menlo Security",
  kind: "secure-web-gateway",
  issuerPatterns: [
    { field: "CN", pattern: /^Menlo Security Intermediate CA$/, confidence: "observed", source: "public observation" },
    { field: "O", pattern: /^Menlo Security,? Inc\.?$/, confidence: "observed", source: "public observation" },
  ],
};
