/**
 * DER elements read through a Cursor (X.690, and RFC 5280 for what certificates use). Owns tags, lengths, object
 * identifiers, times and character strings; knows nothing of certificates.
 *
 * Strict: definite lengths, single-byte tags, contents exactly filling their container. Tolerated, because OpenSSL 3 and
 * Node read it and such certificates exist: lengths in more bytes than needed, BOOLEAN true other than 0xff, padded or
 * negative INTEGERs, times without seconds or with an offset or a fraction, GeneralizedTime before 2050, characters outside
 * a string type's alphabet. Not tolerated although OpenSSL reads it: indefinite lengths, which no CA and no browser uses.
 */
import type { Cursor } from "../../bytes/cursor.ts";
import { toLatin1, toUtf8 } from "../../bytes/text.ts";

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Longest object identifier read. Those in use have 10 or so bytes, UUID-based ones (2.25.…) 20; conversion is quadratic. */
const MAX_OID_BYTES = 64;

/** The tag of the next element, or undefined at the end. */
export function peekTag(cursor: Cursor): number | undefined {
  return cursor.remaining > 0 ? cursor.bytes[cursor.position] : undefined;
}

/** The contents of the next element, which must have this tag. Throws ParseError. */
export function readElement(cursor: Cursor, tag: number, field: string): Cursor {
  const found = cursor.u8(field);
  if (found !== tag) throw cursor.fail("malformed", field, `tag ${hexByte(found)} where ${hexByte(tag)} belongs`);
  return cursor.sub(readLength(cursor, field), field);
}

/** Tag and contents of the next element, whatever it is. Throws ParseError. */
export function readAny(cursor: Cursor, field: string): { readonly tag: number; readonly body: Cursor } {
  const tag = cursor.u8(field);
  if ((tag & 0x1f) === 0x1f) throw cursor.fail("malformed", field, "tag in more than one byte");
  return { tag, body: cursor.sub(readLength(cursor, field), field) };
}

/** The next element, which must have this tag, as its bytes with tag and length. Throws ParseError. */
export function readWhole(cursor: Cursor, tag: number, field: string): Uint8Array {
  const start = cursor.position;
  readElement(cursor, tag, field);
  return cursor.bytes.subarray(start, cursor.position);
}

/** Bytes of an INTEGER without the leading zeros that only keep it positive; never empty. Throws ParseError. */
export function readInteger(cursor: Cursor, field: string): Uint8Array {
  const body = readElement(cursor, TAG.integer, field);
  if (body.remaining === 0) throw body.fail("malformed", "", "INTEGER without contents");
  const bytes = body.rest();
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  return bytes.subarray(start);
}

/** A non-negative INTEGER below 2^31, such as pathLenConstraint. Throws ParseError. */
export function readSmallInteger(cursor: Cursor, field: string): number {
  const bytes = readInteger(cursor, field);
  if (bytes.length > 4) throw cursor.fail("limit", field, "INTEGER of more than 31 bits");
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  if (value >= 2 ** 31) throw cursor.fail("limit", field, "INTEGER of more than 31 bits, or negative");
  return value;
}

export function readBoolean(cursor: Cursor, field: string): boolean {
  const body = readElement(cursor, TAG.boolean, field);
  const value = body.u8("");
  body.end();
  return value !== 0;
}

/** The bytes of a BIT STRING that holds whole bytes, as signatures and keys do. Throws ParseError. */
export function readBitString(cursor: Cursor, field: string): Uint8Array {
  const body = readElement(cursor, TAG.bitString, field);
  const unused = body.u8("unusedBits");
  if (unused !== 0) throw body.fail("malformed", "unusedBits", `${unused} unused bit(s) in a string of whole bytes`);
  return body.rest();
}

/** An OBJECT IDENTIFIER in dotted form. Throws ParseError. */
export function readOid(cursor: Cursor, field: string): string {
  const body = readElement(cursor, TAG.oid, field);
  const { bytes, position: first, limit } = body;
  const length = limit - first;
  if (length === 0) throw body.fail("malformed", "", "empty object identifier");
  if (length > MAX_OID_BYTES) throw body.fail("limit", "", `object identifier of ${length} bytes`);
  if ((at(bytes, limit - 1) & 0x80) !== 0) throw body.fail("malformed", "", "last arc does not end");
  // Nearly all in a certificate: attribute types (2.5.4) and extensions (2.5.29).
  if (length === 3 && at(bytes, first) === 0x55 && at(bytes, first + 1) < 0x80) {
    return `2.5.${at(bytes, first + 1)}.${at(bytes, first + 2)}`;
  }
  let text = "";
  let arc = 0;
  let start = first;
  for (let i = first; i < limit; i++) {
    const byte = at(bytes, i);
    if (byte === 0x80 && i === start) throw body.fail("malformed", "", "padded arc");
    arc = arc * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    const exact = arc <= Number.MAX_SAFE_INTEGER ? arc : bigArc(bytes.subarray(start, i + 1));
    text = text === "" ? firstArcs(exact) : `${text}.${exact}`;
    arc = 0;
    start = i + 1;
  }
  return text;
}

/**
 * UTCTime or GeneralizedTime (RFC 5280 section 4.1.2.5) in seconds since 1970-01-01T00:00:00Z, fractions cut off.
 * Two-digit years are 1950 to 2049. Throws ParseError, also for dates that no calendar has.
 */
