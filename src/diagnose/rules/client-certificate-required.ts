/** The server asked for a client certificate, got none, and ended the handshake for it. */
import type { Finding } from "../finding.ts";
import { answer, type Rule } from "../rule.ts";
import { describe } from "../words.ts";

/** handshake_failure, bad_certificate, certificate_unknown, certificate_required. */
const REFUSALS: ReadonlySet<number> = new Set([40, 42, 46, 116]);

export const clientCertificateRequired: Rule = {
  id: "client-certificate-required",
  title: "a server that demands a client certificate",
  references: ["https://www.rfc-editor.org/rfc/rfc5246#section-7.4.6"],
  check(context) {
    const judged = context.tls().filter(({ tls }) => tls.certificateRequested);
    const findings = judged.flatMap((connection): Finding[] => {
      const { tls } = connection;
      const alert = tls.alerts.find(({ from, code }) => from === "server" && REFUSALS.has(code));
      if (tls.clientCertificates !== 0 || alert === undefined) return [];
      const request = connection.handshake.find(({ message }) => message === "CertificateRequest");
      const asked = request === undefined ? "" : ` (frame ${request.frame})`;
      return [
        {
          confidence: "proven",
          cause: "client-certificate-required",
          connections: [connection],
          what: `${describe(connection)} asked for a client certificate${asked}, got none, and ended the handshake with ${alert.description} (frame ${alert.frame}).`,
          why: "The server only talks to clients that present a certificate of theirs. A TLS proxy could not present one either.",
          fix: "Install the client certificate this server expects; if a proxy inspects this connection, exempt it.",
          evidence: [
            {
              file: connection.file,
              frame: alert.frame,
              path: "tls.alert.description",
              value: alert.description,
              expected: "ChangeCipherSpec",
            },
          ],
        },
      ];
    });
    return answer(findings, judged.length);
  },
};
