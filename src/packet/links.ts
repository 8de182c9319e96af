/**
 * Link layers other than Ethernet, Linux's cooked ones and bare IP: where in a frame its packet begins, and what says of which
 * kind it is. Owns their headers; knows nothing of IP, and of the frame's file no more than its link type.
 *
 * Fast path, as packet.ts: indexes bytes directly after explicit bounds checks and allocates nothing.
 *
 * Sources: tcpdump.org/linktypes, RFC 1661 and 1662 (PPP), RFC 1547 section 4.3.1 (Cisco HDLC), RFC 2516 (PPPoE), IEEE 802.11-2020
 * section 9.2 and 9.3.2, IEEE 802.2 with SNAP (RFC 1042), radiotap.org, Apple's bsd/net/pktap.h, OpenBSD's if_pflog.h and if_enc.h.
 */
import { toUtf8 } from "../bytes/text.ts";
import type { Application, Frame } from "../capture/frame.ts";

const NULL = 0;
const ETHERNET = 1;
const IEEE802_5 = 6;
const PPP = 9;
const FDDI = 10;
const RAW_BSD = 12;
const RAW_OPENBSD = 14;
const PPP_HDLC = 50;
const PPP_ETHER = 51;
const RAW = 101;
const C_HDLC = 104;
const IEEE802_11 = 105;
const LOOP = 108;
const ENC = 109;
const PFLOG = 117;
const PRISM = 119;
const RADIOTAP = 127;
/** What macOS wrote for PKTAP before that had a number; anybody may use it for anything. */
const USER2 = 149;
const AVS = 163;
const PPP_PPPD = 166;
const PPI = 192;
const PPP_WITH_DIR = 204;
const IPNET = 226;
const IPV4 = 228;
const IPV6 = 229;
const NFLOG = 239;
const PKTAP = 258;

/** LINKTYPE_ values that `findPacket` knows. */
export const OTHER_LINK_TYPES: readonly number[] = [
  IEEE802_5,
  PPP,
  FDDI,
  PPP_HDLC,
  PPP_ETHER,
  C_HDLC,
  IEEE802_11,
  ENC,
  PFLOG,
  PRISM,
  RADIOTAP,
  USER2,
  AVS,
  PPP_PPPD,
  PPI,
  PPP_WITH_DIR,
  IPNET,
  NFLOG,
  PKTAP,
];

/** What `findPacket` found: no packet; one of IP; one of an Ethernet type; PPP; a frame of Ethernet; one that is encrypted. */
export const NOTHING = 0;
export const IP = 1;
export const OF_TYPE = 2;
export const OF_PPP = 3;
export const OF_ETHERNET = 4;
export const ENCRYPTED = 5;
export type Found = typeof NOTHING | typeof IP | typeof OF_TYPE | typeof OF_PPP | typeof OF_ETHERNET | typeof ENCRYPTED;

/** Where it begins, and for OF_TYPE its Ethernet type. Written by `findPacket`. */
export const place = { at: 0, type: 0 };

const TYPE_PPPOE = 0x8864;

/** Looks for the packet in `bytes[start … end)`, a frame of this link type. */
export function findPacket(bytes: Uint8Array, start: number, end: number, linkType: number): Found {
  switch (linkType) {
    case PPP:
    case PPP_HDLC:
      return ppp(bytes, start, end);
    case PPP_PPPD:
      // The address of HDLC tells the direction.
      return at(OF_PPP, start + 2);
    case PPP_WITH_DIR:
      return ppp(bytes, start + 1, end);
    case PPP_ETHER:
      place.type = TYPE_PPPOE;
      return at(OF_TYPE, start);
    case C_HDLC:
      return hdlc(bytes, start, end);
    case IEEE802_11:
      return wifi(bytes, start, end, false);
    case RADIOTAP:
      return radiotap(bytes, start, end);
    case PRISM:
    case AVS:
      return prism(bytes, start, end);
    case PPI:
      return ppi(bytes, start, end);
    case IEEE802_5:
      return tokenRing(bytes, start, end);
    case FDDI:
      return llc(bytes, start + 13, end);
    case ENC:
      return at(IP, start + 12);
    case PFLOG:
      // Its length without padding comes first.
      return start < end ? at(IP, start + (((bytes[start] as number) + 3) & ~3)) : NOTHING;
    case IPNET:
      return at(IP, start + 24);
    case NFLOG:
      return nflog(bytes, start, end);
    case PKTAP:
    case USER2:
      return pktap(bytes, start, end);
    default:
      return NOTHING;
  }
}

/** Whether frames of USER2 are those of PKTAP. Of all other link types the number is enough. */
export function isUnknownUse({ linkType, bytes, start, captured }: Frame): boolean {
  return linkType === USER2 && pktap(bytes, start, start + captured) === NOTHING;
}

/** Whether frames of a link type may name the program that they belong to. */
export function namesApplications(linkType: number): boolean {
  return linkType === PKTAP || linkType === USER2;
}

