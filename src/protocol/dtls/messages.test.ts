// Invariant: asTlsClientHello and srtpProfile return or throw ParseError.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParseError } from "../../bytes/parse-error.ts";
import { fromHex } from "../../bytes/text.ts";
import { ja4 } from "../tls/fingerprints.ts";
import { parseClientHello } from "../tls/messages.ts";
import { asTlsClientHello, srtpProfile, srtpProfileName } from "./messages.ts";

const RANDOM = "5a".repeat(32);
/** use_srtp with two profiles, server_name; and in the answer the first of them. */
const extensions = "0021 000e000700040001000700 00000012001000000d6d656469612e6578616d706c65".replaceAll(" ", "");
const hello = (version: string, cookie: string, more = extensions) =>
  fromHex(`${version}${RANDOM}00${(cookie.length / 2).toString(16).padStart(2, "0")}${cookie}0004c02bc02f0100${more}`);
const serverHello = (more: string) => fromHex(`fefd${RANDOM}00c02b00${more}`);
const chosen = serverHello("0009000e0005000200 0100".replaceAll(" ", ""));

describe("asTlsClientHello", () => {
  it("leaves the cookie out, whatever its length", () => {
    const plain = asTlsClientHello(hello("fefd", ""));
    expect(asTlsClientHello(hello("fefd", "aa".repeat(20)))).toEqual(plain);
    const parsed = parseClientHello(plain);
    expect(parsed).toMatchObject({ version: 0xfefd, serverName: "media.example", cipherSuites: [0xc02b, 0xc02f] });
    expect(parsed.extensions?.map(({ type }) => type)).toEqual([14, 0]);
  });

  it("throws at every prefix that has no whole cookie", () => {
    const bytes = hello("fefd", "aabbcc");
    for (let length = 0; length < 2 + 32 + 1 + 1 + 3; length++)
      expect(() => asTlsClientHello(bytes.subarray(0, length))).toThrow(ParseError);
  });

  it("gives what JA4 is made of: d for DTLS, versions that count down, GREASE aside", () => {
    const head = (bytes: Uint8Array) => ja4(parseClientHello(asTlsClientHello(bytes)), "d")?.slice(0, 10);
    expect(head(hello("feff", "", "0000"))).toBe("dd1i020000");
    expect(head(hello("fefd", ""))).toBe("dd2d020200");
    // supported_versions: GREASE, DTLS 1.2, DTLS 1.3.
    expect(head(hello("fefd", "", "000b002b0007067a7afefdfefc"))).toBe("dd3i020100");
  });
});

describe("srtpProfile", () => {
  it("is the one chosen; undefined without the extension", () => {
    expect(srtpProfile(chosen)).toBe(1);
    expect(srtpProfile(serverHello(""))).toBeUndefined();
    expect(() => srtpProfile(serverHello("0005000e000100"))).toThrow(ParseError);
  });

  it("has a name, or its number", () => {
    expect(srtpProfileName(7)).toBe("SRTP_AEAD_AES_128_GCM");
    expect(srtpProfileName(0x1234)).toBe("unknown(0x1234)");
  });
});

it("both return or throw ParseError", () => {
  fc.assert(
    fc.property(fc.constantFrom(hello("fefd", "aabb"), chosen), fc.nat(80), fc.nat(255), (bytes, at, value) => {
      const changed = bytes.slice();
      if (at < changed.length) changed[at] = value;
      for (const read of [asTlsClientHello, srtpProfile]) {
        try {
          read(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError);
        }
      }
    }),
  );
});
