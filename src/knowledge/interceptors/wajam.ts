/**
 * Wajam (Wajam): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const wajam: InterceptorProduct = {
  id: "wajam",
  name: "Wajam",
  vendor: "Wajam",
  kind: "malware",
  issuerPatterns: [
    { field: "*", pattern: /\bWajam?|WajaInt/, confidence: "vendor-name-heuristic", source: "recalled, not verified" },
  ],
  notes: "ClientHello in zakird/tlsfingerprints processing/fingerprints/*.py",
};
