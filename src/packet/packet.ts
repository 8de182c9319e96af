/**
 * Packet: one reused slot with the link, IP and transport fields of a frame, and `decode`, which fills it.
 * Knows nothing of files, streams or protocols above TCP and UDP.
 *
 * Per-frame fast path (the stated exception to reading through a Cursor): bytes are indexed directly after explicit bounds
 * checks, and nothing is allocated. A frame that is no IP, or is damaged, is `OTHER`; that is never an error, because a
 * capture holds whatever was on the wire.
 *
 * Sources: IEEE 802.3/802.1Q, tcpdump.org/linktypes (SLL, SLL2, NULL, LOOP, RAW), RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 792, RFC 4443.
 */
import type { Frame } from "../capture/frame.ts";
import {
  ENCRYPTED,
  type Found,
  findPacket,
  IP,
  llc,
  OF_ETHERNET,
  OF_PPP,
  OF_TYPE,
  OTHER_LINK_TYPES,
  place,
} from "./links.ts";

/** What `decode` found. */
export const OTHER = 0;
export const TCP = 1;
export const UDP = 2;
/** An ICMP or ICMPv6 error, which quotes the packet it is about; addresses are those of the error's sender and receiver. */
export const ICMP_ERROR = 3;
/** A fragment of an IP packet; `payload*` is the fragment's data, `fragment*` says where it belongs. */
export const FRAGMENT = 4;
/**
 * The first 8 to 15 bytes of a TCP header: ports, no flags. Routers need not quote more in an ICMP error (RFC 792); Wireshark
 * gives it no tcp.stream.
 */
export const TCP_PORTS = 5;
/** A frame of a wireless network that is encrypted. */
export const PROTECTED = 6;
export type PacketKind =
  | typeof OTHER
  | typeof TCP
  | typeof UDP
  | typeof ICMP_ERROR
  | typeof FRAGMENT
  | typeof TCP_PORTS
  | typeof PROTECTED;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const ACK = 0x10;

/** Protocol types of GRE beside Ethernet's. */
const GRE_PPP = 0x880b;
const GRE_ETHERNET = 0x6558;
const GRE_ERSPAN = 0x88be;
const GRE_ERSPAN_III = 0x22eb;
const GRE_CHECKSUM = 0x8000;
const GRE_ROUTING = 0x4000;
const GRE_KEY = 0x2000;
const GRE_SEQUENCE = 0x1000;
const GRE_ACKNOWLEDGEMENT = 0x0080;
const PPP_IPV4 = 0x21;
const PPP_IPV6 = 0x57;
const PPP_MPLS = 0x0281;
const PORT_VXLAN = 4789;
const PORT_VXLAN_GPE = 4790;
const GPE_IPV4 = 1;
const GPE_IPV6 = 2;
const GPE_ETHERNET = 3;
const PORT_GENEVE = 6081;

const LINKTYPE_NULL = 0;
export const LINKTYPE_ETHERNET = 1;
const LINKTYPE_RAW_BSD = 12;
const LINKTYPE_RAW_OPENBSD = 14;
const LINKTYPE_RAW = 101;
const LINKTYPE_LOOP = 108;
const LINKTYPE_LINUX_SLL = 113;
const LINKTYPE_IPV4 = 228;
const LINKTYPE_IPV6 = 229;
const LINKTYPE_LINUX_SLL2 = 276;

export const SUPPORTED_LINK_TYPES: ReadonlySet<number> = new Set([
  LINKTYPE_NULL,
  LINKTYPE_ETHERNET,
  LINKTYPE_RAW_BSD,
  LINKTYPE_RAW_OPENBSD,
  LINKTYPE_RAW,
  LINKTYPE_LOOP,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_IPV4,
  LINKTYPE_IPV6,
  LINKTYPE_LINUX_SLL2,
  ...OTHER_LINK_TYPES,
]);

