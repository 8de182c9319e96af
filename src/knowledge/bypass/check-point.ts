/** Check Point: HTTPS inspection rules. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const checkPoint: BypassDialect = {
  id: "check-point",
  name: "Check Point HTTPS Inspection",
  alsoCalled: ["checkpoint"],
  interceptors: ["check-point-https-inspection"],
  format: "list",
  status: "unverified",
  where:
    "SmartConsole > Security Policies > HTTPS Inspection > Outbound Policy > a rule above those that inspect: names in a custom Application/Site as its Category, addresses as host objects in its Destination, action Bypass; publish and install the policy",
  text: [{ host: "%name%", domain: "%name%\n*.%name%", ipv4: "%address%", ipv6: "%address%" }],
  pitfalls: [
    "By mgmt_cli it is add application-site and add https-rule with action Bypass; names of layers, services and packages differ from one installation to the next.",
  ],
  source: "CheckPointSW/CheckPointAnsibleMgmtCollection cp_mgmt_https_rule.py (fields); the click path is from memory",
  checked: "2026-11",
};
