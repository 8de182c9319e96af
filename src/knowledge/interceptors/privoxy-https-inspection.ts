/**
 * Privoxy HTTPS inspection (open source): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const privoxyHttpsInspection: InterceptorProduct = {
  id: "privoxy-https-inspection",
  name: "Privoxy HTTPS inspection",
  vendor: "open source",
  kind: "secure-web-gateway",
  issuerPatterns: [],
  notes: "Admin-supplied CA.",
};
