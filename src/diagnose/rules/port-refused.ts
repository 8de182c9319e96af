/** A SYN answered by a reset or by an ICMP error: the port is closed, or a firewall says no. */
import type { Finding } from "../finding.ts";
import { answer, type Rule } from "../rule.ts";
import { describe } from "../words.ts";

export const portRefused: Rule = {
  id: "port-refused",
  title: "a port that refuses",
  references: [
    "https://www.rfc-editor.org/rfc/rfc9293#section-3.5.2",
    "https://www.rfc-editor.org/rfc/rfc1812#section-5.2.7.1",
  ],
  check(context) {
    const opened = context.connections.filter(({ tcp }) => tcp !== undefined && tcp.syns > 0);
    const findings = opened
      .filter(({ outcome }) => outcome === "refused")
      .map((connection): Finding => {
        const { tcp, server, file } = connection;
        const icmp = tcp?.unreachable;
        // Whichever came first is what the client heard.
        const isIcmp = icmp !== undefined && (tcp?.reset === undefined || icmp.frame < tcp.reset.frame);
        const frame = (isIcmp ? icmp.frame : tcp?.reset?.frame) ?? connection.frames.last;
        const said = isIcmp ? `an ICMP error from ${icmp.from} (type ${icmp.type}, code ${icmp.code})` : "a reset";
        return {
          confidence: "proven",
          cause: "port-refused",
          connections: [connection],
          what: `The SYN to ${describe(connection)} was answered with ${said} (frame ${frame}).`,
          why: "TCP is refused before any TLS: nothing listens there, or a firewall rejects it.",
          fix: `Allow TCP ${server.port} to ${server.ip} on the firewall, or ask the operator whether the service is up.`,
          evidence: [{ file, frame, path: isIcmp ? "icmp.type" : "tcp.flags.reset", value: said, expected: "SYN-ACK" }],
        };
      });
    return answer(findings, opened.length);
  },
};
