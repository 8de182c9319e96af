/**
 * A handshake that one side ended with a fatal alert. `protocol_version`, and an insufficient overlap of versions, is a
 * cause of its own. Alerts about the certificate belong to the rules about certificates.
 */
import type { Alert } from "../../observe/observations.ts";
import { describe } from "../context.ts";
import { answer, type Finding, type Rule } from "../rule.ts";
import { refusesCertificate } from "./refused-certificate.ts";

const PROTOCOL_VERSION = 70;
const INSUFFICIENT_SECURITY = 71;
const CLOSE_NOTIFY = 0;
const USER_CANCELED = 90;

export const tlsAlert: Rule = {
  id: "tls-alert",
  title: "a handshake ended by an alert",
  references: ["https://www.rfc-editor.org/rfc/rfc8446#section-6"],
  check(context) {
    const judged = context.tls().filter(({ pseudoTls }) => pseudoTls === undefined);
    const findings = judged.flatMap((connection): Finding[] => {
      const alert = connection.tls.alerts.find(isFatal);
      if (alert === undefined || refusesCertificate(alert)) return [];
      const version = alert.code === PROTOCOL_VERSION;
      const offered = connection.tls.clientHello;
      return [
        {
          confidence: "proven",
          cause: version ? "tls-version-mismatch" : "tls-alert",
          connections: [connection],
          what: `The ${alert.from} ended the handshake with ${describe(connection)} by the alert ${alert.description} (frame ${alert.frame}).`,
          why: version
            ? "Client and server have no TLS version in common."
            : alert.code === INSUFFICIENT_SECURITY
              ? "The server demands stronger ciphers than the client offers."
              : `The ${alert.from} could not go on: the alert says why. No foreign certificate is involved.`,
          fix: version
            ? "Allow a common TLS version on the client (or on the server)."
            : `Look at the ${alert.from}'s log at this moment; compare the ClientHello with one that works.`,
          evidence: [
            {
              file: connection.file,
              frame: alert.frame,
              path: "tls.alert.description",
              value: `${alert.level} ${alert.description} (${alert.code})`,
              ...(offered === undefined || !version ? {} : { expected: `ServerHello for version 0x${offered.version.toString(16).padStart(4, "0")} or above` }),
            },
          ],
        },
      ];
    });
    return answer(findings, judged.length);
  },
};

/** SSL 3 and TLS 1.0 stacks send some fatal alerts at warning level; what ends a handshake is what counts. */
function isFatal(alert: Alert): boolean {
  return alert.code !== CLOSE_NOTIFY && alert.code !== USER_CANCELED && alert.level !== "warning";
}
