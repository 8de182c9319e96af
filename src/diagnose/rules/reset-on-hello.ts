/** A reset right after the ClientHello, before a byte from the server: a filter that reads the hello, often its server name. */
import { describe } from "../context.ts";
import { answer, type Finding, type Rule } from "../rule.ts";

export const resetOnHello: Rule = {
  id: "reset-on-hello",
  title: "a reset in answer to the ClientHello",
  references: ["https://www.rfc-editor.org/rfc/rfc9293#section-3.5.2"],
  check(context) {
    const judged = context.tls().filter(({ tls }) => tls.clientHelloFrame !== undefined);
    const findings = judged.flatMap((connection): Finding[] => {
      const reset = connection.tcp?.reset;
      if (reset?.from !== "server" || connection.bytes.fromServer > 0) return [];
      if ((connection.tcp?.server.missing ?? 0) > 0 || reset.frame < (connection.tls.clientHelloFrame ?? 0)) return [];
      const name = connection.tls.clientHello?.serverName;
      const synAckTtl = connection.tcp?.server.ttl;
      const injected = synAckTtl !== undefined && synAckTtl !== reset.ttl;
      return [
        {
          confidence: "proven",
          cause: "reset-on-hello",
          connections: [connection],
          what: `The ClientHello to ${describe(connection)} (frame ${connection.tls.clientHelloFrame}) was answered with a reset (frame ${reset.frame})${injected ? `, whose TTL ${reset.ttl} is not the server's ${synAckTtl}` : ""}.`,
          why: "TCP connects and the hello alone ends it, before any certificate: a filter on the way, or the server, refuses this hello.",
          fix:
            name === undefined
              ? `Ask for the rule that resets connections to ${connection.server.ip} on the firewall or filter.`
              : `Ask for the filter rule that matches the name ${name}; try the same address with another name to confirm it.`,
          evidence: [
            {
              file: connection.file,
              frame: reset.frame,
              path: "tcp.flags.reset",
              value: `RST ${((reset.at - (connection.handshake[0]?.at ?? 0)) * 1000).toFixed(1)} ms after the ClientHello, TTL ${reset.ttl}`,
              expected: "ServerHello",
            },
          ],
        },
      ];
    });
    return answer(findings, judged.length);
  },
};
