/**
 * An X.509 certificate as a value (RFC 5280). Owns the shape and the parsing of one certificate; knows nothing of chains,
 * trust or where it came from.
 */
import { addressText } from "../../bytes/address.ts";
import type { ByteTable } from "../../bytes/byte-table.ts";
import { Cursor } from "../../bytes/cursor.ts";
import { ParseError } from "../../bytes/parse-error.ts";
import { toHex, toLatin1 } from "../../bytes/text.ts";
import {
  peekTag,
  readAny,
  readBitString,
  readBoolean,
  readElement,
  readInteger,
  readOid,
  readSmallInteger,
  readTime,
  readWhole,
  stringValue,
  TAG,
} from "./der.ts";
import { ATTRIBUTE_TYPES, CURVES, FIXED_KEYS, SIGNATURE_ALGORITHMS } from "./oids.ts";

/** One attribute of a distinguished name, in wire order. `type` is a short name (CN, O, OU, C, ST, L, emailAddress, DC, serialNumber …) or a dotted OID. */
export interface NameAttribute {
  readonly type: string;
  readonly value: string;
}

export interface DistinguishedName {
  /** Wire order (usually C first). Multi-valued RDNs are flattened in order. */
  readonly attributes: readonly NameAttribute[];
  /** RFC 4514-like for people: `CN=…, O=…, C=…`: reversed wire order as OpenSSL and browsers show it. */
  readonly text: string;
  /** The DER bytes, for exact comparison. */
  readonly der: Uint8Array;
}

export interface CertificateExtension {
  /** Dotted OID. */
  readonly oid: string;
  readonly critical: boolean;
  /** Content of extnValue's OCTET STRING. */
  readonly value: Uint8Array;
}

export interface Certificate {
  readonly der: Uint8Array;
  /** Lower-case hexadecimal of the serial number's bytes as encoded (a leading 00 is kept off). */
  readonly serial: string;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** Seconds since 1970-01-01T00:00:00Z; may be negative. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** dNSName and iPAddress entries of subjectAltName in wire order (lower case; addresses in text form). */
  readonly names: readonly string[];
  /** Human form: `RSA 2048`, `EC P-256`, `EC explicit parameters`, `Ed25519`, `DSA 1024`, `ML-DSA-44`, `unknown(<oid>)`. */
  readonly key: string;
  /** The SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** `sha256WithRSAEncryption`, `ecdsa-with-SHA384`, … or a dotted OID. */
  readonly signature: string;
  readonly signatureValue: Uint8Array;
  /** The signed bytes (TBSCertificate, DER). */
  readonly tbs: Uint8Array;
  /** In wire order. */
  readonly extensions: readonly CertificateExtension[];
  /** basicConstraints cA. */
  readonly isCa: boolean;
  /** keyIdentifier of authorityKeyIdentifier / subjectKeyIdentifier, hexadecimal. */
  readonly authorityKeyId?: string;
  readonly subjectKeyId?: string;
  /** Number of SCTs in the embedded SignedCertificateTimestampList (RFC 6962 section 3.3). */
  readonly embeddedScts: number;
}

/**
 * Reads one certificate (RFC 5280 section 4.1), whole: bytes left over are an error.
 *
 * Besides what der.ts lists, tolerated as OpenSSL and browsers tolerate it: empty names, an explicit `DEFAULT` value,
 * extensions and unique identifiers in a certificate that says v1, an unknown version, repeated extensions (the first
 * counts), attribute values that are no string (shown as `#` and hexadecimal). A known extension whose content is malformed
 * counts as absent, so that a sloppy certificate stays readable as evidence; without basicConstraints it is no CA.
 *
 * `names` were read before, and take in what is read: certificates of one issuer share its name. Signatures are not verified here.
 * Throws ParseError.
 */
