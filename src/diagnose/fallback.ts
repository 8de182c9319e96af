/**
 * Fallback: where a client went on over TCP when QUIC got no answer. Owns what counts as the same server and as soon; judges nothing.
 */
import type { ConnectionObservation } from "../observe/observations.ts";
import { nameOf } from "./peer.ts";

/**
 * Seconds between the first packet of QUIC and a connection over TCP that was made in its place: programs give QUIC up after 4 to 10
 * seconds, or try both at once. A little earlier, as some try TCP first.
 */
const SOON = 15;
const BEFORE = 1;

export class Fallbacks {
  /** Answered TLS over TCP, by client and server, in the order of frames. */
  readonly #byServer = new Map<string, ConnectionObservation[]>();

  constructor(connections: readonly ConnectionObservation[]) {
    for (const connection of connections) {
      if (connection.transport !== "tcp" || connection.tls?.serverHello === undefined) continue;
      for (const key of keysOf(connection)) {
        const known = this.#byServer.get(key);
        if (known === undefined) this.#byServer.set(key, [connection]);
        else known.push(connection);
      }
    }
  }

  /** The first connection over TCP to the same address or name, answered, that the client made soon after it tried `quic`. */
  of(quic: ConnectionObservation): ConnectionObservation | undefined {
    const candidates = keysOf(quic).flatMap((key) => this.#byServer.get(key)?.find((tcp) => isSoon(quic, tcp)) ?? []);
    return candidates.reduce<ConnectionObservation | undefined>(
      (first, next) => (first === undefined || next.frames.first < first.frames.first ? next : first),
      undefined,
    );
  }
}

/** Seconds from the beginning of one connection to that of another. */
export function delayBetween(one: ConnectionObservation, other: ConnectionObservation): number {
  return other.from.seconds - one.from.seconds + (other.from.nanos - one.from.nanos) / 1e9;
}

function isSoon(quic: ConnectionObservation, tcp: ConnectionObservation): boolean {
  const delay = delayBetween(quic, tcp);
  return delay >= -BEFORE && delay <= SOON;
}

function keysOf(connection: ConnectionObservation): string[] {
  const { client, server, through } = connection;
  const name = nameOf(connection);
  const keys = name === undefined ? [] : [`${client.ip} name ${name}`];
  // The address of a proxy is not that of the server behind it.
  if (through === undefined) keys.push(`${client.ip} address ${server.ip} ${server.port}`);
  return keys;
}
