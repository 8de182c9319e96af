/**
 * Context: what rules ask of Observations more than once: the leaf of a connection, its name, its domain, when the capture
 * ends, what earlier rules found. Pure look-ups; holds no opinion of its own.
 */
import { getDomain } from "tldts-icann";
import { networkOf } from "../bytes/address.ts";
import { PATIENCE } from "../observe/lines.ts";
import type { ConnectionObservation, Observations, Timestamp, TlsObservation } from "../observe/observations.ts";
import type { Certificate } from "../protocol/x509/certificate.ts";
import { certificateNames, speaksFor } from "../protocol/x509/host-name.ts";
import type { Finding } from "./finding.ts";
import { type Pair, pairingOf } from "./pairing.ts";
import { nameOf } from "./peer.ts";

/** Clocks of which the zone is not known are off by at most so much: UTC+14 is the farthest. Seconds. */
const FARTHEST_ZONE = 14 * 3600;

export type TlsConnection = ConnectionObservation & { readonly tls: TlsObservation };

export class Context {
  readonly observations: Observations;
  /** Findings of the rules that ran before; a rule that needs a second sign stands after the rules that give it. */
  readonly earlier: readonly Finding[];

  readonly #index: Index;
  /** Of connections that an earlier rule found intercepted, what shows it best; made when first asked for. */
  #interceptions: Map<ConnectionObservation, Finding> | undefined;
  /** The first intercepted connections of each client and network, at most two; made when first asked for. */
  #interceptedNetworks: Map<string, ConnectionObservation[]> | undefined;

  #pairs: ReadonlyMap<ConnectionObservation, Pair> | undefined;

  constructor(observations: Observations, earlier: readonly Finding[]) {
    this.observations = observations;
    this.earlier = earlier;
    this.#index = indexOf(observations);
  }

  get connections(): readonly ConnectionObservation[] {
    return this.observations.connections;
  }

  /** The times of this connection's file may be off by a time zone. */
  hasLocalTime({ file }: ConnectionObservation): boolean {
    return this.observations.files[file]?.localTime === true;
  }

  /** On which side of the leaf's validity the connection was made; undefined for "in time", or when nobody can tell. */
  outOfDate(connection: ConnectionObservation): "early" | "expired" | undefined {
    const leaf = this.leaf(connection);
    if (leaf === undefined || connection.untimed === true) return undefined;
    const now = connection.from.seconds;
    const doubt = this.hasLocalTime(connection) ? FARTHEST_ZONE : 0;
    return now > leaf.notAfter + doubt ? "expired" : now < leaf.notBefore - doubt ? "early" : undefined;
  }

  /** Packets that were lost while the file of this connection was captured, as far as the file says. */
  droppedWith({ file }: ConnectionObservation): number {
    return this.observations.files[file]?.dropped ?? 0;
  }

  /** Connections on which (pseudo-)TLS was spoken. */
  tls(): readonly TlsConnection[] {
    return this.#index.tls;
  }

  /** Connections that gave out a session which this one offers to resume and was resumed with (RFC 5246 section 7.3, RFC 5077). */
  origins({ tls }: TlsConnection): TlsConnection[] {
    if (tls.resumed !== true) return [];
    const index = this.#index;
    index.issuers ??= issuersIn(index.tls);
    const { issuers } = index;
    return tls.offeredSessions.flatMap((session) => issuers.get(session) ?? []);
  }

  /** A UDP exchange of this client with this address that was answered. */
  answeringUdp(client: string, ip: string): ConnectionObservation | undefined {
    return this.#index.answeringUdp.get(`${client} ${ip}`);
  }

  /**
   * Another connection of the same client to the same network (see `networkOf`) that an earlier rule found intercepted: another
   * client may take another way.
   */
  interceptedNeighbour(connection: ConnectionObservation): ConnectionObservation | undefined {
    if (connection.through !== undefined) return undefined;
    if (this.#interceptedNetworks === undefined) {
      this.#interceptedNetworks = new Map();
      for (const intercepted of this.#shown().keys()) {
        // A proxy's neighbours are no neighbours of the servers behind it.
        if (intercepted.through !== undefined) continue;
        const network = pathOf(intercepted);
        const known = this.#interceptedNetworks.get(network);
        if (known === undefined) this.#interceptedNetworks.set(network, [intercepted]);
        else if (known.length < 2) known.push(intercepted);
      }
    }
    const candidates = this.#interceptedNetworks.get(pathOf(connection));
    return candidates?.find((candidate) => candidate !== connection);
  }

