// Invariant: every parser returns or throws ParseError.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParseError } from "../../bytes/parse-error.ts";
import { fromHex } from "../../bytes/text.ts";
import {
  HELLO_RETRY_RANDOM,
  negotiatedVersion,
  parseCertificateList,
  parseClientHello,
  parseServerHello,
  parseSslv2ClientHello,
} from "./messages.ts";

const RANDOM = "00112233445566778899aabbccddeeff".repeat(2);
const hex = (bytes: Iterable<number>) => Buffer.from(Uint8Array.from(bytes)).toString("hex");
const extension = (type: string, data: string) => type + (data.length / 2).toString(16).padStart(4, "0") + data;

const extensions = [
  extension("0a0a", ""),
  extension("0000", `0017000014${hex(Buffer.from("AV.Fabrikam.Example."))}`),
  extension("0010", "000c02683208687474702f312e31"),
  extension("000a", "00046a6a001d"),
  extension("000b", "0100"),
  extension("000d", "000404030804"),
  extension("002b", "06 1a1a 0304 0303".replace(/ /g, "")),
  extension("0023", ""),
].join("");
const withExtensions = (block: string) =>
  fromHex(`0303${RANDOM}02abcd00046a6a13010100${(block.length / 2).toString(16).padStart(4, "0")}${block}`);

const clientHello = withExtensions(extensions);
/** RFC 8448 section 3: the ServerHello of the simple 1-RTT handshake. */
const serverHello13 = fromHex(`0303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e269280013 01
  00002e00330024001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304`);
const serverHello12 = fromHex(`0301${RANDOM}20${RANDOM}0018 00`);
const serverHelloDraft18 = fromHex(`7f12${RANDOM}1301 000400280000`);
const certificates12 = fromHex("00000a 000003 aabbcc 000001 dd");
const certificates13 = fromHex("02 0102 000010 000003 aabbcc 0002 eeee 000001 dd 0000");
const sslv2 = fromHex("0301 0009 0002 0010 0100800000040700c0 abcd 00112233445566778899aabbccddeeff");

const vectors: [string, Uint8Array, (bytes: Uint8Array) => unknown, number[]][] = [
  // The last element: lengths at which a prefix is a message of its own (where an optional block begins).
  ["ClientHello", clientHello, parseClientHello, [45]],
  ["ServerHello of TLS 1.3", serverHello13, parseServerHello, [38]],
  ["ServerHello without extensions", serverHello12, parseServerHello, []],
  ["ServerHello of draft 18", serverHelloDraft18, parseServerHello, [36]],
  ["Certificate", certificates12, (bytes) => parseCertificateList(bytes, false), []],
  ["Certificate of TLS 1.3", certificates13, (bytes) => parseCertificateList(bytes, true), []],
  ["SSLv2 ClientHello", sslv2, parseSslv2ClientHello, []],
];

describe.each(vectors)("%s", (_, bytes, parse, optional) => {
  it("parses whole; every other prefix, and trailing bytes, are errors", () => {
    expect(() => parse(bytes)).not.toThrow();
    for (let length = 0; length < bytes.length; length++) {
      if (optional.includes(length)) expect(() => parse(bytes.subarray(0, length))).not.toThrow();
      else expect(() => parse(bytes.subarray(0, length)), String(length)).toThrow(ParseError);
    }
    expect(() => parse(Uint8Array.of(...bytes, 0))).toThrow(ParseError);
    expect(() => parse(Uint8Array.of(...bytes, 0, 0, 0, 0))).toThrow(ParseError);
  });

  it("returns or throws ParseError when changed, and on any bytes", () => {
    const survives = (input: Uint8Array) => {
      try {
        parse(input);
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError);
        // Errors count from the start of what was given.
        expect((error as ParseError).offset).toBeLessThanOrEqual(input.length);
      }
    };
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, length) => {
        const changed = bytes.slice();
        changed[at] = value;
        survives(changed);
        survives(changed.subarray(0, length));
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), survives));
  });
});

