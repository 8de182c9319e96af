/**
 * EdgeWave / St. Bernard (EdgeWave): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const edgewaveStBernard: InterceptorProduct = {
  id: "edgewave-st-bernard",
  name: "EdgeWave / St. Bernard",
  vendor: "EdgeWave",
  kind: "secure-web-gateway",
  issuerPatterns: [
    { field: "*", pattern: /\bEdge[Ww]ave\b/, confidence: "vendor-name-heuristic", source: "recalled, not verified" },
  ],
  httpHeaders: ["edgewave-proxy"],
};