  /** The same connection at the server's end, where a capture of it was given and it was found there. */
  pair(connection: ConnectionObservation): Pair | undefined {
    const pairing = pairingOf(this.observations);
    if (pairing === undefined) return undefined;
    this.#pairs ??= new Map(pairing.pairs.map((pair) => [pair.near, pair]));
    return this.#pairs.get(connection);
  }

  /** Certificates as presented, leaf first; unreadable ones are left out. */
  chain(connection: ConnectionObservation): Certificate[] {
    const presented = connection.tls?.certificates ?? [];
    return presented.flatMap(({ sha256 }) => this.observations.certificates.get(sha256)?.certificate ?? []);
  }

  /** Undefined when it is not readable. */
  certificate(sha256: string): Certificate | undefined {
    return this.observations.certificates.get(sha256)?.certificate;
  }

  leaf(connection: ConnectionObservation): Certificate | undefined {
    const sha256 = connection.tls?.certificates[0]?.sha256;
    return sha256 === undefined ? undefined : this.observations.certificates.get(sha256)?.certificate;
  }

  /** SHA-256 of the leaf's SubjectPublicKeyInfo. */
  leafKey(connection: ConnectionObservation): string | undefined {
    const sha256 = connection.tls?.certificates[0]?.sha256;
    return sha256 === undefined ? undefined : this.keyOf(sha256);
  }

  /** The same of any certificate, by its own digest. */
  keyOf(sha256: string): string | undefined {
    return this.observations.certificates.get(sha256)?.spkiSha256;
  }

  /** The earlier finding that shows best that this connection is intercepted: proven before likely, never possible. */
  interception(connection: ConnectionObservation): Finding | undefined {
    return this.#shown().get(connection);
  }

  #shown(): Map<ConnectionObservation, Finding> {
    if (this.#interceptions !== undefined) return this.#interceptions;
    const shown = new Map<ConnectionObservation, Finding>();
    for (const finding of this.earlier) {
      if (finding.cause !== "tls-interception" || finding.confidence === "possible") continue;
      for (const connection of finding.connections) {
        const known = shown.get(connection);
        if (known === undefined || (known.confidence !== "proven" && finding.confidence === "proven")) {
          shown.set(connection, finding);
        }
      }
    }
    this.#interceptions = shown;
    return shown;
  }

  /**
   * The registrable domain that the leaf was issued for: the one asked for (server_name) when the leaf speaks for it, else
   * the first of its own. A default certificate says nothing about the name somebody asked. Undefined for addresses and
   * for names that cannot be registered.
   */
  domain(connection: ConnectionObservation): string | undefined {
    const leaf = this.leaf(connection);
    if (leaf === undefined) return undefined;
    const asked = nameOf(connection);
    const names = asked !== undefined && speaksFor(leaf, asked) ? [asked] : certificateNames(leaf);
    for (const name of names) {
      const domain = registrableDomain(name.replace(/^\*\./, ""));
      if (domain !== undefined) return domain;
    }
    return undefined;
  }

  /**
   * Seconds for which the client waited after the moment `at` (seconds since the connection's first frame) without closing:
   * to the end of the capture, or to the connection's last frame when the client closed it. 0 where time is not known.
   */
  waited(connection: ConnectionObservation, at: number): number {
    if (connection.untimed === true) return 0;
    const end = clientClose(connection) === undefined ? this.#end(connection) : connection.to;
    return end.seconds - connection.from.seconds + (end.nanos - connection.from.nanos) / 1e9 - at;
  }

  /** The capture ends while nobody has closed the connection, and too soon after its last frame for silence to tell. */
  isCutShort(connection: ConnectionObservation): boolean {
    const { outcome, from, to } = connection;
    if (outcome !== "open" && outcome !== "stalled") return false;
    return this.waited(connection, to.seconds - from.seconds + (to.nanos - from.nanos) / 1e9) < PATIENCE;
  }

  /** When the capture ends; at least the connection's last frame. */
  #end(connection: ConnectionObservation): Timestamp {
    let end = connection.to;
    for (const { to } of this.observations.files) if (to !== undefined && later(to, end)) end = to;
    return end;
  }
}

