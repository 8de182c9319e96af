/**
 * One signature: does this certificate verify under that one's key? Owns the algorithms and what WebCrypto needs for them;
 * knows nothing of names, dates or chains.
 *
 * An answer is remembered per Certificate object and key, for as long as they live, and an imported key too, so that the same
 * intermediate under the same root costs one verification however many connections present it. Keys are told apart by the array
 * that `Certificate.spki` is: whoever has several certificates of one key may give them the same (observe/certificate-pool.ts).
 */
import { Cursor } from "../../bytes/cursor.ts";
import { ParseError } from "../../bytes/parse-error.ts";
import { toHex } from "../../bytes/text.ts";
import { bitLength, type Certificate, EXPLICIT_CURVE, readAlgorithm, rsaNumbers } from "./certificate.ts";
import { peekTag, readElement, readInteger, readOid, readSmallInteger, readWhole, sameBytes, TAG } from "./der.ts";

/**
 * `not-checkable`: an algorithm, key or parameter that WebCrypto does not do, that proves nothing (MD5, MD2), or that costs more
 * than any honest one. Never a guess.
 */
export type SignatureCheck = "valid" | "invalid" | "not-checkable";

/**
 * Verifies `subject`'s signature with `issuer`'s public key (RFC 5280 section 6.1.3 (a)(1)): RSA PKCS #1 v1.5 and PSS with
 * SHA-1 and SHA-2, ECDSA on P-256, P-384 and P-521, Ed25519 where the platform has it. `invalid` also when the two
 * AlgorithmIdentifiers of `subject` differ, its algorithm is not one for the issuer's kind of key, or that key is on a
 * bent copy of a named curve (CVE-2020-0601). Never rejects.
 */
export function verifySignature(subject: Certificate, issuer: Certificate): Promise<SignatureCheck> {
  const byKey = CHECKS.get(subject) ?? new WeakMap<Uint8Array, Promise<SignatureCheck>>();
  CHECKS.set(subject, byKey);
  const check = byKey.get(issuer.spki) ?? verify(subject, issuer);
  byKey.set(issuer.spki, check);
  return check;
}

/** Is the certificate signed with its own key? True for self-signed ones, and for leaves made with a copy of the CA's key. */
export function verifiesUnderOwnKey(certificate: Certificate): Promise<SignatureCheck> {
  return verifySignature(certificate, certificate);
}

/** CryptoKey, without the DOM's types. */
type ImportedKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const CHECKS = new WeakMap<Certificate, WeakMap<Uint8Array, Promise<SignatureCheck>>>();
/** By import parameters in JSON, as one RSA key serves several hashes. */
const KEYS = new WeakMap<Uint8Array, Map<string, Promise<ImportedKey | undefined>>>();

/** What WebCrypto is told for one kind of signature. `key` is the kind of issuer key, as `Certificate.key` begins. */
interface Scheme {
  readonly key: "RSA" | "EC" | "Ed25519";
  readonly import: { readonly name: string; readonly hash?: string; readonly namedCurve?: string };
  readonly verify: { readonly name: string; readonly hash?: string; readonly saltLength?: number };
}

/** Bytes of one coordinate, for the two numbers of an ECDSA signature in the form WebCrypto reads (IEEE P1363). */
const COORDINATE_BYTES: ReadonlyMap<string, number> = new Map([
  ["P-256", 32],
  ["P-384", 48],
  ["P-521", 66],
]);

