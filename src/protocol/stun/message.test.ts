// Invariant: parseStun and parseChannelData return or throw ParseError; stunLength never throws.
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParseError } from "../../bytes/parse-error.ts";
import { fromHex, toUtf8 } from "../../bytes/text.ts";
import { isAuthenticated, mappedAddress, nonce, realm, software } from "./attributes.ts";
import { isTurn, MESSAGE_INTEGRITY, parseChannelData, parseStun, stunLength } from "./message.ts";

interface Vector {
  readonly section: string;
  readonly name: string;
  readonly message: string;
  readonly password: string;
  readonly class: string;
  readonly username?: string;
  readonly software?: string;
  readonly realm?: string;
  readonly nonce?: string;
  readonly mapped?: { readonly ip: string; readonly port: number };
  readonly fingerprint: boolean;
}

const { vectors } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../test/vectors/rfc5769.json"), "utf8"),
) as { vectors: readonly Vector[] };

/** RFC 5769 section 2.1: sample request with long padding of USERNAME. */
const rfc5769Request = fromHex(vectors[0]?.message ?? "");
/** Of a lab capture: Allocate of a Lync client. */
const msAllocate = fromHex("00030010b222374b4e71ec040eea651a9acc9ade000f000472c64bc68008000400000001");
/** MS-TURN does not pad: NONCE of 9 bytes. */
const msUnpadded = fromHex("01130015b222374b4e71ec040eea651a9acc9ade000f000472c64bc6001400092272616c6d303122aa");
/** Genuine, of Teams: both cookies, and not padded. tshark 4.0 calls it malformed. */
const teamsAllocate = fromHex(`000300712112a442d428f6f5e77f3136a7a9306f 000f000472c64bc6 8008000400000006
  000600380200002489946 3a501d262ee9879230042f950d130f5f3bc86b5867a1fc5cacc000000007bc661f90ddace637ab776c69e60bd84429f1990
  0010000400002ee0 8006000400000001 8055000400020000 00150009227265616c6d303122`);
/** RFC 3489: CHANGE-REQUEST. */
const rfc3489Request = fromHex("000100080000000000000000000000000b87dfce0003000400000000");
const channel = fromHex("40010005aabbccddee");

const messages: [string, Uint8Array][] = [
  ...vectors.map(({ section, name, message }): [string, Uint8Array] => [
    `RFC 5769 section ${section}, ${name}`,
    fromHex(message),
  ]),
  ["MS-TURN Allocate", msAllocate],
  ["MS-TURN unpadded", msUnpadded],
  ["MS-TURN with both cookies", teamsAllocate],
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

describe.each(vectors)("RFC 5769 section $section", (vector) => {
  const bytes = fromHex(vector.message);
  const message = parseStun(bytes);

  it("says what the RFC says that it says", () => {
    expect(message).toMatchObject({ dialect: "rfc5389", class: vector.class, method: 1 });
    expect(software(message)).toBe(vector.software);
    expect(mappedAddress(message)).toEqual(vector.mapped);
    expect(realm(message)).toBe(vector.realm);
    const given = nonce(message);
    expect(given && toUtf8(given)).toBe(vector.nonce);
    const user = message.attributes.find(({ type }) => type === 0x0006)?.value;
    expect(user && toUtf8(user)).toBe(vector.username);
    expect(isAuthenticated(message)).toBe(true);
  });

  it("has the integrity that the password gives", () => {
    const { value = new Uint8Array(0) } = message.attributes.find(({ type }) => type === MESSAGE_INTEGRITY) ?? {};
    const end = value.byteOffset - bytes.byteOffset;
    const covered = bytes.slice(0, end - 4);
    // The length up to the integrity, whatever follows it.
    covered.set([0, end], 2);
    const { username, realm: domain, password } = vector;
    const key =
      domain === undefined ? password : createHash("md5").update(`${username}:${domain}:${password}`).digest();
    expect(new Uint8Array(createHmac("sha1", key).update(covered).digest())).toEqual(new Uint8Array(value));
  });

  it.runIf(vector.fingerprint)("is not believed when a bit of it is another", () => {
    for (let at = 0; at < bytes.length; at++) {
      // The type of the fingerprint says that there is one.
      if (at === bytes.length - 8 || at === bytes.length - 7) continue;
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => parseStun(changed), `byte ${at}`).toThrow(ParseError);
    }
  });
});

describe("fingerprint", () => {
  /** A Binding request with USERNAME and a fingerprint as Lync computes it, with a table in which one entry lacks a digit. */
  const lync = (disputed: number) => {
    // The computation comes by the entry, which not every message does.
    const bytes = fromHex("000100142112a442b7e7a701bc34d686fa87df230006000861626364656667688028000400000000");
    new DataView(bytes.buffer).setUint32(bytes.length - 4, crc(bytes.subarray(0, -8), disputed));
    return bytes;
  };

  it("of Windows Live Messenger and Lync is believed, of another wrong table not", () => {
    const right = lync(0x8bbeb8ea);
    const mistyped = lync(0x08bbe8ea);
    expect(mistyped).not.toEqual(right);
    expect(() => parseStun(right)).not.toThrow();
    expect(() => parseStun(mistyped)).not.toThrow();
    expect(() => parseStun(lync(0x08bbe8eb))).toThrow(ParseError);
  });

  it("of another length is not believed", () => {
    const bytes = fromHex("0001000c2112a442b7e7a701bc34d686fa87dfae80280008e57a3bcfe57a3bcf");
    expect(() => parseStun(bytes)).toThrow(ParseError);
  });
});

