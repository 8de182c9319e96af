/**
 * Mitel client roots (Mitel): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const mitelClientRoots: InterceptorProduct = {
  id: "mitel-client-roots",
  name: "Mitel client roots",
  vendor: "Mitel",
  kind: "malware",
  issuerPatterns: [
    {
      field: "*",
      pattern: /\bMitel\b/,
      confidence: "vendor-name-heuristic",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/) dynamic_interstitial",
    },
  ],
  notes: "Extractable keys.",
  rootSpkiSha256: [
    "cH02TnKuUhQx3ZU4l/nEhG1bjDJCmP5T+9StofLRFX8=",
    "atuOPgVUYJItFQHLl/lMagLjnI8ndMpAiCW3tYN53BQ=",
    "SQtuxr6y1gNHILUUm2spzTVRWYjMFq+FQUiwe5sfihE=",
    "71UShHFSMt6S4kbDIzKTYrEySTuxa1ieR3VSC+uHGlY=",
  ],
};
