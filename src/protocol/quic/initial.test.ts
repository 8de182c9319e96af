import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { concat } from "../../../test/support/capture-writer.ts";
import { ParseError } from "../../bytes/parse-error.ts";
import { fromHex, toHex } from "../../bytes/text.ts";
import { loadCiphers } from "../ciphers.ts";
import { parseServerHello } from "../tls/messages.ts";
import { type CryptoFrame, cryptoFrames, InitialKeys, longPackets, QUIC_V1, QUIC_V2 } from "./initial.ts";

beforeAll(loadCiphers);

/** Connection id of the client's first Initial in both RFCs. */
const DESTINATION = fromHex("8394c8f03e515708");

const VECTORS = [
  [
    "RFC 9001 appendix A.3",
    QUIC_V1,
    "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee",
  ],
  [
    "RFC 9369 appendix A.3",
    QUIC_V2,
    "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf87263017915358230035f7fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140",
  ],
] as const;

describe.each(VECTORS)("%s", (_, version, hex) => {
  test("the server's Initial opens to its ServerHello", () => {
    const [packet, ...others] = [...longPackets(fromHex(hex))];
    expect(others).toEqual([]);
    expect(packet).toMatchObject({ type: "initial", version });
    expect(toHex(packet?.source as Uint8Array)).toBe("f067a5502a4262b5");
    const frames = InitialKeys.of(version, DESTINATION, "server")?.open(packet as NonNullable<typeof packet>);
    const [crypto] = [...cryptoFrames(frames as Uint8Array)] as [CryptoFrame];
    expect(crypto.offset).toBe(0);
    const hello = parseServerHello(crypto.data.subarray(4));
    expect([hello.cipherSuite, hello.selectedVersion]).toEqual([0x1301, 0x0304]);
  });

  test("cut short it is none; what is behind it is no part of it", () => {
    const whole = fromHex(hex);
    for (let end = 1; end < whole.length; end++)
      expect(() => [...longPackets(whole.subarray(0, end))]).toThrow(ParseError);
    expect([...longPackets(concat(whole, Uint8Array.of(0x40)))]).toEqual([...longPackets(whole)]);
    expect(() => [...longPackets(concat(whole, Uint8Array.of(0xff)))]).toThrow(ParseError);
  });

  test("and to nobody else's keys", () => {
    const [packet] = [...longPackets(fromHex(hex))];
    for (const keys of [
      InitialKeys.of(version, DESTINATION, "client"),
      InitialKeys.of(version, DESTINATION.subarray(1), "server"),
      InitialKeys.of(version === QUIC_V1 ? QUIC_V2 : QUIC_V1, DESTINATION, "server"),
    ])
      expect(keys?.open(packet as NonNullable<typeof packet>)).toBeUndefined();
  });
});

describe("returns or throws ParseError", () => {
  const harmless = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      expect(error).toBeInstanceOf(ParseError);
    }
  };
  const keys = InitialKeys.of(QUIC_V1, DESTINATION, "server") as InitialKeys;

  test("a datagram of any bytes, or that was changed", () => {
    const begun = fc.uint8Array({ maxLength: 60 }).map((rest) => concat(fromHex("c000000001"), rest));
    const changed = fc
      .tuple(fc.constantFrom(...VECTORS.map(([, , hex]) => fromHex(hex))), fc.nat(), fc.nat(255))
      .map(([whole, at, value]) => whole.with(at % whole.length, value));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), begun, changed), (datagram) => {
        harmless(() => {
          for (const packet of longPackets(datagram)) {
            expect(packet.numberAt).toBeLessThanOrEqual(packet.bytes.length);
            keys.open(packet);
          }
        });
      }),
      { numRuns: 500 },
    );
  });

  test("frames of any bytes", () => {
    const begun = fc.tuple(fc.constantFrom(0, 1, 2, 3, 6), fc.uint8Array({ maxLength: 20 }));
    const frames = fc
      .array(begun)
      .map((all) => concat(...all.map(([type, rest]) => concat(Uint8Array.of(type), rest))));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), frames), (bytes) => {
        harmless(() => {
          for (const { data } of cryptoFrames(bytes)) expect(data.length).toBeLessThanOrEqual(bytes.length);
        });
      }),
      { numRuns: 500 },
    );
  });
});
