/**
 * SSLsplit / SSLproxy (open source): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const sslsplitSslproxy: InterceptorProduct = {
  id: "sslsplit-sslproxy",
  name: "SSLsplit / SSLproxy",
  vendor: "open source",
  kind: "debug-proxy",
  issuerPatterns: [],
  notes:
    "Admin-supplied CA. One leaf key for all hosts; serial = origin serial with last bytes replaced (measured: 0x43104982c3ae10e336f06922d5c1c90b4c6 -> ...d5d12a57ba8); AKI keyid+issuer; notBefore now-1d, 365 d.",
};
