/**
 * Second, independent signs that a pseudo-TLS hello was ended by something in between: the host answers over UDP, its
 * network is intercepted elsewhere, TCP is answered much nearer than UDP, or than the hello by TLS, or on the spot. Each with its
 * evidence; knows no rule.
 */
import { isAtHand, isFar } from "../../observe/lines.ts";
import type { ConnectionObservation } from "../../observe/observations.ts";
import type { Context } from "../context.ts";
import type { Evidence } from "../finding.ts";
import { peerOf } from "../peer.ts";
import { describe, endpoint, milliseconds } from "../words.ts";
import { isOwnNetwork, isUnrouted } from "./support.ts";

/** TCP answered near, the same host's UDP far: an interceptor on site is tens to thousands of times nearer (measured). */
const NEAR_FAR_RATIO = 10;
/** Differences below this are queueing, not distance. Seconds. */
const NEAR_FAR_SECONDS = 0.005;

export interface Sign {
  readonly text: string;
  readonly evidence: Evidence;
}

export function secondSigns(context: Context, connection: ConnectionObservation): Sign[] {
  const { ip } = peerOf(connection);
  const udp = ip === undefined ? undefined : context.answeringUdp(connection.client.ip, ip);
  const signs = [
    hostIsAlive(udp),
    networkIsIntercepted(context, connection),
    nearAndFar(connection, udp),
    answersLate(connection),
    answersHere(connection),
  ];
  return signs.filter((sign) => sign !== undefined);
}

function hostIsAlive(udp: ConnectionObservation | undefined): Sign | undefined {
  const frame = udp?.stun?.firstResponseFrame;
  if (udp === undefined || frame === undefined) return undefined;
  return {
    text: `UDP ${udp.server.port} of the same address answers (frame ${frame})`,
    evidence: {
      file: udp.file,
      frame,
      path: "stun.response",
      value: `${endpoint(udp.server)} answers over UDP`,
    },
  };
}

function networkIsIntercepted(context: Context, connection: ConnectionObservation): Sign | undefined {
  const other = context.interceptedNeighbour(connection);
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

function nearAndFar(connection: ConnectionObservation, udp: ConnectionObservation | undefined): Sign | undefined {
  // TCP of a tunnel goes to the proxy.
  if (connection.through !== undefined) return undefined;
  const near = connection.timing.tcpRtt;
  const far = udp?.stun?.rtt;
  const frame = connection.tcp?.synAckFrame;
  if (near === undefined || far === undefined || frame === undefined) return undefined;
  if (far - near < NEAR_FAR_SECONDS || far < near * NEAR_FAR_RATIO) return undefined;
  return {
    text: `TCP is answered after ${milliseconds(near)}, UDP of the same address after ${milliseconds(far)}`,
    evidence: {
      file: connection.file,
      frame,
      path: "tcp.rtt",
      value: milliseconds(near),
      expected: `about ${milliseconds(far)}, as over UDP`,
    },
  };
}

/**
 * Who answers TCP near and the hello far dials on in between. With a close, a reset or silence that says nothing: a box that only
 * passes TCP on does the same when the server is down. An alert or a ServerHello takes TLS, which the server has none of.
 */
function answersLate({ file, pseudoTls, timing, through, tcp }: ConnectionObservation): Sign | undefined {
  const frame = pseudoTls?.answerFrame;
  const { tcpRtt, hello } = timing;
  if (pseudoTls?.answer !== "alert" && pseudoTls?.answer !== "server-hello") return undefined;
  if (through !== undefined || frame === undefined || tcpRtt === undefined || hello === undefined) return undefined;
  // A hello that got lost is answered late everywhere.
  if (!isFar(tcpRtt, hello) || (tcp?.client.retransmissions ?? 0) > 0) return undefined;
  return {
    text: `TCP is answered after ${milliseconds(tcpRtt)}, the hello only after ${milliseconds(hello)}, as by something that first asks elsewhere`,
    evidence: {
      file,
      frame,
      path: "timing.hello",
      value: milliseconds(hello),
      expected: `about ${milliseconds(tcpRtt)}, as TCP`,
    },
  };
}

/**
 * Who answers TCP for an address of the internet without a hop in between is a box at hand that ends TCP; so it is the box that
 * closed. What it is silent about may be its own waiting for a server that is down.
 */
function answersHere({
  file,
  pseudoTls,
  timing,
  through,
  tcp,
  client,
  server,
}: ConnectionObservation): Sign | undefined {
  if (pseudoTls?.answer !== "fin" && pseudoTls?.answer !== "reset") return undefined;
  const frame = tcp?.synAckFrame;
  const [sent, answered] = [tcp?.client.opening?.ttl, tcp?.server.opening?.ttl];
  const { tcpRtt } = timing;
  if (through !== undefined || frame === undefined || tcpRtt === undefined || !isAtHand(tcpRtt)) return undefined;
  // On the server's own network the client's packets have come a long way.
  if (!isUnrouted(sent) || !isUnrouted(answered)) return undefined;
  // A reset with another TTL is somebody else's.
  if (pseudoTls.answer === "reset" && tcp?.reset?.ttl !== answered) return undefined;
  if (!isOwnNetwork(client.ip) || isOwnNetwork(server.ip)) return undefined;
  return {
    text: `TCP for this address is answered without a hop in between, after ${milliseconds(tcpRtt)} with TTL ${answered}`,
    evidence: {
      file,
      frame,
      path: "ip.ttl",
      value: `${answered}`,
      expected: "less, from an address of another network",
    },
  };
}
