/**
 * Makes certificates for tests: a small DER writer, and node:crypto for keys and signatures. Every field can be bent, which
 * is the point: no library issues broken certificates.
 */
import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { fromHex } from "../../src/bytes/text.ts";

/** One DER element; `contents` are put one after the other. */
export function tlv(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, part) => sum + part.length, 0);
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : length < 0x10000
          ? [tag, 0x82, length >> 8, length & 0xff]
          : [tag, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
  const out = new Uint8Array(header.length + length);
  out.set(header);
  let at = header.length;
  for (const part of contents) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const sequence = (...contents: readonly Uint8Array[]) => tlv(0x30, ...contents);
export const ascii = (tag: number, text: string) => tlv(tag, new TextEncoder().encode(text));

export function oid(dotted: string): Uint8Array {
  const [first = 0n, second = 0n, ...rest] = dotted.split(".").map(BigInt);
  const bytes: number[] = [];
  for (const arc of [first * 40n + second, ...rest]) {
    const groups = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) groups.unshift(Number(left & 0x7fn) | 0x80);
    bytes.push(...groups);
  }
  return tlv(0x06, Uint8Array.from(bytes));
}

/** A name of one CN, or of the elements given. */
export function name(cn: string | readonly Uint8Array[]): Uint8Array {
  if (typeof cn !== "string") return sequence(...cn);
  return sequence(tlv(0x31, sequence(oid("2.5.4.3"), ascii(0x0c, cn))));
}

export function extension(id: string, value: Uint8Array, critical = false): Uint8Array {
  const flag = critical ? [tlv(0x01, Uint8Array.of(0xff))] : [];
  return sequence(oid(id), ...flag, tlv(0x04, value));
}

export const altNames = (...entries: readonly Uint8Array[]) => extension("2.5.29.17", sequence(...entries));
export const caExtension = (pathLength?: number) =>
  extension(
    "2.5.29.19",
    sequence(
      tlv(0x01, Uint8Array.of(0xff)),
      ...(pathLength === undefined ? [] : [tlv(0x02, Uint8Array.of(pathLength))]),
    ),
    true,
  );
/** keyUsage with or without keyCertSign (bit 5). */
export const keyUsage = (certSign: boolean) =>
  extension("2.5.29.15", tlv(0x03, Uint8Array.of(1, certSign ? 0x06 : 0x80)));
export const subjectKeyId = (hex: string) => extension("2.5.29.14", tlv(0x04, fromHex(hex)));
export const authorityKeyId = (hex: string) => extension("2.5.29.35", sequence(tlv(0x80, fromHex(hex))));

export interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export const ecKeys = (namedCurve = "P-256"): Keys => generateKeyPairSync("ec", { namedCurve });
export const rsaKeys = (modulusLength = 2048): Keys => generateKeyPairSync("rsa", { modulusLength });
export const spkiOf = (keys: Keys): Uint8Array =>
  Uint8Array.from(keys.publicKey.export({ type: "spki", format: "der" }));

/** AlgorithmIdentifier and how node:crypto makes such a signature. */
export interface Algorithm {
  readonly identifier: Uint8Array;
  readonly sign: (tbs: Uint8Array, key: KeyObject) => Uint8Array;
}

const NULL = tlv(0x05);
const algorithm = (id: string, hash: string | null, ...parameters: readonly Uint8Array[]): Algorithm => ({
  identifier: sequence(oid(id), ...parameters),
  sign: (tbs, key) => Uint8Array.from(sign(hash, tbs, key)),
});

const sha256 = sequence(oid("2.16.840.1.101.3.4.2.1"), NULL);