/** RFC 8489 section 14.7, bit by bit but for the entry of the table that implementations do not agree on. */
function crc(bytes: Uint8Array, disputed: number): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    let entry = (value ^ byte) & 0xff;
    for (let bit = 0; bit < 8; bit++) entry = (entry & 1) === 1 ? (entry >>> 1) ^ 0xedb88320 : entry >>> 1;
    entry >>>= 0;
    value = (entry === 0x8bbeb8ea ? disputed : entry) ^ (value >>> 8);
  }
  return (~value ^ 0x5354554e) >>> 0;
}

describe("parseStun", () => {
  it("reads class, method and attributes in wire order, without padding", () => {
    const message = parseStun(rfc5769Request);
    expect(message).toMatchObject({ dialect: "rfc5389", class: "request", method: 1, type: 1 });
    expect(message.transactionId).toEqual(fromHex("b7e7a701bc34d686fa87dfae"));
    expect(message.key).toEqual(fromHex("2112a442b7e7a701bc34d686fa87dfae"));
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

  it("knows MS-TURN with both cookies", () => {
    const message = parseStun(teamsAllocate);
    expect(message).toMatchObject({ dialect: "ms-turn", class: "request", method: 3 });
    expect(message.transactionId).toHaveLength(12);
    expect(message.attributes.map(({ type }) => type)).toEqual([15, 0x8008, 6, 0x10, 0x8006, 0x8055, 0x15]);
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
    const bytes = fromHex("000000002112a442b7e7a701bc34d686fa87dfae");
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

  it.each([
    ["without attributes and random", "00010000 45589a049d6523142743e224714a8c2e", true],
    ["without attributes and made up", "00010000 00000000000000000000000000000001", false],
    ["a DNS query with id 1", "00010000 00010000000000000 2636f0000010001", false],
    ["an attribute of nobody's, random", "00010008 45589a049d6523142743e224714a8c2e 0101000461626364", true],
    ["an attribute of nobody's, made up", "00010008 00000000000000000000000000000001 0101000461626364", false],
    ["an answer with an IPv4 address", "0101000c 00000000000000000000000000000001 000100080001a147c0000201", true],
    [
      "an answer with an IPv6 address",
      "01010018 00000000000000000000000000000001 000100140002a14720010db8000000000000000000000001",
      true,
    ],
    ["an address of no family", "0101000c 45589a049d6523142743e224714a8c2e 0001000700 01a147c00002 00", false],
  ])("of RFC 3489: %s", (_, hex, believed) => {
    const bytes = fromHex(hex);
    if (believed) expect(parseStun(bytes).dialect).toBe("rfc3489");
    else expect(() => parseStun(bytes)).toThrow(ParseError);
  });

  it("rejects the two highest bits, and an attribute that ends outside", () => {
    const bits = rfc5769Request.slice();
    bits[0] = 0x80;
    expect(() => parseStun(bits)).toThrow(ParseError);
    const long = msAllocate.slice();
    long[long.length - 5] = 5;
    expect(() => parseStun(long)).toThrow(ParseError);
  });

  it.each([
    ["SHA-1", "0008", 20, true],
    ["SHA-1 cut short", "0008", 16, false],
    ["SHA-256 in the attribute of SHA-1", "0008", 32, false],
    ["SHA-256", "001c", 32, true],
    ["SHA-256, truncated as RFC 8489 allows", "001c", 16, true],
    ["SHA-256, truncated too far", "001c", 12, false],
    ["SHA-256 and more", "001c", 36, false],
  ])("believes a message integrity of %s: %s of %i bytes", (_, type, length, believed) => {
    const size = (value: number) => value.toString(16).padStart(4, "0");
    const attribute = `${type}${size(length)}${"5a".repeat(length)}`;
    const bytes = fromHex(`0001${size(4 + length)}2112a442b7e7a701bc34d686fa87dfae${attribute}`);
    if (believed) expect(() => parseStun(bytes)).not.toThrow();
    else expect(() => parseStun(bytes)).toThrow(ParseError);
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
  });

  it("takes a length that is no multiple of four of the dialect that does not pad alone", () => {
    for (let length = 0; length < 28; length++) expect(stunLength(teamsAllocate.subarray(0, length))).toBe("need-more");
    expect(stunLength(teamsAllocate)).toBe(teamsAllocate.length);
    expect(stunLength(fromHex(`000100022112a442${"00".repeat(20)}`))).toBe("no");
  });
});

describe("parseChannelData", () => {
  it("reads channel and data, with or without padding, nothing else", () => {
    const data = fromHex("aabbccddee");
    expect(parseChannelData(channel)).toEqual({ channel: 0x4001, data });
    expect(parseChannelData(fromHex("731a0000"))).toEqual({ channel: 0x731a, data: new Uint8Array(0) });
    expect(parseChannelData(Uint8Array.of(...channel, 0, 0, 0))).toEqual({ channel: 0x4001, data });
    for (let length = 0; length < channel.length; length++) {
      expect(() => parseChannelData(channel.subarray(0, length))).toThrow(ParseError);
    }
    expect(() => parseChannelData(Uint8Array.of(...channel, 0))).toThrow(ParseError);
    expect(() => parseChannelData(Uint8Array.of(...channel, 0, 0, 0, 0))).toThrow(ParseError);
    expect(() => parseChannelData(fromHex("80010000"))).toThrow(ParseError);
  });

  it("reads Multiplexed TURN, whose data stand behind a session id", () => {
    expect(parseChannelData(fromHex("ff10000a 0102030405060708 8072"))).toEqual({
      channel: 0xff10,
      data: fromHex("8072"),
    });
    expect(() => parseChannelData(fromHex("ff100004 01020304"))).toThrow(ParseError);
  });
});
