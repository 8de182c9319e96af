/**
 * e2guardian MITM (open source): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const e2guardianMitm: InterceptorProduct = {
  id: "e2guardian-mitm",
  name: "e2guardian MITM",
  vendor: "open source",
  kind: "secure-web-gateway",
  issuerPatterns: [],
  notes: "Admin-supplied CA.",
};
