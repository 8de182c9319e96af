/** Symantec Cloud SWG (WSS): its interception policy. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

const NOT_BY_ADDRESS =
  "only domains and URLs were verified as destinations: send this address around the service (agent bypass list, PAC file or tunnel configuration)";

export const cloudSwg: BypassDialect = {
  id: "cloud-swg",
  name: "Symantec Cloud SWG (WSS)",
  alsoCalled: ["wss", "web-security-service", "broadcom-cloud-swg"],
  interceptors: ["symantec-cloud-swg"],
  format: "list",
  status: "verified",
  where:
    "Policy > TLS/SSL Interception > TLS/SSL Interception Policy > Add Rule > Destinations: Domains/URLs > verdict Do Not Intercept > Add Rule > Activate Policy",
  text: [{ host: "%name%", domain: "%name%" }],
  cannot: { ipv4: NOT_BY_ADDRESS, ipv6: NOT_BY_ADDRESS },
  wider: "a domain may be taken for all hosts below it as well",
  pitfalls: ["The rule must stand above the one that intercepts."],
  source: "knowledge.broadcom.com/external/article/169172",
  checked: "2026-11",
};
