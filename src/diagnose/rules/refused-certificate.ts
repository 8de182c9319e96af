/**
 * The client refused the server's certificate: its alert says so, or it closed at that point; and the chain shows why: self-signed, under a private CA
 * that the client does not know, or good and refused nevertheless. Not interception by itself: an organisation's own server
 * looks the same, so the rules that show interception come first in the order of causes.
 */
import type { Alert, HandshakeMessage } from "../../observe/observations.ts";
import { assertsPublicPolicy, type DistinguishedName } from "../../protocol/x509/certificate.ts";
import { speaksFor } from "../../protocol/x509/host-name.ts";
import { type Context, clientClosedFirst, type TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { nameOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import type { Cause } from "../vocabulary.ts";
import { called, describe, endpoint, holder, short } from "../words.ts";
import { certificateAnswer, chainIsGood, isInBaseline, mayBePublic } from "./support.ts";

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
  doc: {
    about:
      "Looks for clients that refuse the certificate they are shown, by an alert or by closing at that point, and says what the chain shows: self-signed, under a private authority, without its intermediate certificate, or good and refused nevertheless. Not interception by itself: an organisation's own server looks the same to a client that does not know its CA.",
    finds: {
      proven: "the client says so by an alert",
      likely: "it closes, without a word, when it has seen a certificate that it cannot trust",
    },
    causes: ["tls-alert", "self-signed", "private-ca"],
    innocent: [
      "the server's own private CA, which this client does not know",
      "a program that only looks at certificates, such as monitoring",
    ],
    advice:
      "If it is the server's own certificate, install its root on the client and declare it with --private-ca. If not, compare with what the server presents elsewhere.",
  },
  check(context) {
    const judged = context.tls().filter((connection) => context.leaf(connection) !== undefined);
    const findings = judged.flatMap((connection) => finding(context, connection));
    return certificateAnswer(context.tls(), findings, judged.length);
  },
};

function finding(context: Context, connection: TlsConnection): Finding[] {
  const refusal = refusalIn(context, connection);
  const leaf = context.leaf(connection);
  if (refusal === undefined || leaf === undefined || isExplained(context, connection)) return [];
  const issuer = called(leaf.issuer);
  const { alert, frame, path } = refusal;
  const { cause, who = `it was issued by ${issuer}`, why, fix } = reason(context, connection, alert);
  const target = describe(connection);
  return [
    {
      // Who looks at certificates only, as monitoring does, leaves at this point as well.
      confidence: alert === undefined ? "likely" : "proven",
      cause,
      connections: [connection],
      what:
        alert === undefined
          ? `The client closed the connection to ${target} when it had seen the certificate, without an alert (frame ${frame}); ${who}.`
          : `The client refused the certificate of ${target} with ${alert.description} (frame ${frame}); ${who}.`,
      why,
      fix,
      evidence: [
        {
          file: connection.file,
          frame,
          path,
          value: alert?.description ?? "closed by the client",
          ...(alert === undefined && { expected: "ClientKeyExchange" }),
        },
        {
          file: connection.file,
          frame: connection.tls.certificates[0]?.frame ?? frame,
          path: "tls.certificate[0].issuer",
          value: leaf.issuer.text,
        },
      ],
    },
  ];
}

interface Refusal {
  /** Absent: the client closed without a word. */
  readonly alert?: Alert;
  readonly frame: number;
  readonly path: string;
}

/**
 * By an alert about certificates; or the client had the server's whole flight, with a certificate that does not show by itself that it is
 * good, and closed instead of going on.
 */
export function refusalIn(context: Context, connection: TlsConnection): Refusal | undefined {
  const { tls, tcp, handshake } = connection;
  const alert = tls.alerts.find(refusesCertificate);
  if (alert !== undefined) return { alert, frame: alert.frame, path: "tls.alert.description" };
  const frame = clientClosedFirst(connection);
  if (frame === undefined || tcp === undefined || tls.alerts.some(({ from }) => from === "client")) return undefined;
  // Where the server only forgets an intermediate certificate, nothing shows that the client left for that.
  if (
    !isUntrusted(connection) ||
    mayBePublic(context, connection) ||
    tcp.server.missing + tcp.server.lost > 0 ||
    tcp.client.missing > 0
  )
    return undefined;
  const last = handshake.findLast(({ from }) => from === "server");
  const isWhole = last?.message === (tls.decrypted ? "Finished" : "ServerHelloDone") && last.frame < frame;
  const wentOn = tls.encrypted.client !== undefined || handshake.some(isClientsSecond);
  if (!isWhole || wentOn) return undefined;
  return { frame, path: frame === tcp.reset?.frame ? "tcp.flags.reset" : "tcp.flags.fin" };
}

/** Anything but the hello that the handshake began with, or a second one that the server had asked for. */
function isClientsSecond({ from, message }: HandshakeMessage): boolean {
  return from === "client" && message !== "ClientHello";
}

/**
 * The leaf's issuer, when the server should have sent its certificate and has not: the chain is good with it (it was seen on another
 * connection), or the leaf looks public. Further up it may be a root, which is not sent.
 */
function unsentIssuer(context: Context, connection: TlsConnection): DistinguishedName | undefined {
  const [leaf, ...others] = context.chain(connection);
  const trust = connection.tls.trust;
  if (leaf === undefined || others.some(({ subject }) => subject.text === leaf.issuer.text)) return undefined;
  if (chainIsGood(connection)) return leaf.issuer.text === trust?.anchor ? undefined : leaf.issuer;
  const looksPublic = leaf.embeddedScts > 0 || assertsPublicPolicy(leaf);
  return trust?.is === "incomplete" && looksPublic ? leaf.issuer : undefined;
}

function isUntrusted(connection: TlsConnection): boolean {
  const { trust } = connection.tls;
  if (trust === undefined || (trust.declared !== undefined && !isInBaseline(connection))) return false;
  return trust.is === "private-root" || trust.is === "self-signed" || trust.is === "incomplete";
}

/** Wrong dates, also of an authority's certificate, and a wrong name on a good chain have rules and causes of their own. */
function isExplained(context: Context, connection: TlsConnection): boolean {
  const leaf = context.leaf(connection);
  if (leaf === undefined || !chainIsGood(connection)) return false;
  const name = nameOf(connection);
  if (connection.tls.trust?.outdated !== undefined) return true;
  return context.outOfDate(connection) !== undefined || (name !== undefined && !speaksFor(leaf, name));
}

function reason(
  context: Context,
  connection: TlsConnection,
  alert?: Alert,
): { cause: Cause; who?: string; why: string; fix: string } {
  const trust = connection.tls.trust?.is;
  const unsent = alert !== undefined && TRUST_ALERTS.has(alert.code) ? unsentIssuer(context, connection) : undefined;
  if (unsent !== undefined) {
    const authority = called(unsent);
    return {
      cause: "tls-alert",
      why: `The server does not send the certificate of ${authority}, and a client that does not have it from elsewhere finds no way to a root. ${chainIsGood(connection) ? "With it the chain is good." : "What the server's certificate carries is what public authorities put into theirs; whether its signature is theirs cannot be checked without that certificate."}`,
      fix: `The server's operator must install the intermediate certificate of ${authority} beside the server's own; compare with a connection from another network. Nothing is to be installed on the client.`,
    };
  }
  if (chainIsGood(connection)) {
    return {
      cause: "tls-alert",
      why: `The certificate is good: its chain, its name${connection.untimed === true ? " (whether its dates were, packets without a time do not tell)" : " and its dates"}. The client decided by something else: its own list of authorities, a pinned certificate, revocation, its clock.`,
      fix: "Look at the client's log at this moment, at its root certificates and at its clock.",
    };
  }
  const isAboutTrust = alert === undefined || TRUST_ALERTS.has(alert.code);
  if (!isUntrusted(connection) || !isAboutTrust) {
    const because = !isAboutTrust
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
  if (isInBaseline(connection)) {
    return {
      cause: trust === "self-signed" ? "self-signed" : "private-ca",
      ...(trust === "self-signed" ? { who: "it is self-signed" } : {}),
      why: "The client does not know this issuer. By the baseline the certificate is the server's own.",
      fix: "Install the server's root on the client.",
    };
  }
  const leaf = context.leaf(connection);
  const name = nameOf(connection);
  const isForOther = leaf !== undefined && name !== undefined && !speaksFor(leaf, name);
  return {
    cause: trust === "self-signed" ? "self-signed" : "private-ca",
    ...(trust === "self-signed" ? { who: "it is self-signed" } : {}),
    why: `${alert === undefined ? "A client that does not know an issuer closes at this point; one that only looks at certificates does so too." : "The client does not know this issuer."} Nothing in this capture shows whether the certificate is the server's own or another's.`,
    fix: isForOther
      ? `Install nothing: the certificate is not even for ${short(name)}, but for ${holder(leaf)}. Find out what answers on ${endpoint(connection.server)}: a portal, a proxy, a device with its default certificate.`
      : "If this is the server's own certificate, install its root on the client and declare it here with --private-ca; if not, compare with what the server presents elsewhere.",
  };
}
