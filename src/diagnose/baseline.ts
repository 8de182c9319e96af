/**
 * Observations beside a baseline: which connections presented just what their server is known to present. Owns which entries speak for
 * a connection; what a difference means is for its rule.
 */
import { Baseline, type BaselineEntry } from "../observe/baseline.ts";
import type { ConnectionObservation, Observations } from "../observe/observations.ts";
import { nameOf, peerOf } from "./peer.ts";

/**
 * The same observations with the baseline, and with the trust of leaves that are in it marked as declared. Not of those under a CA that
 * was declared to be for inspection: then one of the two declarations is wrong, and the signature is what we saw ourselves.
 */
export function besides(observations: Observations, entries: readonly BaselineEntry[]): Observations {
  const baseline = new Baseline(entries);
  const connections = observations.connections.map((connection): ConnectionObservation => {
    const { tls } = connection;
    const leaf = tls?.certificates[0]?.sha256;
    if (tls?.trust === undefined || tls.trust.is === "public-root" || tls.trust.declared === "inspection-ca")
      return connection;
    const { host, port } = askedFor(connection);
    if (!baseline.covering(host, port).some(({ sha256 }) => sha256 === leaf)) return connection;
    const trust = { ...tls.trust, detail: "the certificate in the baseline", declared: "baseline" as const };
    return { ...connection, tls: { ...tls, trust } };
  });
  return { ...observations, connections, baseline };
}

/** What the baseline has of the very host that this connection is for. */
export function baselineOf({ baseline }: Observations, connection: ConnectionObservation): readonly BaselineEntry[] {
  if (baseline === undefined) return [];
  const { host, port } = askedFor(connection);
  return baseline.of(host, port);
}

/**
 * The name, where one was asked for: behind one address there may be many servers. A name that only a proxy was told counts as well.
 */
function askedFor(connection: ConnectionObservation): { host: string; port: number | undefined } {
  const { host, port } = peerOf(connection);
  return { host: (nameOf(connection) ?? host).toLowerCase(), port };
}
