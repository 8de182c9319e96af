/** Forcepoint Web Security (Websense Content Gateway): SSL decryption bypass. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const forcepoint: BypassDialect = {
  id: "forcepoint",
  name: "Forcepoint Web Security (Websense)",
  alsoCalled: ["websense", "content-gateway", "triton", "wcg"],
  interceptors: ["forcepoint-content-gateway"],
  format: "list",
  status: "unverified",
  where:
    "Security Manager: Web > Settings > Scanning > SSL Decryption Bypass > Destinations; or Content Gateway Manager: Configure > SSL > Incidents > Add Website, action Tunnel",
  text: [{ host: "%name%", domain: "%name%\n*.%name%", ipv4: "%address%", ipv6: "%address%" }],
  pitfalls: [
    "On a transparent proxy a client that sends no server name is known by its destination address alone.",
    "There is no known format to import: the entries are typed in.",
  ],
  source: "Websense 7.8 and 8.5 help, SSL decryption bypass (the feature); the click path is from memory",
  checked: "2026-11",
};
