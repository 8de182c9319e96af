/**
 * WebTitan (TitanHQ): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const webtitan: InterceptorProduct = {
  id: "webtitan",
  name: "WebTitan",
  vendor: "TitanHQ",
  kind: "secure-web-gateway",
  issuerPatterns: [
    { field: "*", pattern: /\bWebTitan\b/, confidence: "vendor-name-heuristic", source: "recalled, not verified" },
  ],
  notes: "Upstream ClientHello fingerprint in zakird/tlsfingerprints processing/fingerprints/*.py",
};
