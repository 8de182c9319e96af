/** Encapsulations met on mirrored ports, VPN clients and access lines: what is inside is a packet like any other. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, ints } from "../../test/support/capture-writer.ts";
import {
  CLIENT,
  CLIENT6,
  ethernet,
  frameOf,
  ip,
  SERVER,
  SERVER6,
  TCP as TCP_PROTOCOL,
  tcp,
  text,
} from "../../test/support/packets.ts";
import { gre, mplsLabel, OUTER, outer, overlay, pppoe, vxlan } from "../../test/support/tunnels.ts";
import { decode, decodeOverlay, OTHER, Packet, TCP, UDP } from "./packet.ts";

const HELLO = text("hello");

const inner = (six = false): Uint8Array => {
  const [from, to] = six ? [CLIENT6, SERVER6] : [CLIENT, SERVER];
  return ip(tcp(from.port, to.port, HELLO), from, to, TCP_PROTOCOL);
};
const four = new Uint8Array(4);

/** The packet, and the bytes that its payload stands in. */
function read(sent: Uint8Array, original = sent.length): { packet: Packet; bytes: Uint8Array; end: number } {
  const packet = new Packet();
  const frame = frameOf(sent, { original });
  decode(frame, packet);
  return { packet, bytes: frame.bytes, end: frame.start + frame.captured };
}

function expectHello({ packet, bytes }: { packet: Packet; bytes: Uint8Array }): void {
  expect(packet.kind).toBe(TCP);
  expect([packet.sourcePort, packet.destinationPort]).toEqual([CLIENT.port, SERVER.port]);
  const { payloadStart, payloadCaptured, payloadLength } = packet;
  expect([payloadCaptured, payloadLength]).toEqual([HELLO.length, HELLO.length]);
  expect(bytes.subarray(payloadStart, payloadStart + payloadCaptured)).toEqual(HELLO);
}

const TUNNELS: readonly (readonly [string, (inside: Uint8Array, six: boolean) => Uint8Array])[] = [
  ["MPLS, one label", (p) => ethernet(concat(mplsLabel(true), p), { type: 0x8847 })],
  [
    "MPLS, three labels, behind a VLAN tag",
    (p) => ethernet(concat(mplsLabel(false), mplsLabel(false), mplsLabel(true), p), { type: 0x8847, tags: [0x8100] }),
  ],
  ["an Ethernet pseudowire over MPLS", (p) => ethernet(concat(mplsLabel(true), four, ethernet(p)), { type: 0x8848 })],
  ["PPPoE", (p, six) => pppoe(concat(ints(true, [six ? 0x57 : 0x21, 2]), p))],
  ["PPPoE, protocol in one byte", (p, six) => pppoe(concat(Uint8Array.of(six ? 0x57 : 0x21), p))],
  ["MPLS in PPPoE", (p) => pppoe(concat(ints(true, [0x0281, 2]), mplsLabel(true), p))],
  ["IP in IP", (p, six) => outer(six ? 41 : 4, p)],
  ["GRE", (p, six) => outer(47, gre(0, six ? 0x86dd : 0x0800, p))],
  [
    "GRE with checksum, key and sequence",
    (p, six) => outer(47, gre(0xb000, six ? 0x86dd : 0x0800, four, four, four, p)),
  ],
  ["Ethernet in GRE", (p) => outer(47, gre(0x2000, 0x6558, four, ethernet(p)))],
  ["MPLS in GRE", (p) => outer(47, gre(0, 0x8847, mplsLabel(true), p))],
  ["PPTP", (p, six) => outer(47, gre(0x3081, 0x880b, four, four, four, ints(true, [six ? 0x57 : 0x21, 2]), p))],
  ["ERSPAN I", (p) => outer(47, gre(0, 0x88be, ethernet(p)))],
  ["ERSPAN II", (p) => outer(47, gre(0x1000, 0x88be, four, four, four, ethernet(p)))],
  ["ERSPAN III", (p) => outer(47, gre(0x1000, 0x22eb, four, four, four, four, ethernet(p)))],
  [
    "ERSPAN III with its subheader",
    (p) => outer(47, gre(0x1000, 0x22eb, four, four, four, ints(true, [1, 4]), four, four, ethernet(p))),
  ],
  ["GRE in IP in IP", (p, six) => outer(4, ip(gre(0, six ? 0x86dd : 0x0800, p), ...OUTER, 47))],
];

