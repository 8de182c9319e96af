/**
 * Context: what rules ask of Observations more than once: the leaf of a connection, its name, its domain, what earlier
 * rules found. Pure look-ups; holds no opinion of its own.
 */
import { getDomain } from "tldts-icann";
import type { ConnectionObservation, Observations, TlsObservation } from "../observe/observations.ts";
import type { Certificate } from "../protocol/x509/certificate.ts";
import type { Finding } from "./rule.ts";

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
  tls(): (ConnectionObservation & { readonly tls: TlsObservation })[] {
    return this.connections.filter(
      (connection): connection is ConnectionObservation & { readonly tls: TlsObservation } =>
        connection.tls !== undefined,
    );
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

  /** Did an earlier rule find with certainty or likelihood that this connection is intercepted? */
  intercepted(connection: ConnectionObservation): boolean {
    return this.earlier.some(
      (finding) =>
        finding.cause === "tls-interception" &&
        finding.confidence !== "possible" &&
        finding.connections.includes(connection),
    );
  }

  /**
   * The registrable domain the client asked for (server_name), else the one the leaf speaks for. Undefined for addresses
   * and for names that cannot be registered.
   */
  domain(connection: ConnectionObservation): string | undefined {
    const asked = connection.tls?.clientHello?.serverName;
    if (asked !== undefined) return registrableDomain(asked);
    for (const name of this.leaf(connection)?.names ?? []) {
      const domain = registrableDomain(name.replace(/^\*\./, ""));
      if (domain !== undefined) return domain;
    }
    return undefined;
  }
}

/** The part of a host name that somebody registered, by Mozilla's public suffix list (ICANN section). */
export function registrableDomain(host: string): string | undefined {
  return getDomain(host) ?? undefined;
}

/** Does a certificate speak for this host (RFC 6125 section 6.4.3: a wildcard stands for one whole left-most label)? */
export function speaksFor(certificate: Certificate, host: string): boolean {
  const name = host.toLowerCase();
  const names = certificate.names.length > 0 ? certificate.names : commonNames(certificate);
  return names.some((candidate) => {
    const pattern = candidate.toLowerCase().replace(/\.$/, "");
    if (!pattern.startsWith("*.")) return pattern === name;
    const dot = name.indexOf(".");
    return dot > 0 && name.slice(dot) === pattern.slice(1);
  });
}

/** Before subjectAltName was required, the name stood in the subject. */
function commonNames(certificate: Certificate): string[] {
  return certificate.subject.attributes.filter(({ type }) => type === "CN").map(({ value }) => value);
}

/** `sip.fabrikam.example (198.51.100.20:443)`, or the bare address. */
export function describe(connection: ConnectionObservation): string {
  const { ip, port } = connection.server;
  const address = ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
  const name = connection.tls?.clientHello?.serverName;
  return name === undefined ? address : `${name} (${address})`;
}

/** Up to three, then a count: for sentences. */
export function list(items: readonly string[], most = 3): string {
  const distinct = [...new Set(items)];
  if (distinct.length <= most) {
    if (distinct.length <= 1) return distinct[0] ?? "";
    return `${distinct.slice(0, -1).join(", ")} and ${distinct.at(-1)}`;
  }
  return `${distinct.slice(0, most).join(", ")} and ${distinct.length - most} more`;
}
