/**
 * Link layers other than Ethernet around a packet, for tests: each as a program of its kind writes it. Independent of src/packet
 * on purpose: a shared mistake would hide itself.
 */
import { concat, ints, payload } from "./capture-writer.ts";
import { ethernet, loopback, text } from "./packets.ts";

const typeOf = (packet: Uint8Array) => ((packet[0] ?? 0) >> 4 === 6 ? 0x86dd : 0x0800);
const pppOf = (packet: Uint8Array) => ((packet[0] ?? 0) >> 4 === 6 ? 0x57 : 0x21);

export const snap = (packet: Uint8Array, type = typeOf(packet), organisation = 0): Uint8Array =>
  concat(Uint8Array.of(0xaa, 0xaa, 3), ints(true, [0, 2], [organisation, 1], [type, 2]), packet);

export const ppp = (packet: Uint8Array): Uint8Array => concat(ints(true, [pppOf(packet), 2]), packet);

export const pppInHdlc = (packet: Uint8Array): Uint8Array => concat(Uint8Array.of(0xff, 3), ppp(packet));

export const ciscoHdlc = (packet: Uint8Array, address = 0x0f): Uint8Array =>
  concat(ints(true, [address, 1], [0, 1], [typeOf(packet), 2]), packet);

export const pppoe = (packet: Uint8Array): Uint8Array => {
  const inside = ppp(packet);
  return concat(ints(true, [0x11, 1], [0, 1], [7, 2], [inside.length, 2]), inside);
};

export interface WifiOptions {
  /** Of data: 8 has quality of service, 4 no data. */
  readonly subtype?: number;
  readonly type?: number;
  /** Second byte: 1 to, 2 from the distribution system, 4 more fragments, 0x40 encrypted, 0x80 order. */
  readonly flags?: number;
  readonly fragment?: number;
  readonly aggregate?: boolean;
  readonly padded?: boolean;
}

export function wifi(packet: Uint8Array, options: WifiOptions = {}): Uint8Array {
  const { subtype = 0, type = 2, flags = 1, fragment = 0, aggregate = false, padded = false } = options;
  const header = concat(
    Uint8Array.of((subtype << 4) | (type << 2), flags, 0, 0),
    payload(18, 0x10),
    ints(false, [0x120 | fragment, 2]),
    (flags & 3) === 3 ? payload(6, 0x40) : new Uint8Array(0),
    (subtype & 8) !== 0 ? Uint8Array.of(aggregate ? 0x80 : 0, 0) : new Uint8Array(0),
    (subtype & 8) !== 0 && (flags & 0x80) !== 0 ? new Uint8Array(4) : new Uint8Array(0),
  );
  const inside = snap(packet);
  const data = aggregate ? concat(payload(12, 0x60), ints(true, [inside.length, 2]), inside) : inside;
  return concat(header, new Uint8Array(padded ? -header.length & 3 : 0), data);
}

/** `timer`: a field before that of the flags. `words`: more words that say what is there. */
export function radiotap(
  frame: Uint8Array,
  { flags = 0, timer = false, words = 0 }: { flags?: number | null; timer?: boolean; words?: number } = {},
): Uint8Array {
  const more = words > 0 ? 2 ** 31 : 0;
  const present = (timer ? 1 : 0) + (flags === null ? 0 : 2) + more;
  const extra = Array.from({ length: words }, (_, i) => [i + 1 < words ? 2 ** 31 : 0, 4] as const);
  const before = concat(ints(false, [present, 4], ...extra));
  const start = 4 + before.length;
  const fields = concat(
    timer ? concat(new Uint8Array(-start & 7), payload(8, 3)) : new Uint8Array(0),
    flags === null ? new Uint8Array(0) : Uint8Array.of(flags),
  );
  return concat(ints(false, [0, 2], [start + fields.length, 2]), before, fields, frame);
}

export const prism = (frame: Uint8Array, big = false): Uint8Array =>
  concat(ints(big, [0x44, 4], [144, 4]), new Uint8Array(136), frame);

export const avs = (frame: Uint8Array): Uint8Array =>
  concat(ints(true, [0x80211001, 4], [64, 4]), new Uint8Array(56), frame);

export const ppi = (frame: Uint8Array, link: number, fields = 12): Uint8Array =>
  concat(ints(false, [0, 2], [8 + fields, 2], [link, 4], [2, 2], [fields - 4, 2]), new Uint8Array(fields - 4), frame);

export const tokenRing = (packet: Uint8Array, route: readonly number[] = []): Uint8Array =>
  concat(
    Uint8Array.of(0x10, 0x40),
    payload(6, 0x20),
    Uint8Array.of(route.length > 0 ? 0x80 : 0, 2, 3, 4, 5, 6),
    route.length > 0 ? Uint8Array.from([2 + route.length, 0, ...route]) : new Uint8Array(0),
    snap(packet),
  );

export const fddi = (packet: Uint8Array): Uint8Array => concat(Uint8Array.of(0x50), payload(12), snap(packet));

export const enc = (packet: Uint8Array): Uint8Array => concat(ints(false, [2, 4], [1, 4], [0, 4]), packet);

