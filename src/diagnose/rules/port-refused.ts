/** A SYN answered by a reset or by an ICMP error: the port is closed, or a firewall says no. */
import { describe } from "../context.ts";
import { answer, type Finding, type Rule } from "../rule.ts";

export const portRefused: Rule = {
  id: "port-refused",
  title: "a port that refuses",
  references: ["https://www.rfc-editor.org/rfc/rfc9293#section-3.5.2", "https://www.rfc-editor.org/rfc/rfc1812#section-5.2.7.1"],
  check(context) {
    const opened = context.connections.filter(({ tcp }) => tcp !== undefined && tcp.syns > 0);
    const findings = opened
      .filter(({ outcome }) => outcome === "refused")
      .map((connection): Finding => {
        const icmp = connection.tcp?.unreachable;
        const frame = connection.tcp?.reset?.frame ?? icmp?.frame ?? connection.frames.last;
        const said =
          icmp === undefined ? "a reset" : `an ICMP error from ${icmp.from} (type ${icmp.type}, code ${icmp.code})`;
        return {
          confidence: "proven",
          cause: "port-refused",
          connections: [connection],
          what: `The SYN to ${describe(connection)} was answered with ${said} (frame ${frame}).`,
          why: "TCP is refused before any TLS: nothing listens there, or a firewall rejects it.",
          fix: `Allow TCP ${connection.server.port} to ${connection.server.ip} on the firewall, or ask the operator whether the service is up.`,
          evidence: [
            { file: connection.file, frame, path: icmp === undefined ? "tcp.flags.reset" : "icmp.type", value: said, expected: "SYN-ACK" },
          ],
        };
      });
    return answer(findings, opened.length);
  },
};
