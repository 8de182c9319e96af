/** Cloudflare Gateway: Do Not Inspect policies. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const cloudflare: BypassDialect = {
  id: "cloudflare",
  name: "Cloudflare Gateway",
  interceptors: ["cloudflare-gateway"],
  format: "Terraform",
  status: "verified",
  where:
    "Terraform (provider cloudflare/cloudflare); or Zero Trust > Traffic policies > Firewall policies > HTTP > Add a policy, action Do Not Inspect",
  comment: "# ",
  text: [
    {
      before: `resource "cloudflare_zero_trust_gateway_policy" "sightline_bypass" {
  account_id = var.account_id
  name       = "sightline bypass"
  enabled    = true
  action     = "off"
  filters    = ["http"]
  precedence = 1
  traffic    = "`,
      host: 'http.conn.hostname == \\"%name%\\"',
      domain: 'any(http.conn.domains[*] == \\"%name%\\")',
      ipv4: "any(http.conn.dst_ip[*] in {%address%})",
      ipv6: "any(http.conn.dst_ip[*] in {%address%})",
      between: " or ",
      after: '"\n}',
    },
  ],
  pitfalls: [
    "action off is Do Not Inspect; these policies are evaluated before all other HTTP policies. Choose a free precedence.",
    "A client that sends no server name is known by its destination address alone.",
  ],
  source:
    "developers.cloudflare.com, HTTP policies (Destination IP); cloudflare/terraform-provider-cloudflare zero_trust_gateway_policy.md; published configurations with action off",
  checked: "2026-11",
};
