/**
 * Squid (ssl_bump) (open source): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const squid: InterceptorProduct = {
  id: "squid",
  name: "Squid (ssl_bump)",
  vendor: "open source",
  kind: "secure-web-gateway",
  issuerPatterns: [],
  notes:
    "No default DN (the administrator supplies the CA). Structural tell: leaf public key == CA public key, so leaf AKI keyid == SHA-1(leaf key).",
};
