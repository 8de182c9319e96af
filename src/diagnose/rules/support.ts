/**
 * What several certificate rules share: which chains reach no public root, how many unrelated domains there are, and the
 * evidence for a field of the leaf. Knows no rule.
 */
import { parseAddress } from "../../bytes/address.ts";
import { OTHER_AUTHORITIES, type OtherAuthority } from "../../knowledge/roots/other-authorities.ts";
import type { ConnectionObservation } from "../../observe/observations.ts";
import { assertsPublicPolicy, type Certificate, type DistinguishedName } from "../../protocol/x509/certificate.ts";
import type { Context, TlsConnection } from "../context.ts";
import type { Evidence, Finding } from "../finding.ts";
import { grouped } from "../grouped.ts";
import { hidesCertificate, missingFrom } from "../lacks.ts";
import { nameOf, peerOf } from "../peer.ts";
import { answer, type RuleAnswer } from "../rule.ts";
import { list, short } from "../words.ts";

/** Evidence rows of one finding; the connections beyond it are named in the finding anyway. */
export const MAX_EVIDENCE = 20;

/**
 * From this day browsers demanded SCTs of new public certificates (Chrome, 2018-04-30), and authorities embed them. Seconds.
 */
export const SCTS_DEMANDED = Date.UTC(2018, 4, 1) / 1000;

/**
 * The end of a rule about certificates: where none of `connections` let its certificate be seen, "not looked" must not read
 * as "nothing there".
 */
export function certificateAnswer(
  connections: readonly TlsConnection[],
  findings: readonly Finding[],
  checked: number,
): RuleAnswer {
  if (findings.length > 0 || checked > 0) return answer(findings, checked);
  for (const connection of connections) {
    if (connection.pseudoTls !== undefined) continue;
    const missing = missingFrom(connection) ?? hidesCertificate(connection.tls);
    if (missing !== undefined) return { is: "not-observed", missing };
  }
  return answer([], 0);
}

/**
 * True when cryptography shows that no public authority signed this chain. Not for `unknown` (something could not be
 * checked, or the root was public once), nor for a CA or a certificate that the person declared legitimate.
 */
export function reachesNoPublicRoot(connection: ConnectionObservation): boolean {
  const trust = connection.tls?.trust;
  if (trust === undefined || (trust.declared !== undefined && trust.declared !== "inspection-ca")) return false;
  return trust.is !== "public-root" && trust.is !== "unknown";
}

/**
 * True when the leaf's issuer is surely not a public authority. A chain whose issuer was not sent may still lead to one:
 * servers that forget their intermediate are common. Such a leaf counts only when it lacks the SCTs and the policy that public ones
 * have. One with SCTs never does: its authority may be younger than the list of roots here.
 */
export function hasPrivateIssuer(context: Context, connection: ConnectionObservation): boolean {
  const leaf = context.leaf(connection);
  if (leaf === undefined || leaf.embeddedScts > 0 || !reachesNoPublicRoot(connection)) return false;
  const trust = connection.tls?.trust?.is;
  if (trust === "self-signed") return false;
  const issuerUnseen = trust === "incomplete" && connection.tls?.signing?.issuerKey === undefined;
  return !issuerUnseen || (leaf.notBefore >= SCTS_DEMANDED && !assertsPublicPolicy(leaf));
}

/**
 * A chain of which nothing shows that it is private: it is good, could not be checked, or lacks a certificate and has the SCTs that
 * public ones have.
 */
export function mayBePublic(context: Context, connection: ConnectionObservation): boolean {
  const trust = connection.tls?.trust?.is;
  if (chainIsGood(connection) || trust === "unknown") return true;
  return trust === "incomplete" && (context.leaf(connection)?.embeddedScts ?? 0) > 0;
}

/** The authority on no browser's list that honestly signs for several domains and bears this name. */
export function otherAuthority(issuer: DistinguishedName): OtherAuthority | undefined {
  return OTHER_AUTHORITIES.find((authority) =>
    authority.issuer.every(({ type, pattern }) =>
      issuer.attributes.some((attribute) => attribute.type === type && pattern.test(attribute.value)),
    ),
  );
}

/** Under a CA declared legitimate. */
export function isDeclaredPrivate(connection: ConnectionObservation): boolean {
  const trust = connection.tls?.trust;
  return trust?.is === "private-root" && trust.declared === "private-ca";
}

/**
 * The same, where the leaf's issuer was not declared itself but an authority above it: a company's root vouches for its inspection CA
 * as well.
 */
export function isBelowDeclared(context: Context, connection: ConnectionObservation): boolean {
  return isDeclaredPrivate(connection) && context.leaf(connection)?.issuer.text !== connection.tls?.trust?.anchor;
}

/** Signed by a CA declared to be for inspection. */
export function isUnderInspectionCa(connection: ConnectionObservation): boolean {
  const trust = connection.tls?.trust;
  return trust?.is === "private-root" && trust.declared === "inspection-ca";
}

/** The leaf is one that the server is known to present. */
export function isInBaseline({ tls }: ConnectionObservation): boolean {
  return tls?.trust?.declared === "baseline";
}

