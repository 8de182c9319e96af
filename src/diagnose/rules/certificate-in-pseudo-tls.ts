/**
 * A Certificate message in answer to a pseudo-TLS hello. The documented answer has none, so whoever sent it is not the
 * meeting server: proof without any name or issuer.
 *
 * Not when the chain is a good one, or may be (nobody can forge that, so a real TLS server holds it): then the address may be
 * another server's, or a load balancer ends TLS there; `undocumented-pseudo-tls-answer` judges it as it does every other answer.
 */
import type { Finding } from "../finding.ts";
import { nameOf, peerOf } from "../peer.ts";
import { answer, type Rule } from "../rule.ts";
import { called, describe, short } from "../words.ts";
import { mayBePublic } from "./support.ts";

export const certificateInPseudoTls: Rule = {
  id: "certificate-in-pseudo-tls",
  title: "a certificate in a pseudo-TLS dialogue",
  references: [
    "https://learn.microsoft.com/en-us/openspecs/office_protocols/ms-turn/ae97f19f-88ea-44a7-bb2e-2b23cb645da5",
  ],
  doc: {
    about:
      "Looks for a Certificate in answer to a pseudo-TLS hello. Lync and Skype for Business, and others, begin media over TCP with a hello that only looks like TLS; the server's answer is one fixed record and never has a Certificate. Whoever sends one is a TLS proxy in between, whatever the certificate says. A certificate of a public authority is not judged here: such an answer may come from another server at that address, or from a load balancer (undocumented-pseudo-tls-answer).",
    finds: { proven: "always: the documented answer has no place for a certificate" },
    causes: ["tls-interception"],
    innocent: [],
    advice:
      "Exempt the address from TLS inspection on the proxy. This hello carries no server name, so on a transparent proxy an entry by name cannot match.",
  },
  check(context) {
    const dialogues = context.connections.filter(
      ({ pseudoTls }) => pseudoTls !== undefined && pseudoTls.answer !== "not-captured",
    );
    const findings = dialogues.flatMap((connection): Finding[] => {
      const pseudo = connection.pseudoTls;
      if (pseudo?.answer !== "certificate") return [];
      const leaf = context.leaf(connection);
      if (leaf !== undefined && mayBePublic(context, connection)) return [];
      const frame = connection.tls?.certificates[0]?.frame ?? pseudo.answerFrame ?? pseudo.helloFrame;
      // A proxy that was asked for a tunnel knows the name from there.
      const how = nameOf(connection) === undefined ? ", by address: this hello carries no server name" : "";
      const issuer = leaf === undefined ? "" : ` issued by ${called(leaf.issuer)}`;
      return [
        {
          confidence: "proven",
          cause: "tls-interception",
          connections: [connection],
          what: `The pseudo-TLS hello to ${describe(connection)} (frame ${pseudo.helloFrame}) was answered with a certificate${issuer} (frame ${frame}).`,
          why: "The server answers this hello with one fixed record and has no certificate at all; only a TLS proxy in between can have sent one.",
          fix: `Exempt ${short(peerOf(connection).host)} from TLS inspection on the proxy${how}.`,
          evidence: [
            { file: connection.file, frame: pseudo.helloFrame, path: "pseudoTls.clientHello", value: pseudo.dialect },
            {
              file: connection.file,
              frame,
              path: "tls.certificate[0].issuer",
              value: leaf?.issuer.text ?? "not readable",
              expected:
                pseudo.dialect === "ms-turn"
                  ? "no Certificate message ([MS-TURN] 2.1.1)"
                  : "the fixed ServerHello of 79 bytes",
            },
          ],
        },
      ];
    });
    if (dialogues.length === 0 && context.connections.some(({ pseudoTls }) => pseudoTls !== undefined)) {
      return { is: "not-observed", missing: "the server's direction of the pseudo-TLS dialogue" };
    }
    return answer(findings, dialogues.length);
  },
};
