/**
 * Peer: whom a client wants to reach, which is not whom it speaks to when it asks a proxy for a tunnel. Owns the reading of the
 * tunnel's target and of the proxy's answer; judges nothing.
 */
import { parseAddress } from "../bytes/address.ts";
import { ParseError } from "../bytes/parse-error.ts";
import type { ConnectionObservation, Tunnel } from "../observe/observations.ts";
import { withoutRoot } from "../protocol/x509/host-name.ts";

export interface Peer {
  /** Name or address; empty when it ended with a proxy that was given neither. */
  readonly host: string;
  /** Undefined when a proxy was given none, or one that cannot be. */
  readonly port: number | undefined;
  /** The address; undefined when a proxy was given a name. */
  readonly ip: string | undefined;
}

export function peerOf({ server, through }: ConnectionObservation): Peer {
  if (through === undefined) return { host: server.ip, port: server.port, ip: server.ip };
  const { target = "" } = through;
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(target) ?? [];
  const host = bracketed ?? plain ?? target;
  return { host, port: portOf(port), ip: isAddress(host) ? host : undefined };
}

export type RefusedTunnel = Tunnel & { readonly statusFrame: number; readonly granted: false };

/** The proxy's last answer was no. */
export function isRefused(through: Tunnel | undefined): through is RefusedTunnel {
  return through?.granted === false && through.statusFrame !== undefined;
}

/** Distinct addresses of the peers that are known: two names that a proxy was given may be one host. */
export function addressesOf(connections: readonly ConnectionObservation[]): Set<string> {
  return new Set(connections.flatMap((connection) => peerOf(connection).ip ?? []));
}

/** The name that the client asked for, without a dot at its end: server_name, else the one it gave the proxy. */
export function nameOf(connection: ConnectionObservation): string | undefined {
  const sent = (connection.tls ?? connection.dtls)?.clientHello?.serverName;
  if (sent !== undefined) return withoutRoot(sent);
  if (connection.through === undefined) return undefined;
  const { host, ip } = peerOf(connection);
  const name = withoutRoot(host);
  return ip === undefined && name !== "" ? name.toLowerCase() : undefined;
}

function portOf(digits: string | undefined): number | undefined {
  const port = Number(digits ?? 0);
  return port > 0 && port <= 0xffff ? port : undefined;
}

function isAddress(text: string): boolean {
  // Most are names, and an exception costs more than all else here.
  if (!/^[\d.]+$|:/.test(text)) return false;
  try {
    parseAddress(text);
    return true;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}

/** From a program to another one on the same computer. */
export function isLocal({ client, server }: ConnectionObservation): boolean {
  return server.ip === client.ip || server.ip.startsWith("127.") || server.ip === "::1";
}
