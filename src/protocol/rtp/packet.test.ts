// Invariant: parseRtp returns or throws ParseError.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParseError } from "../../bytes/parse-error.ts";
import { fromHex } from "../../bytes/text.ts";
import { mayBeRtp, parseRtp } from "./packet.ts";

/** The first of a lab capture, cut short. */
const rtp = fromHex("80720001000000a00000123483c35d60");
/** One source that contributes, an extension of one word (RFC 8285). */
const long = fromHex("91e0ffff0000000112345678 00000009 bede0001 10ff0000 aa");
/** Sender report without blocks, and an SDES (RFC 3550 section 6.1). */
const compound = fromHex("80c80006 12345678 e0000000 00000000 00000001 00000002 00000003 81ca0002 12345678 01000000");
/** Of a call of aiortc: SRTCP, a receiver report with a block, of which all but the first 8 bytes is encrypted. */
const srtcp = fromHex(`81c90007 6dc8e4f1 ${"5a".repeat(24)} 80000001 ${"a5".repeat(10)}`);

const packets: [string, Uint8Array, object][] = [
  ["RTP", rtp, { is: "rtp", payloadType: 0x72, sequence: 1, timestamp: 160, ssrc: 0x1234 }],
  ["RTP with everything", long, { is: "rtp", payloadType: 0x60, sequence: 0xffff, timestamp: 1, ssrc: 0x12345678 }],
  ["RTCP", compound, { is: "rtcp", ssrc: 0x12345678, packets: 2 }],
  ["SRTCP", srtcp, { is: "rtcp", ssrc: 0x6dc8e4f1, packets: 1 }],
];

describe.each(packets)("%s", (_, bytes, expected) => {
  it("is read, and may be what it is", () => {
    expect(mayBeRtp(bytes)).toBe(true);
    expect(parseRtp(bytes)).toEqual(expected);
  });

  it("cut short throws, or is a shorter packet of the same source", () => {
    for (let length = 0; length < bytes.length; length++) {
      try {
        expect(parseRtp(bytes.subarray(0, length))).toMatchObject({ is: (expected as { is: string }).is });
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError);
      }
    }
  });

  it("returns or throws ParseError when changed", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.uint8Array({ maxLength: 9 }), (at, value, more) => {
        const changed = Uint8Array.of(...bytes, ...more);
        changed[at] = value;
        try {
          parseRtp(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError);
        }
        mayBeRtp(changed);
      }),
    );
  });
});

it.each([
  ["another version", "40720001000000a00000123483"],
  ["a payload type of RTCP", "80480001000000a00000123483"],
  ["no payload", "80720001000000a000001234"],
  ["sources that are not there", "8f720001000000a00000123483"],
  ["an extension that is not there", "90720001000000a000001234bede0009"],
  ["an RTCP type out of range", "80c000000000000000000000"],
  ["an RTCP length beyond the datagram", "80c9000712345678"],
  ["a report shorter than its blocks", "81c9000112345678"],
  ["RTCP and bytes too few to be a tag", "80c900011234567800000000"],
])("%s is neither", (_, hex) => {
  expect(() => parseRtp(fromHex(hex))).toThrow(ParseError);
});