describe("parseClientHello", () => {
  it("keeps wire order and unknown codes", () => {
    const hello = parseClientHello(clientHello);
    expect(hello).toMatchObject({
      format: "tls",
      version: 0x0303,
      random: fromHex(RANDOM),
      sessionId: fromHex("abcd"),
      cipherSuites: [0x6a6a, 0x1301],
      compressionMethods: [0],
      serverName: "av.fabrikam.example",
      alpn: ["h2", "http/1.1"],
      supportedVersions: [0x1a1a, 0x0304, 0x0303],
      supportedGroups: [0x6a6a, 0x001d],
      ecPointFormats: [0],
      signatureAlgorithms: [0x0403, 0x0804],
      tickets: [],
    });
    expect(hello.extensions?.map(({ type }) => type)).toEqual([0x0a0a, 0, 16, 10, 11, 13, 43, 35]);
  });

  it("takes a hello without extensions: none is not an empty block", () => {
    expect(parseClientHello(clientHello.subarray(0, 45)).extensions).toBeUndefined();
    expect(parseClientHello(withExtensions("")).extensions).toEqual([]);
    expect(parseClientHello(clientHello.subarray(0, 45))).not.toHaveProperty("serverName");
  });

  it("sees a ticket and a pre-shared key", () => {
    expect(parseClientHello(withExtensions(extension("0023", "aabb"))).tickets).toEqual([fromHex("aabb")]);
    expect(parseClientHello(withExtensions(extension("0023", ""))).tickets).toEqual([]);
    const identity = `0003ccddee${"00000000"}`;
    const offered = parseClientHello(withExtensions(extension("0029", `0009${identity}0000`))).tickets;
    expect(offered).toEqual([fromHex("ccddee")]);
    expect(parseClientHello(withExtensions(extension("0029", "0000"))).tickets).toEqual([]);
  });

  it("keeps non-ASCII ALPN bytes as they are", () => {
    expect(parseClientHello(withExtensions(extension("0010", "00030299fe"))).alpn).toEqual(["\u0099\u00fe"]);
  });

  it("says where a malformed extension is, counted in the whole body", () => {
    const bytes = withExtensions(extension("0000", "0017000014"));
    expect(() => parseClientHello(bytes)).toThrow(
      expect.objectContaining({ path: "extension(0).list", offset: bytes.length - 3, kind: "truncated" }),
    );
  });

  it("rejects a session id of more than 32 bytes and an odd cipher list", () => {
    expect(() => parseClientHello(fromHex(`0303${RANDOM}21${RANDOM}aa0002 1301 0100`))).toThrow(ParseError);
    expect(() => parseClientHello(fromHex(`0303${RANDOM}000003 130113 0100`))).toThrow(ParseError);
  });
});

describe("parseServerHello", () => {
  it("reads the version both sides go on with", () => {
    expect(parseServerHello(serverHello13)).toMatchObject({
      version: 0x0303,
      cipherSuite: 0x1301,
      selectedVersion: 0x0304,
    });
    expect(negotiatedVersion(parseServerHello(serverHello13))).toBe(0x0304);
    expect(negotiatedVersion(parseServerHello(serverHello12))).toBe(0x0301);
    expect(parseServerHello(serverHello12)).toMatchObject({
      cipherSuite: 0x0018,
      sessionId: fromHex(RANDOM),
      extensions: undefined,
    });
  });

  it("reads drafts without session id", () => {
    const hello = parseServerHello(serverHelloDraft18);
    expect(hello).toMatchObject({ cipherSuite: 0x1301, sessionId: new Uint8Array(0), compressionMethod: 0 });
    expect(negotiatedVersion(hello)).toBe(0x7f12);
  });

  it("tells a HelloRetryRequest, ALPN and an accepted pre-shared key", () => {
    const retry = fromHex(`0303${hex(HELLO_RETRY_RANDOM)}00130100`);
    expect(parseServerHello(retry).isHelloRetryRequest).toBe(true);
    expect(parseServerHello(serverHello13).isHelloRetryRequest).toBe(false);
    const answered = fromHex(`0303${RANDOM}00c02f00 000f 00100005 0003 02 6832 00290002 0000`);
    expect(parseServerHello(answered)).toMatchObject({ alpn: "h2", acceptsPsk: true });
  });
});

describe("parseCertificateList", () => {
  it("gives the certificates in wire order", () => {
    expect(parseCertificateList(certificates12, false)).toEqual([fromHex("aabbcc"), fromHex("dd")]);
    expect(parseCertificateList(certificates13, true)).toEqual([fromHex("aabbcc"), fromHex("dd")]);
    expect(parseCertificateList(fromHex("000000"), false)).toEqual([]);
    expect(() => parseCertificateList(fromHex("000003000000"), false)).toThrow(ParseError);
  });
});

describe("parseSslv2ClientHello", () => {
  it("keeps three-byte cipher kinds", () => {
    expect(parseSslv2ClientHello(sslv2)).toMatchObject({
      format: "sslv2",
      version: 0x0301,
      cipherSuites: [0x010080, 0x000004, 0x0700c0],
      sessionId: fromHex("abcd"),
      random: fromHex("00112233445566778899aabbccddeeff"),
      extensions: undefined,
    });
  });
});