export const ALGORITHMS = {
  rsaMd5: algorithm("1.2.840.113549.1.1.4", "md5", NULL),
  rsaSha1: algorithm("1.2.840.113549.1.1.5", "sha1", NULL),
  rsaSha224: algorithm("1.2.840.113549.1.1.14", "sha224", NULL),
  rsaSha256: algorithm("1.2.840.113549.1.1.11", "sha256", NULL),
  rsaSha384: algorithm("1.2.840.113549.1.1.12", "sha384", NULL),
  rsaSha512: algorithm("1.2.840.113549.1.1.13", "sha512", NULL),
  ecdsaSha1: algorithm("1.2.840.10045.4.1", "sha1"),
  ecdsaSha256: algorithm("1.2.840.10045.4.3.2", "sha256"),
  ecdsaSha384: algorithm("1.2.840.10045.4.3.3", "sha384"),
  ecdsaSha512: algorithm("1.2.840.10045.4.3.4", "sha512"),
  ed25519: algorithm("1.3.101.112", null),
  ed448: algorithm("1.3.101.113", null),
  pssSha256: {
    identifier: sequence(
      oid("1.2.840.113549.1.1.10"),
      sequence(
        tlv(0xa0, sha256),
        tlv(0xa1, sequence(oid("1.2.840.113549.1.1.8"), sha256)),
        tlv(0xa2, tlv(0x02, Uint8Array.of(32))),
      ),
    ),
    sign: (tbs: Uint8Array, key: KeyObject) =>
      Uint8Array.from(sign("sha256", tbs, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })),
  },
} as const satisfies Record<string, Algorithm>;

export interface Recipe {
  readonly subject: string | readonly Uint8Array[];
  readonly issuer: string | readonly Uint8Array[];
  /** The key that signs. */
  readonly signer: Keys;
  /** The key in the certificate; the signer's when absent. */
  readonly keys?: Keys;
  readonly spki?: Uint8Array;
  readonly algorithm?: Algorithm;
  /** The AlgorithmIdentifier outside, when it shall differ from the signed one. */
  readonly outerIdentifier?: Uint8Array;
  /** UTCTime texts. */
  readonly dates?: readonly [string, string];
  /** Elements of Validity instead of `dates`. */
  readonly validity?: readonly Uint8Array[];
  readonly serial?: Uint8Array;
  readonly version?: number;
  readonly extensions?: readonly Uint8Array[];
}

/** The DER of a certificate made by the recipe. Valid 2015 to 2045 unless told otherwise. */
export function makeCertificate(recipe: Recipe): Uint8Array {
  const chosen = recipe.algorithm ?? ALGORITHMS.ecdsaSha256;
  const [from, to] = recipe.dates ?? ["150101000000Z", "450101000000Z"];
  const version = recipe.version ?? 2;
  const tbs = sequence(
    ...(version === 0 ? [] : [tlv(0xa0, tlv(0x02, Uint8Array.of(version)))]),
    tlv(0x02, recipe.serial ?? Uint8Array.of(1)),
    chosen.identifier,
    name(recipe.issuer),
    sequence(...(recipe.validity ?? [ascii(0x17, from), ascii(0x17, to)])),
    name(recipe.subject),
    recipe.spki ?? spkiOf(recipe.keys ?? recipe.signer),
    ...(recipe.extensions === undefined ? [] : [tlv(0xa3, sequence(...recipe.extensions))]),
  );
  const signature = chosen.sign(tbs, recipe.signer.privateKey);
  return sequence(tbs, recipe.outerIdentifier ?? chosen.identifier, tlv(0x03, Uint8Array.of(0), signature));
}

export interface Authority {
  readonly keys: Keys;
  /** Its own, self-signed. */
  readonly certificate: Uint8Array;
  /** A certificate of its making for a host, on a key of the host's own; whatever shall differ in `given`. */
  leaf(host: string, given?: Partial<Recipe>): Uint8Array;
}

export function authority(name: string): Authority {
  const keys = ecKeys();
  return {
    keys,
    certificate: makeCertificate({ subject: name, issuer: name, signer: keys, extensions: [caExtension()] }),
    leaf: (host, given) =>
      makeCertificate({
        subject: host,
        issuer: name,
        signer: keys,
        keys: ecKeys(),
        extensions: [altNames(ascii(0x82, host))],
        ...given,
      }),
  };
}

/** The same as a PEM text. */
export function pem(der: Uint8Array): string {
  const base64 = Buffer.from(der)
    .toString("base64")
    .replace(/(.{64})/g, "$1\n");
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}
