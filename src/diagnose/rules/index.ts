/** The rules, in the order in which they run: a rule that needs a second sign stands after those that give it. */
import type { Rule } from "../rule.ts";
import { blockPage } from "./block-page.ts";
import { captivePortal } from "./captive-portal.ts";
import { captureIncomplete } from "./capture-incomplete.ts";
import { certificateDates } from "./certificate-dates.ts";
import { certificateInPseudoTls } from "./certificate-in-pseudo-tls.ts";
import { clientCertificateRequired } from "./client-certificate-required.ts";
import { contradictedCertificate } from "./contradicted-certificate.ts";
import { contradictsBaseline } from "./contradicts-baseline.ts";
import { declaredInspectionCa } from "./declared-inspection-ca.ts";
import { forgedLeafStructure } from "./forged-leaf-structure.ts";
import { imitatedAuthority } from "./imitated-authority.ts";
import { knownInterceptorIssuer } from "./known-interceptor-issuer.ts";
import { leafWithIssuerKey } from "./leaf-with-issuer-key.ts";
import { localAgent } from "./local-agent.ts";
import { mintedOnDemand } from "./minted-on-demand.ts";
import { nameMismatch } from "./name-mismatch.ts";
import { nearTcpFarTls } from "./near-tcp-far-tls.ts";
import { packetLoss } from "./packet-loss.ts";
import { pathMtuBlackHole } from "./path-mtu-black-hole.ts";
import { portBlocked } from "./port-blocked.ts";
import { portRefused } from "./port-refused.ts";
import { portalRedirect } from "./portal-redirect.ts";
import { proxyRefused } from "./proxy-refused.ts";
import { publicServiceOnPrivateRoot } from "./public-service-on-private-root.ts";
import { refusedCertificate } from "./refused-certificate.ts";
import { resetOnHello } from "./reset-on-hello.ts";
import { resumedInterception } from "./resumed-interception.ts";
import { separateServerHello } from "./separate-server-hello.ts";
import { sharedForger } from "./shared-forger.ts";
import { sharedLeaf } from "./shared-leaf.ts";
import { sharedLeafKey } from "./shared-leaf-key.ts";
import { tlsAlert } from "./tls-alert.ts";
import { turnRefused } from "./turn-refused.ts";
import { twoSidedHello } from "./two-sided-hello.ts";
import { unanswered } from "./unanswered.ts";
import { undocumentedPseudoTlsAnswer } from "./undocumented-pseudo-tls-answer.ts";
import { uniformSynAck } from "./uniform-syn-ack.ts";
import { uniformTlsServer } from "./uniform-tls-server.ts";

export const RULES: readonly Rule[] = [
  declaredInspectionCa,
  twoSidedHello,
  certificateInPseudoTls,
  leafWithIssuerKey,
  imitatedAuthority,
  knownInterceptorIssuer,
  sharedForger,
  sharedLeafKey,
  sharedLeaf,
  publicServiceOnPrivateRoot,
  mintedOnDemand,
  forgedLeafStructure,
  contradictedCertificate,
  localAgent,
  contradictsBaseline,
  resumedInterception,
  undocumentedPseudoTlsAnswer,
  nearTcpFarTls,
  uniformSynAck,
  uniformTlsServer,
  separateServerHello,
  blockPage,
  captivePortal,
  portalRedirect,
  proxyRefused,
  portBlocked,
  portRefused,
  resetOnHello,
  pathMtuBlackHole,
  clientCertificateRequired,
  tlsAlert,
  certificateDates,
  nameMismatch,
  refusedCertificate,
  unanswered,
  turnRefused,
  packetLoss,
  captureIncomplete,
];
