/**
 * mitmproxy (mitmproxy project): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const mitmproxy: InterceptorProduct = {
  id: "mitmproxy",
  name: "mitmproxy",
  vendor: "mitmproxy project",
  kind: "debug-proxy",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^mitmproxy$/,
      confidence: "source-code-or-certificate",
      source: "mitmproxy/mitmproxy@8fc25b3 mitmproxy/certs.py + options.py; own measurement",
    },
    {
      field: "O",
      pattern: /^mitmproxy$/,
      confidence: "source-code-or-certificate",
      source: "mitmproxy/mitmproxy@8fc25b3 mitmproxy/certs.py + options.py; own measurement",
    },
  ],
  notes: "CN before O. Leaf key == CA key. notBefore = now-2 d; 199 days in current main, 367 days total in 8.1.1.",
};