export const pflog = (packet: Uint8Array, length = 61): Uint8Array =>
  concat(Uint8Array.of(length, (packet[0] ?? 0) >> 4 === 6 ? 24 : 2), new Uint8Array(((length + 3) & ~3) - 2), packet);

export const ipnet = (packet: Uint8Array): Uint8Array =>
  concat(
    ints(true, [1, 1], [(packet[0] ?? 0) >> 4 === 6 ? 26 : 2, 1], [1, 2], [packet.length, 4]),
    new Uint8Array(16),
    packet,
  );

export function nflog(packet: Uint8Array, big = false): Uint8Array {
  const family = (packet[0] ?? 0) >> 4 === 6 ? 10 : 2;
  const field = (type: number, value: Uint8Array) =>
    concat(ints(big, [4 + value.length, 2], [type, 2]), value, new Uint8Array(-value.length & 3));
  const fields = [field(1, ints(true, [0x0800, 2], [3, 1], [0, 1])), field(10, text("in: \0")), field(9, packet)];
  return concat(ints(true, [family, 1], [0, 1], [5, 2]), ...fields);
}

export function pktap(
  frame: Uint8Array,
  link: number,
  {
    pid = 412,
    name = "Teams",
    length = 108,
    type = 1,
  }: { pid?: number; name?: string; length?: number; type?: number } = {},
): Uint8Array {
  const named = (value: string, size: number) => {
    const bytes = text(value).subarray(0, size);
    return concat(bytes, new Uint8Array(size - bytes.length));
  };
  return concat(
    ints(false, [length, 4], [type, 4], [link, 4]),
    named("en0", 24),
    ints(false, [2, 4], [2, 4], [14, 4], [0, 4], [pid, 4]),
    named(name, 17),
    new Uint8Array(108 - 73 + Math.max(0, length - 108)),
    frame,
  );
}

/** Of every link type at least one, around a packet. */
export const LINK_CASES: readonly (readonly [name: string, link: number, wrap: (packet: Uint8Array) => Uint8Array])[] =
  [
    ["PPP", 9, ppp],
    ["PPP in HDLC", 9, pppInHdlc],
    ["PPP in HDLC, of that link type", 50, pppInHdlc],
    ["Cisco's HDLC", 50, ciscoHdlc],
    ["Cisco's HDLC, to all", 104, (packet) => ciscoHdlc(packet, 0x8f)],
    ["PPPoE", 51, pppoe],
    ["PPP of pppd, out", 166, (packet) => concat(Uint8Array.of(1, 3), ppp(packet))],
    ["PPP with a direction, in", 204, (packet) => concat(Uint8Array.of(0), pppInHdlc(packet))],
    ["802.11, to the access point", 105, wifi],
    ["802.11, from it, with quality of service", 105, (packet) => wifi(packet, { flags: 2, subtype: 8 })],
    ["802.11 between access points", 105, (packet) => wifi(packet, { flags: 3, subtype: 8 })],
    ["802.11 with a control field", 105, (packet) => wifi(packet, { flags: 0x82, subtype: 8 })],
    ["802.11, several in one frame", 105, (packet) => wifi(packet, { subtype: 8, aggregate: true })],
    ["radiotap", 127, (packet) => radiotap(wifi(packet))],
    ["radiotap without flags", 127, (packet) => radiotap(wifi(packet), { flags: null })],
    ["radiotap, padded", 127, (packet) => radiotap(wifi(packet, { subtype: 8, padded: true }), { flags: 0x20 })],
    [
      "radiotap, padded, with a timer and more words",
      127,
      (packet) => radiotap(wifi(packet, { subtype: 8, padded: true }), { flags: 0x20, timer: true, words: 2 }),
    ],
    ["Prism", 119, (packet) => prism(wifi(packet))],
    ["Prism, big-endian", 119, (packet) => prism(wifi(packet), true)],
    ["AVS under Prism's number", 119, (packet) => avs(wifi(packet))],
    ["AVS", 163, (packet) => avs(wifi(packet))],
    ["PPI with 802.11", 192, (packet) => ppi(wifi(packet), 105)],
    ["PPI with Ethernet", 192, (packet) => ppi(ethernet(packet), 1)],
    ["Token Ring", 6, tokenRing],
    ["Token Ring with a route", 6, (packet) => tokenRing(packet, [1, 2, 3, 4])],
    ["FDDI", 10, fddi],
    ["OpenBSD's enc", 109, enc],
    ["OpenBSD's pflog", 117, pflog],
    ["a longer pflog", 117, (packet) => pflog(packet, 100)],
    ["Solaris' IPNET", 226, ipnet],
    ["netfilter's log", 239, nflog],
    ["netfilter's log, big-endian", 239, (packet) => nflog(packet, true)],
    ["PKTAP with Ethernet", 258, (packet) => pktap(ethernet(packet), 1)],
    ["PKTAP with a longer header and a loopback", 258, (packet) => pktap(loopback(packet), 0, { length: 156 })],
    ["PKTAP with bare IP", 258, (packet) => pktap(packet, 12)],
    ["PKTAP with PPP", 258, (packet) => pktap(pppInHdlc(packet), 9)],
    ["PKTAP under a user's number", 149, (packet) => pktap(ethernet(packet), 1)],
  ];