/** Types begin at 0x600 (IEEE 802.3 section 3.2.6). */
const MAX_802_3_LENGTH = 1500;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_MPLS = 0x8847;
const ETHERTYPE_MPLS_MULTICAST = 0x8848;
const ETHERTYPE_PPPOE_SESSION = 0x8864;
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_QINQ = 0x88a8;
/** Stacked tags as older switches wrote them before 802.1ad. */
const ETHERTYPE_QINQ_OLD = 0x9100;
/** More tags than any real network stacks (two is QinQ); a frame of tags only must not cost more than this. */
const MAX_VLAN_TAGS = 4;
/**
 * Longest packet believed where the IP header gives no length (segmentation offload, jumbograms): 8 × 65 535, what Linux hands
 * on at most (GSO_MAX_SIZE). A file may claim 4 GiB on the wire for a frame of 60 bytes.
 */
export const MAX_OFFLOADED_PACKET = 524_280;
/** RFC 8200 knows seven kinds, each at most once or twice; precedent: Linux and Wireshark bound the walk similarly. */
const MAX_EXTENSION_HEADERS = 16;

/** Tunnels within tunnels that are looked into; real networks have two. */
const MAX_TUNNELS = 4;
/** Labels of one stack; traffic engineering uses three or four. */
const MAX_MPLS_LABELS = 16;

const PROTOCOL_ICMP = 1;
/** IP in IP (RFC 2003). */
const PROTOCOL_IPV4 = 4;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
/** IPv6 in IPv4 or IPv6 (RFC 4213, RFC 2473). */
const PROTOCOL_IPV6 = 41;
const PROTOCOL_GRE = 47;
const PROTOCOL_ICMPV6 = 58;

/** A slot that `decode` overwrites. Addresses are four signed 32-bit words; an IPv4 address is `(0, 0, 0xffff, word)`, as IPv4-mapped. */
export class Packet {
  kind: PacketKind = OTHER;
  ipVersion: 4 | 6 = 4;
  source0 = 0;
  source1 = 0;
  source2 = 0;
  source3 = 0;
  destination0 = 0;
  destination1 = 0;
  destination2 = 0;
  destination3 = 0;
  ttl = 0;
  /** Of IPv4, 16 bits; 0 where there is none: in IPv6, and in many packets that must not be fragmented (RFC 6864). */
  identification = 0;
  sourcePort = 0;
  destinationPort = 0;
  /** Sequence and acknowledgement numbers as signed 32-bit integers (`a - b | 0` compares modulo 2^32). */
  sequence = 0;
  acknowledgement = 0;
  flags = 0;
  /** Index into `Frame.bytes` of the TCP header. */
  tcpStart = 0;
  /** Index into `Frame.bytes` of the payload, how many bytes of it were captured, how many there were on the wire. */
  payloadStart = 0;
  payloadCaptured = 0;
  payloadLength = 0;
  /** TCP, and the header's length is impossible: Wireshark counts the stream and reads no further, and so do we. */
  bogusHeader = false;
  /** How many tunnels deep it was found: MPLS, IP in IP, GRE, VXLAN, Geneve. */
  depth = 0;
  /** What tells one tunnel from others, alike in both directions: kinds, network and session identifiers. 0 outside of any. */
  tunnel = 0;
  /** What does so in one direction: labels, keys, addresses of the tunnel's ends. */
  path = 0;
  /** FRAGMENT: upper protocol, identification, offset in bytes of this piece and whether more follow. */
  fragmentProtocol = 0;
  fragmentId = 0;
  fragmentOffset = 0;
  fragmentMore = false;
  /**
   * ICMP_ERROR: does it say that the packet did not get there (see `isUnreachable`), its type and code; the payload is the packet
   * it is about, from its IP header on.
   */
  icmpUnreachable = false;
  icmpType = 0;
  icmpCode = 0;
}

