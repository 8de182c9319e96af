/** Cisco Secure Firewall (FTD): decryption rules. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const ciscoFtd: BypassDialect = {
  id: "cisco-ftd",
  name: "Cisco Secure Firewall (FTD, FMC)",
  alsoCalled: ["ftd", "fmc", "firepower", "cisco-secure-firewall"],
  interceptors: [],
  format: "list",
  status: "unverified",
  where:
    "Policies > Decryption > the policy > a rule with the action Do not decrypt above those that decrypt: names as its DN condition (CN=name), addresses as destination networks; save and deploy",
  text: [{ host: "CN=%name%", domain: "CN=%name%\nCN=*.%name%", ipv4: "%address%", ipv6: "%address%" }],
  pitfalls: [
    "A DN condition is about the certificate: what a server without a readable one is called cannot be told (TLS 1.3, pseudo-TLS).",
  ],
  source:
    "docs.defenseorchestrator.com/cdfmc/c_ssl_rule_do_not_decrypt_action.html (the action); the rest is from memory",
  checked: "2026-11",
};
