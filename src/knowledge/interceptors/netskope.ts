/**
 * Netskope (Netskope): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const netskope: InterceptorProduct = {
  id: "netskope",
  name: "Netskope",
  vendor: "Netskope",
  kind: "secure-web-gateway",
  ownDomains: ["goskope.com"],
  issuerPatterns: [
    {
      field: "emailAddress",
      pattern: /^certadmin@netskope\.com$/,
      confidence: "observed",
      source: "public observation",
    },
    {
      field: "CN",
      pattern: /^ca\.[^.]+(?:\.[a-z-]+)?\.goskope\.com$/,
      confidence: "observed",
      source: "public observation",
    },
    {
      field: "OU",
      pattern: /^[0-9a-f]{32}$/,
      weak: true,
      confidence: "observed",
      source: "public observation (weak alone; tenant id)",
    },
  ],
  notes: "Issuer O/L/ST/C are the customer's own. RSA-2048 leaf, sha256WithRSA.",
};
