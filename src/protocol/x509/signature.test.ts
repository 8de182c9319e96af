import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  ALGORITHMS,
  type Algorithm,
  ecKeys,
  type Keys,
  makeCertificate,
  oid,
  rsaKeys,
  sequence,
  spkiOf,
  tlv,
} from "../../../test/support/certificates.ts";
import { PUBLIC_ROOTS } from "../../knowledge/roots/index.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { fromBase64 } from "./pem.ts";
import { type SignatureCheck, verifiesUnderOwnKey, verifySignature } from "./signature.ts";

const rsa = rsaKeys();
const p256 = ecKeys();
const p384 = ecKeys("P-384");
const p521 = ecKeys("P-521");
const ed25519: Keys = generateKeyPairSync("ed25519");
const ed448: Keys = generateKeyPairSync("ed448");

function pair(signer: Keys, algorithm: Algorithm): readonly [subject: Certificate, issuer: Certificate] {
  const ca = makeCertificate({ subject: "CA", issuer: "Root", signer: p256, keys: signer });
  return [
    parseCertificate(makeCertificate({ subject: "leaf", issuer: "CA", signer, keys: p256, algorithm })),
    parseCertificate(ca),
  ];
}

/** A copy whose last signature byte is another. */
function damaged(certificate: Certificate): Certificate {
  const der = certificate.der.slice();
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  return parseCertificate(der);
}

const CHECKABLE: readonly (readonly [name: string, signer: Keys, algorithm: Algorithm])[] = [
  ["RSA SHA-1", rsa, ALGORITHMS.rsaSha1],
  ["RSA SHA-256", rsa, ALGORITHMS.rsaSha256],
  ["RSA SHA-384", rsa, ALGORITHMS.rsaSha384],
  ["RSA SHA-512", rsa, ALGORITHMS.rsaSha512],
  ["RSA-PSS SHA-256", rsa, ALGORITHMS.pssSha256],
  ["P-256 SHA-1", p256, ALGORITHMS.ecdsaSha1],
  ["P-256 SHA-256", p256, ALGORITHMS.ecdsaSha256],
  ["P-256 SHA-512", p256, ALGORITHMS.ecdsaSha512],
  ["P-384 SHA-256", p384, ALGORITHMS.ecdsaSha256],
  ["P-384 SHA-384", p384, ALGORITHMS.ecdsaSha384],
  ["P-521 SHA-512", p521, ALGORITHMS.ecdsaSha512],
  ["Ed25519", ed25519, ALGORITHMS.ed25519],
];

