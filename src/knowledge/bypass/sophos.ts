/** Sophos Firewall (DPI engine): its list of TLS exclusions. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

const NOT_BY_ADDRESS =
  "the list holds names only: add a rule under Rules and policies > SSL/TLS inspection rules, above those that decrypt, with this address as its destination and the action Don't decrypt";

export const sophos: BypassDialect = {
  id: "sophos",
  name: "Sophos Firewall (DPI engine)",
  alsoCalled: ["sfos", "sophos-xg", "sophos-xgs"],
  interceptors: ["sophos-firewall"],
  format: "list",
  status: "verified",
  where: "Web > URL groups > Local TLS exclusion list",
  text: [{ host: "%name%", domain: "%name%" }],
  cannot: { ipv4: NOT_BY_ADDRESS, ipv6: NOT_BY_ADDRESS },
  wider: "a domain in a URL group may be taken for all hosts below it as well",
  pitfalls: [
    "The list is used by the DPI engine; where the web proxy decrypts, it needs an exception: --for sophos-web-proxy.",
    "By the XML API, an update of WebFilterURLGroup replaces the whole list: read it, add to it, write it back.",
  ],
  source: "sophos/sophos-firewall-sdk templates/updateurlgroup.j2; SFOS 18 documentation, Web > URL groups",
  checked: "2026-11",
};
