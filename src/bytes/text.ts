/**
 * Bytes as text: hexadecimal and the two character sets that protocols use. Knows nothing of networks.
 */

const UTF8 = new TextDecoder("utf-8", { fatal: false });
const DIGITS = "0123456789abcdef";

/** Lower-case hexadecimal without separators. */
export function toHex(bytes: Uint8Array): string {
  // Decoded as a whole: a string put together piece by piece keeps its pieces (about 2 kB for a SHA-256).
  const codes = new Uint8Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    codes[2 * i] = DIGITS.charCodeAt(byte >> 4);
    codes[2 * i + 1] = DIGITS.charCodeAt(byte & 15);
  }
  return UTF8.decode(codes);
}

/** Reads hexadecimal; white space and colons are passed over. Throws RangeError on anything else (for tests and data). */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/[\s:]/g, "");
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) throw new RangeError("not hexadecimal");
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/** UTF-8; malformed sequences become U+FFFD, so hostile text never throws. */
export function toUtf8(bytes: Uint8Array): string {
  return UTF8.decode(bytes);
}

/** Arguments of one call; engines allow some 65 000. */
const MAX_ARGUMENTS = 4096;

/** One character per byte (ISO 8859-1). */
export function toLatin1(bytes: Uint8Array): string {
  if (bytes.length <= MAX_ARGUMENTS) return characters(bytes);
  let text = "";
  for (let at = 0; at < bytes.length; at += MAX_ARGUMENTS) text += characters(bytes.subarray(at, at + MAX_ARGUMENTS));
  return text;
}

/** As a whole, for the reason above; not spread: that walks through an iterator. */
function characters(bytes: Uint8Array): string {
  return String.fromCharCode.apply(undefined, bytes as unknown as number[]);
}
