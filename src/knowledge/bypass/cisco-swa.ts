/** Cisco Secure Web Appliance (WSA): decryption policies. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const ciscoSwa: BypassDialect = {
  id: "cisco-swa",
  name: "Cisco Secure Web Appliance (WSA)",
  alsoCalled: ["wsa", "swa", "ironport", "cisco-wsa"],
  interceptors: ["cisco-secure-web-appliance"],
  format: "list",
  status: "unverified",
  where:
    "Web Security Manager > Custom and External URL Categories > Add Category > Sites; then Web Security Manager > Decryption Policies > URL Filtering > Select Custom Categories: Pass Through; submit and commit",
  text: [{ host: "%name%", domain: "%name%,\n.%name%", ipv4: "%address%", ipv6: "%address%", between: ",\n" }],
  pitfalls: [
    "The category must be set to Pass Through in every decryption policy that applies to these clients.",
    "In transparent mode a client that sends no server name is known by its destination address alone.",
  ],
  source: "AsyncOS user guides; how sites are written in a category is from memory",
  checked: "2026-11",
};