describe("verifySignature", () => {
  test.each(CHECKABLE)("%s", async (_, signer, algorithm) => {
    const [subject, issuer] = pair(signer, algorithm);
    const [, stranger] = pair(
      signer === rsa ? rsaKeys() : signer === ed25519 ? generateKeyPairSync("ed25519") : ecKeys(),
      algorithm,
    );
    expect(await verifySignature(subject, issuer)).toBe("valid");
    expect(await verifySignature(damaged(subject), issuer)).toBe("invalid");
    expect(await verifySignature(subject, stranger)).toBe("invalid");
    // The oracle agrees on all three.
    const node = new X509Certificate(subject.der);
    expect(node.verify(new X509Certificate(issuer.der).publicKey)).toBe(true);
  });

  test("short and long numbers in ECDSA signatures (32 signatures give both with near certainty)", async () => {
    for (let i = 0; i < 32; i++) {
      const [subject, issuer] = pair(p521, ALGORITHMS.ecdsaSha512);
      expect(await verifySignature(subject, issuer)).toBe("valid");
    }
  });

  test.each([
    ["MD5", rsa, ALGORITHMS.rsaMd5],
    ["SHA-224", rsa, ALGORITHMS.rsaSha224],
    ["Ed448", ed448, ALGORITHMS.ed448],
    ["secp256k1", ecKeys("secp256k1"), ALGORITHMS.ecdsaSha256],
  ])("%s is not checkable, right or wrong", async (_, signer, algorithm) => {
    const [subject, issuer] = pair(signer, algorithm);
    expect(await verifySignature(subject, issuer)).toBe("not-checkable");
    expect(await verifySignature(damaged(subject), issuer)).toBe("not-checkable");
  });

  test("a key of another kind cannot have signed", async () => {
    const [subject] = pair(rsa, ALGORITHMS.rsaSha256);
    const [, issuer] = pair(p256, ALGORITHMS.ecdsaSha256);
    expect(await verifySignature(subject, issuer)).toBe("invalid");
  });

  test("the algorithm inside and outside must be one (RFC 5280 section 4.1.1.2)", async () => {
    const { identifier } = ALGORITHMS.rsaSha1;
    const swapped = makeCertificate({
      subject: "leaf",
      issuer: "CA",
      signer: rsa,
      algorithm: ALGORITHMS.rsaSha256,
      outerIdentifier: identifier,
    });
    const [, issuer] = pair(rsa, ALGORITHMS.rsaSha256);
    expect(await verifySignature(parseCertificate(swapped), issuer)).toBe("invalid");
  });

  test("PSS with two different hashes, or without parameters, is not checkable", async () => {
    for (const parameters of [[], [sequence(tlv(0xa0, sequence(oid("2.16.840.1.101.3.4.2.1"))))]]) {
      const odd = { ...ALGORITHMS.pssSha256, identifier: sequence(oid("1.2.840.113549.1.1.10"), ...parameters) };
      const [subject, issuer] = pair(rsa, odd);
      expect(await verifySignature(subject, issuer)).toBe("not-checkable");
    }
  });

  test("an RSA key that the platform refuses is not checkable", async () => {
    const [subject] = pair(rsa, ALGORITHMS.rsaSha256);
    const key = sequence(tlv(0x02, Uint8Array.of(0)), tlv(0x02, Uint8Array.of(0)));
    const spki = sequence(sequence(oid("1.2.840.113549.1.1.1"), tlv(0x05)), tlv(0x03, Uint8Array.of(0), key));
    const issuer = parseCertificate(makeCertificate({ subject: "CA", issuer: "Root", signer: p256, spki }));
    expect(await verifySignature(subject, issuer)).not.toBe("valid");
  });

  test.each<[string, bits: number, exponent: readonly number[], SignatureCheck]>([
    ["the largest, and the usual exponent", 8192, [1, 0, 1], "invalid"],
    ["a larger one", 8200, [1, 0, 1], "not-checkable"],
    ["the largest there is", 16_384, [1, 0, 1], "not-checkable"],
    ["an exponent of 64 bits", 8192, [0, ...Array(8).fill(255)], "not-checkable"],
    ["the same under a usual key", 2048, [0, ...Array(8).fill(255)], "invalid"],
    ["an exponent as long as the modulus", 2048, [0, ...Array(256).fill(255)], "not-checkable"],
  ])("an RSA key that would keep a machine busy is not checkable: %s", async (_, bits, exponent, expected) => {
    const modulus = Uint8Array.from({ length: bits / 8 + 1 }, (_, i) => (i === 0 ? 0 : 255 - 2 * (i & 63)));
    const key = sequence(tlv(0x02, modulus), tlv(0x02, Uint8Array.from(exponent)));
    const spki = sequence(sequence(oid("1.2.840.113549.1.1.1"), tlv(0x05)), tlv(0x03, Uint8Array.of(0), key));
    const issuer = parseCertificate(makeCertificate({ subject: "CA", issuer: "Root", signer: p256, spki }));
    expect(issuer.key).toBe(`RSA ${bits}`);
    const algorithm = { ...ALGORITHMS.rsaSha256, sign: () => new Uint8Array(bits / 8).fill(0x55) };
    const subject = makeCertificate({ subject: "leaf", issuer: "CA", signer: p256, algorithm });
    expect(await verifySignature(parseCertificate(subject), issuer)).toBe(expected);
  });

  test("explicit curve parameters are never taken for the named curve (CVE-2020-0601)", async () => {
    const [subject] = pair(p256, ALGORITHMS.ecdsaSha256);
    const honest = generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" });
    const spki = spkiOf(honest);
    const named = makeCertificate({
      subject: "CA",
      issuer: "CA",
      signer: honest,
      spki,
      algorithm: ALGORITHMS.ecdsaSha256,
    });
    expect(await verifiesUnderOwnKey(parseCertificate(named))).toBe("not-checkable");
    // Another generator: the last byte of Gx (6b17…c296).
    const at = Buffer.from(spki).indexOf(Buffer.from("d898c296", "hex"));
    expect(at).toBeGreaterThan(0);
    const bent = spki.slice();
    bent[at + 3] = 0x97;
    const issuer = parseCertificate(makeCertificate({ subject: "CA", issuer: "CA", signer: p256, spki: bent }));
    expect(issuer.key).toBe("EC explicit parameters");
    expect(await verifySignature(subject, issuer)).toBe("invalid");
  });

  test("a pair is verified once", () => {
    const [subject, issuer] = pair(p256, ALGORITHMS.ecdsaSha256);
    expect(verifySignature(subject, issuer)).toBe(verifySignature(subject, issuer));
  });
});

describe("verifiesUnderOwnKey", () => {
  test("a leaf made with a copy of the CA's key", async () => {
    const leaf = parseCertificate(
      makeCertificate({ subject: "leaf", issuer: "CA", signer: rsa, algorithm: ALGORITHMS.rsaSha256 }),
    );
    expect(await verifiesUnderOwnKey(leaf)).toBe("valid");
    expect(await verifiesUnderOwnKey(pair(rsa, ALGORITHMS.rsaSha256)[0])).toBe("invalid");
  });

  test("agrees with node:crypto on every public root it can check", async () => {
    let checked = 0;
    for (const root of PUBLIC_ROOTS) {
      const der = fromBase64(root.der) ?? new Uint8Array();
      const certificate = parseCertificate(der);
      const check = await verifiesUnderOwnKey(certificate);
      if (check === "not-checkable") {
        expect(certificate.signature).toMatch(/^md[25]With/);
        continue;
      }
      const node = new X509Certificate(der);
      expect(check).toBe(node.verify(node.publicKey) ? "valid" : "invalid");
      checked++;
    }
    expect(checked).toBeGreaterThan(300);
  });
});
