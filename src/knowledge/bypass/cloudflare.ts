/** Cloudflare Gateway: Do Not Inspect policies. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

const before = (name: string) => `resource "cloudflare_zero_trust_gateway_policy" "${name}" {
  account_id = var.account_id
  name       = "${name}"
  enabled    = true
  action     = "off"
  filters    = ["http"]
  precedence = 1
  traffic    = "`;

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
      before: before("sightline_bypass"),
      host: 'http.conn.hostname == \\"%name%\\"',
      domain: 'any(http.conn.domains[*] == \\"%name%\\")',
      between: " or ",
      after: '"\n}',
    },
    {
      before: `${before("sightline_bypass_address")}any(http.conn.dst_ip[*] in {`,
      ipv4: "%address%",
      ipv6: "%address%",
      between: " ",
      after: '})"\n}',
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
