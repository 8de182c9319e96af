/** Skyhigh / McAfee Secure Web Gateway: its tunnel list. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const skyhigh: BypassDialect = {
  id: "skyhigh",
  name: "Skyhigh (McAfee) Secure Web Gateway",
  alsoCalled: ["mcafee", "mcafee-web-gateway", "mwg"],
  interceptors: ["mcafee-skyhigh-web-gateway"],
  format: "list",
  status: "unverified",
  where:
    "Policy > Lists > SSL Host Tunnel List (wildcard expressions), used by the rule set SSL Scanner > Handle CONNECT Call; in the cloud: HTTPS Scanning, rule sets 1 (bypass) and 3 (skip decryption)",
  text: [{ host: "%name%", domain: "%name%\n*.%name%", ipv4: "%address%", ipv6: "%address%" }],
  pitfalls: ["The list's name differs between versions: look in the rule set for the one that it uses."],
  source:
    "success.skyhighsecurity.com, Considerations when Allowlisting HTTPS URLs (rule sets); the list's name is from memory",
  checked: "2026-11",
};
