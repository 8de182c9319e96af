/** SYNs that nobody answers: dropped by a firewall on the way, before any TLS. */
import { MIN_TRIES, PATIENCE } from "../../observe/lines.ts";
import type { Finding } from "../finding.ts";
import { OTHER_DIRECTION, TIME } from "../lacks.ts";
import { answer, type Rule } from "../rule.ts";
import { describe } from "../words.ts";

export const portBlocked: Rule = {
  id: "port-blocked",
  title: "a port that never answers",
  references: ["https://www.rfc-editor.org/rfc/rfc9293#section-3.8.3"],
  doc: {
    about:
      "Looks for SYNs that are sent again and again and never answered. Not even TCP connects, so no certificate is involved.",
    finds: {
      proven: "answers would have been captured",
      likely: "the capture has one direction only, and all of it is silent",
    },
    causes: ["port-blocked"],
    innocent: ["the address is wrong, or the host is down"],
    advice: "Check that the address is right and up; then allow the port on the firewall.",
  },
  check(context) {
    const opened = context.connections.filter(({ tcp }) => tcp !== undefined && tcp.syns > 0);
    if (opened.length === 0) return { is: "not-applicable" };
    // Silence means something only where answers would have been captured.
    const oneDirection = context.connections.every(({ tcp, bytes }) =>
      tcp === undefined ? bytes.fromServer === 0 : tcp.server.frames === 0,
    );
    const silent = opened.filter(({ outcome }) => outcome === "unanswered");
    if (oneDirection && silent.length < opened.length) {
      return { is: "not-observed", missing: OTHER_DIRECTION };
    }
    if (silent.length > 0 && silent.every(({ untimed }) => untimed === true))
      return { is: "not-observed", missing: TIME };
    const findings = silent
      .filter((connection) => (connection.tcp?.syns ?? 0) >= MIN_TRIES && context.waited(connection, 0) >= PATIENCE)
      .map((connection): Finding => {
        const { ip, port } = connection.server;
        const frame = connection.tcp?.synFrame ?? connection.frames.first;
        return {
          confidence: oneDirection ? "likely" : "proven",
          cause: "port-blocked",
          connections: [connection],
          what: `${connection.tcp?.syns} SYNs to ${describe(connection)} got no answer at all (first in frame ${frame}).`,
          why: "Not even TCP connects, so no TLS and no certificate is involved: a firewall drops the packets, or the address is dead.",
          fix: `Check that ${ip} is the right address and up; allow TCP ${port} to it on the firewall.`,
          evidence: [
            {
              file: connection.file,
              frame,
              path: "tcp.flags.syn",
              value: `${connection.tcp?.syns} SYNs`,
              expected: "SYN-ACK",
            },
          ],
        };
      });
    return answer(findings, opened.length);
  },
};