export function readTime(cursor: Cursor, field: string): number {
  const { tag, body } = readAny(cursor, field);
  if (tag !== TAG.utcTime && tag !== TAG.generalizedTime)
    throw body.fail("malformed", "", `tag ${hexByte(tag)} is no time`);
  const fields = plainTime(body, tag) ?? oddTime(body, tag);
  const bad = () => body.fail("malformed", "", "not a time");
  if (fields === undefined) throw bad();
  const { month, day, hour, minute, second } = fields;
  const year = tag === TAG.utcTime ? fields.year + (fields.year < 50 ? 2000 : 1900) : fields.year;
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) throw bad();
  // 24:00:00 and leap seconds (60) are refused by OpenSSL too.
  if (hour > 23 || minute > 59 || second > 59) throw bad();
  return ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second - fields.offset;
}

/**
 * An attribute value of a name as text, for any ASN.1 string type; undefined for what is none. Control characters stay.
 * Throws ParseError for BMPString and UniversalString of a broken length.
 */
export function stringValue(tag: number, body: Cursor): string | undefined {
  switch (tag) {
    case TAG.utf8String:
      return asciiText(body) ?? toUtf8(body.rest());
    case 0x14: // TeletexString: Latin-1 in practice, as browsers and OpenSSL read it
    case 0x15: // VideotexString
    case 0x19: // GraphicString
    case 0x1b: // GeneralString
      return toLatin1(body.rest());
    case 0x12: // NumericString
    case TAG.printableString:
    case 0x16: // IA5String
    case 0x1a: {
      // VisibleString. Only ASCII is allowed in these; what sloppy software puts there is UTF-8 or Latin-1.
      const ascii = asciiText(body);
      if (ascii !== undefined) return ascii;
      const bytes = body.rest();
      const text = toUtf8(bytes);
      return text.includes("\ufffd") ? toLatin1(bytes) : text;
    }
    case 0x1e: // BMPString
      if (body.remaining % 2 !== 0) throw body.fail("malformed", "", "BMPString of an odd length");
      return wideText(body.rest(), 2);
    case 0x1c: // UniversalString
      if (body.remaining % 4 !== 0)
        throw body.fail("malformed", "", "UniversalString of a length not divisible by four");
      return wideText(body.rest(), 4);
    default:
      return undefined;
  }
}

/** Are two encodings the same, byte for byte? */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

/** A byte of an element's contents, within the bounds that its cursor checked. */
function at(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}

interface TimeFields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Seconds east of UTC. */
  readonly offset: number;
}

/** The only forms RFC 5280 allows, `YYMMDDHHMMSSZ` and `YYYYMMDDHHMMSSZ`, without a regular expression: this runs twice per certificate. */
function plainTime(body: Cursor, tag: number): TimeFields | undefined {
  const { bytes, limit } = body;
  const length = tag === TAG.utcTime ? 13 : 15;
  if (body.remaining !== length || at(bytes, limit - 1) !== 0x5a) return undefined;
  for (let i = body.position; i < limit - 1; i++) if (at(bytes, i) < 0x30 || at(bytes, i) > 0x39) return undefined;
  const pair = (fromEnd: number) => at(bytes, limit - fromEnd) * 10 + at(bytes, limit - fromEnd + 1) - 528;
  const year = length === 13 ? pair(13) : pair(15) * 100 + pair(13);
  return { year, month: pair(11), day: pair(9), hour: pair(7), minute: pair(5), second: pair(3), offset: 0 };
}

const ODD_UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})$/;
const ODD_GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:\.\d+)?)?(Z|[+-]\d{4})$/;

function oddTime(body: Cursor, tag: number): TimeFields | undefined {
  const parts = (tag === TAG.utcTime ? ODD_UTC_TIME : ODD_GENERALIZED_TIME).exec(toLatin1(body.rest()));
  if (parts === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = parts.slice(1, 6).map(Number);
  const second = Number(parts[6] ?? 0);
  const zone = parts[7] ?? "Z";
  const east = zone === "Z" ? 0 : Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(3, 5)) * 60;
  return { year, month, day, hour, minute, second, offset: zone.startsWith("-") ? -east : east };
}

function readLength(cursor: Cursor, field: string): number {
  const first = cursor.u8(field);
  if (first < 0x80) return first;
  if (first === 0x80) throw cursor.fail("malformed", field, "indefinite length");
  let length = 0;
  for (let i = first & 0x7f; i > 0; i--) {
    length = length * 256 + cursor.u8(field);
    if (length >= 2 ** 31) throw cursor.fail("malformed", field, "length of 2 GiB or more");
  }
  return length;
}

function hexByte(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}

function bigArc(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 7n) | BigInt(byte & 0x7f), 0n);
}

/** The first number of the encoding holds two arcs: 40 × first + second, first at most 2 (X.690 section 8.19.4). */
function firstArcs(value: number | bigint): string {
  if (typeof value === "bigint") return `2.${value - 80n}`;
  return value < 80 ? `${Math.trunc(value / 40)}.${value % 40}` : `2.${value - 80}`;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Proleptic Gregorian, years from 0. Years begin in March here, so that the leap day comes last. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const dayOfYear = Math.trunc((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719468;
}

/** The rest of `body` when it is ASCII; nothing is read otherwise. */
function asciiText(body: Cursor): string | undefined {
  const { bytes, limit } = body;
  let text = "";
  for (let i = body.position; i < limit; i++) {
    const byte = at(bytes, i);
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  body.position = limit;
  return text;
}

function wideText(bytes: Uint8Array, width: 2 | 4): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += width) {
    let code = 0;
    for (let k = 0; k < width; k++) code = code * 256 + (bytes[i + k] as number);
    if (width === 2) text += String.fromCharCode(code);
    else text += code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  }
  return text;
}
