/** AES-CCM against the RFC's own packets and against OpenSSL, which stands behind node:crypto. */
import { createCipheriv } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { concat } from "../../test/support/capture-writer.ts";
import { fromHex, toHex } from "../bytes/text.ts";
import { type Ciphers, ciphers, loadCiphers } from "./ciphers.ts";

let loaded: Ciphers;
beforeAll(async () => {
  await loadCiphers();
  loaded = ciphers() as Ciphers;
});

/** OpenSSL's answer: header, message and tag under a key and a nonce. */
function seal(key: Uint8Array, nonce: Uint8Array, header: Uint8Array, message: Uint8Array, authTagLength: number) {
  const box = createCipheriv("aes-128-ccm", key, nonce, { authTagLength });
  box.setAAD(header, { plaintextLength: message.length });
  return concat(box.update(message), box.final(), box.getAuthTag());
}

/** NIST SP 800-38C appendix C, example 3: the one with a nonce of 12 bytes, and a tag of 8. */
test("SP 800-38C example 3 opens", () => {
  const sealed = fromHex("e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951");
  const header = fromHex("000102030405060708090a0b0c0d0e0f10111213");
  const box = loaded.ccm8(fromHex("404142434445464748494a4b4c4d4e4f"), fromHex("101112131415161718191a1b"), header);
  expect(toHex(box.decrypt(sealed))).toBe("202122232425262728292a2b2c2d2e2f3031323334353637");
});

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe.each([16, 8])("a tag of %i bytes", (tagLength) => {
  const box = (...[key, nonce, header]: [Uint8Array, Uint8Array, Uint8Array]) =>
    (tagLength === 16 ? loaded.ccm : loaded.ccm8)(key, nonce, header);

  test("opens whatever OpenSSL seals", () => {
    fc.assert(
      fc.property(
        bytes(16),
        bytes(12),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.uint8Array({ maxLength: 400 }),
        (key, nonce, header, message) => {
          const sealed = seal(key, nonce, header, message, tagLength);
          expect(toHex(box(key, nonce, header).decrypt(sealed))).toBe(toHex(message));
        },
      ),
    );
  });

  test("returns or throws: what nobody sealed is refused", () => {
    fc.assert(
      fc.property(bytes(16), bytes(12), fc.uint8Array({ maxLength: 200 }), (key, nonce, sealed) => {
        expect(() => box(key, nonce, Uint8Array.of(23, 3, 3, 0, 1)).decrypt(sealed)).toThrow();
      }),
    );
  });

  test("a bit of anything changed: refused", () => {
    const [key, nonce, header] = [new Uint8Array(16).fill(1), new Uint8Array(12).fill(2), new Uint8Array(5).fill(3)];
    const sealed = seal(key, nonce, header, new Uint8Array(33).fill(4), tagLength);
    for (const one of [key, nonce, header, sealed]) {
      for (let at = 0; at < one.length; at++) {
        one[at] = (one[at] as number) ^ 0x10;
        expect(() => box(key, nonce, header).decrypt(sealed)).toThrow();
        one[at] = (one[at] as number) ^ 0x10;
      }
    }
    expect(box(key, nonce, header).decrypt(sealed).length).toBe(33);
  });
});
