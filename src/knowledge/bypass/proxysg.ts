/** Symantec ProxySG / Edge SWG: the SSL Intercept layer. Data only; `src/report/bypass.ts` writes the text. */
import type { BypassDialect } from "./dialect.ts";

export const proxysg: BypassDialect = {
  id: "proxysg",
  name: "Symantec ProxySG / Edge SWG",
  alsoCalled: ["bluecoat", "blue-coat", "broadcom-proxysg", "edge-swg"],
  interceptors: ["symantec-blue-coat-proxysg"],
  format: "list",
  status: "unverified",
  where:
    "Visual Policy Manager > SSL Intercept Layer > a rule above those that intercept > Destination: host name of the server's certificate, or IP address > Action: Disable SSL Intercept; install the policy",
  text: [{ host: "%name%", domain: "%name%\n.%name%", ipv4: "%prefix%", ipv6: "%prefix%" }],
  pitfalls: [
    "As CPL it is a line with ssl.forward_proxy(no) in an <SSL-Intercept> layer: the first line that matches decides within a layer, a later layer overrides it.",
    "Which condition names the server there (server.certificate.hostname.exact=, url.address=) is from memory.",
  ],
  source:
    "knowledge.broadcom.com/external/article/165956 (hostname tests); <SSL-Intercept> actions as the VPM writes them",
  checked: "2026-11",
};
