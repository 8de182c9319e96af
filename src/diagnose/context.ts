/**
 * Context: what rules ask of Observations more than once: the leaf of a connection, its name, its domain, when the capture
 * ends, what earlier rules found. Pure look-ups; holds no opinion of its own.
 */
import { getDomain } from "tldts-icann";
import type { ConnectionObservation, Observations, Timestamp, TlsObservation } from "../observe/observations.ts";
import type { Certificate } from "../protocol/x509/certificate.ts";
import type { Finding } from "./finding.ts";

/**
 * Who has waited this long without an answer has none: longer than any handshake that goes well, and TCP has retransmitted
 * twice (RFC 6298: after 1 and 2 more seconds). Seconds. A capture that ends sooner says nothing.
 */
export const PATIENCE = 3;

export type TlsConnection = ConnectionObservation & { readonly tls: TlsObservation };

export class Context {
  readonly observations: Observations;
  /** Findings of the rules that ran before; a rule that needs a second sign stands after the rules that give it. */
  readonly earlier: readonly Finding[];

  constructor(observations: Observations, earlier: readonly Finding[]) {
    this.observations = observations;
    this.earlier = earlier;
  }

  get connections(): readonly ConnectionObservation[] {
    return this.observations.connections;
  }

  /** Connections on which (pseudo-)TLS was spoken. */
  tls(): TlsConnection[] {
    return this.connections.filter((connection): connection is TlsConnection => connection.tls !== undefined);
  }

  /** Certificates as presented, leaf first; unreadable ones are left out. */
  chain(connection: ConnectionObservation): Certificate[] {
    const presented = connection.tls?.certificates ?? [];
    return presented.flatMap(({ sha256 }) => this.observations.certificates.get(sha256)?.certificate ?? []);
  }

  leaf(connection: ConnectionObservation): Certificate | undefined {
    const sha256 = connection.tls?.certificates[0]?.sha256;
    return sha256 === undefined ? undefined : this.observations.certificates.get(sha256)?.certificate;
  }

  /** SHA-256 of the leaf's SubjectPublicKeyInfo. */
  leafKey(connection: ConnectionObservation): string | undefined {
    const sha256 = connection.tls?.certificates[0]?.sha256;
    return sha256 === undefined ? undefined : this.observations.certificates.get(sha256)?.spkiSha256;
  }

  /** The earlier finding that shows best that this connection is intercepted: proven before likely, never possible. */
  interception(connection: ConnectionObservation): Finding | undefined {
    const shown = this.earlier.filter(
      ({ cause, confidence, connections }) =>
        cause === "tls-interception" && confidence !== "possible" && connections.includes(connection),
    );
    return shown.find(({ confidence }) => confidence === "proven") ?? shown[0];
  }

  /**
   * The registrable domain that the leaf was issued for: the one asked for (server_name) when the leaf speaks for it, else
   * the first of its own. A default certificate says nothing about the name somebody asked. Undefined for addresses and
   * for names that cannot be registered.
   */
  domain(connection: ConnectionObservation): string | undefined {
    const leaf = this.leaf(connection);
    if (leaf === undefined) return undefined;
    const asked = connection.tls?.clientHello?.serverName;
    const names = asked !== undefined && speaksFor(leaf, asked) ? [asked] : certificateNames(leaf);
    for (const name of names) {
      const domain = registrableDomain(name.replace(/^\*\./, ""));
      if (domain !== undefined) return domain;
    }
    return undefined;
  }

  /**
   * Seconds for which the client waited after the moment `at` (seconds since the connection's first frame) without closing:
   * to the end of the capture, or to the connection's last frame when the client closed it.
   */
  waited(connection: ConnectionObservation, at: number): number {
    const end = clientClose(connection) === undefined ? this.#end(connection) : connection.to;
    return end.seconds - connection.from.seconds + (end.nanos - connection.from.nanos) / 1e9 - at;
  }

  /** When the capture ends; at least the connection's last frame. */
  #end(connection: ConnectionObservation): Timestamp {
    let end = connection.to;
    for (const { to } of this.observations.files) if (to !== undefined && later(to, end)) end = to;
    return end;
  }
}

/** Frame with which the server closed (FIN or RST), when the client had not closed before: then it was no answer. */
export function serverClose(connection: ConnectionObservation): number | undefined {
  const server = firstClose(connection, "server");
  const client = clientClose(connection);
  return server !== undefined && (client === undefined || server < client) ? server : undefined;
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

/** The part of a host name that somebody registered, by Mozilla's public suffix list (ICANN section). */
export function registrableDomain(host: string): string | undefined {
  return getDomain(host) ?? undefined;
}

/** Does a certificate speak for this host (RFC 6125 section 6.4.3: a wildcard stands for one whole left-most label)? */
export function speaksFor(certificate: Certificate, host: string): boolean {
  const name = host.toLowerCase();
  return certificateNames(certificate).some((candidate) => {
    const pattern = candidate.toLowerCase().replace(/\.$/, "");
    if (!pattern.startsWith("*.")) return pattern === name;
    const dot = name.indexOf(".");
    return dot > 0 && name.slice(dot) === pattern.slice(1);
  });
}

/** The names of subjectAltName; before it was required, the name stood in the subject. */
function certificateNames({ names, subject }: Certificate): readonly string[] {
  if (names.length > 0) return names;
  return subject.attributes.filter(({ type }) => type === "CN").map(({ value }) => value);
}
