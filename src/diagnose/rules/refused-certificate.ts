/**
 * The client refused the server's certificate: its alert says so, and the chain shows why: self-signed, or under a private
 * CA that the client does not know. Not interception by itself: an organisation's own server looks the same, so the
 * rules that show interception come first in the order of causes.
 */
import type { Alert } from "../../observe/observations.ts";
import { describe } from "../context.ts";
import { answer, type Finding, type Rule } from "../rule.ts";

/** bad_certificate, unsupported_certificate, certificate_revoked, certificate_expired, certificate_unknown, unknown_ca. */
const CERTIFICATE_ALERTS: ReadonlySet<number> = new Set([42, 43, 44, 45, 46, 48]);
/** Alerts by which clients say that they do not trust the issuer. */
const TRUST_ALERTS: ReadonlySet<number> = new Set([42, 46, 48]);

/** Is this alert a client's refusal of the certificate it was shown? */
export function refusesCertificate(alert: Alert): boolean {
  return alert.from === "client" && CERTIFICATE_ALERTS.has(alert.code);
}

export const refusedCertificate: Rule = {
  id: "refused-certificate",
  title: "a certificate that the client does not trust",
  references: ["https://www.rfc-editor.org/rfc/rfc8446#section-6.2"],
  check(context) {
    const judged = context.tls().filter((connection) => context.leaf(connection) !== undefined);
    const findings = judged.flatMap((connection): Finding[] => {
      const trust = connection.tls.trust;
      const alert = connection.tls.alerts.find((a) => a.from === "client" && TRUST_ALERTS.has(a.code));
      const leaf = context.leaf(connection);
      if (alert === undefined || leaf === undefined || trust === undefined) return [];
      if (trust.is !== "private-root" && trust.is !== "self-signed" && trust.is !== "incomplete") return [];
      const selfSigned = trust.is === "self-signed";
      return [
        {
          confidence: "proven",
          cause: selfSigned ? "self-signed" : "private-ca",
          connections: [connection],
          what: `The client refused the certificate of ${describe(connection)} with ${alert.description} (frame ${alert.frame}); its issuer is ${selfSigned ? "itself" : leaf.issuer.text}.`,
          why: "The client does not know this issuer. Nothing in this capture shows whether the certificate is the server's own or another's.",
          fix: `If this is the server's own certificate, install its root on the client and declare it here with --private-ca; if not, compare with what the server presents elsewhere.`,
          evidence: [
            { file: connection.file, frame: alert.frame, path: "tls.alert.description", value: alert.description },
            {
              file: connection.file,
              frame: connection.tls.certificates[0]?.frame ?? alert.frame,
              path: "tls.certificate[0].issuer",
              value: leaf.issuer.text,
            },
          ],
        },
      ];
    });
    return answer(findings, judged.length);
  },
};
