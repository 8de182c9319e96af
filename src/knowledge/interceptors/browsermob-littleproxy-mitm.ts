/**
 * BrowserMob / LittleProxy-mitm (open source): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const browsermobLittleproxyMitm: InterceptorProduct = {
  id: "browsermob-littleproxy-mitm",
  name: "BrowserMob / LittleProxy-mitm",
  vendor: "open source",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^Generated CA \(.+\) .+$/,
      confidence: "source-code-or-certificate",
      source: "lightbody/browsermob-proxy@679d90d RootCertificateGenerator.java:254",
    },
  ],
  notes: 'Leaf SUBJECT OU="LittleProxy MITM" (HostnameCertificateInfoGenerator.java:21).',
};
