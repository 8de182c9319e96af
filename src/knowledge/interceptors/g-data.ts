/**
 * G DATA (G DATA): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const gData: InterceptorProduct = {
  id: "g-data",
  name: "G DATA",
  vendor: "G DATA",
  kind: "antivirus",
  issuerPatterns: [
    { field: "*", pattern: /\bG ?DATA\b/, confidence: "vendor-name-heuristic", source: "recalled, not verified" },
  ],
  httpHeaders: ["gdata-version", "gdataver", "x-gdata-device"],
};
