/**
 * SSLsplit / SSLproxy (open source): what it writes into the certificates and messages it forges.
 * Data only; `structureOf` in src/diagnose/leaf-structure.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const sslsplitSslproxy: InterceptorProduct = {
  id: "sslsplit-sslproxy",
  name: "SSLsplit / SSLproxy",
  vendor: "open source",
  kind: "debug-proxy",
  issuerPatterns: [],
  leafStructure: {
    extensions: [
      { oid: "2.5.29.14", critical: false }, // subjectKeyIdentifier
      { oid: "2.5.29.35", critical: false }, // authorityKeyIdentifier
      { oid: "2.5.29.19" }, // basicConstraints, the server's
      // keyUsage: digitalSignature with keyEncipherment (RSA) or keyAgreement (EC)
      { oid: "2.5.29.15", critical: false, values: ["030205a0", "03020388"] },
      { oid: "2.5.29.37" }, // extendedKeyUsage, the server's
      { oid: "2.5.29.31", critical: false, optional: true }, // cRLDistributionPoints, with -q
      { oid: "2.5.29.17", optional: true }, // subjectAltName, the server's
    ],
    citesIssuerSerial: true,
    lifetime: 365 * 86_400,
    daysBack: 1,
    ownExponent: 3,
    source:
      "droe/sslsplit ssl.c: ssl_x509_forge(), ssl_key_genrsa(); the same in sonertari/SSLproxy src/ssl.c, whose own keys have the exponent 65537 with OpenSSL 3; measured with SSLsplit 0.5.5",
  },
  notes:
    "Admin-supplied CA. One leaf key for all hosts; serial = origin serial with last bytes replaced (measured: 0x43104982c3ae10e336f06922d5c1c90b4c6 -> ...d5d12a57ba8); AKI keyid+issuer; notBefore now-1d, 365 d.",
};
