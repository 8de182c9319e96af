/**
 * gomitmproxy (AdGuard): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const gomitmproxy: InterceptorProduct = {
  id: "gomitmproxy",
  name: "gomitmproxy",
  vendor: "AdGuard",
  kind: "debug-proxy",
  issuerPatterns: [],
  notes: 'Library; issuer chosen by embedder. Leaf SUBJECT O="gomitmproxy" by default (mitm.go:166).',
};