/** Fills `packet` from a frame. The payload stays in `frame.bytes`. */
export function decode(frame: Frame, packet: Packet): void {
  packet.kind = OTHER;
  packet.depth = packet.tunnel = packet.path = 0;
  const bytes = frame.bytes;
  const start = frame.start;
  const end = start + frame.captured;
  // Bytes on the wire but not captured. Some files claim fewer bytes on the wire than they hold.
  const cut = Math.max(0, frame.original - frame.captured);
  let at: number;
  let type: number;
  switch (frame.linkType) {
    case LINKTYPE_ETHERNET:
      if (start + 14 > end) return;
      at = start + 12;
      type = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      at += 2;
      break;
    case LINKTYPE_LINUX_SLL:
      if (start + 16 > end) return;
      type = ((bytes[start + 14] as number) << 8) | (bytes[start + 15] as number);
      at = start + 16;
      break;
    case LINKTYPE_LINUX_SLL2:
      if (start + 20 > end) return;
      type = ((bytes[start] as number) << 8) | (bytes[start + 1] as number);
      at = start + 20;
      break;
    case LINKTYPE_RAW:
    case LINKTYPE_RAW_BSD:
    case LINKTYPE_RAW_OPENBSD:
    case LINKTYPE_IPV4:
    case LINKTYPE_IPV6:
      decodeIpInside(bytes, start, end, cut, packet);
      return;
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
      // The address family is in the writer's byte order (NULL) or big-endian (LOOP); its value for IPv6 differs per
      // system. The IP version nibble says the same and cannot be misread.
      if (start + 4 <= end) decodeIpInside(bytes, start + 4, end, cut, packet);
      return;
    default:
      decodeFound(bytes, end, cut, findPacket(bytes, start, end, frame.linkType), packet);
      return;
  }
  decodeEtherType(bytes, at, end, cut, type, packet);
}

/** What a look through another link layer found, at the place that it noted. */
function decodeFound(bytes: Uint8Array, end: number, cut: number, found: Found, packet: Packet): void {
  switch (found) {
    case IP:
      decodeIpInside(bytes, place.at, end, cut, packet);
      return;
    case OF_TYPE:
      decodeEtherType(bytes, place.at, end, cut, place.type, packet);
      return;
    case OF_PPP:
      decodePpp(bytes, place.at, end, cut, packet);
      return;
    case OF_ETHERNET:
      decodeEthernet(bytes, place.at, end, cut, packet);
      return;
    case ENCRYPTED:
      packet.kind = PROTECTED;
      return;
    default:
      return;
  }
}

/** A hash that is never 0, the value outside of tunnels. */
function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value ^ (hash >>> 15), 0x9e3779b1) | 1;
}

/**
 * Reads the usual TCP segment on Ethernet: no tags, no IP options, no fragment, a whole header. False when the frame is
 * anything else; then `decode` can tell what. Fills only identity, numbers, flags and `payloadLength`, in a third of the time.
 */
export function decodeUsualSegment(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  captured: number,
  packet: Packet,
): boolean {
  const ip = start + 14;
  const end = start + captured;
  if (ip + 40 > end) return false;
  let tcp: number;
  let length: number;
  const type = view.getUint16(start + 12);
  if (type === ETHERTYPE_IPV4) {
    tcp = ip + 20;
    length = view.getUint16(ip + 2) - 20;
    if (bytes[ip] !== 0x45 || bytes[ip + 9] !== PROTOCOL_TCP || (view.getUint16(ip + 6) & 0x3fff) !== 0) return false;
    packet.ipVersion = 4;
    packet.identification = view.getUint16(ip + 4);
    packet.source0 = packet.source1 = packet.destination0 = packet.destination1 = 0;
    packet.source2 = packet.destination2 = 0xffff;
    packet.source3 = view.getInt32(ip + 12);
    packet.destination3 = view.getInt32(ip + 16);
  } else if (type === ETHERTYPE_IPV6) {
    tcp = ip + 40;
    length = view.getUint16(ip + 4);
    if (tcp + 20 > end || (bytes[ip] as number) >> 4 !== 6 || bytes[ip + 6] !== PROTOCOL_TCP) return false;
    packet.ipVersion = 6;
    packet.identification = 0;
    packet.source0 = view.getInt32(ip + 8);
    packet.source1 = view.getInt32(ip + 12);
    packet.source2 = view.getInt32(ip + 16);
    packet.source3 = view.getInt32(ip + 20);
    packet.destination0 = view.getInt32(ip + 24);
    packet.destination1 = view.getInt32(ip + 28);
    packet.destination2 = view.getInt32(ip + 32);
    packet.destination3 = view.getInt32(ip + 36);
  } else return false;
  const headerLength = ((bytes[tcp + 12] as number) >> 4) * 4;
  if (headerLength < 20 || headerLength > length) return false;
  packet.kind = TCP;
  packet.bogusHeader = false;
  packet.sourcePort = view.getUint16(tcp);
  packet.destinationPort = view.getUint16(tcp + 2);
  packet.sequence = view.getInt32(tcp + 4);
  packet.acknowledgement = view.getInt32(tcp + 8);
  packet.flags = bytes[tcp + 13] as number;
  packet.payloadLength = length - headerLength;
  return true;
}

