/** Cisco Umbrella / Secure Access: selective decryption. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

const NOT_BY_ADDRESS =
  "a selective decryption list holds domains only: send this address around Umbrella (an external domain or IP of the client's or tunnel's bypass list)";

export const umbrella: BypassDialect = {
  id: "umbrella",
  name: "Cisco Umbrella SIG / Secure Access",
  alsoCalled: ["cisco-umbrella", "secure-access", "cisco-secure-access"],
  interceptors: ["cisco-umbrella-sig-secure-access"],
  format: "list",
  status: "unverified",
  where:
    "Policies > Policy Components > Selective Decryption Lists > Add; then choose the list in the HTTPS Inspection of the Web policy's ruleset",
  text: [{ host: "%name%", domain: "%name%" }],
  cannot: { ipv4: NOT_BY_ADDRESS, ipv6: NOT_BY_ADDRESS },
  wider: "a domain in the list is for all hosts below it as well",
  pitfalls: ["A name is matched by the client's SNI alone."],
  source: "from memory; docs.umbrella.com/umbrella-user-guide/docs/manage-global-settings for the SNI",
  checked: "2026-11",
};
