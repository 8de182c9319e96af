/**
 * ServerHello alone in its packet, the Certificate in a later one: what the expert of the story noticed first. TLS allows it
 * (RFC 5246 section 6.2.1) and clean servers do it, so it is shown and never sets a verdict.
 */
import type { Rule } from "../rule.ts";
import { servers } from "../words.ts";
import { certificateAnswer } from "./support.ts";

/** Evidence rows of one finding: many ordinary servers do this. */
const MAX_EVIDENCE = 10;

export const separateServerHello: Rule = {
  id: "separate-server-hello",
  title: "ServerHello and Certificate in separate packets",
  references: ["https://www.rfc-editor.org/rfc/rfc5246#section-6.2.1"],
  doc: {
    about:
      "Looks for a ServerHello alone in its packet and the Certificate in a later one. Some proxies send it so; so do ordinary servers, as TLS lets a server cut its flight anywhere. Shown because experts look for it.",
    finds: { possible: "always" },
    causes: ["tls-interception"],
    innocent: ["a server, or its TLS library, that writes each message by itself"],
    advice: "Nothing for this alone: judge by the certificate.",
  },
  check(context) {
    // QUIC has packets of its own for each.
    const judged = context.tls().filter(({ tls, transport }) => transport === "tcp" && tls.certificates.length > 0);
    const found = judged.flatMap((connection) => {
      const hello = connection.handshake.find((m) => m.from === "server" && m.message === "ServerHello");
      const certificate = connection.handshake.find((m) => m.from === "server" && m.message === "Certificate");
      const helloFrame = hello?.frames.at(-1);
      const certificateFrame = certificate?.frames[0];
      if (helloFrame === undefined || certificateFrame === undefined || certificateFrame <= helloFrame) return [];
      return [{ connection, helloFrame, certificateFrame }];
    });
    const [first] = found;
    if (first === undefined) return certificateAnswer(context.tls(), [], judged.length);
    const connections = found.map(({ connection }) => connection);
    const finding = {
      confidence: "possible" as const,
      cause: "tls-interception" as const,
      connections,
      what: `ServerHello came alone (frame ${first.helloFrame}) and the Certificate in a later packet (frame ${first.certificateFrame}) on ${servers(connections)}.`,
      why: "Some proxies send it so, and so do some ordinary servers: TLS lets a server cut its flight anywhere. Judge by the certificate.",
      fix: "Nothing to change for this alone.",
      evidence: found.slice(0, MAX_EVIDENCE).map(({ connection, helloFrame, certificateFrame }) => ({
        file: connection.file,
        frame: helloFrame,
        path: "tls.handshake.serverHello",
        value: `ServerHello in frame ${helloFrame}, Certificate from frame ${certificateFrame}`,
      })),
    };
    return certificateAnswer(context.tls(), [finding], judged.length);
  },
};
