/**
 * What a file that is no capture we read looks like, for the error message. Owns signatures of other formats; reads nothing
 * beyond the first bytes and decides nothing.
 */
import { toLatin1 } from "../bytes/text.ts";

interface Signature {
  readonly looksLike: string;
  /** The file's beginning, one character per byte. */
  readonly bytes: string;
}

/** Captures and traces: Wireshark's wiretap/*.c. Archives and compressors: their specifications. */
const SIGNATURES: readonly Signature[] = [
  { looksLike: "an AIX iptrace capture", bytes: "iptrace " },
  { looksLike: "a Sniffer capture", bytes: "TRSNIFF data" },
  { looksLike: "a NetXRay or Windows Sniffer capture", bytes: "XCP\0" },
  { looksLike: "zstd-compressed", bytes: "\x28\xb5\x2f\xfd" },
  { looksLike: "lz4-compressed", bytes: "\x04\x22\x4d\x18" },
  { looksLike: "xz-compressed", bytes: "\xfd7zXZ\0" },
  { looksLike: "bzip2-compressed", bytes: "BZh" },
  { looksLike: "a zip archive", bytes: "PK\x03\x04" },
  { looksLike: "a 7-Zip archive", bytes: "7z\xbc\xaf\x27\x1c" },
  { looksLike: "a Windows cabinet", bytes: "MSCF" },
];

/** Enough for every signature, the longest being that of a Windows event trace (4 bytes at 72). */
export const SNIFF_LENGTH = 76;

/**
 * Names what `head`, the first bytes of a file (SNIFF_LENGTH unless it is shorter), looks like: `text`, `a Sniffer capture`,
 * `an .etl trace (Windows Event Trace Log)`, `zstd-compressed`, …; undefined when nothing fits.
 */
export function looksLike(head: Uint8Array): string | undefined {
  if (head.length === 0) return "an empty file (0 bytes)";
  const text = toLatin1(head);
  const found = SIGNATURES.find(({ bytes }) => text.startsWith(bytes));
  if (found !== undefined) return found.looksLike;
  if (isEventTrace(head)) return "an .etl trace (Windows Event Trace Log)";
  if (/^(\xff\xfe|\xfe\xff|\xef\xbb\xbf)/.test(text) || /^[\t\n\f\r\x20-\x7e\x80-\xff]+$/.test(text)) return "text";
  return undefined;
}

/**
 * An event trace begins with a 72-byte buffer header whose first field is the buffer's size, a power of 2, and then a system
 * trace header: version, type 1 (32-bit) or 2 (64-bit), flags 0xc0 (WMI_BUFFER_HEADER and SYSTEM_TRACE_HEADER, ntwmi.h).
 */
function isEventTrace(head: Uint8Array): boolean {
  if (head.length < SNIFF_LENGTH) return false;
  const size = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
  const powerOfTwo = size >= 1024 && size <= 1 << 24 && (size & (size - 1)) === 0;
  return powerOfTwo && (head[74] === 1 || head[74] === 2) && head[75] === 0xc0;
}
