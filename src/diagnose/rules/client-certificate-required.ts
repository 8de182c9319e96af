/** The server asked for a client certificate, got none, and ended the handshake for it. */
import { serverClose, type TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { answer, type Rule } from "../rule.ts";
import { describe } from "../words.ts";

/** handshake_failure, bad_certificate, certificate_unknown, certificate_required. */
const REFUSALS: ReadonlySet<number> = new Set([40, 42, 46, 116]);

export const clientCertificateRequired: Rule = {
  id: "client-certificate-required",
  title: "a server that demands a client certificate",
  references: ["https://www.rfc-editor.org/rfc/rfc5246#section-7.4.6"],
  doc: {
    about:
      "Looks for handshakes that the server ends after it asked for a client certificate and got none. A TLS proxy in between could not present one either.",
    finds: {
      proven: "the server says so by an alert",
      likely: "it closes right after the client has said that it has none",
    },
    causes: ["client-certificate-required"],
    innocent: ["a server that ends connections at that very moment for a reason of its own (where it sends no alert)"],
    advice: "Install the client certificate that the server expects. If a proxy inspects the connection, exempt it.",
  },
  check(context) {
    const judged = context.tls().filter(({ tls }) => tls.certificateRequested);
    const findings = judged.flatMap((connection): Finding[] => {
      const ended = connection.tls.clientCertificates === 0 ? ending(connection) : undefined;
      if (ended === undefined) return [];
      const { frame, how, path, isAlert } = ended;
      const request = connection.handshake.find(({ message }) => message === "CertificateRequest");
      const asked = request === undefined ? "" : ` (frame ${request.frame})`;
      return [
        {
          confidence: isAlert ? "proven" : "likely",
          cause: "client-certificate-required",
          connections: [connection],
          what: `${describe(connection)} asked for a client certificate${asked}, got none, and ended the handshake with ${how} (frame ${frame}).`,
          why: `The server only talks to clients that present a certificate of theirs${isAlert ? "" : "; it ended the handshake right after the client had said that it has none"}. A TLS proxy could not present one either.`,
          fix: "Install the client certificate this server expects; if a proxy inspects this connection, exempt it.",
          evidence: [{ file: connection.file, frame, path, value: how, expected: "ChangeCipherSpec" }],
        },
      ];
    });
    return answer(findings, judged.length);
  },
};

interface Ending {
  readonly frame: number;
  readonly how: string;
  readonly path: string;
  readonly isAlert: boolean;
}

/** How the server ended the handshake after the client's empty Certificate; undefined when it went on, or for another reason. */
function ending(connection: TlsConnection): Ending | undefined {
  const { tls, tcp } = connection;
  const alert = tls.alerts.find(({ from, code }) => from === "server" && REFUSALS.has(code));
  if (alert !== undefined) {
    return { frame: alert.frame, how: alert.description, path: "tls.alert.description", isAlert: true };
  }
  const closed = serverClose(connection);
  // An alert may be in what is missing; one that was seen says another reason.
  if (closed === undefined || tls.alerts.length > 0 || (tcp?.server.missing ?? 0) + (tcp?.server.lost ?? 0) > 0)
    return undefined;
  if (wentOn(connection)) return undefined;
  const isReset = closed === tcp?.reset?.frame;
  return {
    frame: closed,
    how: isReset ? "a reset" : "a FIN",
    path: isReset ? "tcp.flags.reset" : "tcp.flags.fin",
    isAlert: false,
  };
}

/** The server accepted that there is none: its ChangeCipherSpec follows, in TLS 1.3 a ticket or data. */
function wentOn({ tls, handshake }: TlsConnection): boolean {
  if (tls.applicationData.server || handshake.some(({ message }) => message === "NewSessionTicket")) return true;
  return !tls.decrypted && (tls.changeCipherSpec.server !== undefined || tls.encrypted.server !== undefined);
}
