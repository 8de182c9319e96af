/**
 * A handshake that one side ended with a fatal alert. `protocol_version` is a cause of its own. Alerts about the certificate
 * belong to `refused-certificate`, answers to a pseudo-TLS hello to `undocumented-pseudo-tls-answer`.
 */
import type { Alert } from "../../observe/observations.ts";
import { clientClosedFirst, type TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { hidesCertificate, KEY_LOG } from "../lacks.ts";
import { answer, type Rule } from "../rule.ts";
import { describe } from "../words.ts";
import { refusesCertificate } from "./refused-certificate.ts";

const PROTOCOL_VERSION = 70;
const INSUFFICIENT_SECURITY = 71;
const CLOSE_NOTIFY = 0;
const USER_CANCELED = 90;

export const tlsAlert: Rule = {
  id: "tls-alert",
  title: "a handshake ended by an alert",
  references: ["https://www.rfc-editor.org/rfc/rfc8446#section-6"],
  doc: {
    about:
      "Looks for handshakes that one side ends with a fatal alert, and tells apart that there is no version in common. A client's refusal of a certificate that can be seen is refused-certificate's.",
    finds: { proven: "always: the alert is in the capture; it does not show who sent it in that side's name" },
    causes: ["tls-version-mismatch", "tls-alert"],
    innocent: [],
    advice:
      "Look at the log of the side that sent the alert, at this moment; compare the ClientHello with one that works.",
  },
  check(context) {
    const judged = context.tls().filter(({ pseudoTls }) => pseudoTls === undefined);
    const findings = judged.flatMap((connection): Finding[] => {
      const alert = connection.tls.alerts.find((found) => isFatal(found) && !isAfterwards(connection, found));
      if (alert === undefined || (refusesCertificate(alert) && context.leaf(connection) !== undefined)) return [];
      const { cause, why, fix, expected } = reason(connection, alert);
      return [
        {
          confidence: "proven",
          cause,
          connections: [connection],
          what: `The ${alert.from} ended the handshake with ${describe(connection)} by the alert ${alert.description} (frame ${alert.frame}).`,
          why,
          fix,
          evidence: [
            {
              file: connection.file,
              frame: alert.frame,
              path: "tls.alert.description",
              value: `${alert.level} ${alert.description} (${alert.code})`,
              ...(expected === undefined ? {} : { expected }),
            },
          ],
        },
      ];
    });
    return answer(findings, judged.length);
  },
};

/** Warnings do not end a handshake; an alert of a level that does not exist counts as one that does. */
function isFatal(alert: Alert): boolean {
  return alert.code !== CLOSE_NOTIFY && alert.code !== USER_CANCELED && alert.level !== "warning";
}

/** A server that says what it missed after the client has closed did not end the handshake by saying so. */
function isAfterwards(connection: TlsConnection, alert: Alert): boolean {
  const closed = clientClosedFirst(connection);
  return alert.from === "server" && closed !== undefined && closed < alert.frame;
}

function reason({ tls }: TlsConnection, alert: Alert) {
  if (alert.code === PROTOCOL_VERSION) {
    const offered = tls.clientHello?.version.toString(16).padStart(4, "0");
    return {
      cause: "tls-version-mismatch" as const,
      why: "Client and server have no TLS version in common.",
      fix: "Allow a common TLS version on the client (or on the server).",
      expected: offered === undefined ? undefined : `a version that both allow; the ClientHello says 0x${offered}`,
    };
  }
  if (refusesCertificate(alert)) {
    const hidden = hidesCertificate(tls) === KEY_LOG;
    return {
      cause: "tls-alert" as const,
      why: `The client refused the certificate that it was shown${hidden ? ", which TLS 1.3 encrypts: neither its issuer nor its names can be seen here" : "; the capture does not show it"}. It may be the server's own or another's.`,
      fix: hidden
        ? "Let the client write a key log while you capture (SSLKEYLOGFILE) and pass it with --keylog: it shows the certificate. Or look at the client's log at this moment."
        : "Capture the whole handshake, so that the certificate can be seen; look at the client's log at this moment.",
      expected: undefined,
    };
  }
  return {
    cause: "tls-alert" as const,
    why:
      alert.code === INSUFFICIENT_SECURITY
        ? "The server demands stronger ciphers than the client offers."
        : `The ${alert.from} could not go on: the alert says why. The alert alone does not show who sent it.`,
    fix: `Look at the ${alert.from}'s log at this moment; compare the ClientHello with one that works.`,
    expected: undefined,
  };
}
