// Invariant: returns a match, "no" or "need-more" for any bytes; a template matches itself and nothing with another fixed byte.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex } from "../../bytes/text.ts";
import { pseudoTlsAnswer, pseudoTlsHello } from "./hello.ts";

/** libnice, socket/pseudossl.c: SSL_CLIENT_MSOC_HANDSHAKE. */
const msHello =
  fromHex(`16 03 01 00 2d 01 00 00 29 03 01 c1 fc d5 a3 6d 93 dd 7e 0b 45 67 3f ec 79 85 fb bc 3f d6 60 c2 ce
  84 85 08 1b 81 21 bc aa 10 fb 00 00 02 00 18 01 00`);
/** Of a lab capture. */
const msAnswer = fromHex(`160301004e0200004603014d034d975bb1b7d1673f212f40ef35672980be70c0e9c5e4037d85b956f7493e
  20882a7c36bacc78ec046434084ebd99b7acca0552522d2c0bb8192e20addb534f0018000e000000`);
/** WebRTC, rtc_base/socket_adapters.cc: kSslClientHello and kSslServerHello. */
const sslHello =
  fromHex(`80 46 01 03 01 00 2d 00 00 00 10 01 00 80 03 00 80 07 00 c0 06 00 40 02 00 80 04 00 80 00 00 04
  00 fe ff 00 00 0a 00 fe fe 00 00 09 00 00 64 00 00 62 00 00 03 00 00 06 1f 17 0c a6 2f 00 78 fc 46 55 2e b1 83 39 f1 ea`);
const sslAnswer =
  fromHex(`16 03 01 00 4a 02 00 00 46 03 01 42 85 45 a7 27 a9 5d a0 b3 c5 e7 53 da 48 2b 3f c6 5a ca 89 c1
  58 52 a1 78 3c 5b 17 46 00 85 3f 20 0e d3 06 72 5b 5b 1b 5f 15 ac 13 f9 88 53 9d 9b e8 3d 7b 0c 30 32 6e 38 4d a2 75 57
  41 6c 34 5c 00 04 00`);

const hello = (bytes: Uint8Array) => {
  const found = pseudoTlsHello(bytes);
  return typeof found === "string" ? found : found.length;
};

const cases: [string, Uint8Array, (bytes: Uint8Array) => number | string, number, (at: number) => boolean][] = [
  ["[MS-TURN] hello", msHello, hello, 50, (at) => at >= 11 && at < 43],
  [
    "[MS-TURN] answer",
    msAnswer,
    (bytes) => pseudoTlsAnswer(bytes, "ms-turn"),
    83,
    (at) => (at >= 11 && at < 43) || (at >= 44 && at < 76),
  ],
  ["ssltcp hello", sslHello, hello, 72, () => false],
  ["ssltcp answer", sslAnswer, (bytes) => pseudoTlsAnswer(bytes, "ssltcp"), 79, () => false],
];

describe.each(cases)("%s", (_, bytes, match, length, isFree) => {
  it("matches whole and with what follows; every prefix needs more", () => {
    expect(match(bytes)).toBe(length);
    expect(match(Uint8Array.of(...bytes, 2, 0, 0, 36))).toBe(length);
    for (let end = 0; end < length; end++) expect(match(bytes.subarray(0, end))).toBe("need-more");
  });

  it("is exact in every byte but those the sender chooses", () => {
    for (let at = 0; at < length; at++) {
      for (const change of [1, 0x80, 0xff]) {
        const changed = bytes.slice();
        changed[at] = (changed[at] as number) ^ change;
        expect(match(changed), `byte ${at}`).toBe(isFree(at) ? length : "no");
        // Known as soon as the byte is there.
        if (!isFree(at)) expect(match(changed.subarray(0, at + 1))).toBe("no");
      }
    }
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (random) => {
        expect(["no", "need-more"]).toContain(match(random));
      }),
    );
  });
});

it("tells the dialects apart", () => {
  expect(pseudoTlsHello(msHello)).toEqual({ dialect: "ms-turn", length: 50 });
  expect(pseudoTlsHello(sslHello)).toEqual({ dialect: "ssltcp", length: 72 });
  expect(pseudoTlsAnswer(sslAnswer, "ms-turn")).toBe("no");
  expect(pseudoTlsAnswer(msAnswer, "ssltcp")).toBe("no");
});
