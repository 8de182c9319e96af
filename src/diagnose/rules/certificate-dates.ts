/** A certificate outside its validity at the time of the capture, on a chain that is otherwise good. */
import type { Certificate } from "../../protocol/x509/certificate.ts";
import { speaksFor } from "../../protocol/x509/host-name.ts";
import type { Finding } from "../finding.ts";
import { TIME } from "../lacks.ts";
import { nameOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import { describe, holder, moment } from "../words.ts";
import { outdatedIssuer } from "./issuer-dates.ts";
import { certificateAnswer, chainIsGood } from "./support.ts";

export const certificateDates: Rule = {
  id: "certificate-dates",
  title: "an expired or not yet valid certificate",
  references: ["https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5"],
  doc: {
    about:
      "Compares the dates of a certificate, and of the authorities on its only way to a root, with the time of the capture. The chain is good otherwise, so nobody forged it: it is out of date, or too new.",
    finds: {
      proven: "the server's certificate is outside its dates, or an authority's is and the client refused it",
      possible: "an authority's certificate is outside its dates, and this client did not refuse it",
    },
    causes: ["certificate-expired", "certificate-not-yet-valid"],
    innocent: [
      "the clock of the capturing machine is wrong",
      "the client knows a newer certificate of the same authority",
    ],
    advice:
      "Check both clocks. Then the server's operator must renew the certificate, or install the authority's present one beside it.",
  },
  check(context) {
    const shown = context.tls().filter((c) => chainIsGood(c) && context.leaf(c) !== undefined);
    const judged = shown.filter(({ untimed }) => untimed !== true);
    if (judged.length === 0 && shown.length > 0) return { is: "not-observed", missing: TIME };
    const findings = judged.flatMap((connection): Finding[] => {
      const leaf = context.leaf(connection);
      if (leaf === undefined) return [];
      const now = connection.from.seconds;
      const side = context.outOfDate(connection);
      if (side === undefined) return [];
      const expired = side === "expired";
      const whose = owner(leaf, nameOf(connection));
      const limit = moment(expired ? leaf.notAfter : leaf.notBefore);
      return [
        {
          confidence: "proven",
          cause: expired ? "certificate-expired" : "certificate-not-yet-valid",
          connections: [connection],
          what: `The certificate of ${describe(connection)} ${expired ? "expired on" : "is valid only from"} ${limit}; the capture is of ${moment(now)}.`,
          ...(expired ? outOfDate(whose) : tooEarly(whose)),
          evidence: [
            {
              file: connection.file,
              frame: connection.tls.certificates[0]?.frame ?? connection.frames.first,
              path: `tls.certificate[0].validity.${expired ? "notAfter" : "notBefore"}`,
              value: limit,
              expected: `${expired ? "after" : "before"} ${moment(now)}`,
            },
          ],
        },
      ];
    });
    const issuers = judged.flatMap((connection) => outdatedIssuer(context, connection));
    return certificateAnswer(context.tls(), [...findings, ...issuers], judged.length);
  },
};

/** Whose certificate it is, and what to look at because of that. */
interface Owner {
  readonly whose: string;
  readonly first: string;
}

function owner(leaf: Certificate, name: string | undefined): Owner {
  if (name === undefined) return { whose: "It is genuine", first: "" };
  if (speaksFor(leaf, name)) return { whose: "It is the server's own", first: "" };
  return {
    whose: `It is genuine, but for ${holder(leaf)} and not for the name that was asked for`,
    first: `Check first whether this is the right server: the certificate is for ${holder(leaf)}. `,
  };
}

function outOfDate({ whose, first }: Owner): Pick<Finding, "why" | "fix"> {
  return {
    why: `${whose}, signed by an authority that counts, and out of date.`,
    fix: `${first}The server's operator must renew the certificate (if the clock of the capturing machine is right).`,
  };
}

function tooEarly({ whose, first }: Owner): Pick<Finding, "why" | "fix"> {
  return {
    why: `${whose}, and not valid yet at the time of the capture: a clock is wrong, or it was installed too early.`,
    fix: `${first}Check the clock of the capturing machine and of the client; then tell the server's operator.`,
  };
}