describe.each(TUNNELS)("%s", (_, wrap) => {
  test.each([false, true])("IPv6 inside: %s", (six) => {
    const seen = read(wrap(inner(six), six));
    expectHello(seen);
    const { packet } = seen;
    expect(packet.ipVersion).toBe(six ? 6 : 4);
    expect(packet.ttl).toBe(64);
  });

  test("cut anywhere it is read as far as it is there, and nothing else", () => {
    const frame = wrap(inner(), false);
    for (let length = 0; length < frame.length; length++) {
      const { packet, end } = read(frame.subarray(0, length), frame.length);
      if (packet.kind !== TCP) continue;
      expect(packet.destinationPort).toBe(SERVER.port);
      expect(packet.payloadLength).toBe(packet.bogusHeader ? 0 : HELLO.length);
      expect(packet.payloadStart + packet.payloadCaptured).toBeLessThanOrEqual(Math.max(end, packet.payloadStart));
    }
  });
});

describe.each([
  ["VXLAN", 4789, (p: Uint8Array) => concat(vxlan(1), ethernet(p))],
  ["VXLAN with a group policy", 4789, (p: Uint8Array) => concat(ints(true, [0x88000001, 4], [0x100, 4]), ethernet(p))],
  ["VXLAN-GPE of Ethernet", 4790, (p: Uint8Array) => concat(ints(true, [0x0c000003, 4], [0x100, 4]), ethernet(p))],
  ["VXLAN-GPE of IPv4", 4790, (p: Uint8Array) => concat(ints(true, [0x0c000001, 4], [0x100, 4]), p)],
  ["Geneve", 6081, (p: Uint8Array) => concat(ints(true, [0x00006558, 4], [0x100, 4]), ethernet(p))],
  ["Geneve of IPv4, with options", 6081, (p: Uint8Array) => concat(ints(true, [0x02000800, 4], [0x100, 4], [0, 8]), p)],
] as const)("%s", (_, port, wrap) => {
  test("the datagram is one of its own, and carries a packet", () => {
    const { packet, bytes } = read(overlay(port, wrap(inner())));
    expect([packet.kind, packet.destinationPort]).toEqual([UDP, port]);
    const inside = new Packet();
    expect(decodeOverlay(bytes, packet, inside)).toBe(true);
    expectHello({ packet: inside, bytes });
  });

  test("on another port it is none", () => {
    const { packet, bytes } = read(overlay(port + 10, wrap(inner())));
    expect(decodeOverlay(bytes, packet, new Packet())).toBe(false);
  });
});

test("tunnels within tunnels are looked into four deep", () => {
  const nested = (depth: number): Uint8Array => {
    let packet = inner();
    for (let i = 0; i < depth; i++) packet = ip(packet, ...OUTER, 4);
    return ethernet(packet);
  };
  expectHello(read(nested(4)));
  expect(read(nested(5)).packet.kind).toBe(OTHER);
});

test("pseudowires within pseudowires too, however many a frame holds", () => {
  const nested = (depth: number): Uint8Array => {
    const wire = concat(mplsLabel(true), four, ethernet(new Uint8Array(0), { type: 0x8847 }));
    const wires = Array.from({ length: depth - 1 }, () => wire);
    return ethernet(concat(...wires, mplsLabel(true), inner()), { type: 0x8847 });
  };
  expectHello(read(nested(4)));
  expect(read(nested(5)).packet.kind).toBe(OTHER);
  expect(read(nested(11_000)).packet.kind).toBe(OTHER);
});

test("any bytes in a tunnel are read without an exception", () => {
  const types = fc.constantFrom(0x8847, 0x8864, 0x0800);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), types, fc.constantFrom(4, 41, 47), (content, type, protocol) => {
      for (const frame of [
        ethernet(content, { type }),
        outer(protocol, content),
        overlay(4789, content),
        overlay(6081, content),
      ]) {
        const { packet, bytes } = read(frame);
        if (packet.kind === UDP) decodeOverlay(bytes, packet, new Packet());
      }
    }),
  );
});
