/**
 * Connections that came up and then got nothing, or not what was asked for: the peer closed without a byte, never
 * answered, or answered a TLS hello with something that is not TLS. Requests over UDP that nobody answers.
 */
import { MIN_TRIES, PATIENCE } from "../../observe/lines.ts";
import type { ConnectionObservation, TcpObservation } from "../../observe/observations.ts";
import { type Context, firstBytesOf, serverClose } from "../context.ts";
import { delayBetween, Fallbacks } from "../fallback.ts";
import type { Evidence, Finding } from "../finding.ts";
import { icmpAdvice, icmpError } from "../icmp.ts";
import { isRefused } from "../peer.ts";
import { answer, type Rule } from "../rule.ts";
import type { Cause } from "../vocabulary.ts";
import { describe, endpoint, milliseconds, page } from "../words.ts";
import { refusesHello } from "./reset-on-hello.ts";

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
  doc: {
    about:
      "Looks for connections that came up and got nothing, or not what was asked for: the other side closed without a byte, never answered, or answered a TLS hello with something that is not TLS; and for STUN, TURN, DTLS and QUIC requests that nobody answers.",
    finds: { proven: "always: what came back, or did not for long enough, is in the capture" },
    causes: ["non-tls-answer", "closed-without-answer", "no-answer"],
    innocent: ["the service behind the port is down", "UDP 443 that is blocked on purpose, so that programs use TCP"],
    advice: "Find out what answers at that address, and allow the port and protocol on what is between.",
  },
  check(context) {
    const judged = context.connections.filter((c) => c.bytes.fromClient > 0 && c.pseudoTls === undefined);
    const quic = judged.some(({ protocol, bytes }) => protocol === "quic" && bytes.fromServer === 0);
    const fallbacks = new Fallbacks(quic ? context.connections : []);
    const findings = judged.flatMap((connection): Finding[] => {
      const found =
        connection.transport === "udp" ? overUdp(context, connection, fallbacks) : overTcp(context, connection);
      if (found === undefined) return [];
      const { cause, frame, what, why, fix } = found;
      const evidence = [{ file: connection.file, frame, ...shown(connection, found) }];
      return [{ confidence: "proven", cause, connections: [connection], what, why, fix, evidence }];
    });
    return answer(findings, judged.length);
  },
};

function shown(
  { transport, http }: ConnectionObservation,
  { cause, what }: Silence,
): Pick<Evidence, "path" | "value" | "expected"> {
  if (cause !== "non-tls-answer" || http === undefined) return { path: transport, value: what };
  return { path: "http.response", value: page(http), expected: "a TLS record" };
}

function overUdp(context: Context, connection: ConnectionObservation, fallbacks: Fallbacks): Silence | undefined {
  const { stun, server, frames, unreachable } = connection;
  if (connection.bytes.fromServer > 0 || context.waited(connection, 0) < PATIENCE) return undefined;
  const asked = stun === undefined ? frames.count : stun.requests;
  if (asked < MIN_TRIES) return undefined;
  const but = unreachable === undefined ? "" : ` but ${icmpError(unreachable)} (frame ${unreachable.frame})`;
  const what = `to ${describe(connection)} over UDP got no answer${but}.`;
  const { why, fix } =
    unreachable === undefined
      ? {
          why: "Nothing came back, not even a refusal: a firewall drops the packets, or nothing listens there.",
          fix: `Allow UDP ${server.port} to ${server.ip} on the firewall.`,
        }
      : icmpAdvice(unreachable, server.ip, `UDP ${server.port}`);
  if (connection.protocol === "quic") {
    const silence = {
      cause: "no-answer" as const,
      frame: frames.first,
      what: `${asked} QUIC packets ${what}`,
      why,
      fix,
    };
    const fallback = fallbacks.of(connection);
    return fallback === undefined ? silence : { ...silence, ...overcome(silence, connection, fallback) };
  }
  // Behind STUN it may wait for a person who picks up.
  if (connection.dtls?.clientHello !== undefined && stun === undefined) {
    return { cause: "no-answer", frame: frames.first, what: `DTLS ${what}`, why, fix };
  }
  if (stun === undefined || stun.responses > 0 || !(stun.allocate || isStunPort(server.port))) return undefined;
  const frame = stun.firstRequestFrame ?? frames.first;
  return { cause: "no-answer", frame, what: `${asked} STUN/TURN requests ${what}`, why, fix };
}

