// Invariant: every reader of attributes returns or throws ParseError.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParseError } from "../../bytes/parse-error.ts";
import { fromHex } from "../../bytes/text.ts";
import {
  alternateServer,
  errorCode,
  isAuthenticated,
  lifetime,
  mappedAddress,
  nonce,
  peerData,
  realm,
  relayedAddress,
  software,
  streamType,
} from "./attributes.ts";
import { parseStun, type StunMessage } from "./message.ts";

/** Genuine, of Cloudflare's TURN server. */
const cloudflareSuccess = parseStun(
  fromHex(`010300382112a4424872454f2f6c4d534b763967 001600080001e6d4490c37b1 000d000400000258
    002000080001cfa74d2ab5d9 00080014d4bb0125b6ecc7fc4348067f5cb8c8a806d0ec2f`),
);
/** Of coturn: Allocate error 401 with a reason, and its SOFTWARE. */
const coturnError = parseStun(
  fromHex(`011300542112a442d775741067e62b78f5131a47 00090010000004 01556e617574686f72697a6564
    001500106231303264653736643064316536613500140010666162726963616d2e6578616d706c65
    80220014436f7475726e2d342e362e312027476f72737427`),
);
/** Of a lab capture of the dialect: challenge and success. */
const msError = parseStun(
  fromHex(`01130074ba3a75c9fd6facf10ddb6632d9028d6e 000f000472c64bc6 8008000400000001
    00090010000004 01556e617574686f72697a6564 00140022226635363234306439613534616265313532646439356138623432656539386663220000
    001500122266616272696b616d2e6578616d706c65220000 8022000c412f562045646765206c6162`),
);
const msSuccess = parseStun(
  fromHex(`0103006cba3a75c9fd6facf10ddb6632d9028d6e 000f000472c64bc6 8008000400000001
    000100080001dc5cc633641e 8020000800 0151c67c2875cb 000d000400000258 0010000400001d4c
    80500018a86055f0388a385a0ee4a0cc2c615fd69af93ffd00000001 00080014ed9081efafedc65e7767a0d647bb6001a1e80c53`),
);

/** A message of RFC 8489 with these attributes, hexadecimal values. */
function message(type: number, attributes: readonly (readonly [type: number, value: string])[]): StunMessage {
  const hex4 = (value: number) => value.toString(16).padStart(4, "0");
  const body = attributes
    .map(([kind, value]) => {
      const length = value.length / 2;
      return hex4(kind) + hex4(length) + value + "00".repeat((4 - (length % 4)) % 4);
    })
    .join("");
  return parseStun(fromHex(`${hex4(type)}${hex4(body.length / 2)}2112a442b7e7a701bc34d686fa87dfae${body}`));
}

describe("an allocation", () => {
  it("of RFC 8656 tells relay, mapped address and lifetime", () => {
    expect(relayedAddress(cloudflareSuccess)).toEqual({ ip: "104.30.147.243", port: 51142 });
    expect(mappedAddress(cloudflareSuccess)).toEqual({ ip: "108.56.17.155", port: 61109 });
    expect(lifetime(cloudflareSuccess)).toBe(600);
    expect(isAuthenticated(cloudflareSuccess)).toBe(true);
  });

  it("of [MS-TURN] has the relay in the clear, and XORs with the transaction id", () => {
    expect(relayedAddress(msSuccess)).toEqual({ ip: "198.51.100.30", port: 56412 });
    expect(mappedAddress(msSuccess)).toEqual({ ip: "198.18.0.2", port: 60412 });
    expect(lifetime(msSuccess)).toBe(600);
  });

  it("that was challenged tells error, realm, nonce and program; [MS-TURN] has realm and nonce the other way round", () => {
    expect(errorCode(coturnError)).toEqual({ code: 401, reason: "Unauthorized" });
    expect(realm(coturnError)).toBe("fabricam.example");
    expect(software(coturnError)).toBe("Coturn-4.6.1 'Gorst'");
    expect(nonce(coturnError)).toHaveLength(16);
    expect(errorCode(msError)).toEqual({ code: 401, reason: "Unauthorized" });
    expect(realm(msError)).toBe("fabrikam.example");
    expect(nonce(msError)).toHaveLength(34);
    expect(isAuthenticated(msError)).toBe(false);
  });
});

describe("attributes", () => {
  it("that are not there are undefined", () => {
    const empty = message(0x0003, []);
    for (const read of [mappedAddress, relayedAddress, alternateServer, errorCode, lifetime, software, realm, nonce])
      expect(read(empty)).toBeUndefined();
    expect(peerData(empty)).toBeUndefined();
    expect(streamType(empty)).toBeUndefined();
  });

  it("count once, and not behind the integrity", () => {
    const integrity = [0x0008, "00".repeat(20)] as const;
    const twice = message(0x0103, [[0x000d, "00000001"], [0x000d, "00000002"], integrity, [0x8022, "61"]]);
    expect(lifetime(twice)).toBe(1);
    expect(software(twice)).toBeUndefined();
  });

  it("of errors get the code's name when the server gave none", () => {
    expect(errorCode(message(0x0113, [[0x0009, "00000456"]]))).toEqual({
      code: 486,
      reason: "Allocation Quota Reached",
    });
    expect(errorCode(message(0x0113, [[0x0009, "00000463"]]))).toEqual({ code: 499, reason: "" });
    for (const wrong of ["00000201", "00000701", "00000464", "0000"]) {
      expect(() => errorCode(message(0x0113, [[0x0009, wrong]])), wrong).toThrow(ParseError);
    }
  });

  it("of an alternate server, of what the allocation is for, and of data", () => {
    expect(alternateServer(message(0x0113, [[0x8023, "00010d96c0000205"]]))).toEqual({ ip: "192.0.2.5", port: 3478 });
    const ms = (rest: string) =>
      parseStun(
        fromHex(
          `0003${((8 + rest.length / 2) >>> 0).toString(16).padStart(4, "0")}${"5a".repeat(16)}000f000472c64bc6${rest}`,
        ),
      );
    expect(alternateServer(ms("000e000800010d96c0000205"))).toEqual({ ip: "192.0.2.5", port: 3478 });
    expect(streamType(ms("8055000400040001"))).toBe("data");
    expect(streamType(ms("8055000400090001"))).toBeUndefined();
    expect(relayedAddress(ms("809000140002d431 20010db8000000000000000000000001".replaceAll(" ", "")))).toEqual({
      ip: "2001:db8::1",
      port: 54321,
    });
    expect(peerData(message(0x0016, [[0x0013, "8000"]]))).toEqual(fromHex("8000"));
  });

  it("of addresses of no family or of another length throw", () => {
    for (const wrong of ["00030d96c0000205", "00010d96c00002", "00020d96c0000205", "00010d96c000020500"])
      expect(() => alternateServer(message(0x0113, [[0x8023, wrong]])), wrong).toThrow(ParseError);
  });

  it("return or throw ParseError, whatever is in them", () => {
    const types = [0x01, 0x09, 0x0d, 0x13, 0x14, 0x15, 0x16, 0x20, 0x8020, 0x8022, 0x8023];
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 24 }), (type, value) => {
        const read = message(0x0113, [[type, Buffer.from(value).toString("hex")]]);
        const readers = [mappedAddress, relayedAddress, alternateServer, errorCode, lifetime, software, realm, nonce];
        for (const reader of [...readers, peerData, streamType]) {
          try {
            reader(read);
          } catch (error) {
            expect(error).toBeInstanceOf(ParseError);
          }
        }
      }),
    );
  });
});
