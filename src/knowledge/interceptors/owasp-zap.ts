/**
 * OWASP ZAP (ZAP): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const owaspZap: InterceptorProduct = {
  id: "owasp-zap",
  name: "OWASP ZAP",
  vendor: "ZAP",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /Zed Attack Proxy Root CA$/,
      confidence: "source-code-or-certificate",
      source: "zaproxy/zap-extensions addOns/network CertificateUtils.java:169",
    },
    {
      field: "O",
      pattern: /^(?:ZAP|OWASP) Root CA$/,
      confidence: "source-code-or-certificate",
      source: "zaproxy/zap-extensions addOns/network CertificateUtils.java:174",
    },
  ],
};
