/**
 * Fortinet FortiGate (Fortinet): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const fortinetFortigate: InterceptorProduct = {
  id: "fortinet-fortigate",
  name: "Fortinet FortiGate",
  vendor: "Fortinet",
  kind: "ngfw",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^FortiGate CA$/,
      confidence: "observed",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/); public observation (full PEM of a forged leaf)",
    },
    {
      field: "O",
      pattern: /^Fortinet(?: Ltd\.)?$/,
      confidence: "curated-list",
      source:
        "Chromium ssl_error_assistant.asciipb version_id 6 (bloomberg/chromium.bb@0d85b910, chrome/browser/resources/ssl/ssl_error_assistant/)",
    },
    {
      field: "OU",
      pattern: /^Certificate Authority$/,
      needs: { field: "O", pattern: /^Fortinet(?: Ltd\.)?$/ },
      confidence: "observed",
      source: "public observation (only with O=Fortinet)",
    },
    { field: "emailAddress", pattern: /^support@fortinet\.com$/, confidence: "observed", source: "public observation" },
    {
      field: "CN",
      pattern: /^F[GW][A-Z0-9]{2,5}[A-Z0-9]{8,12}$/,
      needs: { field: "O", pattern: /^Fortinet(?: Ltd\.)?$/ },
      confidence: "recalled",
      source: "recalled, not verified: newer units use the serial number as CN with O=Fortinet",
    },
  ],
  notes:
    "Serial style: 4-byte unix time of the (re)start + 4-byte counter (0x4BCDAD74 00000002 = 2010-04-20 13:34:44Z, #2). 2010 leaf had zero extensions, validity and key size copied from origin.",
  httpHeaders: ["x-fcckv2"],
};