export function parseCertificate(der: Uint8Array, names?: NameTable): Certificate {
  const outer = new Cursor(der, "");
  const certificate = readElement(outer, TAG.sequence, "certificate");
  outer.end();
  const tbsStart = certificate.position;
  const tbs = readElement(certificate, TAG.sequence, "tbsCertificate");
  const tbsBytes = der.subarray(tbsStart, certificate.position);
  const signature = readAlgorithm(certificate, "signatureAlgorithm").oid;
  const signatureValue = readBitString(certificate, "signatureValue");
  certificate.end();

  if (peekTag(tbs) === CONTEXT_0) readElement(tbs, CONTEXT_0, "version");
  const serial = toHex(readInteger(tbs, "serialNumber"));
  readElement(tbs, TAG.sequence, "signature");
  const issuer = readName(tbs, "issuer", names);
  const validity = readElement(tbs, TAG.sequence, "validity");
  const notBefore = readTime(validity, "notBefore");
  const notAfter = readTime(validity, "notAfter");
  validity.end();
  const subject = readName(tbs, "subject", names);
  const spki = readWhole(tbs, TAG.sequence, "subjectPublicKeyInfo");
  const key = describeKey(new Cursor(spki, "certificate.tbsCertificate.subjectPublicKeyInfo"));
  // issuerUniqueID and subjectUniqueID, [1] and [2] IMPLICIT BIT STRING: nobody uses them.
  for (const tag of [0x81, 0x82]) if (peekTag(tbs) === tag) readElement(tbs, tag, "uniqueId");
  const extensions = peekTag(tbs) === CONTEXT_3 ? readExtensions(readElement(tbs, CONTEXT_3, "extensions")) : [];
  tbs.end();

  const authorityKeyId = extensionValue(extensions, OID.authorityKeyIdentifier, readAuthorityKeyId);
  const subjectKeyId = extensionValue(extensions, OID.subjectKeyIdentifier, (value) =>
    toHex(readElement(value, TAG.octetString, "keyIdentifier").rest()),
  );
  return {
    der,
    serial,
    issuer,
    subject,
    notBefore,
    notAfter,
    names: extensionValue(extensions, OID.subjectAltName, readAltNames) ?? [],
    key,
    spki,
    signature: SIGNATURE_ALGORITHMS.get(signature) ?? signature,
    signatureValue,
    tbs: tbsBytes,
    extensions,
    isCa: extensionValue(extensions, OID.basicConstraints, readBasicConstraints)?.isCa ?? false,
    ...(authorityKeyId !== undefined && { authorityKeyId }),
    ...(subjectKeyId !== undefined && { subjectKeyId }),
    embeddedScts: extensionValue(extensions, OID.embeddedScts, countScts) ?? 0,
  };
}

/** What a certificate may be used for as an issuer (RFC 5280 sections 4.2.1.3 and 4.2.1.9); kept out of Certificate, as only path building asks. */
export interface IssuingRights {
  /** keyUsage keyCertSign; undefined without a keyUsage extension. */
  readonly keyCertSign?: boolean;
  /** Number of intermediates that may follow below it; undefined: any. */
  readonly pathLength?: number;
}

export function issuingRights(certificate: Certificate): IssuingRights {
  const pathLength = extensionValue(certificate.extensions, OID.basicConstraints, readBasicConstraints)?.pathLength;
  const keyCertSign = extensionValue(certificate.extensions, OID.keyUsage, readKeyCertSign);
  return { ...(keyCertSign !== undefined && { keyCertSign }), ...(pathLength !== undefined && { pathLength }) };
}

/** Arc of the CA/Browser Forum's policies, one of which every publicly trusted certificate asserts (Baseline Requirements 7.1.6.1). */
const BROWSER_FORUM = "2.23.140.1.";

/** Does it assert a policy of publicly trusted certificates? Anyone can write that. */
export function assertsPublicPolicy({ extensions }: Certificate): boolean {
  return (
    extensionValue(extensions, OID.certificatePolicies, readPolicies)?.some((oid) => oid.startsWith(BROWSER_FORUM)) ??
    false
  );
}

/**
 * Does authorityKeyIdentifier name the issuer's certificate by its issuer and serial number as well (RFC 5280 section 4.2.1.1)? Both
 * or neither stand in it.
 */
export function citesIssuerSerial({ extensions }: Certificate): boolean {
  return (
    extensionValue(extensions, OID.authorityKeyIdentifier, (value) => {
      const body = readElement(value, TAG.sequence, "sequence");
      const tags: (number | undefined)[] = [];
      while (body.remaining > 0) tags.push(readAny(body, "field").tag);
      return tags.includes(0xa1) && tags.includes(0x82);
    }) ?? false
  );
}

/** Modulus and exponent of an RSA key, without leading zeros; undefined for other kinds. Throws ParseError. */
export function rsaNumbers({
  key,
  spki,
}: Certificate): { readonly modulus: Uint8Array; readonly exponent: Uint8Array } | undefined {
  if (!key.startsWith("RSA")) return undefined;
  const body = readElement(new Cursor(spki, "subjectPublicKeyInfo"), TAG.sequence, "sequence");
  readAlgorithm(body, "algorithm");
  const bits = readElement(body, TAG.bitString, "subjectPublicKey");
  bits.u8("unusedBits");
  const numbers = readElement(bits, TAG.sequence, "rsaPublicKey");
  const modulus = readInteger(numbers, "modulus");
  return { modulus, exponent: readInteger(numbers, "exponent") };
}

