/**
 * Fiddler Classic (Progress Telerik): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const fiddlerClassic: InterceptorProduct = {
  id: "fiddler-classic",
  name: "Fiddler Classic",
  vendor: "Progress Telerik",
  kind: "debug-proxy",
  issuerPatterns: [
    { field: "CN", pattern: /^DO_NOT_TRUST_FiddlerRoot/, confidence: "observed", source: "public observation" },
    { field: "O", pattern: /^DO_NOT_TRUST$/, confidence: "recalled", source: "recalled, not verified" },
  ],
};