/** The client did without QUIC, as programs do: nothing is broken by it. */
function overcome(
  { what, fix }: Silence,
  connection: ConnectionObservation,
  fallback: ConnectionObservation,
): Pick<Silence, "what" | "why" | "fix"> {
  const delay = Math.max(0, delayBetween(connection, fallback));
  return {
    what: `${what.slice(0, -1)}; after ${milliseconds(delay)} the client went on over TCP to ${describe(fallback)} (${fallback.id}, frame ${fallback.frames.first}), which answered.`,
    why: "UDP 443 is often blocked on purpose, so that everything goes over TCP, where proxies can see it. Programs then use TCP.",
    fix: `Nothing, where this is the policy. Else: ${fix}`,
  };
}

function overTcp(context: Context, connection: ConnectionObservation): Silence | undefined {
  const { tcp, tls, protocol, inside, timing } = connection;
  if (isRefused(connection.through)) return undefined;
  if (tcp?.synAckFrame === undefined || tcp.server.missing > 0 || tcp.client.missing > 0) return undefined;
  const other = otherThanTls(connection);
  if (other !== undefined) return other;
  const asked = firstBytesOf(connection, "client");
  if (asked === undefined || firstBytesOf(connection, "server") !== undefined) return undefined;
  const closed = serverClose(connection);
  if (closed !== undefined) {
    // A server that has said all it wants may leave it to the client to go on; who speaks a known protocol waits for its answer.
    if (closed < asked)
      return protocol === "unknown" || spokeLate(connection) ? undefined : closedAtOnce(connection, closed);
    // A reset after a ClientHello has a rule of its own.
    if (tls?.clientHelloFrame !== undefined && closed === tcp.reset?.frame) return undefined;
    // A connection that nothing was heard on is closed at last; who closes it then has not received what the client said.
    return neverArrived(tcp) ? unspoken(connection, asked) : closedOn(connection, closed);
  }
  // Some protocols want no answer (syslog, for one), and an HTTP server may take its time over one (long polling, RFC 6202): of
  // these only an acknowledgement is missed, and what the client does not send again it has been acknowledged, whether the
  // capture has it or not.
  const { unacknowledged, retransmissions } = tcp.client;
  if ((protocol === "unknown" || protocol === "http") && (unacknowledged === 0 || retransmissions === 0))
    return undefined;
  if (context.waited(connection, inside?.client?.at ?? timing.tcpRtt ?? 0) < PATIENCE) return undefined;
  return unspoken(connection, asked);
}

function otherThanTls(connection: ConnectionObservation): Silence | undefined {
  const { tcp, tls, head, server, protocol, http, inside } = connection;
  if (protocol !== "tls" || head.server === undefined || tls?.serverHello !== undefined || !notTls(head.server)) {
    return undefined;
  }
  const frame = inside?.server?.frame ?? tcp?.server.firstData ?? connection.frames.first;
  const target = describe(connection);
  const found = isInTunnel(connection)
    ? "Something on the proxy or behind it answers in the server's place: look at what it says, and allow the target there."
    : `Find out what answers on ${endpoint(server)}: a proxy's error page, or another service.`;
  if (http === undefined) {
    return {
      cause: "non-tls-answer",
      frame,
      what: `The TLS hello to ${target} was answered with bytes that are not TLS (frame ${frame}).`,
      why: "A TLS server answers with a TLS record; what answered speaks something else.",
      fix: found,
    };
  }
  return {
    cause: "non-tls-answer",
    frame: http.frame,
    what: `The TLS hello to ${target} was answered in plain HTTP: ${page(http)} (frame ${http.frame}).`,
    why: "A TLS server answers with a TLS record. A page in the clear comes from a filter that blocks the site, from a proxy or portal, or from a server that speaks HTTP on this port.",
    fix: found,
  };
}

