/**
 * Bytes as text: hexadecimal and the two character sets that protocols use. Knows nothing of networks.
 */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower-case hexadecimal without separators. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Reads hexadecimal; white space and colons are passed over. Throws RangeError on anything else (for tests and data). */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/[\s:]/g, "");
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) throw new RangeError("not hexadecimal");
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

const UTF8 = new TextDecoder("utf-8", { fatal: false });

/** UTF-8; malformed sequences become U+FFFD, so hostile text never throws. */
export function toUtf8(bytes: Uint8Array): string {
  return UTF8.decode(bytes);
}

/** One character per byte (ISO 8859-1). */
export function toLatin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
