/** Palo Alto PAN-OS: rules that do not decrypt. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

const RULE = "set rulebase decryption rules";
const ANY = "from any to any source any source-user any service any";

export const paloAlto: BypassDialect = {
  id: "palo-alto",
  name: "Palo Alto Networks PAN-OS",
  alsoCalled: ["paloalto", "pan-os", "panos", "prisma-access"],
  interceptors: ["palo-alto-networks-ngfw-prisma-access"],
  format: "PAN-OS CLI",
  status: "verified",
  where:
    "CLI, in configure mode; or Policies > Decryption > Add. Put the rules above the one that decrypts (move NAME top), then commit",
  text: [
    {
      before: 'set profiles custom-url-category sightline-bypass type "URL List"\n',
      // The slash ends the host: without it an entry can match longer names.
      host: "set profiles custom-url-category sightline-bypass list %name%/",
      domain:
        "set profiles custom-url-category sightline-bypass list %name%/\nset profiles custom-url-category sightline-bypass list *.%name%/",
      after: `\n${RULE} sightline-bypass ${ANY} destination any category sightline-bypass action no-decrypt type ssl-forward-proxy`,
    },
    {
      // Its destinations first: at no moment is there a rule for every server.
      ipv4: `${RULE} sightline-bypass-address destination %prefix%`,
      ipv6: `${RULE} sightline-bypass-address destination %prefix%`,
      after: `\n${RULE} sightline-bypass-address ${ANY} category any action no-decrypt type ssl-forward-proxy`,
    },
  ],
  pitfalls: [
    "A new rule is the last one, where it never matches: move it above the rule that decrypts.",
    "On Panorama the lines begin with set device-group GROUP pre-rulebase instead of set rulebase.",
    "*.example.com/ does not include example.com/ itself.",
    "Not tried on a device: the rule's keywords are those of the vendor's Ansible collection, the category commands those of published configurations.",
  ],
  source:
    "PaloAltoNetworks/pan-os-ansible panos_decryption_rule.py; PAN-OS administrator's guide, decryption policy rules",
  checked: "2026-11",
};