/** The program of a frame, where the link layer says so; undefined also when no program was known. */
export function applicationOf({ linkType, bytes, start, captured }: Frame): Application | undefined {
  if (!namesApplications(linkType) || captured < PKTAP_HEADER) return undefined;
  const name = bytes.subarray(start + PKTAP_NAME, start + PKTAP_NAME + PKTAP_NAME_LENGTH);
  const zero = name.indexOf(0);
  const path = toUtf8(zero < 0 ? name : name.subarray(0, zero));
  const pid = littleWord(bytes, start + PKTAP_PID);
  return path === "" || pid > MAX_PID ? undefined : { path, pid };
}

function at(found: Found, where: number): Found {
  place.at = where;
  return found;
}

/** What a capture of another link type has behind its own header. */
function inner(bytes: Uint8Array, start: number, end: number, linkType: number): Found {
  switch (linkType) {
    case ETHERNET:
      return at(OF_ETHERNET, start);
    case NULL:
    case LOOP:
      return at(IP, start + 4);
    case RAW:
    case RAW_BSD:
    case RAW_OPENBSD:
    case IPV4:
    case IPV6:
      return at(IP, start);
    case PPP:
    case IEEE802_11:
    case RADIOTAP:
      return findPacket(bytes, start, end, linkType);
    default:
      return NOTHING;
  }
}

/** With the address and control fields of HDLC, or without; or in the frames of Cisco's HDLC. */
function ppp(bytes: Uint8Array, start: number, end: number): Found {
  if (start + 2 > end) return NOTHING;
  const first = bytes[start] as number;
  if (first === 0xff && bytes[start + 1] === 0x03) return at(OF_PPP, start + 2);
  // Addresses of Cisco's HDLC, for one and for all; no protocol of PPP has such a number.
  return first === 0x0f || first === 0x8f ? hdlc(bytes, start, end) : at(OF_PPP, start);
}

function hdlc(bytes: Uint8Array, start: number, end: number): Found {
  if (start + 4 > end) return NOTHING;
  place.type = bigShort(bytes, start + 2);
  return at(OF_TYPE, start + 4);
}

/** IEEE 802.2 with SNAP: AA AA 03, an organisation, and its type; those of RFC 1042 and 802.1H are Ethernet's. */
export function llc(bytes: Uint8Array, start: number, end: number): Found {
  if (start + 8 > end || bytes[start] !== 0xaa || bytes[start + 1] !== 0xaa || bytes[start + 2] !== 3) return NOTHING;
  if (bytes[start + 3] !== 0 || bytes[start + 4] !== 0) return NOTHING;
  const last = bytes[start + 5];
  if (last !== 0 && last !== 0xf8) return NOTHING;
  place.type = bigShort(bytes, start + 6);
  return at(OF_TYPE, start + 8);
}

/** The highest bit of the source says that a route follows, of which the lower five bits of the first byte are the length. */
function tokenRing(bytes: Uint8Array, start: number, end: number): Found {
  if (start + 15 > end) return NOTHING;
  const routed = ((bytes[start + 8] as number) & 0x80) !== 0;
  return llc(bytes, start + 14 + (routed ? (bytes[start + 14] as number) & 0x1f : 0), end);
}

/** Frame control: type (bits 2 and 3), subtype (4 to 7), flags in the second byte. */
const WIFI_DATA = 2;
const WIFI_NO_DATA = 4;
const WIFI_QOS = 8;
const WIFI_BOTH_SYSTEMS = 0x03;
const WIFI_MORE_FRAGMENTS = 0x04;
const WIFI_PROTECTED = 0x40;
const WIFI_ORDER = 0x80;
/** Of the field for quality of service: several packets in one frame. */
const WIFI_AGGREGATE = 0x80;
/** Destination, source and length before each of them. */
const WIFI_SUBFRAME = 14;

/** IEEE 802.11 section 9.3.2: data that is neither encrypted nor in pieces. `padded`: its header to a multiple of four. */
function wifi(bytes: Uint8Array, start: number, end: number, padded: boolean): Found {
  if (start + 24 > end) return NOTHING;
  const control = bytes[start] as number;
  const flags = bytes[start + 1] as number;
  const subtype = control >> 4;
  if ((control & 3) !== 0 || ((control >> 2) & 3) !== WIFI_DATA || (subtype & WIFI_NO_DATA) !== 0) return NOTHING;
  if ((flags & WIFI_PROTECTED) !== 0) return ENCRYPTED;
  if ((flags & WIFI_MORE_FRAGMENTS) !== 0 || ((bytes[start + 22] as number) & 0x0f) !== 0) return NOTHING;
  let header = 24;
  if ((flags & WIFI_BOTH_SYSTEMS) === WIFI_BOTH_SYSTEMS) header += 6;
  let aggregate = false;
  if ((subtype & WIFI_QOS) !== 0) {
    if (start + header + 2 > end) return NOTHING;
    aggregate = ((bytes[start + header] as number) & WIFI_AGGREGATE) !== 0;
    header += 2;
    if ((flags & WIFI_ORDER) !== 0) header += 4;
  }
  if (padded) header = (header + 3) & ~3;
  // Of several packets the first one.
  return llc(bytes, start + header + (aggregate ? WIFI_SUBFRAME : 0), end);
}

