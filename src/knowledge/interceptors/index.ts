/**
 * The interception products Sightline can name. One file per product; this file is only the list.
 * To add a product, write its file and add its import and its line here.
 * `biome` sorts the imports; the array keeps the order by kind: gateways, firewalls, antivirus, and so on.
 */

import { adguard } from "./adguard.ts";
import { anyproxy } from "./anyproxy.ts";
import { aruba } from "./aruba.ts";
import { avast } from "./avast.ts";
import { avg } from "./avg.ts";
import { badsslComMitmTest } from "./badssl-com-mitm-test.ts";
import { barracudaWebSecurityGateway } from "./barracuda-web-security-gateway.ts";
import { bettercapHttpsProxy } from "./bettercap-https-proxy.ts";
import { bitdefender } from "./bitdefender.ts";
import { browsermobLittleproxyMitm } from "./browsermob-littleproxy-mitm.ts";
import { bullguard } from "./bullguard.ts";
import { burpSuite } from "./burp-suite.ts";
import { catoSase } from "./cato-sase.ts";
import { charles } from "./charles.ts";
import { checkPointHttpsInspection } from "./check-point-https-inspection.ts";
import { ciscoSecureWebAppliance } from "./cisco-secure-web-appliance.ts";
import { ciscoUmbrellaSigSecureAccess } from "./cisco-umbrella-sig-secure-access.ts";
import { citrixAdcGateway } from "./citrix-adc-gateway.ts";
import { cloudflareGateway } from "./cloudflare-gateway.ts";
import { contentkeeper } from "./contentkeeper.ts";
import { cyberoam } from "./cyberoam.ts";
import { cybersitter } from "./cybersitter.ts";
import { dellDsdtestprovider } from "./dell-dsdtestprovider.ts";
import { dellEdellroot } from "./dell-edellroot.ts";
import { drWeb } from "./dr-web.ts";
import { e2guardianMitm } from "./e2guardian-mitm.ts";
import { easytech } from "./easytech.ts";
import { edgewaveStBernard } from "./edgewave-st-bernard.ts";
import { eset } from "./eset.ts";
import { fiddlerClassic } from "./fiddler-classic.ts";
import { forcepointContentGateway } from "./forcepoint-content-gateway.ts";
import { forcepointWebSecurityCloud } from "./forcepoint-web-security-cloud.ts";
import { fortinetFortigate } from "./fortinet-fortigate.ts";
import { gData } from "./g-data.ts";
import { gomitmproxy } from "./gomitmproxy.ts";
import { goproxy } from "./goproxy.ts";
import { hetty } from "./hetty.ts";
import { httpToolkit } from "./http-toolkit.ts";
import { ibossCloud } from "./iboss-cloud.ts";
import { juniperSrxSslForwardProxy } from "./juniper-srx-ssl-forward-proxy.ts";
import { kaspersky } from "./kaspersky.ts";
import { kazakhstan2019 } from "./kazakhstan-2019.ts";
import { kazakhstan20202024 } from "./kazakhstan-2020-2024.ts";
import { keepmyfamilysecure } from "./keepmyfamilysecure.ts";
import { kerioControlWinroute } from "./kerio-control-winroute.ts";
import { kindergate } from "./kindergate.ts";
import { komodiaSdk } from "./komodia-sdk.ts";
import { kurupiraWebFilter } from "./kurupira-web-filter.ts";
import { mcafeeSkyhighWebGateway } from "./mcafee-skyhigh-web-gateway.ts";
import { menloSecurityIsolation } from "./menlo-security-isolation.ts";
import { microsoftDevProxy } from "./microsoft-dev-proxy.ts";
import { microsoftForefrontTmg } from "./microsoft-forefront-tmg.ts";
import { mitelClientRoots } from "./mitel-client-roots.ts";
import { mitmproxy } from "./mitmproxy.ts";
import { mockttp } from "./mockttp.ts";
import { netNanny } from "./net-nanny.ts";
import { netfree } from "./netfree.ts";
import { netskope } from "./netskope.ts";
import { netspark } from "./netspark.ts";
import { norton360 } from "./norton-360.ts";
import { owaspZap } from "./owasp-zap.ts";
import { paloAltoNetworksNgfwPrismaAccess } from "./palo-alto-networks-ngfw-prisma-access.ts";
import { pcPandora } from "./pc-pandora.ts";
import { pfsenseOpnsenseSquid } from "./pfsense-opnsense-squid.ts";
import { privdog } from "./privdog.ts";
import { privoxyHttpsInspection } from "./privoxy-https-inspection.ts";
import type { InterceptorProduct } from "./product.ts";
import { proxify } from "./proxify.ts";
import { proxyman } from "./proxyman.ts";
import { proxypin } from "./proxypin.ts";
import { qustodio } from "./qustodio.ts";
import { reqable } from "./reqable.ts";
import { securly } from "./securly.ts";
import { sendori } from "./sendori.ts";
import { sennheiserHeadsetupRoot } from "./sennheiser-headsetup-root.ts";
import { smoothwallFilter } from "./smoothwall-filter.ts";
import { sonicwallDpiSsl } from "./sonicwall-dpi-ssl.ts";
import { sophosFirewall } from "./sophos-firewall.ts";
import { sophosUtm } from "./sophos-utm.ts";
import { sophosWebAppliance } from "./sophos-web-appliance.ts";
import { squid } from "./squid.ts";
import { sslsplitSslproxy } from "./sslsplit-sslproxy.ts";
import { staffcop } from "./staffcop.ts";
import { stormshieldNetasq } from "./stormshield-netasq.ts";
import { superfishVisualdiscovery } from "./superfish-visualdiscovery.ts";
import { symantecBlueCoatProxysg } from "./symantec-blue-coat-proxysg.ts";
import { symantecCloudSwg } from "./symantec-cloud-swg.ts";
import { titaniumWebProxy } from "./titanium-web-proxy.ts";
import { trendMicroIwssIwsva } from "./trend-micro-iwss-iwsva.ts";
import { untangleNgFirewallAristaEdgeThreatManagement } from "./untangle-ng-firewall-arista-edge-threat-management.ts";
import { usergate } from "./usergate.ts";
import { wajam } from "./wajam.ts";
import { watchguardFirewareHttpsProxy } from "./watchguard-fireware-https-proxy.ts";
import { wattToolkitSteamtools } from "./watt-toolkit-steamtools.ts";
import { webtitan } from "./webtitan.ts";
import { whistle } from "./whistle.ts";
import { zeroaccessRelatedMalware } from "./zeroaccess-related-malware.ts";
import { zscaler } from "./zscaler.ts";

