/** Zscaler Internet Access: SSL inspection rules. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

const rule = (name: string, order: number, criterion: string) => `resource "zia_ssl_inspection_rules" "${name}" {
  name      = "${name}"
  state     = "ENABLED"
  order     = ${order}
  rank      = 7
  platforms = ["SCAN_IOS", "SCAN_ANDROID", "SCAN_MACOS", "SCAN_WINDOWS", "NO_CLIENT_CONNECTOR", "SCAN_LINUX"]
  ${criterion}
  action {
    type = "DO_NOT_DECRYPT"
    do_not_decrypt_sub_actions {
      bypass_other_policies                 = false
      server_certificates                   = "ALLOW"
      ocsp_check                            = true
      block_ssl_traffic_with_no_sni_enabled = false
      min_tls_version                       = "SERVER_TLS_1_0"
    }
  }
}`;

export const zscaler: BypassDialect = {
  id: "zscaler",
  name: "Zscaler Internet Access",
  alsoCalled: ["zia"],
  interceptors: ["zscaler"],
  format: "Terraform",
  status: "verified",
  where:
    "Terraform (provider zscaler/zia); or Policy > SSL Inspection > Add SSL Inspection Rule, action Do Not Inspect, and activate",
  comment: "# ",
  text: [
    {
      before: `resource "zia_url_categories" "sightline_bypass" {
  super_category  = "USER_DEFINED"
  configured_name = "sightline bypass"
  custom_category = true
  type            = "URL_CATEGORY"
  urls = [
`,
      host: '    "%name%",',
      domain: '    "%name%",\n    ".%name%",',
      after: `
  ]
}
${rule("sightline_bypass", 1, "url_categories = [zia_url_categories.sightline_bypass.id]")}`,
    },
    {
      before: `resource "zia_firewall_filtering_destination_groups" "sightline_bypass" {
  name = "sightline bypass"
  type = "DSTN_IP"
  addresses = [
`,
      ipv4: '    "%address%",',
      after: `
  ]
}
${rule(
  "sightline_bypass_address",
  2,
  `dest_ip_groups {
    id = [zia_firewall_filtering_destination_groups.sightline_bypass.id]
  }`,
)}`,
    },
  ],
  cannot: {
    ipv6: "no source was found for IPv6 in its groups of addresses: send this address around the service (PAC file or forwarding profile)",
  },
  pitfalls: [
    "The order of rules begins at 1 and has no gaps: number the new ones so that they come before those that decrypt.",
    "A client that sends no server name needs block_ssl_traffic_with_no_sni_enabled = false, as written.",
  ],
  source:
    "zscaler/terraform-provider-zia docs/resources: zia_ssl_inspection_rules, zia_url_categories, zia_firewall_filtering_destination_groups",
  checked: "2026-11",
};
