/** Untangle NG Firewall / Arista: SSL Inspector rules. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const untangle: BypassDialect = {
  id: "untangle",
  name: "Untangle NG Firewall (Arista)",
  alsoCalled: ["arista", "arista-ngfw"],
  interceptors: ["untangle-ng-firewall-arista-edge-threat-management"],
  format: "list",
  status: "unverified",
  where:
    "Apps > SSL Inspector > Rules > Add: names in the condition SSL Inspector: SNI Host Name, addresses in the condition Destination Address, action Ignore",
  text: [{ host: "%name%", domain: "%name%\n*.%name%", ipv4: "%address%", ipv6: "%address%" }],
  pitfalls: ["All conditions of a rule must be met: a rule for each entry."],
  source: "untangle/ngfw_src ssl-inspector (rule conditions and actions); the wording is from memory",
  checked: "2026-11",
};
