import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, ints, payload } from "../../test/support/capture-writer.ts";
import {
  ACK,
  authentication,
  CLIENT,
  CLIENT6,
  ethernet,
  extension6,
  fragment6,
  frameOf,
  ICMP,
  ICMPV6,
  icmp,
  ip,
  ipv4,
  ipv6,
  linuxSll,
  linuxSll2,
  loopback,
  SERVER,
  SERVER6,
  SYN,
  TCP as TCP_PROTOCOL,
  tcp,
  UDP as UDP_PROTOCOL,
  udp,
} from "../../test/support/packets.ts";
import { addressText } from "../bytes/address.ts";
import { OTHER_LINK_TYPES } from "./links.ts";
import {
  decode,
  FRAGMENT,
  ICMP_ERROR,
  MAX_OFFLOADED_PACKET,
  OTHER,
  Packet,
  SUPPORTED_LINK_TYPES,
  TCP,
  TCP_PORTS,
  UDP,
} from "./packet.ts";

const LINK = {
  null: 0,
  ethernet: 1,
  rawBsd: 12,
  rawOpenBsd: 14,
  raw: 101,
  loop: 108,
  sll: 113,
  ipv4: 228,
  ipv6: 229,
  sll2: 276,
};
const DATA = payload(10, 0x50);
const SEGMENT = tcp(CLIENT.port, SERVER.port, DATA, { sequence: 0x80000001, acknowledgement: 7, flags: SYN | ACK });

interface Seen {
  readonly packet: Packet;
  readonly payload: Uint8Array;
}

/** Decodes into a slot that an earlier packet has left its traces in. */
function read(bytes: Uint8Array, options: { link?: number; original?: number } = {}): Seen {
  const packet = new Packet();
  decode(frameOf(ethernet(ipv4(icmp(3, 1, ipv4(SEGMENT)), { protocol: ICMP, ttl: 9 }))), packet);
  const frame = frameOf(bytes, options);
  decode(frame, packet);
  return { packet, payload: frame.bytes.subarray(packet.payloadStart, packet.payloadStart + packet.payloadCaptured) };
}

function expectSegment({ packet, payload: found }: Seen, version: 4 | 6 = 4): void {
  expect(packet).toMatchObject({
    kind: TCP,
    ipVersion: version,
    ttl: 64,
    sourcePort: CLIENT.port,
    destinationPort: SERVER.port,
    sequence: 0x80000001 | 0,
    acknowledgement: 7,
    flags: SYN | ACK,
    bogusHeader: false,
    payloadLength: DATA.length,
    payloadCaptured: DATA.length,
  });
  expect(found).toEqual(DATA);
  const { source0, source1, source2, source3 } = packet;
  const { destination0, destination1, destination2, destination3 } = packet;
  expect(addressText(version, source0, source1, source2, source3)).toBe(version === 4 ? CLIENT.ip : "2001:db8::5");
  expect(addressText(version, destination0, destination1, destination2, destination3)).toBe(
    version === 4 ? SERVER.ip : "2001:db8::10",
  );
}

