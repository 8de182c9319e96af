/**
 * Untangle NG Firewall / Arista Edge Threat Management (Arista): what it writes into the certificates and messages it forges.
 * Data only; `matchIssuer` in src/diagnose/issuer.ts reads it. Says nothing of whether a chain is trusted.
 */
import type { InterceptorProduct } from "./product.ts";

export const untangleNgFirewallAristaEdgeThreatManagement: InterceptorProduct = {
  id: "untangle-ng-firewall-arista-edge-threat-management",
  name: "Untangle NG Firewall / Arista Edge Threat Management",
  vendor: "Arista",
  kind: "ngfw",
  issuerPatterns: [
    {
      field: "CN",
      pattern: /^(?:www\.)?edge\.arista\.com$/,
      confidence: "source-code-or-certificate",
      source: "untangle/ngfw_src@86b5ce9 uvm/hier/usr/share/untangle/bin/ut-rootgen, ut-certgen, conf/ut-openssl.cnf",
    },
    {
      field: "O",
      pattern: /^Arista$/,
      needs: { field: "OU", pattern: /^Security$/ },
      confidence: "source-code-or-certificate",
      source:
        "untangle/ngfw_src@86b5ce9 uvm/hier/usr/share/untangle/bin/ut-rootgen, ut-certgen, conf/ut-openssl.cnf (with OU=Security)",
    },
    {
      field: "CN",
      pattern: /^www\.untangle\.com$/,
      confidence: "source-code-or-certificate",
      source:
        "untangle/ngfw_src@86b5ce9 uvm/hier/usr/share/untangle/bin/ut-rootgen, ut-certgen, conf/ut-openssl.cnf git history",
    },
    {
      field: "O",
      pattern: /^Untangle$/,
      confidence: "source-code-or-certificate",
      source:
        "untangle/ngfw_src@86b5ce9 uvm/hier/usr/share/untangle/bin/ut-rootgen, ut-certgen, conf/ut-openssl.cnf git history",
    },
  ],
  notes:
    'Every forged leaf carries nsComment "Untangle Certificate Authority", EKU emailProtection, KU nonRepudiation+keyAgreement, AKI with issuer+serial, notBefore = now-1 day, 820 days; serials count up from <epoch>000000 read as hex.',
};
