/**
 * badssl.com MITM test (Chromium): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const badsslComMitmTest: InterceptorProduct = {
  id: "badssl-com-mitm-test",
  name: "badssl.com MITM test",
  vendor: "Chromium",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^BadSSL MITM Software Test$/,
      confidence: "source-code-or-certificate",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/); chromium/badssl.com certs/src/crt/ca-*.crt",
    },
    {
      field: "O",
      pattern: /^BadSSL$/,
      confidence: "source-code-or-certificate",
      source: "chromium/badssl.com certs/src/crt/ca-*.crt",
    },
  ],
  notes:
    "Live probe target mitm-software.badssl.com; also known-interception / blocked-interception / superfish / edellroot / dsdtestprovider .badssl.com.",
};
