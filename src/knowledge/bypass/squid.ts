/** Squid (ssl_bump): how it is told what not to bump. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

// An address is spliced at step 1, before a byte of the client is read: what is no TLS, such as pseudo-TLS, is not read as TLS either.
const BY_ADDRESS = `acl sightline_address_%number% dst %address%
acl sightline_port_%number% port %port%
ssl_bump splice sightline_address_%number% sightline_port_%number%`;

const byName = (pattern: string) => `acl sightline_name_%number% ssl::server_name --client-requested ${pattern}
acl sightline_port_%number% port %port%
ssl_bump splice sightline_name_%number% sightline_port_%number%`;

export const squid: BypassDialect = {
  id: "squid",
  name: "Squid (ssl_bump)",
  alsoCalled: ["pfsense", "opnsense"],
  interceptors: ["squid", "pfsense-opnsense-squid"],
  format: "squid.conf",
  status: "verified",
  where: "squid.conf, before its first ssl_bump line; then: squid -k parse && squid -k reconfigure",
  comment: "# ",
  anyPort: "0-65535",
  text: [
    { ipv4: BY_ADDRESS, ipv6: BY_ADDRESS },
    {
      before: "acl sightline_step1 at_step SslBump1\nssl_bump peek sightline_step1\n",
      host: byName("%name%"),
      domain: byName(".%name%"),
    },
  ],
  pitfalls: [
    "The first ssl_bump line that matches decides: lines that bump, stare or terminate must come later.",
    "An address is spliced before anything is read, so that pseudo-TLS and plain TURN pass as well.",
    "On a transparent proxy Squid looks a spliced name up itself and breaks the connection (Host header forgery) unless it finds the address that the client went to: let both ask the same DNS, or exempt the address instead.",
  ],
  source: "squid-cache/squid src/cf.data.pre (ssl_bump, ssl::server_name, dst); loaded and tried with squid 5.7",
  checked: "2026-11",
};
