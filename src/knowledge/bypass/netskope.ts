/** Netskope: SSL decryption policies. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const netskope: BypassDialect = {
  id: "netskope",
  name: "Netskope",
  interceptors: ["netskope"],
  format: "lists",
  status: "verified",
  where:
    "Policies > SSL Decryption > Add Policy, action Do Not Decrypt: names as the criterion Domain, addresses in another policy as the criterion Destination Network Location; enable the policies, which are created disabled, and apply the changes",
  text: [
    { host: "%name%", domain: "%name%,*.%name%", between: "," },
    { ipv4: "%address%", ipv6: "%address%", between: "," },
  ],
  pitfalls: [
    "Criteria of one policy must all be met: a name and an address in one policy match only together.",
    "Domain is matched by the client's SNI alone; *.example.com does not include example.com itself.",
  ],
  source: "docs.netskope.com/en/add-a-policy-for-ssl-decryption.html",
  checked: "2026-11",
};