/** radiotap.org: which fields are there, in words of 32 bits as long as the highest one says so; then these, aligned. */
const RADIOTAP_TIMER = 1;
const RADIOTAP_FLAGS = 2;
const RADIOTAP_MORE = 0x80;
/** Flags: the 802.11 header is padded; the checksum was wrong. */
const RADIOTAP_PADDED = 0x20;
const RADIOTAP_BAD = 0x40;
/** Antennas of one frame; each has a word of its own. */
const RADIOTAP_MAX_WORDS = 16;

function radiotap(bytes: Uint8Array, start: number, end: number): Found {
  if (start + 8 > end || bytes[start] !== 0) return NOTHING;
  const length = littleShort(bytes, start + 2);
  if (length < 8 || start + length > end) return NOTHING;
  const present = bytes[start + 4] as number;
  let flags = 0;
  if ((present & RADIOTAP_FLAGS) !== 0) {
    let field = 8;
    for (let word = 4; ((bytes[start + word + 3] as number) & RADIOTAP_MORE) !== 0; word += 4, field += 4) {
      if (word === 4 * RADIOTAP_MAX_WORDS || field + 4 > length) return NOTHING;
    }
    if ((present & RADIOTAP_TIMER) !== 0) field = ((field + 7) & ~7) + 8;
    if (field >= length) return NOTHING;
    flags = bytes[start + field] as number;
  }
  // What the receiver threw away is nothing that anybody got.
  return (flags & RADIOTAP_BAD) !== 0 ? NOTHING : wifi(bytes, start + length, end, (flags & RADIOTAP_PADDED) !== 0);
}

/** Begins every header of AVS, the later form, which says its length; Prism's says it too, in the writer's order of bytes. */
const AVS_COOKIE = 0x8021;

function prism(bytes: Uint8Array, start: number, end: number): Found {
  if (start + 8 > end) return NOTHING;
  if (bigShort(bytes, start) === AVS_COOKIE) return wifi(bytes, start + bigShort(bytes, start + 6), end, false);
  const little = littleWord(bytes, start + 4);
  return wifi(bytes, start + (little < 0x10000 ? little : bigShort(bytes, start + 6)), end, false);
}

function ppi(bytes: Uint8Array, start: number, end: number): Found {
  if (start + 8 > end) return NOTHING;
  const length = littleShort(bytes, start + 2);
  return length < 8 ? NOTHING : inner(bytes, start + length, end, littleWord(bytes, start + 4));
}

/** The field that holds the packet. */
const NFLOG_PAYLOAD = 9;
/** There are some twenty kinds of fields. */
const NFLOG_MAX_FIELDS = 64;

/** Linux's netfilter log: four bytes, then fields of length and type in the byte order of the machine that wrote them. */
function nflog(bytes: Uint8Array, start: number, end: number): Found {
  const found = nflogFields(bytes, start, end, true);
  return found === NOTHING ? nflogFields(bytes, start, end, false) : found;
}

function nflogFields(bytes: Uint8Array, start: number, end: number, little: boolean): Found {
  let field = start + 4;
  for (let fields = 0; fields < NFLOG_MAX_FIELDS && field + 4 <= end; fields++) {
    const length = little ? littleShort(bytes, field) : bigShort(bytes, field);
    const type = (little ? littleShort(bytes, field + 2) : bigShort(bytes, field + 2)) & 0x7fff;
    if (length < 4) return NOTHING;
    if (type === NFLOG_PAYLOAD) return at(IP, field + 4);
    field += (length + 3) & ~3;
  }
  return NOTHING;
}

/** Fields of PKTAP's header, in the order of bytes of Apple's processors: type of what follows, its link type, process. */
const PKTAP_HEADER = 108;
const PKTAP_TYPE_PACKET = 1;
const PKTAP_PID = 52;
const PKTAP_NAME = 56;
const PKTAP_NAME_LENGTH = 17;
/** -1 stands for none. */
const MAX_PID = 0x7fffffff;

function pktap(bytes: Uint8Array, start: number, end: number): Found {
  if (start + PKTAP_HEADER > end) return NOTHING;
  const length = littleWord(bytes, start);
  if (length < PKTAP_HEADER || length > end - start) return NOTHING;
  if (littleWord(bytes, start + 4) !== PKTAP_TYPE_PACKET) return NOTHING;
  return inner(bytes, start + length, end, littleWord(bytes, start + 8));
}

function bigShort(bytes: Uint8Array, where: number): number {
  return ((bytes[where] as number) << 8) | (bytes[where + 1] as number);
}

function littleShort(bytes: Uint8Array, where: number): number {
  return (bytes[where] as number) | ((bytes[where + 1] as number) << 8);
}

function littleWord(bytes: Uint8Array, where: number): number {
  return (littleShort(bytes, where) | (littleShort(bytes, where + 2) << 16)) >>> 0;
}
