/**
 * What the capture itself lacks: its beginning, one direction, bytes cut by the snapshot length, segments that were never
 * captured, packets that it says it has lost. Says which connections cannot be judged for it, and how to capture better.
 */
import type { ConnectionObservation } from "../../observe/observations.ts";
import type { Context } from "../context.ts";
import type { Evidence, Finding } from "../finding.ts";
import { grouped } from "../grouped.ts";
import { DROPPED_PACKETS, missingFrom, OTHER_DIRECTION, START, WHOLE_FILE, WHOLE_PACKETS } from "../lacks.ts";
import { answer, type Rule } from "../rule.ts";
import { servers } from "../words.ts";

/** Evidence rows of one finding: a capture that lacks something lacks it everywhere. */
const MAX_EVIDENCE = 10;

const LACKS = [
  {
    id: OTHER_DIRECTION,
    what: "only one direction was captured",
    fix: "Capture where both directions pass: on the client itself, or mirror both directions of the port.",
  },
  {
    id: START,
    what: "the capture began after the connection",
    fix: "Start the capture first, then let the client connect.",
  },
  {
    id: WHOLE_PACKETS,
    what: "bytes of the handshake are missing (snapshot length, or packets the capture lost)",
    fix: "Capture whole packets (tcpdump -s 0) and watch for packets dropped by the kernel.",
  },
] as const;

export const captureIncomplete: Rule = {
  id: "capture-incomplete",
  title: "an incomplete capture",
  references: ["https://wiki.wireshark.org/CaptureSetup"],
  doc: {
    about:
      "Looks for what the capture lacks: one direction, the beginning of a connection, bytes that the snapshot length cut off or that were lost while capturing. It tells which connections cannot be judged for that: what is not in a capture proves nothing.",
    finds: { proven: "always: what is missing is missing, whatever the reason" },
    causes: ["capture-incomplete"],
    innocent: [],
    advice:
      "Capture on the client itself, both directions, whole packets (tcpdump -s 0), and start before the client connects.",
  },
  check(context) {
    const judged = context.connections.filter(({ tcp }) => tcp !== undefined);
    const lacking = grouped(judged, missingFrom);
    const findings = LACKS.flatMap(({ id, what, fix }): Finding[] => {
      const connections = lacking.get(id);
      if (connections === undefined) return [];
      return [
        {
          confidence: "proven",
          cause: "capture-incomplete",
          connections,
          what: `On ${servers(connections)} ${what}.`,
          why: "What is not in the capture cannot be judged; its absence proves nothing.",
          fix,
          evidence: [
            ...(id === WHOLE_PACKETS ? drops(context, connections) : []),
            ...connections.slice(0, MAX_EVIDENCE).map((connection) => ({
              file: connection.file,
              frame: connection.frames.first,
              path: "capture",
              value: `missing: ${id}`,
            })),
          ],
        },
      ];
    });
    // What a damaged file had more of, nobody knows.
    const damaged = context.observations.files.some(({ problems }) =>
      problems.some(({ kind }) => kind === "truncated" || kind === "malformed"),
    );
    if (findings.length === 0 && damaged) return { is: "not-observed", missing: WHOLE_FILE };
    const dropped = context.observations.files.some(({ dropped }) => dropped > 0);
    if (findings.length === 0 && dropped) return { is: "not-observed", missing: DROPPED_PACKETS };
    return answer(findings, judged.length);
  },
};

/** Of every file of these connections that says so: how many packets were lost while capturing, at its first connection. */
function drops(context: Context, connections: readonly ConnectionObservation[]): Evidence[] {
  const first = new Map<number, ConnectionObservation>();
  for (const connection of connections) if (!first.has(connection.file)) first.set(connection.file, connection);
  return [...first.values()].flatMap((connection) => {
    const dropped = context.droppedWith(connection);
    if (dropped === 0) return [];
    const value = `${dropped} lost while capturing`;
    return [{ file: connection.file, frame: connection.frames.first, path: "capture.dropped", value }];
  });
}
