/** A SYN answered by a reset or by an ICMP error: the port is closed, or a firewall says no. */
import type { Endpoint } from "../../observe/observations.ts";
import type { Finding } from "../finding.ts";
import { icmpAdvice, icmpError } from "../icmp.ts";
import { answer, type Rule } from "../rule.ts";
import { describe } from "../words.ts";

export const portRefused: Rule = {
  id: "port-refused",
  title: "a port that refuses",
  references: [
    "https://www.rfc-editor.org/rfc/rfc9293#section-3.5.2",
    "https://www.rfc-editor.org/rfc/rfc1812#section-5.2.7.1",
  ],
  doc: {
    about:
      "Looks for SYNs that are answered by a reset or by an ICMP error: the port is closed, or a firewall says no. The ICMP error says which.",
    finds: { proven: "always: the answer is in the capture" },
    causes: ["port-refused"],
    innocent: ["the service is not running"],
    advice: "Allow the port on the firewall, or ask the operator whether the service is up.",
  },
  check(context) {
    const opened = context.connections.filter(({ tcp }) => tcp !== undefined && tcp.syns > 0);
    const findings = opened
      .filter(({ outcome }) => outcome === "refused")
      .map((connection): Finding => {
        const { tcp, server, file, unreachable } = connection;
        // Whichever came first is what the client heard.
        const icmp =
          tcp?.reset === undefined || (unreachable?.frame ?? Infinity) < tcp.reset.frame ? unreachable : undefined;
        const frame = (icmp ?? tcp?.reset)?.frame ?? connection.frames.last;
        const said = icmp === undefined ? "a reset" : icmpError(icmp);
        return {
          confidence: "proven",
          cause: "port-refused",
          connections: [connection],
          what: `The SYN to ${describe(connection)} was answered with ${said} (frame ${frame}).`,
          ...(icmp === undefined ? closed(server) : icmpAdvice(icmp, server.ip, `TCP ${server.port}`)),
          evidence: [
            {
              file,
              frame,
              path: icmp === undefined ? "tcp.flags.reset" : "icmp.type",
              value: said,
              expected: "SYN-ACK",
            },
          ],
        };
      });
    return answer(findings, opened.length);
  },
};

function closed({ ip, port }: Endpoint): Pick<Finding, "why" | "fix"> {
  return {
    why: "TCP is refused before any TLS: nothing listens there, or a firewall rejects it.",
    fix: `Allow TCP ${port} to ${ip} on the firewall, or ask the operator whether the service is up.`,
  };
}
