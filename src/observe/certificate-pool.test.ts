import { describe, expect, test } from "vitest";
import { ecKeys, makeCertificate } from "../../test/support/certificates.ts";
import { CertificatePool } from "./certificate-pool.ts";

const keys = ecKeys();
const one = makeCertificate({ subject: "one", issuer: "ca", signer: keys });
const two = makeCertificate({ subject: "two", issuer: "ca", signer: keys });

describe("the pool", () => {
  test("has every certificate once, by its bytes", () => {
    const pool = new CertificatePool();
    const held = pool.hold(one);
    expect(pool.hold(one.slice())).toBe(held);
    expect(held.holders).toBe(2);
    expect(held.certificate?.subject.text).toBe("CN=one");
    const other = pool.hold(two);
    expect(other).not.toBe(held);
    expect(other.number).not.toBe(held.number);
  });

  test("copies what it keeps", () => {
    const pool = new CertificatePool();
    const bytes = one.slice();
    const held = pool.hold(bytes);
    bytes.fill(0);
    expect(held.der).toEqual(one);
    expect(pool.hold(one)).toBe(held);
  });

  test("keeps bytes that are no certificate, too", () => {
    const pool = new CertificatePool();
    const held = pool.hold(Uint8Array.of(1, 2, 3));
    expect(held.certificate).toBeUndefined();
    expect(pool.hold(Uint8Array.of(1, 2, 3))).toBe(held);
    expect(pool.hold(new Uint8Array(0))).not.toBe(held);
  });

  test("lets go with the last holder", () => {
    const pool = new CertificatePool();
    const held = pool.hold(one);
    pool.hold(one);
    pool.release(held);
    expect(pool.hold(one)).toBe(held);
    pool.release(held);
    pool.release(held);
    expect(held.holders).toBe(0);
    expect(pool.hold(one)).not.toBe(held);
  });
});

describe("certificates of one hash", () => {
  /** FNV-1a without its length: enough of these have the same value as another. */
  function colliding(count: number): Uint8Array[] {
    const hashOf = (bytes: Uint8Array) => {
      let hash = 0x811c9dc5 ^ bytes.length;
      for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
      return hash >>> 0;
    };
    // Each step goes back one byte: hash' = (hash * inverse) ^ byte, so any last bytes can be completed to a wanted value.
    const INVERSE = 0x359c449b;
    expect(Math.imul(INVERSE, 0x01000193)).toBe(1);
    const length = 12;
    const wanted = 0x12345678;
    const found: Uint8Array[] = [];
    // Meet in the middle: prefixes of 4 bytes forwards, suffixes of 8 backwards, joined where the values meet.
    const forward = new Map<number, Uint8Array>();
    for (let i = 0; i < 1 << 18; i++) {
      const prefix = Uint8Array.of(i & 255, (i >> 8) & 255, (i >> 16) & 255, 7);
      let hash = 0x811c9dc5 ^ length;
      for (const byte of prefix) hash = Math.imul(hash ^ byte, 0x01000193);
      forward.set(hash >>> 0, prefix);
    }
    for (let i = 0; found.length < count; i++) {
      const suffix = Uint8Array.of(1, 2, 3, 4, i & 255, (i >> 8) & 255, (i >> 16) & 255, 9);
      let hash = wanted;
      for (let j = suffix.length - 1; j >= 0; j--) hash = Math.imul(hash, INVERSE) ^ (suffix[j] as number);
      const prefix = forward.get(hash >>> 0);
      if (prefix !== undefined) found.push(Uint8Array.of(...prefix, ...suffix));
    }
    expect(new Set(found.map(hashOf))).toEqual(new Set([wanted]));
    return found;
  }

  test("are told apart; beyond 16 they are kept apart even from themselves", () => {
    const pool = new CertificatePool();
    const all = colliding(20);
    const held = all.map((bytes) => pool.hold(bytes));
    expect(new Set(held).size).toBe(20);
    for (const [i, bytes] of all.entries()) expect(held[i]?.der).toEqual(bytes);
    for (const [i, bytes] of all.entries()) {
      if (i < 16) expect(pool.hold(bytes)).toBe(held[i]);
      else expect(pool.hold(bytes)).not.toBe(held[i]);
    }
    // One that was never listed is released without taking another with it.
    pool.release(held[19] as (typeof held)[number]);
    expect(pool.hold(all[0] as Uint8Array)).toBe(held[0]);
  });
});
