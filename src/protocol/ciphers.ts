/**
 * Ciphers of TLS 1.3 and QUIC, and Brotli, loaded when a capture first needs them: their tables take 10 to 30 ms to make, and
 * most captures need none. The cryptography is a library's; knows nothing of protocols.
 */
import { type AesModes, openCcm } from "./ccm.ts";

/** An AEAD for one message: `decrypt` throws when the tag does not fit. */
export type Aead = (
  key: Uint8Array,
  nonce: Uint8Array,
  header: Uint8Array,
) => { decrypt(sealed: Uint8Array): Uint8Array };

export interface Ciphers {
  readonly gcm: Aead;
  readonly chacha20poly1305: Aead;
  /** AES-CCM with a tag of 16 bytes, and of 8. */
  readonly ccm: Aead;
  readonly ccm8: Aead;
  /** AES of one block. */
  readonly block: (key: Uint8Array, block: Uint8Array) => Uint8Array;
  /** The first bytes of one block of ChaCha20's stream; undefined for a block that the library does not count to. */
  readonly chacha20: (key: Uint8Array, nonce: Uint8Array, counter: number) => Uint8Array | undefined;
  /** Throws when `packed` is damaged or does not fit into `length` bytes. */
  readonly brotli: (packed: Uint8Array, length: number) => Uint8Array;
}

/** The library does not let its counter of blocks run over. */
const LAST_BLOCK = 0xffffffff;

let loaded: Ciphers | undefined;

/** To be awaited before anything is opened. */
export async function loadCiphers(): Promise<void> {
  if (loaded !== undefined) return;
  const [aes, chacha, brotli] = await Promise.all([
    import("@noble/ciphers/aes.js"),
    import("@noble/ciphers/chacha.js"),
    import("brotli/decompress.js"),
  ]);
  const modes: AesModes = {
    ctr: (key, counter, data) => aes.ctr(key, counter).encrypt(data),
    cbc: (key, data) => aes.cbc(key, new Uint8Array(16), { disablePadding: true }).encrypt(data),
  };
  const ccm =
    (tagLength: number): Aead =>
    (key, nonce, header) => ({ decrypt: (sealed) => openCcm(modes, tagLength, key, nonce, header, sealed) });
  loaded = {
    gcm: aes.gcm,
    chacha20poly1305: chacha.chacha20poly1305,
    ccm: ccm(16),
    ccm8: ccm(8),
    block: (key, block) => aes.ecb(key, { disablePadding: true }).encrypt(block),
    chacha20: (key, nonce, counter) =>
      counter < LAST_BLOCK ? chacha.chacha20(key, nonce, new Uint8Array(16), undefined, counter) : undefined,
    brotli: brotli.decompress,
  };
}

/** Undefined while they are not loaded. */
export function ciphers(): Ciphers | undefined {
  return loaded;
}