/** Every known product, grouped by kind. */
export const INTERCEPTORS: readonly InterceptorProduct[] = [
  zscaler,
  netskope,
  ciscoUmbrellaSigSecureAccess,
  ciscoSecureWebAppliance,
  forcepointWebSecurityCloud,
  forcepointContentGateway,
  symantecBlueCoatProxysg,
  symantecCloudSwg,
  mcafeeSkyhighWebGateway,
  menloSecurityIsolation,
  ibossCloud,
  cloudflareGateway,
  catoSase,
  trendMicroIwssIwsva,
  sophosWebAppliance,
  contentkeeper,
  barracudaWebSecurityGateway,
  webtitan,
  edgewaveStBernard,
  citrixAdcGateway,
  smoothwallFilter,
  microsoftForefrontTmg,
  squid,
  privoxyHttpsInspection,
  e2guardianMitm,
  fortinetFortigate,
  sophosFirewall,
  sophosUtm,
  cyberoam,
  sonicwallDpiSsl,
  watchguardFirewareHttpsProxy,
  untangleNgFirewallAristaEdgeThreatManagement,
  paloAltoNetworksNgfwPrismaAccess,
  checkPointHttpsInspection,
  juniperSrxSslForwardProxy,
  stormshieldNetasq,
  kerioControlWinroute,
  usergate,
  aruba,
  pfsenseOpnsenseSquid,
  kaspersky,
  eset,
  avast,
  avg,
  norton360,
  bitdefender,
  bullguard,
  drWeb,
  gData,
  adguard,
  easytech,
  qustodio,
  keepmyfamilysecure,
  kurupiraWebFilter,
  netspark,
  netfree,
  netNanny,
  cybersitter,
  kindergate,
  pcPandora,
  securly,
  staffcop,
  superfishVisualdiscovery,
  privdog,
  dellEdellroot,
  dellDsdtestprovider,
  komodiaSdk,
  wajam,
  sendori,
  zeroaccessRelatedMalware,
  sennheiserHeadsetupRoot,
  mitelClientRoots,
  kazakhstan2019,
  kazakhstan20202024,
  mitmproxy,
  fiddlerClassic,
  charles,
  burpSuite,
  owaspZap,
  httpToolkit,
  mockttp,
  proxyman,
  reqable,
  proxypin,
  whistle,
  anyproxy,
  bettercapHttpsProxy,
  goproxy,
  titaniumWebProxy,
  microsoftDevProxy,
  wattToolkitSteamtools,
  browsermobLittleproxyMitm,
  hetty,
  proxify,
  gomitmproxy,
  sslsplitSslproxy,
  badsslComMitmTest,
];