describe("link layers", () => {
  const v4 = ipv4(SEGMENT);
  const v6 = ipv6(SEGMENT);
  const cases: [string, number, Uint8Array, 4 | 6][] = [
    ["Ethernet", LINK.ethernet, ethernet(v4), 4],
    ["Ethernet, IPv6", LINK.ethernet, ethernet(v6), 6],
    ["802.1Q", LINK.ethernet, ethernet(v4, { tags: [0x8100] }), 4],
    ["QinQ (802.1ad)", LINK.ethernet, ethernet(v6, { tags: [0x88a8, 0x8100] }), 6],
    ["QinQ of old switches", LINK.ethernet, ethernet(v4, { tags: [0x9100, 0x8100] }), 4],
    ["four tags", LINK.ethernet, ethernet(v4, { tags: [0x8100, 0x8100, 0x8100, 0x8100] }), 4],
    ["Linux cooked", LINK.sll, linuxSll(v4), 4],
    ["Linux cooked, IPv6", LINK.sll, linuxSll(v6), 6],
    ["Linux cooked v2", LINK.sll2, linuxSll2(v4), 4],
    ["Linux cooked v2, IPv6", LINK.sll2, linuxSll2(v6), 6],
    ["raw", LINK.raw, v4, 4],
    ["raw, IPv6", LINK.raw, v6, 6],
    ["raw on BSD", LINK.rawBsd, v4, 4],
    ["raw on OpenBSD", LINK.rawOpenBsd, v4, 4],
    ["IPv4", LINK.ipv4, v4, 4],
    ["IPv6", LINK.ipv6, v6, 6],
    ["NULL, little-endian", LINK.null, loopback(v4), 4],
    ["NULL, big-endian", LINK.null, loopback(v4, 2, true), 4],
    ["NULL, IPv6 of FreeBSD (28)", LINK.null, loopback(v6, 28), 6],
    ["NULL, IPv6 of macOS (30)", LINK.null, loopback(v6, 30), 6],
    ["LOOP", LINK.loop, loopback(v6, 24, true), 6],
  ];

  test.each(cases)("%s", (_, link, bytes, version) => {
    expectSegment(read(bytes, { link }), version);
  });

  test("every supported link type is tested here, or in links.test.ts", () => {
    expect(new Set([...cases.map(([, link]) => link), ...OTHER_LINK_TYPES])).toEqual(SUPPORTED_LINK_TYPES);
  });

  test.each([
    ["five tags", LINK.ethernet, ethernet(v4, { tags: [0x8100, 0x8100, 0x8100, 0x8100, 0x8100] })],
    ["ARP", LINK.ethernet, ethernet(v4, { type: 0x0806 })],
    ["a length instead of a type (802.3)", LINK.ethernet, ethernet(v4, { type: v4.length })],
    ["a link type nobody knows", 147, ethernet(v4)],
    ["IP of version 5", LINK.raw, concat(Uint8Array.of(0x55), v4.subarray(1))],
    ["nothing", LINK.ethernet, new Uint8Array(0)],
    ["nothing, raw", LINK.raw, new Uint8Array(0)],
  ])("%s is no packet", (_, link, bytes) => {
    expect(read(bytes, { link }).packet.kind).toBe(OTHER);
  });
});

describe("IPv4", () => {
  test("options are stepped over", () => {
    expectSegment(read(ethernet(ipv4(SEGMENT, { options: new Uint8Array(40).fill(1) }))));
  });

  test("Ethernet padding is no payload", () => {
    expectSegment(read(concat(ethernet(ipv4(SEGMENT)), new Uint8Array(20).fill(0xee))));
  });

  test("a length of 0 (segmentation offload) means: to the end of the frame", () => {
    expectSegment(read(ethernet(ipv4(SEGMENT, { total: 0 }))));
  });

  test("a length of 0 and a frame that claims 4 GiB on the wire", () => {
    const { packet } = read(ethernet(ipv4(SEGMENT, { total: 0 })), { original: 0xffffffff });
    expect(packet).toMatchObject({ kind: TCP, payloadLength: MAX_OFFLOADED_PACKET - 40, payloadCaptured: DATA.length });
  });

  test("a snapshot length cuts the payload, not its length", () => {
    const whole = ethernet(ipv4(SEGMENT));
    const { packet, payload: found } = read(whole.subarray(0, whole.length - 4), { original: whole.length });
    expect(packet).toMatchObject({ kind: TCP, payloadLength: 10, payloadCaptured: 6 });
    expect(found).toEqual(DATA.subarray(0, 6));
  });

  test("fewer bytes on the wire than in the file: what IP says holds", () => {
    expectSegment(read(ethernet(ipv4(SEGMENT)), { original: 1 }));
  });

  test.each([
    ["a header of 16 bytes", concat(Uint8Array.of(0x44), ipv4(SEGMENT).subarray(1))],
    ["a header longer than the frame", concat(Uint8Array.of(0x4f), ipv4(new Uint8Array(0)).subarray(1))],
    ["a length shorter than the header", ipv4(SEGMENT, { total: 19 })],
    ["a length without room for a TCP header", ipv4(SEGMENT, { total: 27 })],
    ["a protocol that is not read", ipv4(SEGMENT, { protocol: 47 })],
  ])("%s is no packet", (_, bytes) => {
    expect(read(ethernet(bytes)).packet.kind).toBe(OTHER);
  });

  test("fragments: first, middle, last", () => {
    const at = (offset: number, more: boolean) =>
      read(ethernet(ipv4(payload(16), { offset, more, id: 0xbeef }))).packet;
    const common = { kind: FRAGMENT, fragmentProtocol: TCP_PROTOCOL, fragmentId: 0xbeef, payloadLength: 16 };
    expect(at(0, true)).toMatchObject({ ...common, fragmentOffset: 0, fragmentMore: true });
    expect(at(1480, true)).toMatchObject({ ...common, fragmentOffset: 1480, fragmentMore: true });
    expect(at(65_528, false)).toMatchObject({ ...common, fragmentOffset: 65_528, fragmentMore: false });
  });

  test("“don't fragment” is no fragment", () => {
    const packet = ipv4(SEGMENT);
    packet[6] = 0x40;
    expectSegment(read(ethernet(packet)));
  });
});

