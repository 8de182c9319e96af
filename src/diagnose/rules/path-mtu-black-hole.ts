/**
 * Small segments pass, full-size ones of one direction never do, and no ICMP says why: somewhere on the path the MTU is
 * smaller than the ends believe. A Certificate is the first large thing a server sends, so it looks as if TLS were blocked.
 */
import type { ConnectionObservation, Side } from "../../observe/observations.ts";
import { describe } from "../context.ts";
import { answer, type Finding, type Rule } from "../rule.ts";

/** Payload of a full-size segment: every path of the IPv6 minimum MTU (1280, RFC 8200 section 5) carries less than this. */
const FULL_SIZE = 1200;

export const pathMtuBlackHole: Rule = {
  id: "path-mtu-black-hole",
  title: "a path that loses full-size packets",
  references: ["https://www.rfc-editor.org/rfc/rfc2923#section-2.1", "https://www.rfc-editor.org/rfc/rfc4821"],
  check(context) {
    const judged = context.connections.filter(({ tcp }) => tcp?.synAckFrame !== undefined && tcp.client.firstData !== undefined);
    const findings = judged.flatMap((connection): Finding[] => {
      const side = loser(connection);
      if (side === undefined) return [];
      const lost = side === "server" ? (connection.tcp?.server.lost ?? 0) : (connection.tcp?.client.unacknowledged ?? 0);
      const frame = connection.tcp?.[side].firstData ?? connection.frames.first;
      return [
        {
          confidence: "likely",
          cause: "path-mtu-black-hole",
          connections: [connection],
          what:
            side === "server"
              ? `${lost} bytes of the server's answer from ${describe(connection)} never arrived, while smaller packets behind them did (frame ${frame}).`
              : `The client's full-size packets to ${describe(connection)} were sent ${(connection.tcp?.client.retransmissions ?? 0) + 1} times and never acknowledged (frame ${frame}).`,
          why: "Only packets of full size are lost, every time: a link on the path carries less than both ends believe, and its ICMP messages are filtered. No certificate was replaced.",
          fix: "Let ICMP “fragmentation needed” / “packet too big” pass, or clamp the MSS on the router or VPN; to confirm, lower the client's MTU to 1280 and try again.",
          evidence: [
            {
              file: connection.file,
              frame,
              path: "tcp.segment",
              value: `largest ${side} segment that passed: ${side === "server" ? connection.tcp?.server.largestSegment : 0} bytes; lost: ${lost} bytes`,
              expected: "the whole flight",
            },
          ],
        },
      ];
    });
    return answer(findings, judged.length);
  },
};

/** The side whose full-size segments are lost, when that is what the capture shows. */
function loser({ tcp, outcome, tls }: ConnectionObservation): Side | undefined {
  if (tcp === undefined || outcome === "refused" || outcome === "unanswered") return undefined;
  if (tcp.server.lost >= FULL_SIZE && tcp.server.largestSegment < FULL_SIZE) return "server";
  const stuck = tcp.client.unacknowledged >= FULL_SIZE && tcp.client.retransmissions >= 2;
  // The server is there and has everything before the hello; it never gets the hello.
  if (stuck && tcp.client.largestSegment >= FULL_SIZE && tls?.serverHelloFrame === undefined && tcp.server.firstData === undefined) {
    return "client";
  }
  return undefined;
}
