/**
 * A pseudo-TLS hello answered by anything but the documented record: an alert, other bytes, a RST, a FIN, silence, a good
 * certificate. A real server always answers with the record, and has no TLS stack to send an alert with; but a filter, a
 * dead server or a wrong address explains some of these too. So: possible alone, likely with a second, independent sign,
 * which is named.
 */
import { PATIENCE } from "../../observe/lines.ts";
import type { ConnectionObservation } from "../../observe/observations.ts";
import { type Context, serverClose } from "../context.ts";
import type { Evidence, Finding } from "../finding.ts";
import { peerOf } from "../peer.ts";
import { answer, type Rule } from "../rule.ts";
import type { Cause } from "../vocabulary.ts";
import { describe, holder, page, short } from "../words.ts";
import { secondSigns } from "./second-signs.ts";
import { chainIsGood, mayBePublic } from "./support.ts";

export const undocumentedPseudoTlsAnswer: Rule = {
  id: "undocumented-pseudo-tls-answer",
  title: "a pseudo-TLS hello without its documented answer",
  references: [
    "https://learn.microsoft.com/en-us/openspecs/office_protocols/ms-turn/ae97f19f-88ea-44a7-bb2e-2b23cb645da5",
    "https://knowledge.broadcom.com/external/article/169284",
  ],
  doc: {
    about:
      "Looks for a pseudo-TLS hello that is answered by anything but the one documented record: an alert, other bytes, a reset, a close, silence, a good certificate. The server always answers with that record, and has no TLS to send an alert with. Without a second sign the connection is called impaired, by what happened.",
    finds: {
      likely:
        "a second, independent sign stands beside it: the host answers over UDP, its network is intercepted elsewhere, TCP is answered near and the rest far, or without a hop in between",
      possible: "alone",
    },
    causes: ["tls-interception"],
    innocent: ["a filter on the path", "a server that is down, or a wrong address", "a load balancer that ends TLS"],
    advice:
      "Exempt the address from TLS inspection, by address: this hello carries no server name. Where it is only possible: capture again with UDP 3478 to that host in it.",
  },
  check(context) {
    const dialogues = context.connections.filter(({ pseudoTls }) => pseudoTls !== undefined);
    const judged = dialogues.filter(({ pseudoTls }) => pseudoTls?.answer !== "not-captured");
    if (dialogues.length > 0 && judged.length === 0) {
      return { is: "not-observed", missing: "the server's direction of the pseudo-TLS dialogue" };
    }
    return answer(
      judged.flatMap((connection) => finding(context, connection)),
      judged.length,
    );
  },
};

function finding(context: Context, connection: ConnectionObservation): Finding[] {
  const description = answerText(context, connection);
  const pseudo = connection.pseudoTls;
  if (pseudo === undefined || description === undefined) return [];
  const signs = secondSigns(context, connection);
  const likely = signs.length > 0;
  const host = short(peerOf(connection).host);
  return [
    {
      confidence: likely ? "likely" : "possible",
      cause: "tls-interception",
      connections: [connection],
      what: `${description} answered the pseudo-TLS hello (frame ${pseudo.helloFrame}) to ${describe(connection)}${signs.map(({ text }) => `; and ${text}`).join("")}.`,
      why: likely
        ? "The server always answers this hello with one fixed record. Something that takes it for real TLS very likely ended the connection in its place: a host that is merely down does not explain the second sign."
        : "The server always answers this hello with one fixed record. A TLS proxy that takes it for real TLS fails like this; so does a filter on the path, a server that is down, or a wrong address.",
      fix: likely
        ? `Exempt ${host} from TLS inspection, by address: this hello carries no server name, so an entry by name cannot match on a transparent proxy. If a load balancer stands before the server, let it pass TCP unchanged.`
        : `Capture again with UDP 3478 to ${host} and a TLS connection through the same path in it: a second sign decides.`,
      evidence: [...evidence(connection, description), ...signs.map((sign) => sign.evidence)],
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

/** Undefined when the answer was documented, is another rule's (a forged certificate), or could not come. */
function answerText(context: Context, connection: ConnectionObservation): string | undefined {
  const pseudo = connection.pseudoTls;
  const leaf = context.leaf(connection);
  switch (pseudo?.answer) {
    case "certificate":
      if (leaf === undefined || !mayBePublic(context, connection)) return undefined;
      return `A ${chainIsGood(connection) ? "valid " : ""}certificate for ${holder(leaf)}`;
    case "alert":
      return `A TLS alert (${connection.tls?.alerts.find(({ from }) => from === "server")?.description ?? "unknown"})`;
    case "server-hello":
      return "A TLS ServerHello that is not the documented one";
    case "other-bytes":
      return connection.http === undefined
        ? "Something that is neither TLS nor the documented record"
        : `A page in plain HTTP, ${page(connection.http)},`;
    // A client that gives up first (ICE drops what it does not need) is no answer.
    case "reset":
      return serverClose(connection) === undefined ? undefined : "A TCP reset";
    case "fin":
      return serverClose(connection) === undefined ? undefined : "A close (FIN) without a byte";
    case "silence":
      return context.waited(connection, connection.handshake[0]?.at ?? 0) < PATIENCE ? undefined : "Silence";
    default:
      return undefined;
  }
}

function evidence({ file, pseudoTls }: ConnectionObservation, description: string): Evidence[] {
  if (pseudoTls === undefined) return [];
  const isMsTurn = pseudoTls.dialect === "ms-turn";
  const hello = isMsTurn ? "[MS-TURN] pseudo-TLS ClientHello, 50 bytes" : "ssltcp ClientHello, 72 bytes";
  const expected = isMsTurn
    ? "ServerHello and ServerHelloDone in one record of 83 bytes ([MS-TURN] 2.1.1)"
    : "the fixed ServerHello of 79 bytes";
  const first = { file, frame: pseudoTls.helloFrame, path: "pseudoTls.clientHello", value: hello };
  if (pseudoTls.answerFrame === undefined) return [first];
  return [first, { file, frame: pseudoTls.answerFrame, path: "pseudoTls.answer", value: description, expected }];
}
