// Invariant: dtlsRecords and handshakeFragments return or throw ParseError; mayBeDtls never throws.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParseError } from "../../bytes/parse-error.ts";
import { fromHex } from "../../bytes/text.ts";
import { dtlsRecords, handshakeFragments, mayBeDtls } from "./record.ts";

/** ServerHelloDone, and the first fragment of a ClientHello of 100 bytes. */
const helloDone = fromHex("16fefd 0000000000000004 000c 0e000000 0005 000000 000000");
const fragment = fromHex("16feff 0000000000000001 0010 01000064 0001 00000a 000004 deadbeef");
const changeCipherSpec = fromHex("14fefd 0000000000000005 0001 01");
const finished = fromHex("16fefd 0001000000000000 0004 c0ffee00");

const datagrams: [string, Uint8Array, [type: number, epoch: number, length: number][]][] = [
  ["a record", helloDone, [[22, 0, 12]]],
  [
    "several records, of which the last is protected",
    Uint8Array.of(...fragment, ...changeCipherSpec, ...finished),
    [
      [22, 0, 16],
      [20, 0, 1],
      [22, 1, 4],
    ],
  ],
];

describe.each(datagrams)("%s", (_, bytes, expected) => {
  it("is read whole", () => {
    expect(mayBeDtls(bytes)).toBe(true);
    expect(dtlsRecords(bytes).map(({ type, epoch, content }) => [type, epoch, content.length])).toEqual(expected);
  });

  it("every proper prefix throws, or has fewer records; trailing bytes throw", () => {
    for (let length = 0; length < bytes.length; length++) {
      try {
        expect(dtlsRecords(bytes.subarray(0, length)).length).toBeLessThan(expected.length);
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError);
      }
    }
    expect(() => dtlsRecords(Uint8Array.of(...bytes, 0))).toThrow(ParseError);
  });

  it("returns or throws ParseError when changed", () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = bytes.slice();
        changed[at] = value;
        try {
          for (const { content } of dtlsRecords(changed)) handshakeFragments(content);
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError);
        }
        mayBeDtls(changed);
      }),
    );
  });
});

describe("dtlsRecords", () => {
  it("ends at what DTLS 1.3 protects, and at a connection id", () => {
    expect(dtlsRecords(Uint8Array.of(...helloDone, 0x2d, 0x01, 0x02))).toHaveLength(1);
    expect(dtlsRecords(Uint8Array.of(...helloDone, ...fromHex("19fefd 0001000000000001 aabbccdd")))).toHaveLength(1);
    expect(dtlsRecords(fromHex("2d0102"))).toEqual([]);
  });

  it.each([
    ["TLS", "1603030005 0100000100"],
    ["another type", "1bfefd 0000000000000000 0001 01"],
    ["another version", "16fefe 0000000000000000 0001 01"],
    ["no content", "16fefd 0000000000000000 0000"],
    ["NTP", "1bfe0000 0000000000000000 0001 01"],
  ])("throws for %s", (_, hex) => {
    expect(() => dtlsRecords(fromHex(hex))).toThrow(ParseError);
  });
});

describe("handshakeFragments", () => {
  const content = (bytes: Uint8Array) => bytes.subarray(13);

  it("reads messages and parts of them", () => {
    expect(handshakeFragments(content(helloDone))).toEqual([
      { type: 14, length: 0, sequence: 5, offset: 0, data: new Uint8Array(0) },
    ]);
    const two = Uint8Array.of(...content(helloDone), ...content(fragment));
    expect(handshakeFragments(two)[1]).toEqual({
      type: 1,
      length: 100,
      sequence: 1,
      offset: 10,
      data: fromHex("deadbeef"),
    });
  });

  it("throws for a fragment beyond its message, and for bytes left over", () => {
    expect(() => handshakeFragments(fromHex("01000004 0001 000001 000004 deadbeef"))).toThrow(ParseError);
    expect(() => handshakeFragments(Uint8Array.of(...content(helloDone), 1))).toThrow(ParseError);
  });
});
