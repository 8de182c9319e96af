/**
 * Which meeting service a connection belongs to, and why. Owns the order of the evidence: what was said on the wire, then
 * names, then dated address lists, then ports beside what the rest of the capture shows; a port alone never tells. Knows
 * nothing of verdicts.
 */
import { SERVICES } from "../knowledge/services/index.ts";
import { lync } from "../knowledge/services/lync.ts";
import type { MeetingService, Ports, ServiceId, ServiceName } from "../knowledge/services/service.ts";
import type { Protocol, PseudoTlsObservation, StunObservation, Transport } from "../observe/observations.ts";
import { builtInLists, covers, type ServiceList, type ServiceLists } from "./service-lists.ts";

/** What is known of one connection. */
export interface ServiceClues {
  readonly protocol: Protocol;
  readonly dialect?: PseudoTlsObservation["dialect"] | StunObservation["dialect"];
  readonly framing?: NonNullable<StunObservation["framing"]>;
  readonly transport: Transport;
  /** `port`: of a proxy the one it was asked for. */
  readonly server: { readonly ip: string; readonly port: number | undefined };
  /** `server.ip` is a proxy's, so it says nothing of the service. */
  readonly proxied?: boolean;
  /** That the client asked for, in its hello or of a proxy. */
  readonly serverName?: string;
}

/** What the whole input shows; see `serviceContext`. */
export interface ServiceContext {
  /** A Lync service is there: somebody spoke MS-TURN or its pseudo-TLS, or asked for one of its public names. */
  readonly lync: boolean;
  /** Server addresses that were spoken to in MS-TURN or its pseudo-TLS. */
  readonly avEdges: ReadonlySet<string>;
  /** Server addresses of that Lync service, however they are known. */
  readonly hosts: ReadonlySet<string>;
  readonly lists: ServiceLists;
}

export interface ServiceIdentity {
  readonly id: ServiceId;
  /** Id of one of the service's roles. */
  readonly role?: string;
  /** In words: `pseudo-TLS client hello`, `name *.zoom.us`. */
  readonly because: string;
}

/** Which service, and the list that told, where one did. */
export interface FoundService {
  readonly identity: ServiceIdentity;
  readonly list?: ServiceList;
}

/** Gathers, from every connection of the input, what makes weaker clues usable. */
export function serviceContext(connections: readonly ServiceClues[], lists = builtInLists()): ServiceContext {
  const avEdges = new Set<string>();
  let seen = false;
  for (const clues of connections) {
    if (speaksMsTurn(clues, lists)) {
      seen = true;
      if (clues.proxied !== true) avEdges.add(clues.server.ip);
    } else if (!seen) {
      seen = byName(hostOf(clues))?.service.id === "lync";
    }
  }
  const hosts = new Set(avEdges);
  if (!seen) return { lync: seen, avEdges, hosts, lists };
  for (const clues of connections) {
    if (clues.proxied !== true && (isSipOverTls(clues) || isLyncName(hostOf(clues)))) hosts.add(clues.server.ip);
  }
  return { lync: seen, avEdges, hosts, lists };
}

/** Undefined when nothing but ports speaks for a service. Throws ParseError when `server.ip` is no IP address. */
export function identifyService(clues: ServiceClues, context: ServiceContext): ServiceIdentity | undefined {
  return findService(clues, context)?.identity;
}

/** The same, with the list that told. */
export function findService(clues: ServiceClues, context: ServiceContext): FoundService | undefined {
  if (speaksMsTurn(clues, context.lists)) {
    const because = clues.protocol === "pseudo-tls" ? "pseudo-TLS client hello" : "MS-TURN magic cookie";
    return { identity: { id: "lync", role: "av-edge", because } };
  }
  if (clues.protocol === "ssltcp")
    return { identity: { id: "webrtc", role: "turn-relay", because: "ssltcp client hello" } };

  const host = hostOf(clues);
  const named = byName(host);
  if (named !== undefined) {
    const { service, pattern } = named;
    return { identity: identity(service, pattern.role ?? roleByPort(service, clues), `name ${pattern.name}`) };
  }
  const imported = findName(host) === undefined && host !== "" ? context.lists.byName(host) : undefined;
  if (imported !== undefined) return listed(imported.list, clues, `name ${imported.name}, on the list`);
  const prefix = context.lync ? byPrefix(host) : undefined;
  if (prefix !== undefined) return { identity: prefix };

  const addressed = clues.proxied === true ? undefined : byServer(clues, context);
  if (addressed !== undefined) return addressed;
  // RFC 3489 has no cookie to tell it by, and IP telephones speak it too.
  if (clues.dialect === "rfc5389") {
    const turn = clues.protocol === "turn";
    const because = `${turn ? "TURN" : "STUN"} with the RFC 5389 magic cookie`;
    // Over TCP nobody asks a server for an address alone, and peers have frames.
    return { identity: { id: "webrtc", role: turn || clues.framing === "bare" ? "turn-relay" : "stun", because } };
  }
  if (context.lync && isSipOverTls(clues)) {
    const because = "TLS on port 5061 (SIP) beside a Lync service in this input";
    return { identity: { id: "lync", role: "access-edge", because } };
  }
  return byHost(clues, context);
}

/**
 * True for a host name on the services list: one whose real certificate always leads to a public root. Conventional
 * prefixes (`sip.fabrikam.example`) do not count. White space around it, case, a final dot and a `:port` do not matter.
 */
