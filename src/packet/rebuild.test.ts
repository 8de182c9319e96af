import { describe, expect, test } from "vitest";
import { frameOf } from "../../test/support/packets.ts";
import { type AddressWords, parseAddress } from "../bytes/address.ts";
import { fromHex, toHex } from "../bytes/text.ts";
import { decode, Packet, TCP, UDP } from "./packet.ts";
import { type IpFields, ipPacket, PROTOCOL_TCP, PROTOCOL_UDP, plainTcpHeader } from "./rebuild.ts";

const LINKTYPE_RAW = 101;
const fields = (version: 4 | 6, source: string, destination: string): IpFields => ({
  version,
  source: parseAddress(source),
  destination: parseAddress(destination),
  ttl: 57,
  identification: 0x1234,
});

/** What is to be 0xffff after all carries of a right packet (RFC 1071). */
function sum(bytes: Uint8Array, before = 0): number {
  let total = before;
  for (let at = 0; at < bytes.length; at += 2) total += ((bytes[at] as number) << 8) + (bytes[at + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

const pseudo = (words: readonly number[], protocol: number, length: number): number =>
  words.reduce((all, word) => all + (word >>> 16) + (word & 0xffff), protocol + length);

describe("packets made anew", () => {
  const header = fromHex("c350 01bb 00000001 00000002 5018 1000 0000 0000");

  test.each([
    [4, "192.0.2.1", "198.51.100.2", 20],
    [6, "2001:db8::1", "2001:db8::2", 40],
  ] as const)("IPv%i: read again, with checksums that are right", (version, source, destination, size) => {
    const content = Uint8Array.from([...header, 1, 2, 3]);
    const given = fields(version, source, destination);
    const bytes = ipPacket(given, PROTOCOL_TCP, content, content.length, 16);
    const packet = new Packet();
    decode(frameOf(bytes, { link: LINKTYPE_RAW }), packet);
    expect(packet).toMatchObject({ kind: TCP, ttl: 57, sourcePort: 50000, destinationPort: 443, payloadLength: 3 });
    const words: AddressWords = [packet.source0, packet.source1, packet.source2, packet.source3];
    expect(words.map((word) => word >>> 0)).toEqual(given.source.map((word) => word >>> 0));
    if (version === 4) expect(sum(bytes.subarray(0, 20))).toBe(0xffff);
    const ends = version === 4 ? [given.source[3], given.destination[3]] : [...given.source, ...given.destination];
    expect(sum(bytes.subarray(size), pseudo(ends, PROTOCOL_TCP, content.length))).toBe(0xffff);
  });

  test("of one that is cut the lengths are those on the wire, and nothing is said of its content", () => {
    const content = Uint8Array.from([...header, 1, 2, 3]);
    const bytes = ipPacket(fields(4, "192.0.2.1", "198.51.100.2"), PROTOCOL_TCP, content, 1020, 16);
    expect(toHex(bytes.subarray(2, 4))).toBe("0410");
    expect(toHex(bytes.subarray(36, 38))).toBe("0000");
    const packet = new Packet();
    decode(frameOf(bytes, { link: LINKTYPE_RAW, original: 1040 }), packet);
    expect(packet).toMatchObject({ payloadLength: 1000, payloadCaptured: 3 });
  });

  test("longer than an IP packet can be, as network cards put them together", () => {
    const bytes = ipPacket(fields(4, "192.0.2.1", "198.51.100.2"), PROTOCOL_TCP, header, 70_020, 16);
    const packet = new Packet();
    decode(frameOf(bytes, { link: LINKTYPE_RAW, original: 70_040 }), packet);
    expect(packet).toMatchObject({ payloadLength: 70_000, payloadCaptured: 0 });
  });

  test("UDP whose sum would be 0, which means none", () => {
    // The last two bytes make up for the rest.
    const content = Uint8Array.from([...fromHex("0035 0035 000a 0000"), 0, 0]);
    const given = fields(4, "192.0.2.1", "198.51.100.2");
    const rest = sum(content, pseudo([given.source[3], given.destination[3]], PROTOCOL_UDP, 10));
    new DataView(content.buffer).setUint16(8, ~rest & 0xffff);
    const bytes = ipPacket(given, PROTOCOL_UDP, content, 10, 6);
    expect(toHex(bytes.subarray(26, 28))).toBe("ffff");
    const packet = new Packet();
    decode(frameOf(bytes, { link: LINKTYPE_RAW }), packet);
    expect(packet.kind).toBe(UDP);
  });
});

describe("TCP options", () => {
  const fixed = "c35001bb0000000100000002a01010005555 0000";
  test.each([
    [
      "those of the stream stay",
      "020405b4 0402 080a0000000100000002 01 030307",
      "020405b4 0402 080a0000000100000002 01 030307",
    ],
    [
      "an address in option 254, a cookie, an unknown one do not",
      "fe08 0a010203 1f90 2206deadbeef 0101",
      "fe08 00000000 0000 220600000000 0101",
    ],
    ["behind the end nothing", "00deadbe", "00000000"],
    ["a length that cannot be ends them", "fe01dead", "fe010000"],
    ["one that runs past the header", "fe20dead", "fe200000"],
    ["cut within an option", "01fe", "01fe"],
  ])("%s", (_, options, expected) => {
    const plain = plainTcpHeader(fromHex(fixed + options));
    expect(toHex(plain.subarray(20))).toBe(expected.replaceAll(" ", ""));
    // The checksum tells of the addresses that were.
    expect(toHex(plain.subarray(16, 18))).toBe("0000");
  });
});
