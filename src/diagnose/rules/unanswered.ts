/**
 * Connections that came up and then got nothing, or not what was asked for: the peer closed without a byte, never
 * answered, or answered a TLS hello with something that is not TLS. Requests over UDP that nobody answers.
 */
import type { ConnectionObservation } from "../../observe/observations.ts";
import { type Context, PATIENCE, serverClose } from "../context.ts";
import type { Finding } from "../finding.ts";
import { answer, type Rule } from "../rule.ts";
import type { Cause } from "../vocabulary.ts";
import { describe, endpoint } from "../words.ts";

/**
 * Ports of STUN and TURN servers: 3478 to 3481 (RFC 8489; Teams), 5349 (over DTLS), 19302 to 19309 (Google). Elsewhere an
 * unanswered Binding request is one of ICE's many checks of addresses that may not be reachable (RFC 8445 section 7).
 */
const STUN_PORTS: readonly (readonly [first: number, last: number])[] = [
  [3478, 3481],
  [5349, 5349],
  [19302, 19309],
];

interface Silence {
  readonly cause: Cause;
  readonly frame: number;
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

export const unanswered: Rule = {
  id: "unanswered",
  title: "no answer, or not the one asked for",
  references: ["https://www.rfc-editor.org/rfc/rfc8489#section-6.2.1"],
  check(context) {
    const judged = context.connections.filter((c) => c.bytes.fromClient > 0 && c.pseudoTls === undefined);
    const findings = judged.flatMap((connection): Finding[] => {
      const found = connection.transport === "udp" ? overUdp(context, connection) : overTcp(context, connection);
      if (found === undefined) return [];
      const { cause, frame, what, why, fix } = found;
      const evidence = [{ file: connection.file, frame, path: connection.transport, value: what }];
      return [{ confidence: "proven", cause, connections: [connection], what, why, fix, evidence }];
    });
    return answer(findings, judged.length);
  },
};

function overUdp(context: Context, connection: ConnectionObservation): Silence | undefined {
  const { stun, server, frames } = connection;
  if (connection.bytes.fromServer > 0 || context.waited(connection, 0) < PATIENCE) return undefined;
  const asked = stun === undefined ? frames.count : stun.requests;
  if (asked < 2) return undefined;
  const what = `to ${describe(connection)} over UDP got no answer.`;
  const why = "Nothing came back, not even a refusal: a firewall drops the packets, or nothing listens there.";
  const fix = `Allow UDP ${server.port} to ${server.ip} on the firewall.`;
  if (connection.protocol === "quic") {
    return { cause: "no-answer", frame: frames.first, what: `${asked} QUIC packets ${what}`, why, fix };
  }
  if (stun === undefined || stun.responses > 0 || !(stun.allocate || isStunPort(server.port))) return undefined;
  const frame = stun.firstRequestFrame ?? frames.first;
  return { cause: "no-answer", frame, what: `${asked} STUN/TURN requests ${what}`, why, fix };
}

function overTcp(context: Context, connection: ConnectionObservation): Silence | undefined {
  const { tcp, tls, head, server, protocol } = connection;
  // What the proxy said of the tunnel is no answer to what is in it.
  if (connection.through?.status !== undefined) return undefined;
  if (tcp?.synAckFrame === undefined || tcp.server.missing > 0 || tcp.client.missing > 0) return undefined;
  const target = describe(connection);
  const asked = tcp.client.firstData ?? connection.frames.first;
  if (protocol === "tls" && head.server !== undefined && tls?.serverHello === undefined && notTls(head.server)) {
    const frame = tcp.server.firstData ?? connection.frames.first;
    return {
      cause: "non-tls-answer",
      frame,
      what: `The TLS hello to ${target} was answered with bytes that are not TLS (frame ${frame}).`,
      why: "A TLS server answers with a TLS record; what answered speaks something else.",
      fix: `Find out what answers on ${endpoint(server)}: a proxy's error page, or another service.`,
    };
  }
  if (connection.bytes.fromServer > 0 || tcp.server.firstData !== undefined) return undefined;
  const closed = serverClose(connection);
  if (closed !== undefined) {
    // A reset after a ClientHello has a rule of its own.
    if (closed < asked || (tls?.clientHelloFrame !== undefined && closed === tcp.reset?.frame)) return undefined;
    return {
      cause: "closed-without-answer",
      frame: closed,
      what: `${target} closed the connection after the client's first bytes without answering (frame ${closed}).`,
      why: "The connection came up and the client spoke first; the other side closed instead of answering.",
      fix: `Something between, or the server, does not accept this protocol on port ${server.port}: look for a proxy that expects TLS or HTTP there.`,
    };
  }
  // Some protocols want no answer (syslog, for one); of an unknown one only an acknowledgement is missed, and what the
  // client does not send again it has been acknowledged, whether the capture has it or not.
  const { unacknowledged, retransmissions } = tcp.client;
  if (protocol === "unknown" && (unacknowledged === 0 || retransmissions === 0)) return undefined;
  if (context.waited(connection, connection.timing.tcpRtt ?? 0) < PATIENCE) return undefined;
  return {
    cause: "no-answer",
    frame: asked,
    what: `${target} accepted the connection and never answered the client's first bytes (frame ${asked}).`,
    why: "The connection came up and the client spoke first; nothing came back.",
    fix: `Check what is on the path to ${endpoint(server)}: the port is open, but the service behind it is not reached, or a filter drops this content.`,
  };
}

function isStunPort(port: number): boolean {
  return STUN_PORTS.some(([first, last]) => first <= port && port <= last);
}

/** Not a TLS record header, nor an SSLv2 one. */
function notTls(head: Uint8Array): boolean {
  const [type, major] = head;
  if (type === undefined || major === undefined) return false;
  return !(type >= 20 && type <= 24 && major === 3) && (type & 0x80) === 0;
}