export function isPublicServiceName(name: string): boolean {
  return findName(normalise(name)) !== undefined;
}

/** True for a port that some role of some service listens on. */
export function isMeetingPort(transport: Transport, port: number): boolean {
  return SERVICES.some((service) => listensAt(service, { transport, server: { port } }));
}

/** Does any role of the service have this port, and not everybody? */
export function listensAt(
  { roles }: MeetingService,
  { transport, server }: { readonly transport: Transport; readonly server: { readonly port: number | undefined } },
): boolean {
  return roles.some(({ paths }) =>
    paths.some(
      (path) =>
        path.anybodys !== true &&
        path.transport === transport &&
        path.ports.some((ports) => includes(ports, server.port)),
    ),
  );
}

/** IANA: sips, 5061/tcp. */
const SIP_TLS_PORT = 5061;

/** RFC 1035 section 2.3.4: a name has at most 255 octets, 253 characters in text; room for `:65535`. */
const MAX_NAME_LENGTH = 260;

interface NamedService {
  readonly service: MeetingService;
  readonly pattern: ServiceName;
}

/** Teams' relays speak it too, and are known by their addresses. */
function speaksMsTurn(clues: ServiceClues, lists: ServiceLists): boolean {
  if (clues.protocol === "pseudo-tls") return true;
  return clues.dialect === "ms-turn" && (clues.proxied === true || lists.byAddress(clues.server.ip) === undefined);
}

function isSipOverTls({ protocol, proxied, server }: ServiceClues): boolean {
  return proxied !== true && protocol === "tls" && server.port === SIP_TLS_PORT;
}

function isLyncName(host: string): boolean {
  return byName(host)?.service.id === "lync" || byPrefix(host)?.id === "lync";
}

function identity(service: MeetingService, role: string | undefined, because: string): ServiceIdentity {
  return role === undefined ? { id: service.id, because } : { id: service.id, role, because };
}

/** As the lists have it; empty when the client asked for none. */
export function hostOf(clues: ServiceClues): string {
  return normalise(clues.serverName ?? "");
}

function normalise(name: string): string {
  if (name.length > MAX_NAME_LENGTH) return "";
  return name
    .trim()
    .toLowerCase()
    .replace(/:\d{1,5}$/, "")
    .replace(/\.$/, "");
}

/** The service that the name belongs to; names that several services of a vendor share tell none. */
function byName(host: string): NamedService | undefined {
  const found = findName(host);
  return found?.pattern.shared === true ? undefined : found;
}

function findName(host: string): NamedService | undefined {
  if (host === "") return undefined;
  for (const service of SERVICES) {
    for (const pattern of service.names) if (covers(pattern.name, host)) return { service, pattern };
  }
  return undefined;
}

function byPrefix(host: string): ServiceIdentity | undefined {
  const dot = host.indexOf(".");
  if (dot < 0) return undefined;
  const label = host.slice(0, dot);
  for (const service of SERVICES) {
    const prefix = service.prefixes.find((candidate) => candidate.label === label);
    if (prefix === undefined) continue;
    return identity(service, prefix.role, `conventional name ${label}. beside a ${service.name} in this input`);
  }
  return undefined;
}

function byServer(clues: ServiceClues, { lists, avEdges }: ServiceContext): FoundService | undefined {
  const { ip } = clues.server;
  const found = lists.byAddress(ip);
  if (found !== undefined) return listed(found.list, clues, `${ip} is in ${found.block}, on the address list`);
  if (!avEdges.has(ip) || !listens(lync, "av-edge", clues)) return undefined;
  return {
    identity: { id: "lync", role: "av-edge", because: `${ip} is spoken to in MS-TURN elsewhere in this input` },
  };
}

function listed(list: ServiceList, clues: ServiceClues, what: string): FoundService | undefined {
  const service = SERVICES.find(({ id }) => id === list.service);
  if (service === undefined) return undefined;
  return { identity: identity(service, roleByPort(service, clues), `${what} of ${list.date}`), list };
}

/** Another port of a server that is known to be one of Lync's, where only one of its roles listens there. */
function byHost(clues: ServiceClues, { hosts }: ServiceContext): FoundService | undefined {
  const { ip, port } = clues.server;
  if (clues.proxied === true || !hosts.has(ip)) return undefined;
  const role = roleByPort(lync, clues);
  if (role === undefined) return undefined;
  const because = `${clues.transport.toUpperCase()} ${port} of ${ip}, a Lync server in this input`;
  return { identity: { id: "lync", role, because } };
}

/** The role, when the port fits exactly one of the service. */
function roleByPort(service: MeetingService, clues: ServiceClues): string | undefined {
  const fitting = service.roles.filter((role) => listens(service, role.id, clues));
  return fitting.length === 1 ? fitting[0]?.id : undefined;
}

/** Does the role have this port? */
function listens(service: MeetingService, role: string, { transport, server }: ServiceClues): boolean {
  const paths = service.roles.find((candidate) => candidate.id === role)?.paths ?? [];
  return paths.some((path) => path.transport === transport && path.ports.some((ports) => includes(ports, server.port)));
}

function includes(ports: Ports, port: number | undefined): boolean {
  if (port === undefined) return false;
  return typeof ports === "number" ? ports === port : port >= ports[0] && port <= ports[1];
}
