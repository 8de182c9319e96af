import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, payload } from "../../test/support/capture-writer.ts";
import { LINK_CASES, nflog, pktap, ppi, radiotap, snap, wifi } from "../../test/support/links.ts";
import { ACK, CLIENT, ethernet, frameOf, ipv4, ipv6, linuxSll, SERVER, tcp } from "../../test/support/packets.ts";
import { applicationOf, isUnknownUse, OTHER_LINK_TYPES } from "./links.ts";
import { decode, OTHER, Packet, PROTECTED, TCP } from "./packet.ts";

const DATA = payload(10, 0x50);
const SEGMENT = tcp(CLIENT.port, SERVER.port, DATA, { sequence: 7, flags: ACK });
const v4 = ipv4(SEGMENT);
const v6 = ipv6(SEGMENT);

function read(link: number, bytes: Uint8Array, original?: number) {
  const packet = new Packet();
  const frame = frameOf(bytes, { link, ...(original !== undefined && { original }) });
  decode(frame, packet);
  const { payloadStart, payloadCaptured } = packet;
  return { packet, data: frame.bytes.subarray(payloadStart, payloadStart + payloadCaptured) };
}

describe("the packet in other link layers", () => {
  test.each(LINK_CASES)("%s", (_, link, wrap) => {
    for (const packet of [v4, v6]) {
      const { packet: seen, data } = read(link, wrap(packet));
      expect(seen).toMatchObject({ kind: TCP, ipVersion: packet === v4 ? 4 : 6, sourcePort: CLIENT.port, sequence: 7 });
      expect(data).toEqual(DATA);
    }
  });

  test.each(LINK_CASES)(
    "%s: cut anywhere it is never more than it was, and nothing beyond it is read",
    (_, link, wrap) => {
      const whole = wrap(v4);
      for (let length = 0; length < whole.length; length++) {
        const { packet, data } = read(link, whole.subarray(0, length), whole.length);
        if (packet.kind === OTHER) continue;
        expect(data).toEqual(DATA.subarray(0, data.length));
        expect(packet.kind === TCP ? packet.payloadLength : DATA.length, `${length} bytes`).toBe(DATA.length);
      }
    },
  );

  test("all that are said to be read are tested here", () => {
    expect(new Set(LINK_CASES.map(([, link]) => link))).toEqual(new Set(OTHER_LINK_TYPES));
  });

  test("802.3 with a length, and a header of 802.2", () => {
    for (const organisation of [0, 0xf8]) {
      const inside = snap(v4, 0x0800, organisation);
      expect(read(1, ethernet(inside, { type: inside.length })).packet.kind).toBe(TCP);
      expect(read(1, ethernet(inside, { type: inside.length, tags: [0x8100] })).packet.kind).toBe(TCP);
    }
    const other = snap(v4, 0x0800, 9);
    expect(read(1, ethernet(other, { type: other.length })).packet.kind).toBe(OTHER);
  });

  test("tags in headers in tags are not followed for ever", () => {
    const step = concat(snap(new Uint8Array(0), 0x8100), Uint8Array.of(0, 1, 0, 40));
    const bytes = ethernet(concat(...Array.from({ length: 20_000 }, () => step)), { type: 40 });
    expect(read(1, bytes).packet.kind).toBe(OTHER);
  });
});

describe("frames of wireless networks that hold no packet", () => {
  test("encrypted ones are known as such", () => {
    expect(read(105, wifi(v4, { flags: 0x41 })).packet.kind).toBe(PROTECTED);
    expect(read(127, radiotap(wifi(v4, { flags: 0x42, subtype: 8 }))).packet.kind).toBe(PROTECTED);
    expect(read(192, ppi(wifi(v4, { flags: 0x42 }), 105)).packet.kind).toBe(PROTECTED);
  });

  test.each<[string, number, Uint8Array]>([
    ["a beacon", 105, wifi(v4, { type: 0, subtype: 8 })],
    ["an acknowledgement", 105, wifi(v4, { type: 1 })],
    ["data without data", 105, wifi(v4, { subtype: 4 })],
    ["data without data, encrypted", 105, wifi(v4, { subtype: 12, flags: 0x41 })],
    ["a fragment", 105, wifi(v4, { flags: 5 })],
    ["a later fragment", 105, wifi(v4, { fragment: 1 })],
    ["one with a wrong checksum", 127, radiotap(wifi(v4), { flags: 0x40 })],
    ["another version of radiotap", 127, concat(Uint8Array.of(1), radiotap(wifi(v4)).subarray(1))],
    ["radiotap of endless words", 127, radiotap(wifi(v4), { words: 17 })],
    ["PPI with a link that has no packets", 192, ppi(v4, 189)],
    ["PKTAP with a link that has no packets", 258, pktap(v4, 189)],
    ["PKTAP within PKTAP", 258, pktap(pktap(ethernet(v4), 1), 258)],
    ["PKTAP without a packet", 258, pktap(ethernet(v4), 1, { type: 0 })],
    ["PKTAP, cooked by Linux", 258, pktap(linuxSll(v4), 113)],
    ["a log of fields without length", 239, new Uint8Array(50)],
    ["a log without a packet", 239, nflog(v4).subarray(0, 20)],
  ])("%s", (_, link, bytes) => {
    expect(read(link, bytes).packet.kind).toBe(OTHER);
  });
});

describe("the program of a frame", () => {
  const of = (bytes: Uint8Array, link = 258) => applicationOf(frameOf(bytes, { link }));

  test("is in PKTAP's header", () => {
    expect(of(pktap(ethernet(v4), 1))).toEqual({ path: "Teams", pid: 412 });
    expect(of(pktap(ethernet(v4), 1, { name: "a name of seventeen" }))).toEqual({
      path: "a name of sevente",
      pid: 412,
    });
    expect(of(pktap(ethernet(v4), 1), 149)).toEqual({ path: "Teams", pid: 412 });
  });

  test("is not there", () => {
    expect(of(pktap(ethernet(v4), 1, { name: "" }))).toBeUndefined();
    expect(of(pktap(ethernet(v4), 1, { pid: -1 }))).toBeUndefined();
    expect(of(pktap(ethernet(v4), 1).subarray(0, 107))).toBeUndefined();
    expect(of(pktap(ethernet(v4), 1), 1)).toBeUndefined();
  });

  test("a user's number means PKTAP only where the frame looks so", () => {
    expect(isUnknownUse(frameOf(pktap(ethernet(v4), 1), { link: 149 }))).toBe(false);
    expect(isUnknownUse(frameOf(ethernet(v4), { link: 149 }))).toBe(true);
    expect(isUnknownUse(frameOf(ethernet(v4), { link: 258 }))).toBe(false);
  });
});

test("anything at all: returns, and a payload lies within the frame", () => {
  const links = fc.constantFrom(...OTHER_LINK_TYPES);
  const starts = fc.constantFrom(new Uint8Array(0), ...LINK_CASES.map(([, , wrap]) => wrap(v4)));
  fc.assert(
    fc.property(links, starts, fc.uint8Array({ maxLength: 120 }), fc.nat(200), (link, start, noise, kept) => {
      const bytes = concat(start.subarray(0, kept), noise);
      const { packet } = read(link, bytes);
      if (packet.kind === OTHER || packet.kind === PROTECTED) return;
      expect(packet.payloadCaptured).toBeLessThanOrEqual(bytes.length);
      expect(packet.payloadCaptured).toBeLessThanOrEqual(Math.max(0, packet.payloadLength));
    }),
    { numRuns: 5000 },
  );
});
