/**
 * What the capture itself lacks: its beginning, one direction, bytes cut by the snapshot length, segments that were never
 * captured. Says which connections cannot be judged for it, and how to capture better.
 */
import type { ConnectionObservation } from "../../observe/observations.ts";
import { describe, list } from "../context.ts";
import { answer, type Finding, type Rule } from "../rule.ts";

interface Lack {
  readonly id: string;
  readonly what: string;
  readonly fix: string;
  applies(connection: ConnectionObservation): boolean;
}

const LACKS: readonly Lack[] = [
  {
    id: "the other direction",
    what: "only one direction was captured",
    fix: "Capture where both directions pass: on the client itself, or mirror both directions of the port.",
    applies: ({ tcp }) =>
      tcp !== undefined && ((tcp.server.frames === 0 && tcp.client.firstData !== undefined) || tcp.client.frames === 0),
  },
  {
    id: "the start of the connection",
    what: "the capture began after the connection",
    fix: "Start the capture first, then let the client connect.",
    applies: ({ tcp, protocol, tls }) =>
      tcp !== undefined &&
      tcp.syns === 0 &&
      tcp.synAckFrame === undefined &&
      (protocol === "tls" ? tls?.clientHello === undefined || tls.serverHello === undefined : protocol === "unknown"),
  },
  {
    id: "whole packets",
    what: "bytes of the handshake are missing (snapshot length, or packets the capture lost)",
    fix: "Capture whole packets (tcpdump -s 0) and watch for packets dropped by the kernel.",
    applies: ({ tcp, tls }) =>
      tcp !== undefined && tls !== undefined && tls.certificates.length === 0 && tcp.client.missing + tcp.server.missing > 0,
  },
];

/** What is missing to judge this connection, in the words of the report; undefined when the capture is complete. */
export function missingFrom(connection: ConnectionObservation): string | undefined {
  return LACKS.find((lack) => lack.applies(connection))?.id;
}

export const captureIncomplete: Rule = {
  id: "capture-incomplete",
  title: "an incomplete capture",
  references: ["https://wiki.wireshark.org/CaptureSetup"],
  check(context) {
    const judged = context.connections.filter(({ tcp }) => tcp !== undefined);
    const findings = LACKS.flatMap((lack): Finding[] => {
      const connections = judged.filter((connection) => LACKS.find((l) => l.applies(connection)) === lack);
      if (connections.length === 0) return [];
      return [
        {
          confidence: "proven",
          cause: "capture-incomplete",
          connections,
          what: `On ${list(connections.map(describe))} ${lack.what}.`,
          why: "What is not in the capture cannot be judged; its absence proves nothing.",
          fix: lack.fix,
          evidence: connections.slice(0, 10).map((connection) => ({
            file: connection.file,
            frame: connection.frames.first,
            path: "capture",
            value: `missing: ${lack.id}`,
          })),
        },
      ];
    });
    return answer(findings, judged.length);
  },
};
