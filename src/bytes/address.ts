/**
 * IP addresses as text and as numbers, and prefixes. Knows nothing of packets beyond the four-word form of `Packet`.
 * Text follows RFC 5952 for IPv6; IPv4-mapped addresses in the mixed form of its section 5, as Wireshark shows them.
 */
import { ParseError } from "./parse-error.ts";

/** Four signed or unsigned 32-bit words; IPv4 as `(0, 0, 0xffff, word)`. */
export type AddressWords = readonly [number, number, number, number];

/** `version` decides: an IPv4-mapped IPv6 address seen in an IPv6 packet keeps its IPv6 text. */
export function addressText(version: 4 | 6, w0: number, w1: number, w2: number, w3: number): string {
  const dotted = `${w3 >>> 24}.${(w3 >>> 16) & 255}.${(w3 >>> 8) & 255}.${w3 & 255}`;
  if (version === 4) return dotted;
  if (w0 === 0 && w1 === 0 && w2 === 0xffff) return `::ffff:${dotted}`;
  const groups = [w0 >>> 16, w0 & 0xffff, w1 >>> 16, w1 & 0xffff, w2 >>> 16, w2 & 0xffff, w3 >>> 16, w3 & 0xffff];
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let n = i;
    while (n < 8 && groups[n] === 0) n++;
    if (n - i > bestLength) {
      best = i;
      bestLength = n - i;
    }
  }
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(":");
  if (best < 0) return hex(groups);
  return `${hex(groups.slice(0, best))}::${hex(groups.slice(best + bestLength))}`;
}

/** Reads an IPv4 or IPv6 address. Throws ParseError (malformed). */
export function parseAddress(text: string): AddressWords {
  const fail = () => new ParseError("malformed", "address", 0, `"${text.slice(0, 64)}" is no IP address`);
  const ipv4 = (part: string): number => {
    const octets = part.split(".");
    if (octets.length !== 4) throw fail();
    let value = 0;
    for (const octet of octets) {
      if (!/^\d{1,3}$/.test(octet) || Number(octet) > 255) throw fail();
      value = (value << 8) | Number(octet);
    }
    return value;
  };
  if (!text.includes(":")) return [0, 0, 0xffff, ipv4(text)];
  let source = text;
  const lastColon = text.lastIndexOf(":");
  if (text.includes(".")) {
    const value = ipv4(text.slice(lastColon + 1));
    source = `${text.slice(0, lastColon + 1)}${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
  }
  const halves = source.split("::");
  if (halves.length > 2) throw fail();
  const groups = (half: string | undefined): number[] =>
    half === undefined || half === ""
      ? []
      : half.split(":").map((group) => {
          if (!/^[0-9a-fA-F]{1,4}$/.test(group)) throw fail();
          return Number.parseInt(group, 16);
        });
  const head = groups(halves[0]);
  const tail = groups(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) throw fail();
  const all = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  const pair = (i: number) => ((all[i] as number) << 16) | (all[i + 1] as number);
  return [pair(0), pair(2), pair(4), pair(6)];
}

/** 64:ff9b::/96, behind which NAT64 puts all of IPv4 (RFC 6052 section 2.1). */
const NAT64 = 0x0064ff9b;

/** The address's network as text: the first 24 bits of IPv4, 64 of IPv6; "the same network" in a finding means this. */
export function networkOf(ip: string): string {
  const [w0, w1, w2, w3] = parseAddress(ip);
  if (w0 === NAT64 && w1 === 0 && w2 === 0) return `${addressText(6, w0, w1, w2, w3 & ~0xff)}/120`;
  return ip.includes(":") ? `${addressText(6, w0, w1, 0, 0)}/64` : `${addressText(4, 0, 0, 0xffff, w3 & ~0xff)}/24`;
}