describe("IPv6", () => {
  const behind = (...extensions: Uint8Array[]) => concat(...extensions, SEGMENT);

  test.each([
    ["hop-by-hop options", 0, behind(extension6(TCP_PROTOCOL))],
    ["routing", 43, behind(extension6(TCP_PROTOCOL, 24))],
    ["destination options", 60, behind(extension6(TCP_PROTOCOL, 2048))],
    ["mobility", 135, behind(extension6(TCP_PROTOCOL))],
    ["host identity", 139, behind(extension6(TCP_PROTOCOL))],
    ["shim6", 140, behind(extension6(TCP_PROTOCOL))],
    ["authentication", 51, behind(authentication(TCP_PROTOCOL))],
    ["an atomic fragment (RFC 6946)", 44, behind(fragment6(TCP_PROTOCOL, 1, 0, false))],
    [
      "several",
      0,
      behind(extension6(60), extension6(43), extension6(51, 16), authentication(44, 12), fragment6(6, 1, 0, false)),
    ],
  ])("%s before TCP", (_, next, bytes) => {
    expectSegment(read(ethernet(ipv6(bytes, { next }))), 6);
  });

  test("sixteen extension headers are one too many", () => {
    const chain = (count: number) =>
      concat(...Array.from({ length: count }, (_, i) => extension6(i === count - 1 ? TCP_PROTOCOL : 60)), SEGMENT);
    expect(read(ethernet(ipv6(chain(15), { next: 60 }))).packet.kind).toBe(TCP);
    expect(read(ethernet(ipv6(chain(16), { next: 60 }))).packet.kind).toBe(OTHER);
  });

  test("a length of 0 means: to the end of the frame; trailing bytes of a length are no payload", () => {
    expectSegment(read(ethernet(ipv6(SEGMENT, { length: 0 }))), 6);
    expectSegment(read(concat(ethernet(ipv6(SEGMENT)), new Uint8Array(6).fill(0xee))), 6);
    const { packet } = read(ethernet(ipv6(SEGMENT, { length: 0 })), { original: 0xffffffff });
    expect(packet.payloadLength).toBe(MAX_OFFLOADED_PACKET - 20);
  });

  test("fragments", () => {
    const bytes = concat(fragment6(UDP_PROTOCOL, 0xfedcba98, 1448, true), payload(16));
    expect(read(ethernet(ipv6(bytes, { next: 44 }))).packet).toMatchObject({
      kind: FRAGMENT,
      fragmentProtocol: UDP_PROTOCOL,
      fragmentId: 0xfedcba98 | 0,
      fragmentOffset: 1448,
      fragmentMore: true,
      payloadLength: 16,
      payloadCaptured: 16,
    });
  });

  test.each([
    ["an extension longer than the packet", ipv6(extension6(TCP_PROTOCOL, 64).subarray(0, 16), { next: 0 })],
    ["a length that ends inside an extension", ipv6(behind(extension6(TCP_PROTOCOL, 64)), { next: 0, length: 40 })],
    ["a fragment header without room", ipv6(SEGMENT, { next: 44, length: 7 })],
    ["no next header", ipv6(SEGMENT, { next: 59 })],
  ])("%s is no packet", (_, bytes) => {
    expect(read(ethernet(bytes)).packet.kind).toBe(OTHER);
  });
});

