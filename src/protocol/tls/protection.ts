/**
 * RecordProtection: opens the protected records of one direction of a TLS 1.3 handshake, with the traffic secret that a key log
 * gave (RFC 8446 sections 5.2, 5.3 and 7.3). Owns keys, nonces and the count of records; the cryptography is a library's.
 */
import { sha256, sha384 } from "@noble/hashes/sha2.js";
import type { CHash } from "@noble/hashes/utils.js";
import { type Aead, ciphers } from "../ciphers.ts";
import { expandLabel } from "./expand-label.ts";
import { APPLICATION_DATA } from "./record.ts";

export interface Suite {
  readonly hash: CHash;
  readonly keyLength: number;
  readonly cipher: "gcm" | "chacha20poly1305" | "ccm" | "ccm8";
}

/** RFC 8446 appendix B.4. */
export const SUITES: ReadonlyMap<number, Suite> = new Map([
  [0x1301, { hash: sha256, keyLength: 16, cipher: "gcm" }],
  [0x1302, { hash: sha384, keyLength: 32, cipher: "gcm" }],
  [0x1303, { hash: sha256, keyLength: 32, cipher: "chacha20poly1305" }],
  [0x1304, { hash: sha256, keyLength: 16, cipher: "ccm" }],
  [0x1305, { hash: sha256, keyLength: 16, cipher: "ccm8" }],
]);

const NONCE_LENGTH = 12;

/** What was in a record: the type it hides, and the content without padding. */
export interface OpenedRecord {
  readonly type: number;
  readonly content: Uint8Array;
}

/** Opens the protected records of one direction, one after the other. */
export interface RecordOpener {
  /** True once it has opened a record: then it is the right key. */
  readonly proven: boolean;
  /** Opens the next record. `sealed`: its content as sent. Undefined when it was not protected with this key, or is not the next one. */
  open(sealed: Uint8Array): OpenedRecord | undefined;
  /** A record goes by that is not opened, where those count too (TLS 1.2). */
  pass?(): void;
}

export class RecordProtection implements RecordOpener {
  private readonly aead: Aead;
  private readonly key: Uint8Array;
  private readonly iv: Uint8Array;
  /** Records opened so far; the number of the next one. */
  private sequence = 0;

  private constructor(suite: Suite, aead: Aead, secret: Uint8Array) {
    this.aead = aead;
    this.key = expandLabel(suite.hash, secret, "key", suite.keyLength);
    this.iv = expandLabel(suite.hash, secret, "iv", NONCE_LENGTH);
  }

  /**
   * `secret`: a traffic secret. Undefined when the suite is not one of ours, the secret not one of the suite's, or the ciphers are
   * not loaded.
   */
  static of(cipherSuite: number, secret: Uint8Array): RecordProtection | undefined {
    const suite = SUITES.get(cipherSuite);
    const aead = suite && ciphers()?.[suite.cipher];
    if (suite === undefined || aead === undefined || secret.length !== suite.hash.outputLen) return undefined;
    return new RecordProtection(suite, aead, secret);
  }

  /** True once it has opened a record: then it is the right key. */
  get proven(): boolean {
    return this.sequence > 0;
  }

  /** Opens the next record. `sealed`: its content as sent. Undefined when it was not protected with this key, or is not the next one. */
  open(sealed: Uint8Array): OpenedRecord | undefined {
    const { length } = sealed;
    // The header as sent: RFC 8446 section 5.2 leaves no choice in it.
    const header = Uint8Array.of(APPLICATION_DATA, 3, 3, length >> 8, length & 0xff);
    let inner: Uint8Array;
    try {
      inner = this.aead(this.key, this.nonce(), header).decrypt(sealed);
    } catch {
      return undefined;
    }
    this.sequence++;
    let end = inner.length;
    while (end > 0 && inner[end - 1] === 0) end--;
    return end === 0 ? undefined : { type: inner[end - 1] as number, content: inner.subarray(0, end - 1) };
  }

  private nonce(): Uint8Array {
    const nonce = Uint8Array.from(this.iv);
    const view = new DataView(nonce.buffer);
    view.setUint32(NONCE_LENGTH - 4, view.getUint32(NONCE_LENGTH - 4) ^ this.sequence);
    return nonce;
  }
}
