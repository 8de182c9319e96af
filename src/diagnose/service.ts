/**
 * Which meeting service a connection belongs to, and why. Owns the order of the evidence: what was said on the wire, then
 * names, then dated address lists, then what the rest of the capture shows; a port alone never tells. Knows nothing of
 * verdicts.
 */
import { type AddressWords, parseAddress } from "../bytes/address.ts";
import { SERVICES } from "../knowledge/services/index.ts";
import { lync } from "../knowledge/services/lync.ts";
import type { MeetingService, Ports, ServiceId, ServiceName } from "../knowledge/services/service.ts";
import type { Protocol, PseudoTlsObservation, StunObservation, Transport } from "../observe/observations.ts";

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
}

export interface ServiceIdentity {
  readonly id: ServiceId;
  /** Id of one of the service's roles. */
  readonly role?: string;
  /** In words: `pseudo-TLS client hello`, `name *.zoom.us`. */
  readonly because: string;
}

/** Gathers, from every connection of the input, what makes weaker clues usable. */
export function serviceContext(connections: Iterable<ServiceClues>): ServiceContext {
  const avEdges = new Set<string>();
  let seen = false;
  for (const clues of connections) {
    if (speaksMsTurn(clues)) {
      seen = true;
      if (clues.proxied !== true) avEdges.add(clues.server.ip);
    } else if (!seen) {
      seen = byName(hostOf(clues))?.service.id === "lync";
    }
  }
  return { lync: seen, avEdges };
}

/** Undefined when nothing but ports speaks for a service. Throws ParseError when `server.ip` is no IP address. */
export function identifyService(clues: ServiceClues, context: ServiceContext): ServiceIdentity | undefined {
  if (speaksMsTurn(clues)) {
    const because = clues.protocol === "pseudo-tls" ? "pseudo-TLS client hello" : "MS-TURN magic cookie";
    return { id: "lync", role: "av-edge", because };
  }
  if (clues.protocol === "ssltcp") return { id: "webrtc", role: "turn-relay", because: "ssltcp client hello" };

  const host = hostOf(clues);
  const named = byName(host);
  if (named !== undefined) {
    return identity(
      named.service,
      named.pattern.role ?? roleByPort(named.service, clues),
      `name ${named.pattern.name}`,
    );
  }
  const prefix = context.lync ? byPrefix(host) : undefined;
  if (prefix !== undefined) return prefix;

  const addressed = clues.proxied === true ? undefined : byServer(clues, context);
  if (addressed !== undefined) return addressed;
  // RFC 3489 has no cookie to tell it by, and IP telephones speak it too.
  if (clues.dialect === "rfc5389") {
    const turn = clues.protocol === "turn";
    const because = `${turn ? "TURN" : "STUN"} with the RFC 5389 magic cookie`;
    // Over TCP nobody asks a server for an address alone, and peers have frames.
    return { id: "webrtc", role: turn || clues.framing === "bare" ? "turn-relay" : "stun", because };
  }
  if (context.lync && clues.proxied !== true && clues.protocol === "tls" && clues.server.port === SIP_TLS_PORT) {
    return { id: "lync", role: "access-edge", because: "TLS on port 5061 (SIP) beside a Lync service in this input" };
  }
  return undefined;
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
  return SERVICES.some(({ roles }) =>
    roles.some(({ paths }) =>
      paths.some((path) => path.transport === transport && path.ports.some((ports) => includes(ports, port))),
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

interface Block {
  readonly service: MeetingService;
  readonly date: string;
  readonly block: string;
  readonly words: AddressWords;
  readonly masks: AddressWords;
}

/** Every dated block, in the order of services and of their lists (newest first). */
const BLOCKS: readonly Block[] = SERVICES.flatMap((service) =>
  service.addresses.flatMap(({ date, blocks }) =>
    blocks.map((block) => ({ service, date, block, ...readBlock(block) })),
  ),
);

/** Teams' relays speak it too, and are known by their addresses. */
function speaksMsTurn(clues: ServiceClues): boolean {
  if (clues.protocol === "pseudo-tls") return true;
  return clues.dialect === "ms-turn" && (clues.proxied === true || byAddress(clues.server.ip) === undefined);
}

function identity(service: MeetingService, role: string | undefined, because: string): ServiceIdentity {
  return role === undefined ? { id: service.id, because } : { id: service.id, role, because };
}

function hostOf(clues: ServiceClues): string {
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

function covers(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return host === pattern;
  return host === pattern.slice(2) || host.endsWith(pattern.slice(1));
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

function byServer(clues: ServiceClues, context: ServiceContext): ServiceIdentity | undefined {
  const { ip } = clues.server;
  const listed = byAddress(ip);
  if (listed !== undefined) {
    const because = `${ip} is in ${listed.block}, on the address list of ${listed.date}`;
    return identity(listed.service, roleByPort(listed.service, clues), because);
  }
  if (!context.avEdges.has(ip) || !listens(lync, "av-edge", clues)) return undefined;
  return { id: "lync", role: "av-edge", because: `${ip} is spoken to in MS-TURN elsewhere in this input` };
}

function byAddress(ip: string): Block | undefined {
  const [w0, w1, w2, w3] = parseAddress(ip);
  return BLOCKS.find(
    // The last word first: it tells the addresses of IPv4 apart, which most are.
    ({ words, masks }) =>
      ((w3 ^ words[3]) & masks[3]) === 0 &&
      ((w0 ^ words[0]) & masks[0]) === 0 &&
      ((w1 ^ words[1]) & masks[1]) === 0 &&
      ((w2 ^ words[2]) & masks[2]) === 0,
  );
}

function readBlock(block: string): { readonly words: AddressWords; readonly masks: AddressWords } {
  const slash = block.indexOf("/");
  const address = block.slice(0, slash);
  // parseAddress gives IPv4 the prefix ::ffff:0:0/96.
  const bits = Number(block.slice(slash + 1)) + (address.includes(":") ? 0 : 96);
  const mask = (from: number) => maskOf(Math.min(32, Math.max(0, bits - from)));
  return { words: parseAddress(address), masks: [mask(0), mask(32), mask(64), mask(96)] };
}

/** The first `bits` of 32; a shift by 32 is none in JavaScript. */
function maskOf(bits: number): number {
  return bits === 0 ? 0 : -1 << (32 - bits);
}

/** The role, when the port fits exactly one of the service. */
function roleByPort(service: MeetingService, clues: ServiceClues): string | undefined {
  const fitting = service.roles.filter((role) => listens(service, role.id, clues));
  return fitting.length === 1 ? fitting[0]?.id : undefined;
}

function listens(service: MeetingService, role: string, { transport, server }: ServiceClues): boolean {
  const paths = service.roles.find((candidate) => candidate.id === role)?.paths ?? [];
  return paths.some((path) => path.transport === transport && path.ports.some((ports) => includes(ports, server.port)));
}

function includes(ports: Ports, port: number | undefined): boolean {
  if (port === undefined) return false;
  return typeof ports === "number" ? ports === port : port >= ports[0] && port <= ports[1];
}