/** What is looked up by many rules for many connections, made once for all contexts of the same observations. */
interface Index {
  readonly tls: readonly TlsConnection[];
  /** Who gave out the sessions that were resumed; made when first asked for. */
  issuers: ReadonlyMap<string, TlsConnection[]> | undefined;
  readonly answeringUdp: ReadonlyMap<string, ConnectionObservation>;
}

const indexes = new WeakMap<Observations, Index>();

/** Connections kept per session: honest ones have one; a hostile capture could give out one session on all. */
const MAX_ISSUERS = 8;

function indexOf(observations: Observations): Index {
  const before = indexes.get(observations);
  if (before !== undefined) return before;
  const tls = observations.connections.filter((c): c is TlsConnection => c.tls !== undefined);
  const answeringUdp = new Map<string, ConnectionObservation>();
  for (const connection of observations.connections) {
    const { transport, client, server, stun } = connection;
    if (transport !== "udp" || stun === undefined || stun.responses === 0) continue;
    const path = `${client.ip} ${server.ip}`;
    if (!answeringUdp.has(path)) answeringUdp.set(path, connection);
  }
  const index = { tls, issuers: undefined, answeringUdp };
  indexes.set(observations, index);
  return index;
}

/** From where to where. */
function pathOf({ client, server }: ConnectionObservation): string {
  return `${client.ip} ${networkOf(server.ip)}`;
}

function issuersIn(connections: readonly TlsConnection[]): ReadonlyMap<string, TlsConnection[]> {
  const issuers = new Map<string, TlsConnection[]>();
  // Most sessions are never resumed in the same capture.
  for (const { tls } of connections) {
    if (tls.resumed === true) for (const session of tls.offeredSessions) issuers.set(session, []);
  }
  for (const connection of connections) {
    for (const session of connection.tls.issuedSessions) {
      const known = issuers.get(session);
      if (known !== undefined && known.length < MAX_ISSUERS) known.push(connection);
    }
  }
  return issuers;
}

/**
 * Frame of a side's first bytes of what the connection is for: behind what was said before TLS, which is no hello and no answer
 * to one. Undefined when there are none.
 */
export function firstBytesOf({ tcp, inside }: ConnectionObservation, side: "client" | "server"): number | undefined {
  return inside === undefined ? tcp?.[side].firstData : inside[side]?.frame;
}

/** Frame with which the server closed (FIN or RST), when the client had not closed before: then it was no answer. */
export function serverClose(connection: ConnectionObservation): number | undefined {
  const server = firstClose(connection, "server");
  const client = clientClose(connection);
  return server !== undefined && (client === undefined || server < client) ? server : undefined;
}

/** The same the other way round: frame with which the client closed, when the server had not. */
export function clientClosedFirst(connection: ConnectionObservation): number | undefined {
  return serverClose(connection) === undefined ? clientClose(connection) : undefined;
}

function clientClose(connection: ConnectionObservation): number | undefined {
  return firstClose(connection, "client");
}

function firstClose({ tcp }: ConnectionObservation, side: "client" | "server"): number | undefined {
  const fin = tcp?.[side].fin;
  const reset = tcp?.reset?.from === side ? tcp.reset.frame : undefined;
  if (fin === undefined || reset === undefined) return fin ?? reset;
  return Math.min(fin, reset);
}

function later(one: Timestamp, other: Timestamp): boolean {
  return one.seconds > other.seconds || (one.seconds === other.seconds && one.nanos > other.nanos);
}

/**
 * Top-level domains that nobody can register in: every organisation has its own `wiki.corp` and `nas.local`. RFC 6761, 6762 with
 * appendix G, 7686, 8375 and 9476, ICANN's `.internal` (2024) and the ones it refused for their use inside (`.corp`, `.home`, `.mail`).
 */
const PRIVATE_TOP_LEVEL =
  /(?:^|\.)(?:local|localdomain|localhost|lan|corp|home|mail|internal|intranet|private|invalid|test|onion|alt|home\.arpa)\.?$/i;

/** The part of a host name that somebody registered, by Mozilla's public suffix list (ICANN section). */
export function registrableDomain(host: string): string | undefined {
  return PRIVATE_TOP_LEVEL.test(host) ? undefined : (getDomain(host) ?? undefined);
}

/** Such as `co.uk`: nobody's host. */
export function isPublicSuffix(host: string): boolean {
  return getDomain(host) === null;
}
