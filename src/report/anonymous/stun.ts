/**
 * A STUN or TURN message with other addresses, and without what names a person or proves who sent it. Owns which attributes stay; knows
 * nothing of what carries the message.
 */

import { toLatin1 } from "../../bytes/text.ts";
import type { AddressMap } from "../../packet/address-map.ts";
import { fingerprintOf } from "../../protocol/stun/fingerprint.ts";
import { FINGERPRINT, parseStun, STUN_HEADER, type StunMessage } from "../../protocol/stun/message.ts";
import { put, withoutAddresses } from "./text.ts";

/** Addresses: MAPPED, RESPONSE, SOURCE, CHANGED, REFLECTED-FROM, ALTERNATE-SERVER, RESPONSE-ORIGIN, OTHER-ADDRESS (RFC 3489, 5780, 8489). */
const PLAIN: ReadonlySet<number> = new Set([0x0001, 0x0002, 0x0004, 0x0005, 0x000b, 0x8023, 0x802b, 0x802c]);
/** Those of [MS-TURN] besides: ALTERNATE-SERVER, DESTINATION, REMOTE, MS-ALTERNATE-MAPPED. */
const PLAIN_MS: ReadonlySet<number> = new Set([0x000e, 0x0011, 0x0012, 0x8090]);
/** XORed with the header: PEER, RELAYED, MAPPED, and its number in the drafts. */
const XORED: ReadonlySet<number> = new Set([0x0012, 0x0016, 0x0020, 0x8020]);
/**
 * What names nobody: flags and change request, UNKNOWN-ATTRIBUTES, CHANNEL-NUMBER, LIFETIME, cookie of [MS-TURN], REQUESTED-ADDRESS-FAMILY,
 * EVEN-PORT, REQUESTED-TRANSPORT, DONT-FRAGMENT, PRIORITY, USE-CANDIDATE; versions, bandwidth, service quality of [MS-TURN].
 */
const KEPT: ReadonlySet<number> = new Set([
  ...[0x0003, 0x000a, 0x000c, 0x000d, 0x000f, 0x0010, 0x0017, 0x0018, 0x0019, 0x001a, 0x0024, 0x0025],
  ...[0x8008, 0x8054, 0x8055, 0x8056],
]);
/** ERROR-CODE with its reason, SOFTWARE. */
const TEXTS: ReadonlySet<number> = new Set([0x0009, 0x8022]);
/** REALM and NONCE, in either order of the two: that they are there tells something. */
const CROSSED: ReadonlySet<number> = new Set([0x0006, 0x0014, 0x0015]);

/** Throws ParseError when `bytes` is no message. */
export function anonymousStun(bytes: Uint8Array, map: AddressMap): Uint8Array<ArrayBuffer> {
  const message = parseStun(bytes);
  const changed = new Uint8Array(bytes.length);
  changed.set(bytes.subarray(0, STUN_HEADER));
  for (const attribute of message.attributes) {
    const start = attribute.value.byteOffset - bytes.byteOffset;
    changed.set(bytes.subarray(start - 4, start), start - 4);
    const into = changed.subarray(start, start + attribute.value.length);
    copyAttribute(message, attribute, into, map);
    if (attribute.type !== FINGERPRINT || into.length !== 4) continue;
    new DataView(changed.buffer).setInt32(start, fingerprintOf(changed.subarray(0, start - 4)));
  }
  return changed;
}

function copyAttribute(
  { dialect, key }: StunMessage,
  { type, value }: StunMessage["attributes"][number],
  into: Uint8Array,
  map: AddressMap,
): void {
  const isMs = dialect === "ms-turn";
  if (KEPT.has(type)) into.set(value);
  else if (TEXTS.has(type)) {
    into.set(value);
    const from = type === 0x0009 ? 4 : 0;
    put(into, from, withoutAddresses(toLatin1(value.subarray(from)), map));
  } else if (PLAIN.has(type) || (isMs && PLAIN_MS.has(type))) copyAddress(value, into, undefined, map);
  else if (XORED.has(type)) copyAddress(value, into, key, map);
  else if (CROSSED.has(type)) into.fill(0x78);
}

/** RFC 8489 section 14.1: a zero byte, the family, the port, the address; XORed with the header from the cookie on. */
function copyAddress(value: Uint8Array, into: Uint8Array, key: Uint8Array | undefined, map: AddressMap): void {
  const family = value[1];
  const words = family === 1 && value.length === 8 ? 1 : family === 2 && value.length === 20 ? 4 : 0;
  if (words === 0) return;
  into.set(value.subarray(0, 4));
  const from = view(value);
  const to = view(into);
  const mask = (index: number): number => (key === undefined ? 0 : view(key).getInt32(4 * index));
  const word = (index: number): number => from.getInt32(4 + 4 * index) ^ mask(index);
  const mapped = words === 1 ? [map.v4(word(0))] : map.v6([word(0), word(1), word(2), word(3)]);
  for (const [index, one] of mapped.entries()) to.setInt32(4 + 4 * index, one ^ mask(index));
}

function view({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}
