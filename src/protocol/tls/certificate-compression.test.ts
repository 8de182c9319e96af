import { brotliCompressSync, deflateSync } from "node:zlib";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { concat, ints } from "../../../test/support/capture-writer.ts";
import { u24 } from "../../../test/support/tls-messages.ts";
import { ParseError } from "../../bytes/parse-error.ts";
import { loadCiphers } from "../ciphers.ts";
import { decompressCertificate } from "./certificate-compression.ts";

beforeAll(loadCiphers);

/** RFC 8879 section 4. */
function body(algorithm: number, packed: Uint8Array, length: number): Uint8Array {
  return concat(ints(true, [algorithm, 2]), u24(length), u24(packed.length), packed);
}

const PACKERS = [
  ["zlib", 1, deflateSync],
  ["Brotli", 2, brotliCompressSync],
] as const;

describe.each(PACKERS)("%s", (_, algorithm, pack) => {
  const message = Uint8Array.from({ length: 4000 }, (_byte, i) => (i * i) >> 3);

  test("comes back as it was", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        expect(decompressCertificate(body(algorithm, pack(bytes), bytes.length))).toEqual(bytes);
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ["a length that is too short", body(algorithm, pack(message), 3999)],
    ["a length that is too long", body(algorithm, pack(message), 4001)],
    ["a length beyond the limit", body(algorithm, pack(new Uint8Array(300_000)), 300_000)],
    ["more in it than it says", body(algorithm, pack(new Uint8Array(50_000_000)), 1000)],
    ["bytes cut off", body(algorithm, pack(message).subarray(0, -9), 4000)],
    ["nothing in it", body(algorithm, new Uint8Array(0), 0)],
    ["bytes behind it", concat(body(algorithm, pack(message), 4000), Uint8Array.of(1))],
  ])("with %s is refused", (_case, bytes) => {
    expect(() => decompressCertificate(bytes)).toThrow(ParseError);
  });

  test("of any bytes returns or throws ParseError, and what it returns is as long as it says", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(5000), (packed, length) => {
        try {
          expect(decompressCertificate(body(algorithm, packed, length)).length).toBe(length);
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError);
        }
      }),
    );
  });
});

test("another algorithm is not supported", () => {
  expect(() => decompressCertificate(body(3, new Uint8Array(10), 10))).toThrow(
    expect.objectContaining({ kind: "unsupported" }),
  );
});
