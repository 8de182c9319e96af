/** HKDF-Expand-Label with an empty context (RFC 8446 section 7.1), as TLS 1.3 and QUIC derive their keys. Knows nothing of either. */
import { expand } from "@noble/hashes/hkdf.js";
import type { CHash } from "@noble/hashes/utils.js";

/** `label` without its prefix `tls13 `. */
export function expandLabel(hash: CHash, secret: Uint8Array, label: string, length: number): Uint8Array {
  const text = new TextEncoder().encode(`tls13 ${label}`);
  return expand(hash, secret, Uint8Array.of(length >> 8, length & 0xff, text.length, ...text, 0), length);
}
