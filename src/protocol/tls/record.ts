/**
 * The TLS record header (RFC 5246 section 6.2.1, RFC 8446 section 5.1) and the SSLv2 header of a hello (RFC 5246 appendix E.2):
 * what bytes can be one. Pure tests on bytes; knows nothing of streams or of what is inside a record.
 */

export const CHANGE_CIPHER_SPEC = 20;
export const ALERT = 21;
export const HANDSHAKE = 22;
export const APPLICATION_DATA = 23;
const HEARTBEAT = 24;

/** Content type, version, length. */
export const RECORD_HEADER = 5;

/** RFC 5246 section 6.2.3: 2^14 + 2048, the most of any version; RFC 8446 section 5.2 allows 2^14 + 256. */
const MAX_CIPHERTEXT = 16384 + 2048;

/** While in step: some SSL 3.0 and TLS 1.0 stacks send twice as much (OpenSSL reads it: SSL3_RT_MAX_EXTRA = 16384). */
export const MAX_RECORD = MAX_CIPHERTEXT + 16384;

export function isContentType(type: number): boolean {
  return type >= CHANGE_CIPHER_SPEC && type <= HEARTBEAT;
}

/** SSL 3.0 to TLS 1.3, and 0x0101 of GB/T 38636 (TLCP), whose records are the same. */
export function isRecordVersion(version: number): boolean {
  return (version >= 0x0300 && version <= 0x0304) || version === 0x0101;
}

/**
 * A header strict enough to find one's place again: no empty record, no length beyond the RFC, a length that fits the type
 * (a protected alert has at least a 16-byte MAC or tag).
 */
export function isLikelyHeader(type: number, version: number, length: number): boolean {
  if (!isContentType(type) || !isRecordVersion(version)) return false;
  if (type === CHANGE_CIPHER_SPEC) return length === 1;
  if (type === ALERT) return length === 2 || (length >= 18 && length <= 256);
  return length >= 1 && length <= MAX_CIPHERTEXT;
}

export type FirstBytes = "tls" | "sslv2-client-hello" | "sslv2-server-hello" | "no" | "need-more";

/** Longest input `firstBytes` needs to decide: the fixed fields of an SSLv2 ServerHello. */
export const FIRST_BYTES = 13;

/** What the first bytes of a direction, `bytes[start..end)`, begin: decides as early as they allow, at the latest with `FIRST_BYTES` of them. */
export function firstBytes(bytes: Uint8Array, start = 0, end = bytes.length): FirstBytes {
  const length = end - start;
  if (length <= 0) return "need-more";
  const at = (index: number) => bytes[start + index] as number;
  const first = at(0);
  if (first >= 0x80) return sslv2FirstBytes(bytes.subarray(start, end));
  if (!isContentType(first)) return "no";
  if (length < 2) return "need-more";
  if (at(1) !== 3 && at(1) !== 1) return "no";
  if (length < 3) return "need-more";
  if (!isRecordVersion((at(1) << 8) | at(2))) return "no";
  if (length < RECORD_HEADER) return "need-more";
  return ((at(3) << 8) | at(4)) <= MAX_RECORD ? "tls" : "no";
}

/** RFC 5246 appendix E.2 and the SSL 2.0 specification: the three lengths inside must add up to the record's length. */
function sslv2FirstBytes(bytes: Uint8Array): FirstBytes {
  const at = (index: number) => bytes[index] as number;
  const u16 = (index: number) => (at(index) << 8) | at(index + 1);
  const length = bytes.length;
  if (length < 3) return "need-more";
  const record = u16(0) & 0x7fff;
  if (at(2) === 1) {
    if (length > 3 && at(3) !== 3 && at(3) !== 0) return "no";
    if (length < 11) return "need-more";
    if (u16(3) !== 0x0002 && !isRecordVersion(u16(3))) return "no";
    const fits = 9 + u16(5) + u16(7) + u16(9) === record;
    return fits && u16(5) > 0 && u16(5) % 3 === 0 ? "sslv2-client-hello" : "no";
  }
  if (at(2) === 4) {
    if (length > 3 && at(3) > 1) return "no";
    if (length < 13) return "need-more";
    if (u16(5) !== 0x0002) return "no";
    return 11 + u16(7) + u16(9) + u16(11) === record && u16(9) % 3 === 0 ? "sslv2-server-hello" : "no";
  }
  return "no";
}
