/** A good chain whose certificate does not speak for the name the client asked for. */
import { speaksFor } from "../../protocol/x509/host-name.ts";
import type { Finding } from "../finding.ts";
import { nameOf, peerOf } from "../peer.ts";
import type { Rule } from "../rule.ts";
import { describe, holder, holders, short } from "../words.ts";
import { certificateAnswer, chainIsGood } from "./support.ts";

export const nameMismatch: Rule = {
  id: "name-mismatch",
  title: "a certificate for another name",
  references: ["https://www.rfc-editor.org/rfc/rfc6125#section-6"],
  doc: {
    about:
      "Looks for a good chain whose certificate is not for the name that was asked for. The chain is genuine, so nobody forged it; it is another site's certificate.",
    finds: { proven: "always: names and chain are in the capture" },
    causes: ["name-mismatch"],
    innocent: [
      "a wrong address, or the default site of a host with many",
      "a portal that took this one connection over",
    ],
    advice: "Check to which address the name resolves, and what answers there.",
  },
  check(context) {
    const judged = context
      .tls()
      .filter((c) => chainIsGood(c) && nameOf(c) !== undefined && context.leaf(c) !== undefined);
    const findings = judged.flatMap((connection): Finding[] => {
      const leaf = context.leaf(connection);
      const name = nameOf(connection);
      if (leaf === undefined || name === undefined || speaksFor(leaf, name)) return [];
      return [
        {
          confidence: "proven",
          cause: "name-mismatch",
          connections: [connection],
          what: `${describe(connection)} presented a valid certificate, but one for ${holder(leaf)}.`,
          why: "The chain is genuine, so nobody forged it; but it is another site's certificate: a wrong address, a default site, or a portal that took the connection over.",
          fix: `Check to which address ${short(name)} resolves, and what ${short(peerOf(connection).host)} is.`,
          evidence: [
            {
              file: connection.file,
              frame: connection.tls.certificates[0]?.frame ?? connection.frames.first,
              path: "tls.certificate[0].subjectAltName",
              value: holders(leaf),
              expected: name,
            },
          ],
        },
      ];
    });
    return certificateAnswer(context.tls(), findings, judged.length);
  },
};
