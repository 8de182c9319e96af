/** Forcepoint Web Security Cloud / ONE: TLS inspection by category. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

const NOT_BY_ADDRESS =
  "a custom category is documented for sites by name: send this address around the service (endpoint or PAC file, non-proxied destinations)";

export const forcepointCloud: BypassDialect = {
  id: "forcepoint-cloud",
  name: "Forcepoint Web Security Cloud",
  alsoCalled: ["forcepoint-one", "websense-cloud"],
  interceptors: ["forcepoint-web-security-cloud"],
  format: "list",
  status: "verified",
  where:
    "Web Category Rules: a custom category with these hosts, with the action Allow and bypass or the TLS inspection Do not decrypt",
  text: [{ host: "%name%", domain: "%name%" }],
  cannot: { ipv4: NOT_BY_ADDRESS, ipv6: NOT_BY_ADDRESS },
  wider: "a site in a category may be taken for all hosts below it as well",
  pitfalls: [],
  source: "websense.com/content/support/library/ni/dev guid-5bca786f",
  checked: "2026-11",
};
