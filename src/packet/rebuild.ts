/**
 * IP packets made anew from what is known of one: an allow-list, as opposed to changing what is there. Owns the layout of headers and their
 * checksums (RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 792, RFC 4443, RFC 1071); knows nothing of what is worth keeping.
 */
import type { AddressWords } from "../bytes/address.ts";

export interface IpFields {
  readonly version: 4 | 6;
  readonly source: AddressWords;
  readonly destination: AddressWords;
  readonly ttl: number;
  /** Of IPv4. */
  readonly identification: number;
}

export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_ICMP = 1;
export const PROTOCOL_ICMPV6 = 58;

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const DONT_FRAGMENT = 0x4000;
const MAX_LENGTH = 0xffff;

/**
 * A packet whose transport header and payload are `content`, of which `length` bytes were on the wire. The transport's checksum, 2 bytes at
 * `checksum` in `content`, is right if all of it is there; of one that is cut it is 0, for nobody can check it.
 */
export function ipPacket(
  fields: IpFields,
  protocol: number,
  content: Uint8Array,
  length: number,
  checksum: number,
): Uint8Array<ArrayBuffer> {
  const isV6 = fields.version === 6;
  const header = isV6 ? IPV6_HEADER : IPV4_HEADER;
  const packet = new Uint8Array(header + content.length);
  const view = new DataView(packet.buffer);
  // Longer ones were put together by the network card: there the length is 0, and that of the frame counts.
  const total = isV6 ? length : header + length;
  const stated = total > MAX_LENGTH ? 0 : total;
  if (isV6) {
    view.setUint8(0, 0x60);
    view.setUint16(4, stated);
    view.setUint8(6, protocol);
    view.setUint8(7, fields.ttl);
    for (const [i, word] of fields.source.entries()) view.setInt32(8 + 4 * i, word);
    for (const [i, word] of fields.destination.entries()) view.setInt32(24 + 4 * i, word);
  } else {
    view.setUint8(0, 0x45);
    view.setUint16(2, stated);
    view.setUint16(4, fields.identification);
    if (fields.identification === 0) view.setUint16(6, DONT_FRAGMENT);
    view.setUint8(8, fields.ttl);
    view.setUint8(9, protocol);
    view.setInt32(12, fields.source[3]);
    view.setInt32(16, fields.destination[3]);
    view.setUint16(10, sumOf(packet.subarray(0, header), 0));
  }
  packet.set(content, header);
  if (content.length < checksum + 2) return packet;
  view.setUint16(header + checksum, 0);
  if (content.length < length) return packet;
  let sum = sumOf(packet.subarray(header), protocol === PROTOCOL_ICMP ? 0 : pseudoSum(fields, protocol, length));
  // RFC 768: 0 would mean that there is none.
  if (sum === 0 && protocol === PROTOCOL_UDP) sum = MAX_LENGTH;
  view.setUint16(header + checksum, sum);
  return packet;
}

/** Of the addresses, the protocol and the length, which the checksums of TCP, UDP and ICMPv6 cover too. */
function pseudoSum({ version, source, destination }: IpFields, protocol: number, length: number): number {
  let sum = protocol + (length >>> 16) + (length & 0xffff);
  const words = version === 6 ? [...source, ...destination] : [source[3], destination[3]];
  for (const word of words) sum += (word >>> 16) + (word & 0xffff);
  return sum;
}

/** RFC 1071, begun with `before`. */
function sumOf(bytes: Uint8Array, before: number): number {
  let sum = before;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

const TCP_FIXED = 20;
const TCP_CHECKSUM = 16;
const TCP_URGENT = 18;
/** Kinds of which the value tells of the stream alone (RFC 9293, RFC 7323, RFC 2018): end, nothing, size, scale, SACK, times. */
const PLAIN_OPTIONS: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 8]);

/** A TCP header without the values of options that may hold addresses, keys or cookies. */
export function plainTcpHeader(header: Uint8Array): Uint8Array<ArrayBuffer> {
  const plain = new Uint8Array(header);
  plain.fill(0, TCP_CHECKSUM, TCP_URGENT);
  for (let at = TCP_FIXED; at < plain.length; ) {
    const kind = plain[at] as number;
    if (kind === 0) {
      plain.fill(0, at);
      break;
    }
    const size = kind === 1 ? 1 : (plain[at + 1] ?? 0);
    if (kind !== 1 && size < 2) {
      plain.fill(0, Math.min(plain.length, at + 2));
      break;
    }
    if (!PLAIN_OPTIONS.has(kind)) plain.fill(0, Math.min(plain.length, at + 2), at + size);
    at += size;
  }
  return plain;
}
