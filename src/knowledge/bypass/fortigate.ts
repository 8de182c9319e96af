/** FortiGate: exemptions of an SSL/SSH inspection profile. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

const exempt = (type: string) => `            edit 0
                set type ${type}
                set ${type} "sightline-%number%"
            next`;

export const fortigate: BypassDialect = {
  id: "fortigate",
  name: "Fortinet FortiGate",
  alsoCalled: ["fortinet", "fortios"],
  interceptors: ["fortinet-fortigate"],
  format: "FortiOS CLI",
  status: "verified",
  where:
    'CLI, with the name of your inspection profile in the place of "custom-deep-inspection"; or Security Profiles > SSL/SSH Inspection > the profile > Exempt from SSL Inspection',
  text: [
    {
      before: "config firewall address\n",
      host: '    edit "sightline-%number%"\n        set type fqdn\n        set fqdn "%name%"\n    next',
      domain: '    edit "sightline-%number%-apex"\n        set type fqdn\n        set fqdn "%name%"\n    next',
      ipv4: '    edit "sightline-%number%"\n        set subnet %address% 255.255.255.255\n    next',
      after: "\nend",
    },
    {
      before: "config firewall address6\n",
      ipv6: '    edit "sightline-%number%"\n        set ip6 %prefix%\n    next',
      after: "\nend",
    },
    {
      before: "config firewall wildcard-fqdn custom\n",
      domain: '    edit "sightline-%number%"\n        set wildcard-fqdn "*.%name%"\n    next',
      after: "\nend",
    },
    {
      before: 'config firewall ssl-ssh-profile\n    edit "custom-deep-inspection"\n        config ssl-exempt\n',
      host: exempt("address"),
      domain: `${exempt("wildcard-fqdn")}
            edit 0
                set type address
                set address "sightline-%number%-apex"
            next`,
      ipv4: exempt("address"),
      ipv6: exempt("address6"),
      after: "\n        end\n    next\nend",
    },
  ],
  pitfalls: [
    'The default profile "deep-inspection" is read-only: clone it, and use the clone in the firewall policy. A name of a profile that does not exist makes a new one.',
    "edit 0 takes the next free number. A wildcard such as *.example.com does not include example.com itself.",
    "Exemptions apply to full inspection only. A wildcard is matched by the client's SNI, an fqdn address by what the FortiGate itself resolves.",
  ],
  source:
    "docs.fortinet.com CLI reference: firewall ssl-ssh-profile (7.0.2/319620, 7.6.0/116695140), firewall address and address6",
  checked: "2026-11",
};