/** AlgorithmIdentifier: the object identifier and the bytes of its parameters, if any. Throws ParseError. */
export function readAlgorithm(cursor: Cursor, field: string): { readonly oid: string; readonly parameters: Cursor } {
  const body = readElement(cursor, TAG.sequence, field);
  return { oid: readOid(body, "algorithm"), parameters: body };
}

/** `Certificate.key` for an EC key that brings its own curve. */
export const EXPLICIT_CURVE = "EC explicit parameters";

const CONTEXT_0 = 0xa0;
const CONTEXT_3 = 0xa3;

const OID = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  certificatePolicies: "2.5.29.32",
  authorityKeyIdentifier: "2.5.29.35",
  embeddedScts: "1.3.6.1.4.1.11129.2.4.2",
  rsa: "1.2.840.113549.1.1.1",
  rsaPss: "1.2.840.113549.1.1.10",
  dsa: "1.2.840.10040.4.1",
  ec: "1.2.840.10045.2.1",
} as const;

function readName(cursor: Cursor, field: string, names: NameTable | undefined): DistinguishedName {
  const start = cursor.position;
  const body = readElement(cursor, TAG.sequence, field);
  const known = names?.get(cursor.bytes, start, cursor.position);
  if (known !== undefined) return known;
  const der = cursor.bytes.subarray(start, cursor.position);
  if (names === undefined) return new ReadName(readAttributes(body), der);
  // Not slice(): on a Buffer that would be a view of the caller's memory. A name does not keep its certificate.
  const own = new Uint8Array(der);
  const name = new ReadName(readAttributes(body), own);
  names.add(own, name);
  return name;
}

function readAttributes(body: Cursor): NameAttribute[] {
  const attributes: NameAttribute[] = [];
  while (body.remaining > 0) {
    const set = readElement(body, TAG.set, "rdn");
    while (set.remaining > 0) {
      const pair = readElement(set, TAG.sequence, "attribute");
      const oid = readOid(pair, "type");
      const valueStart = pair.position;
      const { tag, body: content } = readAny(pair, "value");
      // RFC 4514 section 2.4 for what is no string.
      const value = stringValue(tag, content) ?? `#${toHex(pair.bytes.subarray(valueStart, pair.position))}`;
      pair.end();
      attributes.push({ type: ATTRIBUTE_TYPES.get(oid) ?? oid, value });
    }
  }
  return attributes;
}

/** Names by their DER. */
export type NameTable = ByteTable<DistinguishedName>;

/** A name whose text is made when somebody asks: most certificates of a large capture are never shown. */
class ReadName implements DistinguishedName {
  readonly attributes: readonly NameAttribute[];
  readonly der: Uint8Array;
  private shown: string | undefined;

  constructor(attributes: readonly NameAttribute[], der: Uint8Array) {
    this.attributes = attributes;
    this.der = der;
  }

  get text(): string {
    this.shown ??= nameText(this.attributes);
    return this.shown;
  }
}

/** Last attribute first, `, ` between; values escaped as in RFC 4514 section 2.4, so that a value cannot pass for attributes. */
function nameText(attributes: readonly NameAttribute[]): string {
  let text = "";
  for (const { type, value } of attributes) {
    const one = `${type}=${ESCAPED.test(value) ? escapeValue(value) : value}`;
    text = text === "" ? one : `${one}, ${text}`;
  }
  return text;
}

