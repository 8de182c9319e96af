/**
 * Authorities that honestly sign for several domains and are on no browser's list: a vendor's for its own services, a
 * state's, a provider's, one for trials. Data only, by name of the issuer; anyone can copy a name, so being listed never
 * makes a certificate good: it only keeps `shared-forger` from calling the authority a forger.
 */

export interface OtherAuthority {
  /** For people. */
  readonly name: string;
  /** All must be in the issuer's name. */
  readonly issuer: readonly { readonly type: "CN" | "O" | "OU"; readonly pattern: RegExp }[];
  readonly source: string;
}

export const OTHER_AUTHORITIES: readonly OtherAuthority[] = [
  {
    name: "Microsoft's own authority for update and telemetry services",
    issuer: [
      { type: "O", pattern: /^Microsoft Corporation$/ },
      { type: "CN", pattern: /^Microsoft (?:Update )?Secure Server CA \d/ },
    ],
    source: "issuer names in Microsoft's Azure Information Protection documentation and in public traces, read 2026-11",
  },
  {
    name: "Apple's own authority",
    issuer: [
      { type: "O", pattern: /^Apple Inc\.$/ },
      { type: "CN", pattern: /^Apple Server Authentication CA$/ },
    ],
    source: "recalled; the name as copied by a public test script, read 2026-11",
  },
  {
    name: "Signal's own authority",
    issuer: [{ type: "O", pattern: /^(?:Open Whisper Systems|Signal Messenger, LLC)$/ }],
    source: "recalled: the Signal applications pin it",
  },
  {
    name: "the United States' government PKI",
    issuer: [{ type: "O", pattern: /^U\.S\. Government$/ }],
    source: "certificates of nga.mil and move.mil under DOD SW CA-54 and CA-60, public repositories, read 2026-11",
  },
  {
    name: "Korea's government PKI",
    issuer: [{ type: "O", pattern: /^Government of Korea$/ }],
    source: "recalled: certificates of go.kr under `C=KR, O=Government of Korea, OU=GPKI`",
  },
  {
    name: "Brazil's public key infrastructure (ICP-Brasil)",
    issuer: [{ type: "O", pattern: /^ICP-Brasil$/ }],
    source: "recalled: certificates of gov.br and jus.br under `C=BR, O=ICP-Brasil`",
  },
  {
    name: "India's PKI under its Controller of Certifying Authorities",
    issuer: [{ type: "O", pattern: /^India PKI$/ }],
    source: "recalled: roots `C=IN, O=India PKI, CN=CCA India …`",
  },
  {
    name: "the Russian Ministry of Digital Development",
    issuer: [{ type: "CN", pattern: /^Russian Trusted (?:Root|Sub) CA$/ }],
    source: "public reports on fstec.ru, zakupki.gov.ru and max.ru, read 2026-11",
  },
  {
    name: "Cloudflare's authority for origin servers",
    issuer: [{ type: "OU", pattern: /^Cloud[Ff]lare Origin SSL (?:ECC )?Certificate Authority$/ }],
    source:
      "issuer `O=CloudFlare, Inc., OU=CloudFlare Origin SSL Certificate Authority` in public repositories, read 2026-11",
  },
  {
    name: "Let's Encrypt's staging environment",
    issuer: [{ type: "O", pattern: /^\(STAGING\) / }],
    source: "https://letsencrypt.org/docs/staging-environment/",
  },
  {
    name: "CAcert",
    issuer: [{ type: "CN", pattern: /^(?:CA Cert Signing Authority|CAcert Class 3 Root)$/ }],
    source: "recalled",
  },
];
