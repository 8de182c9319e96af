/**
 * A reset right after the ClientHello, before a byte from the server: a filter that reads the hello, often its server name. In a
 * tunnel as well; there only the proxy's side is seen.
 * Pseudo-TLS hellos are judged by `undocumented-pseudo-tls-answer`.
 */
import type { ConnectionObservation } from "../../observe/observations.ts";
import { firstBytesOf, serverClose } from "../context.ts";
import type { Finding } from "../finding.ts";
import { isBegun } from "../lacks.ts";
import { nameOf, peerOf } from "../peer.ts";
import { answer, type Rule } from "../rule.ts";
import { describe, endpoint, milliseconds, short } from "../words.ts";

export const resetOnHello: Rule = {
  id: "reset-on-hello",
  title: "a reset in answer to the ClientHello",
  references: ["https://www.rfc-editor.org/rfc/rfc9293#section-3.5.2"],
  doc: {
    about:
      "Looks for a reset right after the ClientHello, before any byte of the server: something reads the hello, often its server name, and ends the connection. No certificate was shown. Pseudo-TLS hellos are judged by undocumented-pseudo-tls-answer.",
    finds: { proven: "always: TCP connected, and the hello alone ended it; by whom is not said" },
    causes: ["reset-on-hello"],
    innocent: ["the server itself refuses this hello"],
    advice:
      "Look on the firewall or filter for the rule that matches the name or the address; try another name at the same address to confirm it.",
  },
  check(context) {
    const judged = context
      .tls()
      .filter(({ tls, pseudoTls }) => tls.clientHelloFrame !== undefined && pseudoTls === undefined);
    const findings = judged.flatMap((connection): Finding[] => {
      const reset = connection.tcp?.reset;
      const helloFrame = connection.tls.clientHelloFrame ?? 0;
      if (reset?.from !== "server" || firstBytesOf(connection, "server") !== undefined) return [];
      // Not when the client itself had closed: then the reset only confirms it.
      if (serverClose(connection) !== reset.frame || reset.frame < helloFrame) return [];
      // Without its beginning it may be the rest of a connection that the server has forgotten, and resets whatever comes.
      if ((connection.tcp?.server.missing ?? 0) > 0 || !isBegun(connection)) return [];
      const synAckTtl = connection.tcp?.server.ttl;
      const ttl =
        synAckTtl === undefined || synAckTtl === reset.ttl
          ? ""
          : `, whose TTL ${reset.ttl} is not the ${synAckTtl} of the SYN-ACK`;
      const helloAt = connection.handshake.find(({ message }) => message === "ClientHello")?.at ?? 0;
      return [
        {
          confidence: "proven",
          cause: "reset-on-hello",
          connections: [connection],
          what: `The ClientHello to ${describe(connection)} (frame ${helloFrame}) was answered with a reset (frame ${reset.frame})${ttl}.`,
          ...(connection.through === undefined ? refusesHello(connection) : inTunnel(connection)),
          evidence: [
            {
              file: connection.file,
              frame: reset.frame,
              path: "tcp.flags.reset",
              value: `RST ${milliseconds(reset.at - helloAt)} after the ClientHello, TTL ${reset.ttl}`,
              expected: "ServerHello",
            },
          ],
        },
      ];
    });
    return answer(findings, judged.length);
  },
};

/** Why a ClientHello alone ends a connection, by a reset or by a FIN, and what to do about it. */
export function refusesHello(connection: ConnectionObservation): Pick<Finding, "why" | "fix"> {
  const name = nameOf(connection);
  return {
    why: "TCP connects and the hello alone ends it, before any certificate: a filter on the way, or the server, refuses this hello.",
    fix:
      name === undefined
        ? `Look on the firewall or filter for the rule that ends connections to ${connection.server.ip}.`
        : `Look on the firewall or filter for the rule that matches the name ${short(name)}; try the same address with another name to confirm it.`,
  };
}

/** The reset is the proxy's own to the client, or what became of one behind it. */
function inTunnel(connection: ConnectionObservation): Pick<Finding, "why" | "fix"> {
  const host = nameOf(connection) ?? peerOf(connection).host;
  return {
    why: "The proxy granted the tunnel and the hello alone ended it, before any certificate: the proxy, a filter on either side of it, or the server refuses this hello.",
    fix: `Look on the proxy ${endpoint(connection.server)}, and on the firewall behind it, for the rule that matches ${short(host)}.`,
  };
}