const ESCAPED = /[,+"\\<>;]|^[ #]| $/;

function escapeValue(value: string): string {
  return value.replace(/[,+"\\<>;]|^[ #]| $/g, "\\$&");
}

function readExtensions(cursor: Cursor): CertificateExtension[] {
  const list = readElement(cursor, TAG.sequence, "list");
  cursor.end();
  const extensions: CertificateExtension[] = [];
  while (list.remaining > 0) {
    const body = readElement(list, TAG.sequence, "extension");
    const oid = readOid(body, "extnID");
    const critical = peekTag(body) === TAG.boolean ? readBoolean(body, "critical") : false;
    const value = readElement(body, TAG.octetString, "extnValue").rest();
    body.end();
    extensions.push({ oid, critical, value });
  }
  return extensions;
}

/** What `read` makes of the first extension with this OID; undefined when there is none or its content is malformed. */
function extensionValue<T>(
  extensions: readonly CertificateExtension[],
  oid: string,
  read: (value: Cursor) => T,
): T | undefined {
  for (const extension of extensions) {
    if (extension.oid !== oid) continue;
    try {
      return read(new Cursor(extension.value, oid));
    } catch (error) {
      if (error instanceof ParseError) return undefined;
      throw error;
    }
  }
  return undefined;
}

/** RFC 3279 section 2.3, RFC 5480, RFC 8410. The key bytes are read only as far as the description needs. */
function describeKey(spki: Cursor): string {
  const body = readElement(spki, TAG.sequence, "sequence");
  const { oid, parameters } = readAlgorithm(body, "algorithm");
  const bits = readElement(body, TAG.bitString, "subjectPublicKey");
  body.end();
  bits.u8("unusedBits");
  switch (oid) {
    case OID.rsa:
    case OID.rsaPss: {
      const key = readElement(bits, TAG.sequence, "rsaPublicKey");
      return `${oid === OID.rsa ? "RSA" : "RSA-PSS"} ${bitLength(readInteger(key, "modulus"))}`;
    }
    case OID.dsa: {
      // The parameters may be inherited from the issuer (RFC 3279 section 2.3.2).
      if (peekTag(parameters) !== TAG.sequence) return "DSA";
      return `DSA ${bitLength(readInteger(readElement(parameters, TAG.sequence, "parameters"), "p"))}`;
    }
    case OID.ec: {
      // Explicit parameters may describe any curve, one chosen by a forger included (CVE-2020-0601); they are never
      // compared with a named curve, and RFC 5480 section 2.1.1 forbids them.
      if (peekTag(parameters) !== TAG.oid) return EXPLICIT_CURVE;
      const curve = readOid(parameters, "namedCurve");
      return `EC ${CURVES.get(curve) ?? `unknown(${curve})`}`;
    }
    default:
      return FIXED_KEYS.get(oid) ?? `unknown(${oid})`;
  }
}

/** `bytes` without leading zeros, as readInteger gives them. */
export function bitLength(bytes: Uint8Array): number {
  const first = bytes[0] ?? 0;
  return (bytes.length - 1) * 8 + (32 - Math.clz32(first));
}

/** RFC 5280 section 4.2.1.9. */
function readBasicConstraints(value: Cursor): { readonly isCa: boolean; readonly pathLength?: number } {
  const body = readElement(value, TAG.sequence, "sequence");
  const isCa = peekTag(body) === TAG.boolean ? readBoolean(body, "cA") : false;
  return peekTag(body) === TAG.integer ? { isCa, pathLength: readSmallInteger(body, "pathLength") } : { isCa };
}

/** keyCertSign is bit 5, counted from the most significant (RFC 5280 section 4.2.1.3). */
function readKeyCertSign(value: Cursor): boolean {
  const bits = readElement(value, TAG.bitString, "keyUsage");
  bits.u8("unusedBits");
  return bits.remaining > 0 && (bits.u8("bits") & 0x04) !== 0;
}

/** RFC 5280 section 4.2.1.1: keyIdentifier is [0] IMPLICIT and optional. */
function readAuthorityKeyId(value: Cursor): string | undefined {
  const body = readElement(value, TAG.sequence, "sequence");
  return peekTag(body) === 0x80 ? toHex(readElement(body, 0x80, "keyIdentifier").rest()) : undefined;
}

/** RFC 5280 section 4.2.1.6: dNSName is [2], iPAddress [7]; the other kinds are passed over. */
function readAltNames(value: Cursor): string[] {
  const body = readElement(value, TAG.sequence, "sequence");
  const names: string[] = [];
  while (body.remaining > 0) {
    const { tag, body: content } = readAny(body, "generalName");
    if (tag === 0x82) names.push(toLatin1(content.rest()).toLowerCase());
    if (tag === 0x87) names.push(ipText(content.rest()));
  }
  return names;
}

/** RFC 5280 section 4.2.1.4: the policies' identifiers, without their qualifiers. */
function readPolicies(value: Cursor): string[] {
  const policies = readElement(value, TAG.sequence, "policies");
  const oids: string[] = [];
  while (policies.remaining > 0) oids.push(readOid(readElement(policies, TAG.sequence, "policy"), "identifier"));
  return oids;
}

/** RFC 6962 section 3.3: the extension holds an OCTET STRING that holds a TLS vector of TLS vectors. */
function countScts(value: Cursor): number {
  const string = readElement(value, TAG.octetString, "list");
  const list = string.sub(string.u16("length"), "entries");
  let count = 0;
  for (; list.remaining > 0; count++) list.take(list.u16("length"), "sct");
  return count;
}

/** Dotted quad, or RFC 5952 text. Other lengths, which some software writes, stay visible: `invalid(…hex…)`. */
function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return `invalid(${toHex(bytes)})`;
  const word = new Cursor(bytes, "iPAddress");
  return addressText(6, word.u32("0"), word.u32("1"), word.u32("2"), word.u32("3"));
}
