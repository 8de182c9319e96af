/**
 * What several certificate rules share: which chains reach no public root, how many unrelated domains there are, and the
 * evidence for a field of the leaf. Knows no rule.
 */
import type { ConnectionObservation } from "../../observe/observations.ts";
import type { Certificate } from "../../protocol/x509/certificate.ts";
import { type Context, list } from "../context.ts";
import type { Evidence } from "../rule.ts";

/** Evidence rows of one finding; the connections beyond it are named in the finding anyway. */
const MAX_EVIDENCE = 20;

/**
 * True when cryptography shows that no public authority signed this chain. Not for `unknown` (something could not be
 * checked, or the root was public once), nor for a CA that the person declared legitimate.
 */
export function reachesNoPublicRoot(connection: ConnectionObservation): boolean {
  const trust = connection.tls?.trust;
  if (trust === undefined || trust.declared !== undefined) return false;
  return trust.is !== "public-root" && trust.is !== "unknown";
}

/** Connections in groups of one issuer name, in order of appearance. */
export function byIssuer(
  context: Context,
  connections: readonly ConnectionObservation[],
): { issuer: string; connections: ConnectionObservation[] }[] {
  const groups = new Map<string, ConnectionObservation[]>();
  for (const connection of connections) {
    const issuer = context.leaf(connection)?.issuer.text ?? "";
    const known = groups.get(issuer);
    if (known === undefined) groups.set(issuer, [connection]);
    else known.push(connection);
  }
  return [...groups].map(([issuer, members]) => ({ issuer, connections: members }));
}

/**
 * The unrelated registrable domains these connections were for. One per distinct leaf: a single certificate that names
 * several domains is its owner's, not a sign of forging. And one per name before the suffix: litware.com and litware.de
 * are usually one owner's.
 */
export function unrelatedDomains(context: Context, connections: readonly ConnectionObservation[]): string[] {
  const byLeaf = new Map<string, string>();
  for (const connection of connections) {
    const leaf = connection.tls?.certificates[0]?.sha256;
    const domain = context.domain(connection);
    if (leaf !== undefined && domain !== undefined && !byLeaf.has(leaf)) byLeaf.set(leaf, domain);
  }
  const byOwner = new Map<string, string>();
  for (const domain of byLeaf.values()) {
    const owner = domain.slice(0, domain.indexOf("."));
    if (!byOwner.has(owner)) byOwner.set(owner, domain);
  }
  return [...byOwner.values()];
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
  const targets = connections.map(({ tls, server }) => tls?.clientHello?.serverName ?? server.ip);
  return `Exempt ${list(targets, 4)} from TLS inspection on ${product}.`;
}

/** A chain that is as it should be but for the leaf's dates and names: public, or under a CA declared legitimate. */
export function chainIsGood(connection: ConnectionObservation): boolean {
  const trust = connection.tls?.trust;
  return trust !== undefined && (trust.is === "public-root" || trust.declared === "private-ca");
}