describe("TCP and UDP", () => {
  test("TCP options are no payload", () => {
    const seen = read(ethernet(ipv4(tcp(1, 2, DATA, { options: new Uint8Array(40) }))));
    expect(seen.packet).toMatchObject({ kind: TCP, payloadLength: 10 });
    expect(seen.payload).toEqual(DATA);
  });

  test.each([4, 15])("a header of %i words, longer than what there is or shorter than a header, is bogus", (words) => {
    const { packet } = read(ethernet(ipv4(tcp(1, 2, payload(30), { words }))));
    expect(packet).toMatchObject({ kind: TCP, bogusHeader: true, payloadLength: 0, payloadCaptured: 0 });
  });

  test("cut inside the options: there is a payload, none of it captured", () => {
    const whole = ethernet(ipv4(tcp(1, 2, DATA, { options: new Uint8Array(12) })));
    const { packet } = read(whole.subarray(0, 14 + 20 + 24), { original: whole.length });
    expect(packet).toMatchObject({ kind: TCP, payloadLength: 10, payloadCaptured: 0 });
  });

  test.each([
    [7, OTHER],
    [8, TCP_PORTS],
    [15, TCP_PORTS],
    [16, TCP],
  ])("with %i captured bytes of the TCP header it is kind %i", (captured, kind) => {
    const whole = ethernet(ipv4(SEGMENT));
    expect(read(whole.subarray(0, 34 + captured), { original: whole.length }).packet.kind).toBe(kind);
  });

  test("UDP", () => {
    const seen = read(ethernet(ip(udp(5, 6, DATA), CLIENT6, SERVER6, UDP_PROTOCOL)));
    expect(seen.packet).toMatchObject({ kind: UDP, sourcePort: 5, destinationPort: 6, payloadLength: 10 });
    expect(seen.payload).toEqual(DATA);
  });

  test.each([
    ["0 (jumbo or offload)", 0, 10],
    ["shorter than its header", 7, 10],
    ["longer than IP's", 19, 10],
    ["shorter than IP's", 12, 4],
    ["of an empty datagram", 8, 0],
  ])("a UDP length %s", (_, length, expected) => {
    const { packet } = read(ethernet(ipv4(udp(5, 6, DATA, length), { protocol: UDP_PROTOCOL })));
    expect(packet).toMatchObject({ kind: UDP, payloadLength: expected, payloadCaptured: expected });
  });

  test("a UDP header that is cut is no packet", () => {
    expect(read(ethernet(ipv4(udp(5, 6, DATA), { protocol: UDP_PROTOCOL })).subarray(0, 41)).packet.kind).toBe(OTHER);
  });
});

describe("ICMP", () => {
  const quoted = ipv4(SEGMENT);

  test.each([
    [3, 13, true],
    // Fragmentation needed: smaller packets get there.
    [3, 4, false],
    [4, 0, false],
    [5, 0, false],
    [11, 0, true],
    [12, 0, false],
  ])("ICMP type %i, code %i is an error", (type, code, unreachable) => {
    const seen = read(
      ethernet(ipv4(icmp(type, code, quoted), { protocol: ICMP, from: "198.51.100.1", to: CLIENT.ip })),
    );
    expect(seen.packet).toMatchObject({
      kind: ICMP_ERROR,
      icmpType: type,
      icmpCode: code,
      icmpUnreachable: unreachable,
    });
    expect(seen.payload).toEqual(quoted);
  });

  test.each([
    [1, true],
    [2, false],
    [3, true],
    [4, false],
  ])("ICMPv6 type %i is an error", (type, unreachable) => {
    const seen = read(ethernet(ipv6(icmp(type, 4, ipv6(SEGMENT)), { next: ICMPV6 })));
    expect(seen.packet).toMatchObject({ kind: ICMP_ERROR, icmpType: type, icmpCode: 4, icmpUnreachable: unreachable });
  });

  test("echo, and what ICMPv6 uses for neighbours, is no error", () => {
    for (const type of [0, 8])
      expect(read(ethernet(ipv4(icmp(type, 0, quoted), { protocol: ICMP }))).packet.kind).toBe(OTHER);
    for (const type of [0, 128, 135])
      expect(read(ethernet(ipv6(icmp(type, 0, quoted), { next: ICMPV6 }))).packet.kind).toBe(OTHER);
  });
});

