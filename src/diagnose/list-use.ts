/**
 * Which dated lists the services of the connections rest on, and which may be too old for them. Owns the line between a list that
 * told, one that might have, and one that had nothing to say; compares with the capture's time, never with a clock.
 */
import { SERVICES } from "../knowledge/services/index.ts";
import type { ServiceId } from "../knowledge/services/service.ts";
import type { ConnectionObservation, Protocol } from "../observe/observations.ts";
import { AddressIndex } from "./address-index.ts";
import { type FoundService, hostOf, listensAt, type ServiceClues } from "./service.ts";
import type { ServiceList, ServiceLists } from "./service-lists.ts";

/** Microsoft publishes changes monthly, thirty days ahead: an older list lacks two of them. */
const MAX_DAYS = 90;

const SECONDS_PER_DAY = 86_400;

export interface ListUse {
  readonly list: ServiceList;
  /** Connections whose service it told; 0: it may be that it should have told some. */
  readonly connections: number;
  /** More than 90 days older than those connections. */
  readonly stale: boolean;
}

export interface MappedConnection {
  readonly connection: ConnectionObservation;
  readonly clues: ServiceClues;
  readonly found: FoundService | undefined;
}

/**
 * In the order of `lists`: the lists that told a service; old ones that did not know an address which may be of their service; and
 * whatever was imported, because the Report depends on it.
 */
export function listUses(connections: readonly MappedConnection[], lists: ServiceLists): ListUse[] {
  const told = new Map<ServiceList, Tally>();
  const silent = new Map<ServiceList, Tally>();
  for (const { connection, clues, found } of connections) {
    if (found?.list !== undefined) count(told, found.list, connection);
    else if (isOpen(clues, connection)) {
      for (const service of servicesAt(clues)) {
        const list = lists.newest(service);
        if (list !== undefined) count(silent, list, connection);
      }
    }
  }
  return lists.all.flatMap((list): ListUse[] => {
    const use = told.get(list);
    const day = Math.max(use?.day ?? -Infinity, silent.get(list)?.day ?? -Infinity);
    const stale = day - dayOf(list.date) > MAX_DAYS;
    if (use === undefined && !stale && list.sha256 === undefined) return [];
    return [{ list, connections: use?.connections ?? 0, stale }];
  });
}

interface Tally {
  connections: number;
  /** The latest, in days since 1970-01-01. */
  day: number;
}

function count(tallies: Map<ServiceList, Tally>, list: ServiceList, connection: ConnectionObservation): void {
  const tally = tallies.get(list) ?? { connections: 0, day: -Infinity };
  tally.connections += 1 + connection.alike;
  if (connection.untimed !== true) tally.day = Math.max(tally.day, Math.floor(connection.to.seconds / SECONDS_PER_DAY));
  tallies.set(list, tally);
}

/** Of YYYY-MM-DD, in days since 1970-01-01. */
function dayOf(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / 1000 / SECONDS_PER_DAY;
}

/** These say themselves what they are; the others may be a meeting's. */
const KNOWN: ReadonlySet<Protocol> = new Set<Protocol>([
  "pseudo-tls",
  "ssltcp",
  "dns",
  "http",
  "http-connect",
  "socks",
  "smtp",
  "imap",
  "pop3",
  "xmpp",
  "rdp",
]);

/** Would a newer list perhaps know the address? Where the client asks for a name, the name tells. */
function isOpen(clues: ServiceClues, { server }: ConnectionObservation): boolean {
  return clues.proxied !== true && !KNOWN.has(clues.protocol) && hostOf(clues) === "" && isOnTheInternet(server.ip);
}

/** Services that have this port. */
function servicesAt(clues: ServiceClues): readonly ServiceId[] {
  return SERVICES.filter((service) => listensAt(service, clues)).map(({ id }) => id);
}

/** What no operator can be given (RFC 6890, RFC 5771, RFC 3849): no vendor's list will ever have it. */
const SPECIAL = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
  "::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001:db8::/32",
  "fc00::/7",
  "fe80::/10",
  "ff00::/8",
];

let special: AddressIndex<{ readonly blocks: readonly string[] }> | undefined;

function isOnTheInternet(ip: string): boolean {
  special ??= new AddressIndex([{ blocks: SPECIAL }]);
  return special.find(ip) === undefined;
}
