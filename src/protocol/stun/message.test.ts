// Invariant: parseStun and parseChannelData return or throw ParseError; stunLength never throws.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParseError } from "../../bytes/parse-error.ts";
import { fromHex } from "../../bytes/text.ts";
import { isTurn, parseChannelData, parseStun, stunLength } from "./message.ts";

/** RFC 5769 section 2.1: sample request with long padding of USERNAME. */
const rfc5769Request = fromHex(`000100582112a442b7e7a701bc34d686fa87dfae
  802200105354554e207465737420636c69656e74 002400046e0001ff 80290008932ff9b151263b36
  0006000965766a3a6836765920202020 000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004e57a3bcf`);
/** Of a lab capture: Allocate of a Lync client. */
const msAllocate = fromHex("00030010b222374b4e71ec040eea651a9acc9ade000f000472c64bc68008000400000001");
/** MS-TURN does not pad: REALM of 9 bytes. */
const msUnpadded = fromHex("01130015b222374b4e71ec040eea651a9acc9ade000f000472c64bc6001400092272616c6d303122aa");
/** RFC 3489: CHANGE-REQUEST. */
const rfc3489Request = fromHex("000100080000000000000000000000000b87dfce0003000400000000");
const channel = fromHex("40010005aabbccddee");

const messages: [string, Uint8Array][] = [
  ["RFC 5769 request", rfc5769Request],
  ["MS-TURN Allocate", msAllocate],
  ["MS-TURN unpadded", msUnpadded],
  ["RFC 3489 request", rfc3489Request],
];

describe.each(messages)("%s", (_, bytes) => {
  it("parses whole; every prefix and trailing bytes are errors", () => {
    expect(() => parseStun(bytes)).not.toThrow();
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseStun(bytes.subarray(0, length))).toThrow(expect.objectContaining({ kind: "truncated" }));
    }
    expect(() => parseStun(Uint8Array.of(...bytes, 0, 0, 0, 0))).toThrow(
      expect.objectContaining({ kind: "malformed" }),
    );
  });

  it("returns or throws ParseError when changed", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = bytes.slice();
        changed[at] = value;
        try {
          parseStun(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError);
        }
        stunLength(changed);
      }),
      { numRuns: 500 },
    );
  });
});

describe("parseStun", () => {
  it("reads class, method and attributes in wire order, without padding", () => {
    const message = parseStun(rfc5769Request);
    expect(message).toMatchObject({ dialect: "rfc5389", class: "request", method: 1, type: 1 });
    expect(message.transactionId).toEqual(fromHex("b7e7a701bc34d686fa87dfae"));
    expect(message.attributes.map(({ type, value }) => [type, value.length])).toEqual([
      [0x8022, 16],
      [0x0024, 4],
      [0x8029, 8],
      [0x0006, 9],
      [0x0008, 20],
      [0x8028, 4],
    ]);
    expect(isTurn(message)).toBe(false);
  });

  it("knows MS-TURN by its first attribute, and its Data Indication", () => {
    expect(parseStun(msAllocate)).toMatchObject({ dialect: "ms-turn", class: "request", method: 3 });
    expect(parseStun(msUnpadded)).toMatchObject({ class: "error", method: 3 });
    const indication = msAllocate.slice();
    indication.set([0x01, 0x15]);
    expect(parseStun(indication)).toMatchObject({ dialect: "ms-turn", class: "indication", method: 5 });
    expect(isTurn(parseStun(indication))).toBe(true);
  });

  it.each([
    [0x0001, "request", 1],
    [0x0101, "success", 1],
    [0x0111, "error", 1],
    [0x0011, "indication", 1],
    [0x0003, "request", 3],
    [0x0113, "error", 3],
    [0x0016, "indication", 6],
    [0x0009, "request", 9],
    [0x3eef, "request", 0xfff],
  ])("reads type 0x%s", (type, kind, method) => {
    const bytes = rfc5769Request.slice();
    bytes.set([type >> 8, type & 0xff]);
    expect(parseStun(bytes)).toMatchObject({ type, class: kind, method });
  });

  it("believes nothing but Binding and Shared Secret without a cookie", () => {
    expect(parseStun(rfc3489Request)).toMatchObject({ dialect: "rfc3489", class: "request", method: 1 });
    expect(isTurn(parseStun(rfc3489Request))).toBe(false);
    for (const type of [0x0003, 0x0103, 0x0009, 0x0000]) {
      const bytes = rfc3489Request.slice();
      bytes.set([type >> 8, type & 0xff]);
      expect(() => parseStun(bytes)).toThrow(ParseError);
    }
  });

  it("rejects the two highest bits, and an attribute that ends outside", () => {
    const bits = rfc5769Request.slice();
    bits[0] = 0x80;
    expect(() => parseStun(bits)).toThrow(ParseError);
    const long = msAllocate.slice();
    long[long.length - 5] = 5;
    expect(() => parseStun(long)).toThrow(ParseError);
  });
});

describe("stunLength", () => {
  it("answers as soon as type, length and cookie are there", () => {
    for (let length = 0; length < 8; length++) expect(stunLength(rfc5769Request.subarray(0, length))).toBe("need-more");
    for (let length = 8; length <= rfc5769Request.length; length++) {
      expect(stunLength(rfc5769Request.subarray(0, length))).toBe(rfc5769Request.length);
    }
    expect(stunLength(Uint8Array.of(0, 0, ...rfc5769Request), 2)).toBe(rfc5769Request.length);
    expect(stunLength(msAllocate)).toBe("no");
    expect(stunLength(fromHex("000100022112a442"))).toBe("no");
  });
});

describe("parseChannelData", () => {
  it("reads channel and length, with or without padding, nothing else", () => {
    expect(parseChannelData(channel)).toEqual({ channel: 0x4001, length: 5 });
    expect(parseChannelData(fromHex("731a0000"))).toEqual({ channel: 0x731a, length: 0 });
    expect(parseChannelData(Uint8Array.of(...channel, 0, 0, 0))).toEqual({ channel: 0x4001, length: 5 });
    for (let length = 0; length < channel.length; length++) {
      expect(() => parseChannelData(channel.subarray(0, length))).toThrow(ParseError);
    }
    expect(() => parseChannelData(Uint8Array.of(...channel, 0))).toThrow(ParseError);
    expect(() => parseChannelData(Uint8Array.of(...channel, 0, 0, 0, 0))).toThrow(ParseError);
    expect(() => parseChannelData(fromHex("80010000"))).toThrow(ParseError);
  });
});