function closedOn(connection: ConnectionObservation, closed: number): Silence {
  const target = describe(connection);
  if (isInTunnel(connection)) {
    return {
      cause: "closed-without-answer",
      frame: closed,
      what: `The tunnel to ${target} was closed after the client's first bytes in it, without an answer (frame ${closed}).`,
      why: "The proxy granted the tunnel and then closed it. Some grant before they know whether they reach the server; some look at the first bytes and dislike them; or the server itself closed.",
      fix: `Look at the log of the proxy ${endpoint(connection.server)} at this moment: whether it reached the server, and whether it lets this protocol pass.`,
    };
  }
  const helloFrame = connection.tls?.clientHelloFrame;
  if (helloFrame !== undefined) {
    return {
      cause: "closed-without-answer",
      frame: closed,
      what: `The ClientHello to ${target} (frame ${helloFrame}) was answered by closing the connection (frame ${closed}).`,
      ...refusesHello(connection),
    };
  }
  return {
    cause: "closed-without-answer",
    frame: closed,
    what: `${target} closed the connection after the client's first bytes without answering (frame ${closed}).`,
    why: "The connection came up and the client spoke first; the other side closed instead of answering.",
    fix: `Something between, or the server, does not accept this protocol on port ${connection.server.port}: look for a proxy that expects TLS or HTTP there.`,
  };
}

/** The client said it again and again, and nothing of it was ever acknowledged. */
function neverArrived({ client }: TcpObservation): boolean {
  return client.retransmissions > 0 && client.unacknowledged > 0 && client.unacknowledged >= client.bytes;
}

/** Servers close connections on which nothing is said for a while. */
function spokeLate({ handshake, timing }: ConnectionObservation): boolean {
  const hello = handshake.find(({ message }) => message === "ClientHello");
  return hello !== undefined && hello.at - (timing.tcpRtt ?? 0) >= PATIENCE;
}

function closedAtOnce(connection: ConnectionObservation, closed: number): Silence {
  const target = describe(connection);
  if (isInTunnel(connection)) {
    return {
      cause: "closed-without-answer",
      frame: closed,
      what: `The tunnel to ${target} was closed before the client's first bytes in it (frame ${closed}).`,
      why: "The proxy granted the tunnel and then closed it, whatever the client had to say: some grant before they know whether they reach the server.",
      fix: `Look at the log of the proxy ${endpoint(connection.server)} at this moment: whether it reached the server.`,
    };
  }
  return {
    cause: "closed-without-answer",
    frame: closed,
    what: `${target} accepted the connection and closed it before the client's first bytes (frame ${closed}).`,
    why: "The connection came up and was closed before the client had said anything, so not for what it said: a proxy or load balancer that does not reach the server, a rule about addresses, or a server that takes nobody at present.",
    fix: `Find out what answers on ${endpoint(connection.server)}, and why it closes: ask the operator whether the service is up, and look for a proxy, load balancer or firewall rule for this address.`,
  };
}

function unspoken(connection: ConnectionObservation, asked: number): Silence {
  const target = describe(connection);
  if (isInTunnel(connection)) {
    return {
      cause: "no-answer",
      frame: asked,
      what: `The tunnel to ${target} was granted, and the client's first bytes in it were never answered (frame ${asked}).`,
      why: "The proxy granted the tunnel; nothing came through it.",
      fix: `Look at the log of the proxy ${endpoint(connection.server)} at this moment: whether it reaches the server, or a filter behind it drops this content.`,
    };
  }
  const { unreachable, server } = connection;
  if (unreachable !== undefined && unreachable.frame > asked) {
    return {
      cause: "no-answer",
      frame: asked,
      what: `${target} accepted the connection and never answered the client's first bytes (frame ${asked}); what came back was ${icmpError(unreachable)} (frame ${unreachable.frame}).`,
      ...icmpAdvice(unreachable, server.ip, `TCP ${server.port}`),
    };
  }
  return {
    cause: "no-answer",
    frame: asked,
    what: `${target} accepted the connection and never answered the client's first bytes (frame ${asked}).`,
    why: "The connection came up and the client spoke first; nothing came back.",
    fix: `Check what is on the path to ${endpoint(connection.server)}: the port is open, but the service behind it is not reached, or a filter drops this content.`,
  };
}

/** Past a proxy's grant: what answers then may be the proxy, something behind it, or the server. */
function isInTunnel({ through, inside }: ConnectionObservation): boolean {
  return through !== undefined && inside !== undefined;
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