/** Coefficient b and the generator's x of the curve over the field with this prime (SEC 2 sections 2.4.2, 2.5.1, 2.6.1); a is the prime - 3. */
const NAMED_CURVES: ReadonlyMap<string, { readonly b: string; readonly generatorX: string }> = new Map([
  [
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    {
      b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
      generatorX: "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    },
  ],
  [
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    {
      b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
      generatorX: "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
    },
  ],
  [
    `01${"ff".repeat(65)}`,
    {
      b: "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
      generatorX:
        "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
    },
  ],
]);

const HASHES: ReadonlyMap<string, string> = new Map([
  ["1.3.14.3.2.26", "SHA-1"],
  ["2.16.840.1.101.3.4.2.1", "SHA-256"],
  ["2.16.840.1.101.3.4.2.2", "SHA-384"],
  ["2.16.840.1.101.3.4.2.3", "SHA-512"],
]);

async function verify(subject: Certificate, issuer: Certificate): Promise<SignatureCheck> {
  try {
    const algorithm = signatureAlgorithm(subject);
    if (algorithm === undefined) return "invalid";
    const scheme = schemeFor(subject.signature, algorithm);
    if (scheme === undefined) return "not-checkable";
    const [kind = "", curve = ""] = issuer.key.split(" ");
    if (kind !== scheme.key) return kind === "RSA-PSS" || kind.startsWith("unknown(") ? "not-checkable" : "invalid";
    if (issuer.key === EXPLICIT_CURVE) return bendsNamedCurve(issuer) ? "invalid" : "not-checkable";
    if (scheme.key === "RSA" && isCostly(issuer)) return "not-checkable";
    if (scheme.key !== "EC") return await verifyWith(scheme, scheme.import, subject.signatureValue, subject, issuer);
    const size = COORDINATE_BYTES.get(curve);
    if (size === undefined) return "not-checkable";
    const signature = toP1363(subject.signatureValue, size);
    if (signature === undefined) return "invalid";
    return await verifyWith(scheme, { ...scheme.import, namedCurve: curve }, signature, subject, issuer);
  } catch (error) {
    if (error instanceof ParseError) return "not-checkable";
    throw error;
  }
}

async function verifyWith(
  scheme: Scheme,
  importAs: Scheme["import"],
  signature: Uint8Array,
  subject: Certificate,
  issuer: Certificate,
): Promise<SignatureCheck> {
  const key = await importedKey(issuer, importAs);
  if (key === undefined) return "not-checkable";
  try {
    return (await crypto.subtle.verify(scheme.verify, key, signature, subject.tbs)) ? "valid" : "invalid";
  } catch {
    // The platform refuses the operation itself, for instance an RSA exponent it does not do.
    return "not-checkable";
  }
}

/**
 * Most that one check under an RSA key may cost: the square of the modulus' bits times the bits of the exponent, here those of 8192 bits
 * with 65537 as exponent, which take about half a millisecond. Public roots have 4096 bits at most. A certificate can hold a key of
 * 16384 bits, a chain a dozen of them, and a capture thousands of chains.
 */
const MAX_RSA_COST = 8192 ** 2 * 17;

/** Throws ParseError. */
function isCostly(issuer: Certificate): boolean {
  const numbers = rsaNumbers(issuer);
  if (numbers === undefined) return false;
  const { modulus, exponent } = numbers;
  return bitLength(modulus) ** 2 * bitLength(exponent) > MAX_RSA_COST;
}

/** Undefined when the platform refuses the key. */
function importedKey({ spki }: Certificate, algorithm: Scheme["import"]): Promise<ImportedKey | undefined> {
  const keys = KEYS.get(spki) ?? new Map<string, Promise<ImportedKey | undefined>>();
  KEYS.set(spki, keys);
  const name = JSON.stringify(algorithm);
  const key =
    keys.get(name) ?? crypto.subtle.importKey("spki", spki, algorithm, false, ["verify"]).catch(() => undefined);
  keys.set(name, key);
  return key;
}

/**
 * The parameters of the outer AlgorithmIdentifier; undefined when the signed copy inside differs (RFC 5280 section 4.1.1.2:
 * MUST be the same), so that nobody can swap the algorithm of an old signature.
 */
function signatureAlgorithm(certificate: Certificate): Cursor | undefined {
  const outer = readElement(new Cursor(certificate.der, "certificate"), TAG.sequence, "sequence");
  readElement(outer, TAG.sequence, "tbsCertificate");
  const outerBytes = readWhole(outer, TAG.sequence, "signatureAlgorithm");
  const tbs = readElement(new Cursor(certificate.tbs, "tbsCertificate"), TAG.sequence, "sequence");
  if (peekTag(tbs) === 0xa0) readElement(tbs, 0xa0, "version");
  readInteger(tbs, "serialNumber");
  const innerBytes = readWhole(tbs, TAG.sequence, "signature");
  if (!sameBytes(outerBytes, innerBytes)) return undefined;
  return readAlgorithm(new Cursor(outerBytes, "signatureAlgorithm"), "algorithm").parameters;
}

/** Undefined: not checkable. Names as in oids.ts; SHA-224 is missing in WebCrypto, MD5 and MD2 prove nothing. */
function schemeFor(signature: string, parameters: Cursor): Scheme | undefined {
  switch (signature) {
    case "sha1WithRSAEncryption":
      return rsa("SHA-1");
    case "sha256WithRSAEncryption":
      return rsa("SHA-256");
    case "sha384WithRSAEncryption":
      return rsa("SHA-384");
    case "sha512WithRSAEncryption":
      return rsa("SHA-512");
    case "RSASSA-PSS":
      return pss(parameters);
    case "ecdsa-with-SHA1":
      return ecdsa("SHA-1");
    case "ecdsa-with-SHA256":
      return ecdsa("SHA-256");
    case "ecdsa-with-SHA384":
      return ecdsa("SHA-384");
    case "ecdsa-with-SHA512":
      return ecdsa("SHA-512");
    case "Ed25519":
      return { key: "Ed25519", import: { name: "Ed25519" }, verify: { name: "Ed25519" } };
    default:
      return undefined;
  }
}

function rsa(hash: string): Scheme {
  const name = "RSASSA-PKCS1-v1_5";
  return { key: "RSA", import: { name, hash }, verify: { name } };
}

function ecdsa(hash: string): Scheme {
  return { key: "EC", import: { name: "ECDSA" }, verify: { name: "ECDSA", hash } };
}

/** RSASSA-PSS-params (RFC 4055 section 3.1): defaults SHA-1, MGF1 with SHA-1, salt of 20 bytes, trailer 1. Throws ParseError. */
function pss(parameters: Cursor): Scheme | undefined {
  const body = readElement(parameters, TAG.sequence, "parameters");
  let hash: string | undefined = "SHA-1";
  let maskHash: string | undefined = "SHA-1";
  let saltLength = 20;
  let trailer = 1;
  if (peekTag(body) === 0xa0) hash = HASHES.get(readAlgorithm(readElement(body, 0xa0, "hash"), "algorithm").oid);
  if (peekTag(body) === 0xa1) {
    const mask = readElement(readElement(body, 0xa1, "maskGen"), TAG.sequence, "sequence");
    const isMgf1 = readOid(mask, "algorithm") === "1.2.840.113549.1.1.8";
    maskHash = isMgf1 ? HASHES.get(readAlgorithm(mask, "hash").oid) : undefined;
  }
  if (peekTag(body) === 0xa2) saltLength = readSmallInteger(readElement(body, 0xa2, "saltLength"), "");
  if (peekTag(body) === 0xa3) trailer = readSmallInteger(readElement(body, 0xa3, "trailer"), "");
  body.end();
  // WebCrypto uses one hash for both, and the only trailer there is.
  if (hash === undefined || hash !== maskHash || trailer !== 1) return undefined;
  return { key: "RSA", import: { name: "RSA-PSS", hash }, verify: { name: "RSA-PSS", saltLength } };
}

/**
 * Does the key's curve have the field of P-256, P-384 or P-521 but another coefficient or generator? Nobody makes such a
 * curve except to give a public CA's key to a private key of his choice. An honest copy is only not checkable: RFC 5480
 * section 2.1.1 forbids explicit parameters, and we do not take them for the named curve. Throws ParseError.
 */
function bendsNamedCurve(issuer: Certificate): boolean {
  const spki = readElement(new Cursor(issuer.spki, "subjectPublicKeyInfo"), TAG.sequence, "sequence");
  // ECParameters (X9.62; RFC 3279 section 2.3.5): version, fieldID, curve, base, order.
  const parameters = readElement(readAlgorithm(spki, "algorithm").parameters, TAG.sequence, "ecParameters");
  readInteger(parameters, "version");
  const field = readElement(parameters, TAG.sequence, "fieldID");
  if (readOid(field, "fieldType") !== "1.2.840.10045.1.1") return false;
  const prime = toHex(readInteger(field, "prime"));
  const named = NAMED_CURVES.get(prime);
  if (named === undefined) return false;
  const curve = readElement(parameters, TAG.sequence, "curve");
  const number = () => toHex(readElement(curve, TAG.octetString, "coefficient").rest()).replace(/^(00)+/, "");
  const [a, b] = [number(), number()];
  const base = readElement(parameters, TAG.octetString, "base");
  base.u8("form");
  const generator = toHex(base.rest()).replace(/^(00)+/, "");
  return a !== `${prime.slice(0, -1)}c` || b !== named.b || !generator.startsWith(named.generatorX);
}

/** ECDSA-Sig-Value (RFC 3279 section 2.2.3) to r and s of `size` bytes each; undefined when it is none that fits. */
function toP1363(der: Uint8Array, size: number): Uint8Array | undefined {
  try {
    const outer = new Cursor(der, "signatureValue");
    const body = readElement(outer, TAG.sequence, "sequence");
    outer.end();
    const signature = new Uint8Array(2 * size);
    for (const [i, field] of ["r", "s"].entries()) {
      const number = readInteger(body, field);
      if (number.length > size) return undefined;
      signature.set(number, (i + 1) * size - number.length);
    }
    body.end();
    return signature;
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
