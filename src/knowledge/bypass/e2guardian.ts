/** e2guardian: its lists of sites that are not decrypted. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const e2guardian: BypassDialect = {
  id: "e2guardian",
  name: "e2guardian",
  interceptors: ["e2guardian-mitm"],
  format: "list files",
  status: "verified",
  where: "the files nomitmsitelist (names) and nomitmsiteiplist (addresses) in its folder of lists; reload e2guardian",
  comment: "# ",
  text: [
    { before: "# nomitmsitelist\n", host: "%name%", domain: "%name%" },
    { before: "# nomitmsiteiplist\n", ipv4: "%address%" },
  ],
  cannot: { ipv6: "its lists of addresses are documented for IPv4 alone: exempt the server by name" },
  wider: "a name in the list is for all hosts below it as well",
  pitfalls: [
    "The lists must be named in e2guardian.conf: sitelist = 'name=nomitm,path=__LISTDIR__/nomitmsitelist', and ipsitelist likewise.",
    "Versions before 5.4 have no such list: there the storyboard decides (function sslcheckmitm).",
  ],
  source: "e2guardian/e2guardian configs/e2guardian.conf.in",
  checked: "2026-11",
};
