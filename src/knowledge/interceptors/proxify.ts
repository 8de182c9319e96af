/**
 * Proxify (ProjectDiscovery): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const proxify: InterceptorProduct = {
  id: "proxify",
  name: "Proxify",
  vendor: "ProjectDiscovery",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Proxify CA$/,
      confidence: "source-code-or-certificate",
      source: "projectdiscovery/proxify@cb35116 pkg/certs/mitm.go:28,74",
    },
    {
      field: "O",
      pattern: /^Proxify CA$/,
      confidence: "source-code-or-certificate",
      source: "projectdiscovery/proxify@cb35116 pkg/certs/mitm.go:28,74",
    },
  ],
};
