/** Sophos Firewall (web proxy): exceptions by regular expression. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const sophosWebProxy: BypassDialect = {
  id: "sophos-web-proxy",
  name: "Sophos Firewall (web proxy)",
  interceptors: [],
  format: "regexes",
  status: "verified",
  where: "Web > Exceptions > Add exception > URL pattern matches; tick HTTPS decryption under Skip",
  text: [{ host: "^%regex%/", domain: "^([A-Za-z0-9.-]*\\.)?%regex%/", ipv4: "^%regex%/" }],
  cannot: { ipv6: "how it writes an IPv6 address in a URL was not verified: exempt the server by name" },
  pitfalls: ["Exceptions apply to the web proxy; where the DPI engine decrypts, it has a list: --for sophos."],
  source: "docs.sophos.com SFOS 17.5, WebFilterExceptionEdit",
  checked: "2026-11",
};
