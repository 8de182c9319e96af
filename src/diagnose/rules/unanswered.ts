/**
 * Connections that came up and then got nothing, or not what was asked for: the peer closed without a byte, never
 * answered, or answered a TLS hello with something that is not TLS.
 */
import type { ConnectionObservation } from "../../observe/observations.ts";
import { describe } from "../context.ts";
import { answer, type Finding, type Rule } from "../rule.ts";
import type { Cause } from "../vocabulary.ts";

/** A request answered within this time is normal; a capture that ends sooner says nothing. Seconds (RFC 8489 section 6.2.1: a STUN client gives up after 39.5 s, and sends seven times). */
const PATIENCE = 3;

export const unanswered: Rule = {
  id: "unanswered",
  title: "no answer, or not the one asked for",
  references: ["https://www.rfc-editor.org/rfc/rfc8489#section-6.2.1"],
  check(context) {
    const judged = context.connections.filter((c) => c.bytes.fromClient > 0 && c.pseudoTls === undefined);
    return answer(judged.flatMap(finding), judged.length);
  },
};

function finding(connection: ConnectionObservation): Finding[] {
  const found = judge(connection);
  if (found === undefined) return [];
  const { cause, frame, what, fix } = found;
  return [
    {
      confidence: "proven",
      cause,
      connections: [connection],
      what,
      why: "The connection came up and the client spoke first; the answer that the protocol demands did not come.",
      fix,
      evidence: [{ file: connection.file, frame, path: connection.transport, value: what }],
    },
  ];
}

function judge(c: ConnectionObservation): { cause: Cause; frame: number; what: string; fix: string } | undefined {
  const target = describe(c);
  if (c.transport === "udp") {
    if (c.stun === undefined || c.stun.requests < 2 || c.stun.responses > 0 || c.bytes.fromServer > 0) return undefined;
    return {
      cause: "no-answer",
      frame: c.stun.firstRequestFrame ?? c.frames.first,
      what: `${c.stun.requests} STUN/TURN requests to ${target} over UDP got no answer.`,
      fix: `Allow UDP ${c.server.port} to ${c.server.ip} on the firewall.`,
    };
  }
  const tcp = c.tcp;
  if (tcp === undefined || tcp.synAckFrame === undefined || tcp.server.missing > 0 || tcp.client.missing > 0) return undefined;
  if (c.protocol === "tls" && c.head.server !== undefined && c.tls?.serverHello === undefined && notTls(c.head.server)) {
    return {
      cause: "non-tls-answer",
      frame: tcp.server.firstData ?? c.frames.first,
      what: `The TLS hello to ${target} was answered with bytes that are not TLS (frame ${tcp.server.firstData}).`,
      fix: `Find out what answers on ${c.server.ip}:${c.server.port}: a proxy's error page, or another service.`,
    };
  }
  if (c.bytes.fromServer > 0 || tcp.server.firstData !== undefined) return undefined;
  const closed = tcp.server.fin ?? (tcp.reset?.from === "server" ? tcp.reset.frame : undefined);
  if (closed !== undefined && closed >= (tcp.client.firstData ?? 0)) {
    return {
      cause: c.protocol === "tls" ? (tcp.server.fin === undefined ? "reset-on-hello" : "closed-without-answer") : "closed-without-answer",
      frame: closed,
      what: `${target} closed the connection after the client's first bytes without answering (frame ${closed}).`,
      fix: `Something between, or the server, does not accept this protocol on port ${c.server.port}: look for a proxy that expects TLS or HTTP there.`,
    };
  }
  const waited = c.to.seconds - c.from.seconds + (c.to.nanos - c.from.nanos) / 1e9;
  if (closed === undefined && (waited >= PATIENCE || tcp.client.retransmissions > 1)) {
    return {
      cause: "no-answer",
      frame: tcp.client.firstData ?? c.frames.first,
      what: `${target} accepted the connection and never answered the client's first bytes (frame ${tcp.client.firstData}).`,
      fix: `Check what is on the path to ${c.server.ip}:${c.server.port}: the port is open, the service behind it is not reached.`,
    };
  }
  return undefined;
}

/** Not a TLS record header, nor an SSLv2 one. */
function notTls(head: Uint8Array): boolean {
  const [type, major] = head;
  if (type === undefined || major === undefined) return false;
  return !(type >= 20 && type <= 24 && major === 3) && (type & 0x80) === 0;
}
