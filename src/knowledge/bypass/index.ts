/**
 * The bypass dialects Sightline writes. One file per dialect; this file is only the list.
 * To add a dialect, write its file, and add its import and its line here: vendors first, then open source, then what fits any.
 */
import { checkPoint } from "./check-point.ts";
import { ciscoFtd } from "./cisco-ftd.ts";
import { ciscoSwa } from "./cisco-swa.ts";
import { cloudSwg } from "./cloud-swg.ts";
import { cloudflare } from "./cloudflare.ts";
import { csv } from "./csv.ts";
import type { BypassDialect } from "./dialect.ts";
import { e2guardian } from "./e2guardian.ts";
import { forcepoint } from "./forcepoint.ts";
import { forcepointCloud } from "./forcepoint-cloud.ts";
import { fortigate } from "./fortigate.ts";
import { list } from "./list.ts";
import { mitmproxy } from "./mitmproxy.ts";
import { netskope } from "./netskope.ts";
import { pac } from "./pac.ts";
import { paloAlto } from "./palo-alto.ts";
import { privoxy } from "./privoxy.ts";
import { proxysg } from "./proxysg.ts";
import { skyhigh } from "./skyhigh.ts";
import { sophos } from "./sophos.ts";
import { sophosWebProxy } from "./sophos-web-proxy.ts";
import { squid } from "./squid.ts";
import { sslproxy } from "./sslproxy.ts";
import { umbrella } from "./umbrella.ts";
import { untangle } from "./untangle.ts";
import { zscaler } from "./zscaler.ts";

/** Where two serve one interception product, the usual one comes first. */
export const BYPASS_DIALECTS: readonly BypassDialect[] = [
  checkPoint,
  ciscoFtd,
  ciscoSwa,
  umbrella,
  cloudflare,
  forcepoint,
  forcepointCloud,
  fortigate,
  netskope,
  paloAlto,
  skyhigh,
  sophos,
  sophosWebProxy,
  cloudSwg,
  proxysg,
  untangle,
  zscaler,
  e2guardian,
  mitmproxy,
  privoxy,
  squid,
  sslproxy,
  pac,
  list,
  csv,
];
