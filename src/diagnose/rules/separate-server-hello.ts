/**
 * ServerHello alone in its packet, the Certificate in a later one: what the expert of the story noticed first. TLS allows it
 * (RFC 5246 section 6.2.1) and clean servers do it, so it is shown and never sets a verdict.
 */
import { describe, list } from "../context.ts";
import { answer, type Rule } from "../rule.ts";

export const separateServerHello: Rule = {
  id: "separate-server-hello",
  title: "ServerHello and Certificate in separate packets",
  references: ["https://www.rfc-editor.org/rfc/rfc5246#section-6.2.1"],
  check(context) {
    const judged = context.tls().filter((connection) => connection.tls.certificates.length > 0);
    const found = judged.flatMap((connection) => {
      const hello = connection.handshake.find((m) => m.from === "server" && m.message === "ServerHello");
      const certificate = connection.handshake.find((m) => m.from === "server" && m.message === "Certificate");
      if (hello === undefined || certificate === undefined) return [];
      return certificate.frames[0] !== undefined && certificate.frames[0] > hello.frame
        ? [{ connection, hello, certificate }]
        : [];
    });
    const first = found[0];
    if (first === undefined) return answer([], judged.length);
    const connections = found.map(({ connection }) => connection);
    return answer(
      [
        {
          confidence: "possible",
          cause: "tls-interception",
          connections,
          what: `ServerHello came alone (frame ${first.hello.frame}) and the Certificate in a later packet (frame ${first.certificate.frame}) on ${list(connections.map(describe))}.`,
          why: "Some proxies send it so, and so do some ordinary servers: TLS lets a server cut its flight anywhere. Judge by the certificate.",
          fix: "Nothing to change for this alone.",
          evidence: found.slice(0, 10).map(({ connection, hello, certificate }) => ({
            file: connection.file,
            frame: hello.frame,
            path: "tls.handshake.serverHello",
            value: `ServerHello in frame ${hello.frame}, Certificate from frame ${certificate.frames[0]}`,
          })),
        },
      ],
      judged.length,
    );
  },
};
