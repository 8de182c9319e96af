/**
 * Seals as TLS 1.3 and QUIC do (RFC 8446 section 5.2, RFC 9001 section 5.3), with node:crypto, behind which stands OpenSSL.
 * Independent of src/protocol on purpose: a shared mistake would hide itself.
 */
import { createCipheriv, createHmac } from "node:crypto";
import { concat, ints } from "./capture-writer.ts";
import { text } from "./packets.ts";

export type Hash = "sha256" | "sha384";
export type Aead = "aes-128-gcm" | "aes-256-gcm" | "aes-128-ccm" | "chacha20-poly1305";

export const hmac = (hash: Hash, key: Uint8Array, data: Uint8Array): Uint8Array =>
  Uint8Array.from(createHmac(hash, key).update(data).digest());

/** HKDF-Expand-Label without a context (RFC 8446 section 7.1), of at most one hash. */
export function expandLabel(hash: Hash, secret: Uint8Array, label: string, length: number): Uint8Array {
  const name = text(`tls13 ${label}`);
  return hmac(hash, secret, concat(ints(true, [length, 2], [name.length, 1]), name, Uint8Array.of(0, 1))).subarray(
    0,
    length,
  );
}

export interface Sealing {
  readonly cipher: Aead;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  /** Number of the record or packet; at most 255. */
  readonly number: number;
  readonly tagLength?: number;
}

/** Header, content under protection, tag. */
export function seal(
  { cipher, key, iv, number, tagLength = 16 }: Sealing,
  header: Uint8Array,
  content: Uint8Array,
): Uint8Array {
  const nonce = Uint8Array.from(iv);
  nonce[11] = (nonce[11] as number) ^ number;
  const box = createCipheriv(cipher as "aes-128-ccm", key, nonce, { authTagLength: tagLength });
  box.setAAD(header, { plaintextLength: content.length });
  return concat(header, box.update(content), box.final(), box.getAuthTag());
}
