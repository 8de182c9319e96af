/**
 * A pseudo-TLS hello answered by anything but the documented record: an alert, other bytes, a RST, a FIN, silence. A real
 * server always answers with the record, and has no TLS stack to send an alert with; but a filter or a dead server
 * explains some of these too. So: possible alone, likely with a second, independent sign, which is named.
 */
import type { ConnectionObservation } from "../../observe/observations.ts";
import { networkOf } from "../../packet/address.ts";
import { type Context, describe } from "../context.ts";
import { answer, type Evidence, type Finding, type Rule } from "../rule.ts";
import type { Cause } from "../vocabulary.ts";

/** TCP answered near, the same host's UDP far: an interceptor on site is tens to thousands of times nearer (measured). */
const NEAR_FAR_RATIO = 10;
/** Differences below this are queueing, not distance. Seconds. */
const NEAR_FAR_SECONDS = 0.005;

interface Sign {
  readonly text: string;
  readonly evidence: Evidence;
}

export const undocumentedPseudoTlsAnswer: Rule = {
  id: "undocumented-pseudo-tls-answer",
  title: "a pseudo-TLS hello without its documented answer",
  references: [
    "https://learn.microsoft.com/en-us/openspecs/office_protocols/ms-turn/ae97f19f-88ea-44a7-bb2e-2b23cb645da5",
    "https://knowledge.broadcom.com/external/article/169284",
  ],
  check(context) {
    const dialogues = context.connections.filter(({ pseudoTls }) => pseudoTls !== undefined);
    if (dialogues.length > 0 && dialogues.every(({ pseudoTls }) => pseudoTls?.answer === "not-captured")) {
      return { is: "not-observed", missing: "the server's direction of the pseudo-TLS dialogue" };
    }
    return answer(
      dialogues.flatMap((connection) => finding(context, connection)),
      dialogues.length,
    );
  },
};

function finding(context: Context, connection: ConnectionObservation): Finding[] {
  const pseudo = connection.pseudoTls;
  if (pseudo === undefined) return [];
  const description = answerText(connection);
  if (description === undefined) return [];
  const signs = [hostIsAlive(context, connection), intercepted(context, connection), nearAndFar(context, connection)];
  const second = signs.filter((sign) => sign !== undefined);
  const cause = second.length > 0 ? "tls-interception" : fallbackCause(pseudo.answer);
  const where = `the pseudo-TLS hello (frame ${pseudo.helloFrame}) to ${describe(connection)}`;
  const because = second.map(({ text }) => text).join("; ");
  return [
    {
      confidence: second.length > 0 ? "likely" : "possible",
      cause: "tls-interception",
      connections: [connection],
      what: `${description} answered ${where}${because === "" ? "" : `; and ${because}`}.`,
      why:
        second.length > 0
          ? "The server always answers this hello with one fixed record. Something that takes it for real TLS ended the connection in its place, and the second sign rules out that the host is merely down."
          : "The server always answers this hello with one fixed record. A TLS proxy that takes it for real TLS fails like this; so does a filter on the path or a server that is down.",
      fix:
        cause === "tls-interception"
          ? `Exempt ${connection.server.ip} from TLS inspection, by address: this hello carries no server name, so an entry by name cannot match on a transparent proxy.`
          : `Capture again with UDP 3478 to ${connection.server.ip} and a TLS connection through the same path in it: a second sign decides.`,
      evidence: [
        {
          file: connection.file,
          frame: pseudo.helloFrame,
          path: "pseudoTls.clientHello",
          value: pseudo.dialect === "ms-turn" ? "[MS-TURN] pseudo-TLS ClientHello, 50 bytes" : "ssltcp ClientHello, 72 bytes",
        },
        ...(pseudo.answerFrame === undefined
          ? []
          : [
              {
                file: connection.file,
                frame: pseudo.answerFrame,
                path: "pseudoTls.answer",
                value: description,
                expected:
                  pseudo.dialect === "ms-turn"
                    ? "ServerHello and ServerHelloDone in one record of 83 bytes ([MS-TURN] 2.1.1)"
                    : "the fixed ServerHello of 79 bytes",
              },
            ]),
        ...second.map(({ evidence }) => evidence),
      ],
    },
  ];
}

/** The cause that fits when interception stays only possible. */
export function fallbackCause(answered: string): Exclude<Cause, "tls-interception" | "capture-incomplete"> {
  switch (answered) {
    case "alert":
      return "tls-alert";
    case "reset":
      return "reset-on-hello";
    case "fin":
      return "closed-without-answer";
    case "silence":
      return "no-answer";
    default:
      return "non-tls-answer";
  }
}

/** Undefined when the answer was documented, is another rule's (a Certificate), or was not captured. */
function answerText(connection: ConnectionObservation): string | undefined {
  switch (connection.pseudoTls?.answer) {
    case "alert":
      return `A TLS alert (${connection.tls?.alerts.find(({ from }) => from === "server")?.description ?? "unknown"})`;
    case "server-hello":
      return "A TLS ServerHello that is not the documented one";
    case "other-bytes":
      return "Something that is neither TLS nor the documented record";
    case "reset":
      return "A TCP reset";
    case "fin":
      return "A close (FIN) without a byte";
    case "silence":
      return "Silence";
    default:
      return undefined;
  }
}

function hostIsAlive(context: Context, connection: ConnectionObservation): Sign | undefined {
  const udp = answeringUdp(context, connection);
  if (udp?.stun?.firstResponseFrame === undefined) return undefined;
  return {
    text: `UDP ${udp.server.port} of the same address answers (frame ${udp.stun.firstResponseFrame})`,
    evidence: {
      file: udp.file,
      frame: udp.stun.firstResponseFrame,
      path: "stun.response",
      value: `${udp.server.ip}:${udp.server.port} answers over UDP`,
    },
  };
}

function intercepted(context: Context, connection: ConnectionObservation): Sign | undefined {
  const network = networkOf(connection.server.ip);
  const other = context.connections.find(
    (candidate) =>
      candidate !== connection && networkOf(candidate.server.ip) === network && context.intercepted(candidate),
  );
  if (other === undefined) return undefined;
  const frame = other.tls?.certificates[0]?.frame ?? other.frames.first;
  return {
    text: `${describe(other)} in the same network is intercepted (frame ${frame})`,
    evidence: {
      file: other.file,
      frame,
      path: "tls.certificate[0].issuer",
      value: context.leaf(other)?.issuer.text ?? "intercepted",
    },
  };
}

function nearAndFar(context: Context, connection: ConnectionObservation): Sign | undefined {
  const near = connection.timing.tcpRtt;
  const udp = answeringUdp(context, connection);
  const far = udp?.stun?.rtt;
  if (near === undefined || udp === undefined || far === undefined || connection.tcp?.synAckFrame === undefined) return undefined;
  if (far - near < NEAR_FAR_SECONDS || far < near * NEAR_FAR_RATIO) return undefined;
  return {
    text: `TCP is answered after ${milliseconds(near)}, UDP of the same address after ${milliseconds(far)}`,
    evidence: {
      file: connection.file,
      frame: connection.tcp.synAckFrame,
      path: "tcp.rtt",
      value: milliseconds(near),
      expected: `about ${milliseconds(far)}, as over UDP`,
    },
  };
}

function answeringUdp(context: Context, connection: ConnectionObservation): ConnectionObservation | undefined {
  return context.connections.find(
    (candidate) =>
      candidate.transport === "udp" &&
      candidate.server.ip === connection.server.ip &&
      candidate.stun !== undefined &&
      candidate.stun.responses > 0,
  );
}

function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 0)} ms`;
}
