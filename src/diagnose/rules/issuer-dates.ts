/**
 * An authority's certificate outside its validity on the only way to a root: mostly an intermediate certificate that the server still
 * sends. Clients that know a newer one of the same authority accept the chain all the same, so it takes a refusal to be the cause. Part of `certificate-dates`.
 */
import type { Context, TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { called, describe, moment } from "../words.ts";
import { refusalIn } from "./refused-certificate.ts";

/** Of a connection with a good chain. */
export function outdatedIssuer(context: Context, connection: TlsConnection): Finding[] {
  const { outdated } = connection.tls.trust ?? {};
  const leaf = context.leaf(connection);
  const now = connection.from.seconds;
  // Where the leaf is out of its time as well, `certificate-dates` says so: one clock is wrong, or both are old.
  if (outdated === undefined || leaf === undefined || now < leaf.notBefore || now > leaf.notAfter) return [];
  const expired = now > outdated.notAfter;
  const limit = moment(expired ? outdated.notAfter : outdated.notBefore);
  const refusal = refusalIn(context, connection);
  const refused =
    refusal === undefined
      ? ""
      : `; the client refused it${refusal.alert === undefined ? "" : ` with ${refusal.alert.description}`} (frame ${refusal.frame})`;
  const presented = connection.tls.certificates.findIndex(({ sha256 }) => context.certificate(sha256) === outdated);
  const { file, frames, tls } = connection;
  return [
    {
      confidence: refusal === undefined ? "possible" : "proven",
      cause: expired ? "certificate-expired" : "certificate-not-yet-valid",
      connections: [connection],
      what: `The certificate of the authority ${called(outdated.subject)}, by which that of ${describe(connection)} reaches a root, ${expired ? "expired on" : "is valid only from"} ${limit}; the capture is of ${moment(now)}${refused}.`,
      why: `The signatures are genuine, so nothing was forged; but no other way to a root is known here.${refusal === undefined ? " This client did not refuse it; one that knows no newer certificate of the authority does." : ""}`,
      fix: `The server's operator must install the authority's present intermediate certificate beside the server's own${expired ? " (if the clock of the capturing machine is right)" : ", or a clock is wrong: check those of the capturing machine and of the client"}.`,
      evidence: [
        {
          file,
          frame: tls.certificates[Math.max(0, presented)]?.frame ?? frames.first,
          path: `tls.certificate[${presented < 0 ? "issuer" : presented}].validity.${expired ? "notAfter" : "notBefore"}`,
          value: limit,
          expected: `${expired ? "after" : "before"} ${moment(now)}`,
        },
      ],
    },
  ];
}