/** A chain that is as it should be but for the leaf's dates and names: public, or under a CA declared legitimate. */
export function chainIsGood(connection: ConnectionObservation): boolean {
  return connection.tls?.trust?.is === "public-root" || isDeclaredPrivate(connection);
}

/**
 * True for a server whose address nobody can reach from elsewhere (RFC 1918, 3927, 4193, 4291, 6598; loopback): it is the
 * organisation's own, or stands for one that is, and a private CA is what it is expected to use. Holds for connections
 * made to the server itself; the address of a proxy that was asked for a tunnel says nothing of the server behind it.
 */
export function isOwnNetwork(ip: string): boolean {
  if (ip.includes(":")) {
    const [w0, w1, w2, w3] = parseAddress(ip).map((word) => word >>> 0) as [number, number, number, number];
    return w0 >>> 25 === 0x7e || w0 >>> 22 === 0x3fa || (w0 === 0 && w1 === 0 && w2 === 0 && w3 === 1);
  }
  const [first, second = 0] = ip.split(".", 2).map(Number);
  if (first === 10 || first === 127) return true;
  if (first === 172) return second >= 16 && second < 32;
  if (first === 192) return second === 168;
  if (first === 169) return second === 254;
  return first === 100 && second >= 64 && second < 128;
}

/** The same of a connection's peer; one that a proxy was asked for by name is not known to be. */
export function isOwn(connection: ConnectionObservation): boolean {
  const { ip } = peerOf(connection);
  return ip !== undefined && isOwnNetwork(ip);
}

/** A TTL as systems send it, which no router has lowered: most send 64, Windows 128, network devices 255. */
export function isUnrouted(ttl: number | undefined): boolean {
  return ttl === 64 || ttl === 128 || ttl === 255;
}

/** The host of an absolute URL. */
export function hostIn(url: string | undefined): string | undefined {
  return /^https?:\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:]+)/i.exec(url ?? "")?.[1]?.toLowerCase();
}

/** Connections in groups of one issuer name, in order of appearance. Each group has at least one connection. */
export function byIssuer<C extends ConnectionObservation>(
  context: Context,
  connections: readonly C[],
): { leaf: Certificate; connections: C[] }[] {
  const groups = new Map<string, { leaf: Certificate; connections: C[] }>();
  for (const connection of connections) {
    const leaf = context.leaf(connection);
    if (leaf === undefined) continue;
    const known = groups.get(leaf.issuer.text);
    if (known === undefined) groups.set(leaf.issuer.text, { leaf, connections: [connection] });
    else known.connections.push(connection);
  }
  return [...groups.values()];
}

/**
 * The unrelated registrable domains these connections were for. One per distinct leaf: a single certificate that names
 * several domains is its owner's, not a sign of forging. One per name before the suffix: litware.com and litware.de are
 * usually one owner's. None for servers in the organisation's own network: its own CA signs for whatever it calls them.
 */
export function unrelatedDomains(context: Context, connections: readonly ConnectionObservation[]): string[] {
  const byLeaf = new Map<string, string>();
  for (const connection of connections) {
    const leaf = connection.tls?.certificates[0]?.sha256;
    if (leaf === undefined || byLeaf.has(leaf) || isOwn(connection)) continue;
    const domain = context.domain(connection);
    if (domain !== undefined) byLeaf.set(leaf, domain);
  }
  return onePerOwner(byLeaf.values());
}

/** What a registrable domain has before the suffix: litware.com and litware.de are usually one owner's. */
export function ownerOf(domain: string): string {
  return domain.slice(0, domain.indexOf("."));
}

/** The first of these registrable domains of every owner. */
export function onePerOwner(domains: Iterable<string>): string[] {
  return [...grouped(domains, ownerOf).values()].flatMap(([first]) => first ?? []);
}

/** One row per connection: a field of its leaf, in the frame that completed the Certificate message. */
export function certificateEvidence(
  context: Context,
  connections: readonly ConnectionObservation[],
  field: string,
  value: (leaf: Certificate, connection: ConnectionObservation) => string,
  expected: string,
): Evidence[] {
  return connections.slice(0, MAX_EVIDENCE).flatMap((connection) => {
    const leaf = context.leaf(connection);
    const frame = connection.tls?.certificates[0]?.frame;
    if (leaf === undefined || frame === undefined) return [];
    return [
      { file: connection.file, frame, path: `tls.certificate[0].${field}`, value: value(leaf, connection), expected },
    ];
  });
}

/** What to change on the interceptor, in one sentence. */
export function bypassAdvice(connections: readonly ConnectionObservation[], product: string): string {
  return `Exempt ${targets(connections)} from TLS inspection on ${product}.`;
}

/** What to do about a sign that has innocent explanations. */
export function compareAdvice(connections: readonly ConnectionObservation[]): string {
  return `Compare with the certificate that ${targets(connections)} presents on another network; if it is the same there, nothing intercepts.`;
}

/** What to do about signs that are seen from outside alone. */
export const LOOK_INSIDE =
  "Capture again with the key log of the client (SSLKEYLOGFILE): then the certificates tell. Or ask who runs the device in between whether it inspects TLS.";

function targets(connections: readonly ConnectionObservation[]): string {
  return list(
    connections.map((connection) => short(nameOf(connection) || peerOf(connection).host)),
    4,
  );
}
