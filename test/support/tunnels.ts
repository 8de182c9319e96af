/** Wraps packets as mirrored ports, VPN clients and access lines do: headers of encapsulations, and the frames around them. */
import { concat, ints } from "./capture-writer.ts";
import { ethernet, ip, type Peer, UDP, udp } from "./packets.ts";

/** The ends of the tunnel. */
export const OUTER: readonly [Peer, Peer] = [
  { ip: "203.0.113.1", port: 40_000 },
  { ip: "203.0.113.2", port: 40_001 },
];

/** A frame of a packet of this IP protocol between the ends. */
export const outer = (protocol: number, payload: Uint8Array): Uint8Array => ethernet(ip(payload, ...OUTER, protocol));

/** A frame of a datagram to this port at the far end. */
export const overlay = (port: number, payload: Uint8Array): Uint8Array => outer(UDP, udp(OUTER[0].port, port, payload));

/** A label stack entry of MPLS (RFC 3032); `last`: the bottom of the stack. */
export const mplsLabel = (last: boolean, label = 16): Uint8Array =>
  ints(true, [(label << 12) | (last ? 0x100 : 0) | 64, 4]);

/** GRE (RFC 2784, 2890) and its like; `rest`: the fields that the flags announce, then the payload. */
export const gre = (flags: number, type: number, ...rest: readonly Uint8Array[]): Uint8Array =>
  concat(ints(true, [flags, 2], [type, 2]), ...rest);

/** A frame of a PPPoE session (RFC 2516); `ppp` begins with PPP's protocol. */
export const pppoe = (ppp: Uint8Array): Uint8Array =>
  ethernet(concat(ints(true, [0x1100, 2], [7, 2], [ppp.length, 2]), ppp), { type: 0x8864 });

/** The header of VXLAN (RFC 7348). */
export const vxlan = (network: number): Uint8Array => ints(true, [0x08000000, 4], [network << 8, 4]);