describe("whatever the bytes", () => {
  const samples: [string, number, Uint8Array][] = [
    [
      "TCP",
      LINK.ethernet,
      ethernet(ipv4(tcp(1, 2, DATA, { options: new Uint8Array(20) }), { options: new Uint8Array(8) })),
    ],
    [
      "UDP over IPv6 in QinQ",
      LINK.ethernet,
      ethernet(ipv6(concat(extension6(44), fragment6(60, 1, 0, false), extension6(17), udp(5, 6, DATA)), { next: 0 }), {
        tags: [0x88a8, 0x8100],
      }),
    ],
    ["fragment", LINK.ethernet, ethernet(ipv6(concat(fragment6(17, 1, 8, true), DATA), { next: 44 }))],
    ["ICMP", LINK.sll2, linuxSll2(ipv4(icmp(3, 3, ipv4(SEGMENT)), { protocol: ICMP }))],
    ["authentication", LINK.loop, loopback(ipv6(concat(authentication(6), SEGMENT), { next: 51 }))],
  ];

  /** The payload lies within the captured bytes, and is no longer than on the wire. */
  function expectWithinBounds(bytes: Uint8Array, link: number, original: number): void {
    const frame = frameOf(bytes, { link, original });
    const packet = new Packet();
    decode(frame, packet);
    if (packet.kind === OTHER || packet.kind === TCP_PORTS) return;
    expect(packet.payloadCaptured).toBeGreaterThanOrEqual(0);
    expect(packet.payloadCaptured).toBeLessThanOrEqual(packet.payloadLength);
    if (packet.payloadCaptured > 0) {
      expect(packet.payloadStart).toBeGreaterThanOrEqual(frame.start);
      expect(packet.payloadStart + packet.payloadCaptured).toBeLessThanOrEqual(frame.start + frame.captured);
    }
  }

  test.each(samples)(
    "%s cut after every byte: never throws, and bytes behind the cut change nothing",
    (_, link, bytes) => {
      for (let length = 0; length <= bytes.length; length++) {
        expectWithinBounds(bytes.subarray(0, length), link, bytes.length);
        const [one, other] = [0x00, 0xff].map((margin) => {
          const frame = frameOf(bytes.subarray(0, length), { link, original: bytes.length });
          frame.bytes.fill(margin, frame.start + frame.captured);
          const packet = new Packet();
          decode(frame, packet);
          return packet;
        });
        expect(other).toEqual(one);
      }
    },
  );

  test("invariant: never throws, never reads past the captured bytes", () => {
    const link = fc.constantFrom(...SUPPORTED_LINK_TYPES);
    const noise = fc.uint8Array({ maxLength: 120 });
    const bent = fc
      .tuple(fc.constantFrom(...samples), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 6 }))
      .map(([[, , bytes], changes]) => {
        const copy = bytes.slice();
        for (const [at, value] of changes) copy[at % copy.length] = value;
        return copy;
      });
    fc.assert(
      fc.property(link, fc.oneof(noise, bent), fc.nat(), (linkType, bytes, original) => {
        expectWithinBounds(bytes, linkType, original);
      }),
      { numRuns: 3000 },
    );
  });

  test("a length that claims more than the frame: the rest was not captured", () => {
    const { packet } = read(ethernet(ipv4(SEGMENT, { total: 1500 })));
    expect(packet).toMatchObject({ kind: TCP, payloadLength: 1460, payloadCaptured: DATA.length });
  });

  test("a word beyond 2^31 stays what it was", () => {
    const { packet } = read(
      ethernet(ipv4(tcp(1, 2, ints(true, [1, 1]), { sequence: 0xffffffff, acknowledgement: 0xfffffffe }))),
    );
    expect([packet.sequence, packet.acknowledgement]).toEqual([-1, -2]);
  });
});
