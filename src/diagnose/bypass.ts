/**
 * What to exempt from TLS inspection: as narrow as the evidence allows, by name where the client sends one, by address
 * where it does not. Owns the choice of entries; knows no product's syntax.
 */
import type { JudgedConnection } from "./diagnose.ts";

export interface BypassEntry {
  readonly match: "ip" | "domain";
  readonly value: string;
  readonly port: number;
  readonly effective: "transparent+explicit" | "transparent" | "explicit";
  readonly findings: readonly string[];
  readonly note?: string;
}

const NO_NAME = "the client sends no server name here, so an entry by name cannot match on a transparent proxy";
const ALL_INSPECTED =
  "no connection of a known meeting service is intercepted here: exempt this only if it must not be inspected";

/**
 * Entries for the intercepted connections of meeting services; when none is recognised as one, for all intercepted
 * connections, with a note that says so.
 */
export function bypassEntries(judged: readonly JudgedConnection[]): BypassEntry[] {
  const intercepted = judged.filter(({ verdict }) => verdict.is === "intercepted");
  const ofServices = intercepted.filter(({ service }) => service !== undefined);
  const entries = new Map<string, BypassEntry>();
  for (const { connection, verdict } of ofServices.length > 0 ? ofServices : intercepted) {
    const name = connection.tls?.clientHello?.serverName;
    const { ip, port } = connection.server;
    const value = name ?? `${ip}/${ip.includes(":") ? 128 : 32}`;
    const key = `${value} ${port}`;
    const known = entries.get(key);
    const note = name === undefined ? NO_NAME : ofServices.length === 0 ? ALL_INSPECTED : undefined;
    entries.set(key, {
      match: name === undefined ? "ip" : "domain",
      value,
      port,
      effective: "transparent+explicit",
      findings: [...new Set([...(known?.findings ?? []), ...verdict.findings])],
      ...(note === undefined ? {} : { note }),
    });
  }
  return [...entries.values()];
}
