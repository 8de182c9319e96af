import { describe, expect, test } from "vitest";
import { ecKeys, makeCertificate } from "../../test/support/certificates.ts";
import { certificate } from "../../test/support/tls-messages.ts";
import { ParseError } from "../bytes/parse-error.ts";
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

describe("a chain", () => {
  const body = certificate(one, two).subarray(4);

  test("is read once, and held by all its certificates", () => {
    const pool = new CertificatePool();
    const chain = pool.holdChain(body, false);
    expect(chain.certificates.map((pooled) => pooled.certificate?.subject.text)).toEqual(["CN=one", "CN=two"]);
    expect(pool.holdChain(body.slice(), false)).toBe(chain);
    // Two connections and the pool itself, which remembers it.
    expect(chain.certificates.map(({ holders }) => holders)).toEqual([3, 3]);
    pool.releaseChain(chain);
    pool.releaseChain(chain);
    expect(pool.holdChain(body, false)).toBe(chain);
    expect(pool.holdChain(certificate(two, one).subarray(4), false).key).not.toBe(chain.key);
  });

  test("is copied", () => {
    const pool = new CertificatePool();
    const bytes = new Uint8Array(body);
    const chain = pool.holdChain(bytes, false);
    bytes.fill(0);
    expect(pool.holdChain(body, false)).toBe(chain);
    expect(chain.certificates[0]?.der).toEqual(one);
  });

  test("that is too long to be remembered has the same certificates and the same key", () => {
    const pool = new CertificatePool();
    const long = certificate(...Array.from({ length: 30 }, () => new Uint8Array(1000).fill(7))).subarray(4);
    const chain = pool.holdChain(long, false);
    const again = pool.holdChain(long, false);
    expect(again).not.toBe(chain);
    expect(again).toEqual(chain);
    expect(chain.certificates[0]?.holders).toBe(60);
    pool.releaseChain(chain);
    pool.releaseChain(again);
    expect(pool.holdChain(long, false).key).not.toBe(chain.key);
  });

  test("that is none is refused", () => {
    expect(() => new CertificatePool().holdChain(Uint8Array.of(0, 0, 9, 1), false)).toThrow(ParseError);
  });
});

test("more certificates of one hash than a table keeps are kept apart, even from themselves", () => {
  const pool = new CertificatePool();
  // They differ where no hash looks.
  const all = Array.from({ length: 20 }, (_, i) => {
    const bytes = new Uint8Array(1000);
    bytes[500] = i;
    return bytes;
  });
  const held = all.map((bytes) => pool.hold(bytes));
  expect(new Set(held).size).toBe(20);
  for (const [i, bytes] of all.entries()) {
    expect(held[i]?.der).toEqual(bytes);
    if (i < 16) expect(pool.hold(bytes)).toBe(held[i]);
    else expect(pool.hold(bytes)).not.toBe(held[i]);
  }
  // One that was never listed is released without taking another with it.
  pool.release(held[19] as (typeof held)[number]);
  expect(pool.hold(all[0] as Uint8Array)).toBe(held[0]);
});
