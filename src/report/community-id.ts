/**
 * The Community ID of a connection, version 1 with seed 0 (https://github.com/corelight/community-id-spec): by it a SIEM finds the same
 * connection in the logs of Zeek, Suricata, firewalls and proxies. Owns the digest; knows nothing of Reports.
 */
import { sha1 } from "@noble/hashes/legacy.js";
import { parseAddress } from "../bytes/address.ts";

interface End {
  readonly ip: string;
  readonly port: number;
}

/** IANA protocol numbers. */
const NUMBERS = { tcp: 6, udp: 17 } as const;

/** Either end first. Throws ParseError when an address is none. */
export function communityId(transport: "tcp" | "udp", one: End, other: End): string {
  const [a, b] = [bytesOf(one), bytesOf(other)];
  // Ports decide between equal addresses: they are last in both, so comparing all bytes compares them so.
  const [first, second] = compare(a, b) <= 0 ? [a, b] : [b, a];
  const seed = [0, 0];
  const digest = sha1(
    Uint8Array.from([
      ...seed,
      ...first.slice(0, -2),
      ...second.slice(0, -2),
      NUMBERS[transport],
      0,
      ...first.slice(-2),
      ...second.slice(-2),
    ]),
  );
  return `1:${btoa(String.fromCharCode(...digest))}`;
}

/** 4 or 16 bytes of the address, 2 of the port. */
function bytesOf({ ip, port }: End): number[] {
  const words = parseAddress(ip);
  const address = (ip.includes(":") ? words : words.slice(3)).flatMap((word) => [
    (word >>> 24) & 255,
    (word >>> 16) & 255,
    (word >>> 8) & 255,
    word & 255,
  ]);
  return [...address, port >>> 8, port & 255];
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
