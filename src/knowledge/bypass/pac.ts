/** Proxy auto-configuration: which servers are reached without the proxy. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const pac: BypassDialect = {
  id: "pac",
  name: "PAC file of an explicit proxy",
  alsoCalled: ["proxy-pac", "wpad"],
  interceptors: [],
  format: "JavaScript",
  status: "verified",
  where: "the PAC file, as the first lines inside FindProxyForURL(url, host)",
  comment: "// ",
  only: "explicit",
  text: [
    {
      host: 'if (host === "%name%") return "DIRECT";',
      domain: 'if (host === "%name%" || dnsDomainIs(host, ".%name%")) return "DIRECT";',
      ipv4: 'if (host === "%address%") return "DIRECT";',
      ipv6: 'if (host === "%address%" || host === "[%address%]") return "DIRECT";',
    },
  ],
  pitfalls: [
    "It works only where clients may reach the server directly, and only with clients that use the PAC file; transparent inspection ignores it.",
    "host is what the client asks for: an address matches only a client that asks for the address.",
  ],
  source: "developer.mozilla.org, Proxy Auto-Configuration (PAC) file",
  checked: "2026-11",
};
