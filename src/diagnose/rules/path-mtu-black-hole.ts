/**
 * Small segments pass, full-size ones of one direction never do, and no ICMP says why: somewhere on the path the MTU is
 * smaller than the ends believe. A Certificate is the first large thing a server sends, so it looks as if TLS were blocked.
 */
import { isStuck, losesFullSize, PATIENCE } from "../../observe/lines.ts";
import type { ConnectionObservation, Side } from "../../observe/observations.ts";
import type { Context } from "../context.ts";
import type { Finding } from "../finding.ts";
import { answer, type Rule } from "../rule.ts";
import { describe, plural } from "../words.ts";

export const pathMtuBlackHole: Rule = {
  id: "path-mtu-black-hole",
  title: "a path that loses full-size packets",
  references: ["https://www.rfc-editor.org/rfc/rfc2923#section-2.1", "https://www.rfc-editor.org/rfc/rfc4821"],
  doc: {
    about:
      "Looks for connections on which small segments pass and full-size ones of one direction never do, however often they are sent. A Certificate is the first large thing that a server sends, so it looks as if TLS were blocked. No certificate was replaced.",
    finds: { likely: "always: full-size packets may also be lost by chance" },
    causes: ["path-mtu-black-hole"],
    innocent: ["ordinary loss that happened to hit the large packets"],
    advice:
      "Let ICMP “fragmentation needed” and “packet too big” pass, or clamp the MSS on the router or VPN. To confirm, lower the client's MTU to 1280.",
  },
  check(context) {
    const judged = context.connections.filter(
      ({ tcp }) => tcp?.synAckFrame !== undefined && tcp.client.firstData !== undefined,
    );
    return answer(
      judged.flatMap((connection) => finding(context, connection)),
      judged.length,
    );
  },
};

function finding(context: Context, connection: ConnectionObservation): Finding[] {
  const found =
    stuck(context, connection, "client") ?? stuck(context, connection, "server") ?? neverCame(context, connection);
  if (found === undefined) return [];
  const { frame, value, what } = found;
  return [
    {
      confidence: "likely",
      cause: "path-mtu-black-hole",
      connections: [connection],
      what: `${what} (frame ${frame}).`,
      why: "Only packets of full size are lost: a link on the path carries less than both ends believe, and its ICMP messages are filtered. No certificate was replaced.",
      fix: "Let ICMP “fragmentation needed” / “packet too big” pass, or clamp the MSS on the router or VPN; to confirm, lower the client's MTU to 1280 and try again.",
      evidence: [
        {
          file: connection.file,
          frame,
          path: "tcp.segment",
          value,
          expected: "the whole flight",
        },
      ],
    },
  ];
}

interface Loss {
  readonly frame: number;
  readonly value: string;
  readonly what: string;
}

/** Seen from the client: holes in what the server sent. */
function neverCame(context: Context, connection: ConnectionObservation): Loss | undefined {
  const { tcp } = connection;
  if (tcp === undefined || !losesFullSize(tcp.client, tcp.server)) return undefined;
  const { lost, largestSegment } = tcp.server;
  // What the sender had no time to repeat is ordinary loss, or not lost at all.
  if (context.waited(connection, 0) < PATIENCE) return undefined;
  return {
    frame: tcp.server.firstData ?? connection.frames.first,
    value: `largest server segment that passed: ${plural(largestSegment, "byte")}; lost: ${plural(lost, "byte")}`,
    what: `${lost} bytes of the answer from ${describe(connection)} never arrived, while smaller packets did`,
  };
}

/**
 * Seen from who sends: all that was smaller is acknowledged, and the first segment of this size never is, at whatever time of the
 * connection it was sent.
 */
function stuck(context: Context, connection: ConnectionObservation, side: Side): Loss | undefined {
  const segment = connection.tcp?.[side].stuck;
  if (segment === undefined || !isStuck(segment)) return undefined;
  if (context.waited(connection, segment.at) < PATIENCE) return undefined;
  const target = describe(connection);
  const whose =
    side === "client" ? `The client's full-size packets to ${target}` : `The full-size packets from ${target}`;
  return {
    frame: segment.frame,
    value: `first segment of ${plural(segment.size, "byte")}: sent again ${segment.repeats} times, never acknowledged; all before it was smaller, and was`,
    what: `${whose} were sent again and again and never acknowledged`,
  };
}
