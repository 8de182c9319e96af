/**
 * A Certificate message in answer to a pseudo-TLS hello. The documented answer has none, so whoever sent it is not the
 * meeting server: proof without any name or issuer.
 */
import { describe } from "../context.ts";
import { answer, type Finding, type Rule } from "../rule.ts";

export const certificateInPseudoTls: Rule = {
  id: "certificate-in-pseudo-tls",
  title: "a certificate in a pseudo-TLS dialogue",
  references: [
    "https://learn.microsoft.com/en-us/openspecs/office_protocols/ms-turn/ae97f19f-88ea-44a7-bb2e-2b23cb645da5",
  ],
  check(context) {
    const dialogues = context.connections.filter((connection) => connection.pseudoTls !== undefined);
    const findings = dialogues.flatMap((connection): Finding[] => {
      const pseudo = connection.pseudoTls;
      if (pseudo?.answer !== "certificate") return [];
      const leaf = context.leaf(connection);
      const frame = connection.tls?.certificates[0]?.frame ?? pseudo.answerFrame ?? pseudo.helloFrame;
      const issuer = leaf === undefined ? "" : ` issued by ${leaf.issuer.text}`;
      return [
        {
          confidence: "proven",
          cause: "tls-interception",
          connections: [connection],
          what: `The pseudo-TLS hello to ${describe(connection)} (frame ${pseudo.helloFrame}) was answered with a Certificate${issuer} (frame ${frame}).`,
          why: "The server answers this hello with one fixed record and has no certificate at all; only a TLS proxy in between can have sent one.",
          fix: `Exempt ${connection.server.ip} from TLS inspection on the proxy, by address: this hello carries no server name.`,
          evidence: [
            { file: connection.file, frame: pseudo.helloFrame, path: "pseudoTls.clientHello", value: pseudo.dialect },
            {
              file: connection.file,
              frame,
              path: "tls.certificate[0].issuer",
              value: leaf?.issuer.text ?? "not readable",
              expected: "no Certificate message ([MS-TURN] 2.1.1)",
            },
          ],
        },
      ];
    });
    return answer(findings, dialogues.length);
  },
};
