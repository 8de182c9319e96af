/** A handshake that stopped because packets were lost, of all sizes: neither a filter nor an MTU. */
import type { Finding } from "../finding.ts";
import { answer, type Rule } from "../rule.ts";
import { describe, plural } from "../words.ts";

export const packetLoss: Rule = {
  id: "packet-loss",
  title: "a handshake that failed on lost packets",
  references: ["https://www.rfc-editor.org/rfc/rfc6298"],
  doc: {
    about:
      "Looks for handshakes that stopped because bytes of the server's answer never arrived: a hole that the client never acknowledged.",
    finds: {
      likely: "the capture says nothing of packets that it lost itself",
      possible: "packets were lost while capturing, and these may be among them",
    },
    causes: ["packet-loss"],
    innocent: ["a filter, or a link with too small an MTU, that drops exactly these packets"],
    advice: "Look for a congested or faulty link; compare with a capture on another one.",
  },
  check(context) {
    const judged = context.tls().filter(({ tcp }) => tcp?.synAckFrame !== undefined);
    const findings = judged.flatMap((connection): Finding[] => {
      const { tcp, tls, outcome } = connection;
      if (tcp === undefined || tcp.server.lost === 0) return [];
      if (outcome !== "stalled" && outcome !== "reset" && outcome !== "closed") return [];
      if (tls.certificates.length > 0 || tls.encrypted.server !== undefined) return [];
      const frame = tcp.server.firstData ?? connection.frames.first;
      const lost = plural(tcp.server.lost, "byte");
      // What the capture lost may be the retransmission that came through.
      const dropped = context.droppedWith(connection);
      const own =
        dropped === 0 ? "" : ` But ${plural(dropped, "packet")} were lost while capturing: these may be among them.`;
      return [
        {
          confidence: dropped === 0 ? "likely" : "possible",
          cause: "packet-loss",
          connections: [connection],
          what: `The handshake with ${describe(connection)} stopped: ${lost} of the server's answer never arrived.`,
          why: `The client never acknowledged these bytes, so they were lost on the path, not by the capture.${own}`,
          fix: "Look for a congested or faulty link; compare with a capture on another link.",
          evidence: [{ file: connection.file, frame, path: "tcp.analysis.lost_segment", value: `${lost} lost` }],
        },
      ];
    });
    return answer(findings, judged.length);
  },
};