/** What follows an Ethernet type, past VLAN tags, labels and sessions. */
function decodeEtherType(bytes: Uint8Array, at: number, end: number, cut: number, type: number, packet: Packet): void {
  for (let tags = 0; type === ETHERTYPE_VLAN || type === ETHERTYPE_QINQ || type === ETHERTYPE_QINQ_OLD; tags++) {
    if (tags === MAX_VLAN_TAGS || at + 4 > end) return;
    type = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    at += 4;
  }
  switch (type) {
    case ETHERTYPE_IPV4:
    case ETHERTYPE_IPV6:
      decodeIpInside(bytes, at, end, cut, packet);
      return;
    case ETHERTYPE_MPLS:
    case ETHERTYPE_MPLS_MULTICAST:
      decodeMpls(bytes, at, end, cut, packet);
      return;
    case ETHERTYPE_PPPOE_SESSION:
      // RFC 2516 section 4: version and type 1, code 0, session, length; then PPP.
      if (at + 6 > end || bytes[at] !== 0x11 || bytes[at + 1] !== 0) return;
      packet.tunnel = mix(mix(packet.tunnel, type), ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
      decodePpp(bytes, at + 6, end, cut, packet);
      return;
    default:
      // No type but a length: IEEE 802.3 with a header of 802.2 (RFC 1042).
      if (type > MAX_802_3_LENGTH || llc(bytes, at, end) !== OF_TYPE) return;
      if (place.type === ETHERTYPE_IPV4 || place.type === ETHERTYPE_IPV6) {
        decodeIpInside(bytes, place.at, end, cut, packet);
      }
  }
}

function decodeEthernet(bytes: Uint8Array, at: number, end: number, cut: number, packet: Packet): void {
  if (at + 14 > end) return;
  decodeEtherType(bytes, at + 14, end, cut, ((bytes[at + 12] as number) << 8) | (bytes[at + 13] as number), packet);
}

/** RFC 3032: labels to the bottom of the stack. What is below it no label says: its first bits do, as routers read them (RFC 4928). */
function decodeMpls(bytes: Uint8Array, at: number, end: number, cut: number, packet: Packet): void {
  // A pseudowire may carry another one.
  if (packet.depth >= MAX_TUNNELS) return;
  packet.depth++;
  packet.tunnel = mix(packet.tunnel, ETHERTYPE_MPLS);
  for (let labels = 0; labels < MAX_MPLS_LABELS && at + 4 <= end; labels++) {
    const isLast = ((bytes[at + 2] as number) & 1) !== 0;
    packet.path = mix(packet.path, word(bytes, at) >>> 12);
    at += 4;
    if (!isLast) continue;
    const first = at < end ? (bytes[at] as number) >> 4 : -1;
    if (first === 4 || first === 6) decodeIpInside(bytes, at, end, cut, packet);
    // The control word of an Ethernet pseudowire (RFC 4448 section 4.6).
    else if (first === 0) decodeEthernet(bytes, at + 4, end, cut, packet);
    return;
  }
}

/** RFC 1661 section 2; the protocol may be sent in one byte, which is then odd (section 6.5). */
function decodePpp(bytes: Uint8Array, at: number, end: number, cut: number, packet: Packet): void {
  if (at + 2 > end) return;
  const short = ((bytes[at] as number) & 1) !== 0;
  const protocol = short ? (bytes[at] as number) : ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  const inside = at + (short ? 1 : 2);
  if (protocol === PPP_IPV4 || protocol === PPP_IPV6) decodeIpInside(bytes, inside, end, cut, packet);
  else if (protocol === PPP_MPLS) decodeMpls(bytes, inside, end, cut, packet);
}

/** RFC 2784 and 2890, version 0, and version 1 of PPTP (RFC 2637): flags tell which fields are there. */
function decodeGre(bytes: Uint8Array, at: number, end: number, cut: number, packet: Packet): void {
  if (at + 4 > end) return;
  const flags = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  const type = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  const version = flags & 7;
  // Source routes have never been in use.
  if (version > 1 || (flags & GRE_ROUTING) !== 0) return;
  let inside = at + 4;
  if ((flags & GRE_CHECKSUM) !== 0) inside += 4;
  if ((flags & GRE_KEY) !== 0) {
    if (inside + 4 > end) return;
    // PPTP's has the length of the packet in its upper half, and a call in the lower.
    packet.path = mix(packet.path, version === 1 ? word(bytes, inside) & 0xffff : word(bytes, inside));
    inside += 4;
  }
  if ((flags & GRE_SEQUENCE) !== 0) inside += 4;
  if (version === 1 && (flags & GRE_ACKNOWLEDGEMENT) !== 0) inside += 4;
  switch (type) {
    case GRE_PPP:
      decodePpp(bytes, inside, end, cut, packet);
      return;
    case GRE_ETHERNET:
      decodeEthernet(bytes, inside, end, cut, packet);
      return;
    case GRE_ERSPAN:
      // Type II has a header of its own and a sequence number (draft-foschiano-erspan-03 section 4.2); type I has neither.
      decodeEthernet(bytes, inside + ((flags & GRE_SEQUENCE) !== 0 ? 8 : 0), end, cut, packet);
      return;
    case GRE_ERSPAN_III: {
      // Section 4.3: 12 bytes, and 8 more when the last bit says so.
      if (inside + 12 > end) return;
      decodeEthernet(bytes, inside + (((bytes[inside + 11] as number) & 1) !== 0 ? 20 : 12), end, cut, packet);
      return;
    }
    default:
      decodeEtherType(bytes, inside, end, cut, type, packet);
  }
}

/**
 * Reads what a UDP datagram of VXLAN (RFC 7348, and its extension for other protocols) or Geneve (RFC 8926) carries: `outer` tells where; `inner` is filled. False when it
 * is none; then `inner` is `OTHER`.
 */
export function decodeOverlay(bytes: Uint8Array, outer: Packet, inner: Packet): boolean {
  const port = outer.destinationPort;
  if (port !== PORT_VXLAN && port !== PORT_VXLAN_GPE && port !== PORT_GENEVE) return false;
  inner.kind = OTHER;
  const { payloadStart: at, payloadCaptured, payloadLength } = outer;
  const end = at + payloadCaptured;
  const cut = payloadLength - payloadCaptured;
  if (at + 8 > end || outer.depth >= MAX_TUNNELS) return false;
  inner.depth = outer.depth + 1;
  // The network identifier is in the last word of all three.
  inner.tunnel = mix(mix(outer.tunnel, port), word(bytes, at + 4) >>> 8);
  inner.path = outer.path;
  const flags = bytes[at] as number;
  if (port === PORT_VXLAN) {
    // The flag that says that there is a network identifier, and that of a group policy.
    if ((flags & 0x7f) === 0x08) decodeEthernet(bytes, at + 8, end, cut, inner);
  } else if (port === PORT_VXLAN_GPE) {
    // Besides, one that says that the next protocol is named (draft-ietf-nvo3-vxlan-gpe section 3.1).
    const next = (flags & 0x0c) === 0x0c ? bytes[at + 3] : 0;
    if (next === GPE_ETHERNET) decodeEthernet(bytes, at + 8, end, cut, inner);
    else if (next === GPE_IPV4 || next === GPE_IPV6) decodeIpInside(bytes, at + 8, end, cut, inner);
  } else if (flags >> 6 === 0) {
    const inside = at + 8 + (flags & 0x3f) * 4;
    const type = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    if (type === GRE_ETHERNET) decodeEthernet(bytes, inside, end, cut, inner);
    else decodeEtherType(bytes, inside, end, cut, type, inner);
  }
  return inner.kind !== OTHER;
}

/**
 * Reads an IP packet that begins at `at`. `end`: end of the captured bytes; `cut`: bytes that were on the wire beyond it.
 * Used for the packet quoted inside an ICMP error.
 */
export function decodeIp(bytes: Uint8Array, at: number, end: number, cut: number, packet: Packet): void {
  packet.depth = packet.tunnel = packet.path = 0;
  decodeIpInside(bytes, at, end, cut, packet);
}

/** As `decodeIp`, perhaps in a tunnel: `packet.depth` tells how many deep. */
function decodeIpInside(bytes: Uint8Array, at: number, end: number, cut: number, packet: Packet): void {
  packet.kind = OTHER;
  if (at >= end) return;
  const version = (bytes[at] as number) >> 4;
  if (version === 4) decodeIpv4(bytes, at, end, cut, packet);
  else if (version === 6) decodeIpv6(bytes, at, end, cut, packet);
}

function decodeIpv4(bytes: Uint8Array, at: number, end: number, cut: number, packet: Packet): void {
  if (at + 20 > end) return;
  const headerLength = ((bytes[at] as number) & 0x0f) * 4;
  if (headerLength < 20 || at + headerLength > end) return;
  let total = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  // Segmentation offload: the packet was captured before the length was filled in.
  if (total === 0) total = Math.min(end - at + cut, MAX_OFFLOADED_PACKET);
  if (total < headerLength) return;
  packet.ipVersion = 4;
  packet.ttl = bytes[at + 8] as number;
  packet.identification = ((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number);
  packet.source0 = packet.source1 = packet.destination0 = packet.destination1 = 0;
  packet.source2 = packet.destination2 = 0xffff;
  packet.source3 = word(bytes, at + 12);
  packet.destination3 = word(bytes, at + 16);
  const protocol = bytes[at + 9] as number;
  const fragment = ((bytes[at + 6] as number) << 8) | (bytes[at + 7] as number);
  const payload = at + headerLength;
  const length = total - headerLength;
  if ((fragment & 0x3fff) !== 0) {
    packet.kind = FRAGMENT;
    packet.fragmentProtocol = protocol;
    packet.fragmentId = packet.identification;
    packet.fragmentOffset = (fragment & 0x1fff) * 8;
    packet.fragmentMore = (fragment & 0x2000) !== 0;
    setPayload(packet, payload, end, length);
    return;
  }
  decodeTransport(bytes, payload, end, length, protocol, packet);
}

function decodeIpv6(bytes: Uint8Array, at: number, end: number, cut: number, packet: Packet): void {
  if (at + 40 > end) return;
  let length = ((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number);
  let next = bytes[at + 6] as number;
  // Zero: a jumbogram or segmentation offload; what the frame holds is what there is.
  if (length === 0) length = Math.min(end - at - 40 + cut, MAX_OFFLOADED_PACKET);
  packet.ipVersion = 6;
  packet.ttl = bytes[at + 7] as number;
  packet.identification = 0;
  packet.source0 = word(bytes, at + 8);
  packet.source1 = word(bytes, at + 12);
  packet.source2 = word(bytes, at + 16);
  packet.source3 = word(bytes, at + 20);
  packet.destination0 = word(bytes, at + 24);
  packet.destination1 = word(bytes, at + 28);
  packet.destination2 = word(bytes, at + 32);
  packet.destination3 = word(bytes, at + 36);
  let payload = at + 40;
  for (let headers = 0; headers < MAX_EXTENSION_HEADERS; headers++) {
    switch (next) {
      case 0: // hop-by-hop options
      case 43: // routing
      case 60: // destination options
      case 135: // mobility
      case 139: // host identity
      case 140: {
        // shim6
        if (payload + 8 > end) return;
        const size = ((bytes[payload + 1] as number) + 1) * 8;
        next = bytes[payload] as number;
        payload += size;
        length -= size;
        break;
      }
      case 51: {
        // authentication header: length in 4-byte words minus 2 (RFC 4302)
        if (payload + 8 > end) return;
        const size = ((bytes[payload + 1] as number) + 2) * 4;
        next = bytes[payload] as number;
        payload += size;
        length -= size;
        break;
      }
      case 44: {
        if (payload + 8 > end || length < 8) return;
        const field = ((bytes[payload + 2] as number) << 8) | (bytes[payload + 3] as number);
        next = bytes[payload] as number;
        const id = word(bytes, payload + 4);
        payload += 8;
        length -= 8;
        // An "atomic fragment" (RFC 6946) is a whole packet.
        if ((field & 0xfff9) === 0) break;
        packet.kind = FRAGMENT;
        packet.fragmentProtocol = next;
        packet.fragmentId = id;
        packet.fragmentOffset = field & 0xfff8;
        packet.fragmentMore = (field & 1) !== 0;
        setPayload(packet, payload, end, length);
        return;
      }
      default:
        if (length >= 0 && payload <= end) decodeTransport(bytes, payload, end, length, next, packet);
        return;
    }
    if (length < 0) return;
  }
}

/** Reads the transport header at `at`; `length` is the length of transport header and payload on the wire. */
export function decodeTransport(
  bytes: Uint8Array,
  at: number,
  end: number,
  length: number,
  protocol: number,
  packet: Packet,
): void {
  packet.kind = OTHER;
  if (protocol === PROTOCOL_TCP) {
    if (at + 8 > end || length < 8) return;
    packet.sourcePort = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    packet.destinationPort = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    // Ports, sequence numbers, flags: what Wireshark needs before it gives the packet a tcp.stream.
    if (at + 16 > end || length < 16) {
      packet.kind = TCP_PORTS;
      return;
    }
    packet.kind = TCP;
    packet.tcpStart = at;
    packet.sequence = word(bytes, at + 4);
    packet.acknowledgement = word(bytes, at + 8);
    packet.flags = bytes[at + 13] as number;
    const headerLength = ((bytes[at + 12] as number) >> 4) * 4;
    packet.bogusHeader = headerLength < 20 || headerLength > length;
    if (packet.bogusHeader) {
      packet.payloadStart = end;
      packet.payloadCaptured = packet.payloadLength = 0;
    } else setPayload(packet, at + headerLength, end, length - headerLength);
    return;
  }
  if (protocol === PROTOCOL_UDP) {
    if (at + 8 > end || length < 8) return;
    packet.kind = UDP;
    packet.sourcePort = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    packet.destinationPort = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    const udpLength = ((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number);
    // Zero: a jumbo datagram (RFC 2675) or offload; otherwise the smaller of the two lengths holds.
    setPayload(packet, at + 8, end, (udpLength >= 8 && udpLength <= length ? udpLength : length) - 8);
    return;
  }
  if (protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6) {
    if (at + 8 > end || length < 8) return;
    const type = bytes[at] as number;
    const isError = protocol === PROTOCOL_ICMP ? isIcmpError(type) : type >= 1 && type <= 4;
    if (!isError) return;
    const code = bytes[at + 1] as number;
    packet.kind = ICMP_ERROR;
    packet.icmpUnreachable = protocol === PROTOCOL_ICMP ? isUnreachable(type, code) : type === 1 || type === 3;
    packet.icmpType = type;
    packet.icmpCode = code;
    setPayload(packet, at + 8, end, length - 8);
    return;
  }
  const tunnelled = protocol === PROTOCOL_IPV4 || protocol === PROTOCOL_IPV6 || protocol === PROTOCOL_GRE;
  if (!tunnelled || packet.depth >= MAX_TUNNELS || length <= 0) return;
  packet.depth++;
  packet.tunnel = mix(packet.tunnel, protocol);
  packet.path = mix(mix(packet.path, packet.source3), packet.destination3);
  const inner = Math.min(end, at + length);
  const cut = Math.max(0, at + length - end);
  if (protocol === PROTOCOL_GRE) decodeGre(bytes, at, inner, cut, packet);
  else decodeIpInside(bytes, at, inner, cut, packet);
}

/** RFC 792: destination unreachable, source quench, redirect, time exceeded, parameter problem. */
function isIcmpError(type: number): boolean {
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
}

/**
 * Destination unreachable or time exceeded; of ICMPv6 the types 1 and 3 (RFC 4443). Not "fragmentation needed" (in ICMPv6 a type of
 * its own): it only asks for smaller packets (RFC 1191).
 */
function isUnreachable(type: number, code: number): boolean {
  return (type === 3 && code !== 4) || type === 11;
}

function setPayload(packet: Packet, start: number, end: number, length: number): void {
  packet.payloadStart = start;
  packet.payloadLength = length;
  const captured = end - start;
  packet.payloadCaptured = captured < 0 ? 0 : captured < length ? captured : length;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
