/**
 * The client refused the server's certificate: its alert says so, and the chain shows why: self-signed, under a private CA
 * that the client does not know, or good and refused nevertheless. Not interception by itself: an organisation's own server
 * looks the same, so the rules that show interception come first in the order of causes.
 */
import type { Alert } from "../../observe/observations.ts";
import { speaksFor } from "../../protocol/x509/host-name.ts";
import type { Context, TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { nameOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import type { Cause } from "../vocabulary.ts";
import { called, describe } from "../words.ts";
import { certificateAnswer, chainIsGood } from "./support.ts";

/** bad_certificate, unsupported_certificate, certificate_revoked, certificate_expired, certificate_unknown, unknown_ca. */
const CERTIFICATE_ALERTS: ReadonlySet<number> = new Set([42, 43, 44, 45, 46, 48]);
/** Those of them by which clients say that they do not trust the issuer. */
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
    const findings = judged.flatMap((connection) => finding(context, connection));
    return certificateAnswer(context.tls(), findings, judged.length);
  },
};

function finding(context: Context, connection: TlsConnection): Finding[] {
  const alert = connection.tls.alerts.find(refusesCertificate);
  const leaf = context.leaf(connection);
  if (alert === undefined || leaf === undefined || isExplained(context, connection)) return [];
  const issuer = called(leaf.issuer);
  const { cause, who, why, fix } = reason(connection, alert);
  return [
    {
      confidence: "proven",
      cause,
      connections: [connection],
      what: `The client refused the certificate of ${describe(connection)} with ${alert.description} (frame ${alert.frame}); ${who ?? `it was issued by ${issuer}`}.`,
      why,
      fix,
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
}

/** Wrong dates and a wrong name on a good chain have rules and causes of their own. */
function isExplained(context: Context, connection: TlsConnection): boolean {
  const leaf = context.leaf(connection);
  if (leaf === undefined || !chainIsGood(connection)) return false;
  const name = nameOf(connection);
  const now = connection.from.seconds;
  return now < leaf.notBefore || now > leaf.notAfter || (name !== undefined && !speaksFor(leaf, name));
}

function reason(connection: TlsConnection, alert: Alert): { cause: Cause; who?: string; why: string; fix: string } {
  const trust = connection.tls.trust?.is;
  if (chainIsGood(connection)) {
    return {
      cause: "tls-alert",
      why: "The certificate is good: its chain, its name and its dates. The client decided by something else: its own list of authorities, a pinned certificate, revocation, its clock.",
      fix: "Look at the client's log at this moment, at its root certificates and at its clock.",
    };
  }
  const isPrivate = trust === "private-root" || trust === "self-signed" || trust === "incomplete";
  if (!isPrivate || !TRUST_ALERTS.has(alert.code)) {
    const because = !TRUST_ALERTS.has(alert.code)
      ? "The client gives another reason than an unknown issuer."
      : trust === "invalid-signature"
        ? "Its signature is not that of the issuer it names."
        : "The chain could not be checked here.";
    return {
      cause: "tls-alert",
      why: `${because} Nothing in this capture shows whether the certificate is the server's own.`,
      fix: "Look at the client's log at this moment; compare with the certificate that the server presents elsewhere.",
    };
  }
  return {
    cause: trust === "self-signed" ? "self-signed" : "private-ca",
    ...(trust === "self-signed" ? { who: "it is self-signed" } : {}),
    why: "The client does not know this issuer. Nothing in this capture shows whether the certificate is the server's own or another's.",
    fix: "If this is the server's own certificate, install its root on the client and declare it here with --private-ca; if not, compare with what the server presents elsewhere.",
  };
}
