/**
 * Dell eDellRoot (Dell): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const dellEdellroot: InterceptorProduct = {
  id: "dell-edellroot",
  name: "Dell eDellRoot",
  vendor: "Dell",
  kind: "malware",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^eDellRoot$/,
      confidence: "source-code-or-certificate",
      source: "hannob/superfishy certificates/*.crt (parsed with openssl); Chromium net/data/ssl/blocklist README",
    },
  ],
  notes: "OEM root, not itself a proxy; key public.",
  rootSpkiSha256: ["ze6fMwVXKmd+GmyC3B4Co1sRyuamhDOMnzf+Gsja7CM="],
};
