/**
 * RecordProtection12: opens the protected records of one direction of a TLS 1.2 connection, with the master secret that a key log
 * gave: the suites of AES-GCM (RFC 5288) and ChaCha20-Poly1305 (RFC 7905). Owns keys, nonces and the count of records; the
 * cryptography is a library's. Suites of CBC and CCM are not opened: nothing that carries media offers them alone.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha384 } from "@noble/hashes/sha2.js";
import type { CHash } from "@noble/hashes/utils.js";
import { type Aead, ciphers } from "../ciphers.ts";
import type { OpenedRecord, RecordOpener } from "./protection.ts";
import { APPLICATION_DATA } from "./record.ts";

interface Suite {
  readonly hash: CHash;
  readonly keyLength: number;
  readonly cipher: "gcm" | "chacha20poly1305";
}

const AES_128: Suite = { hash: sha256, keyLength: 16, cipher: "gcm" };
const AES_256: Suite = { hash: sha384, keyLength: 32, cipher: "gcm" };
const CHACHA20: Suite = { hash: sha256, keyLength: 32, cipher: "chacha20poly1305" };

/** RFC 5288 section 3: of the nonce, what is derived, and what goes before each record. */
const SALT = 4;
const EXPLICIT = 8;
const NONCE = 12;
const TAG = 16;

/** What both sides derive their keys from. */
export interface MasterSecret {
  readonly master: Uint8Array;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
}

export class RecordProtection12 implements RecordOpener {
  private readonly suite: Suite;
  private readonly aead: Aead;
  private readonly secret: MasterSecret;
  private readonly fromClient: boolean;
  /** Made with the first record: most connections are only counted. */
  private keys: { readonly key: Uint8Array; readonly iv: Uint8Array } | undefined = undefined;
  /** Number of the next record. */
  private sequence = 0;
  private opened = 0;

  private constructor(suite: Suite, aead: Aead, secret: MasterSecret, fromClient: boolean) {
    this.suite = suite;
    this.aead = aead;
    this.secret = secret;
    this.fromClient = fromClient;
  }

  /** Undefined when the suite is not one of ours, or the ciphers are not loaded. */
  static of(cipherSuite: number, secret: MasterSecret, fromClient: boolean): RecordProtection12 | undefined {
    const suite = suiteOf(cipherSuite);
    const aead = suite && ciphers()?.[suite.cipher];
    return suite && aead && new RecordProtection12(suite, aead, secret, fromClient);
  }

  /** True once it has opened a record: then it is the right key. */
  get proven(): boolean {
    return this.opened > 0;
  }

  /** A protected record goes by unopened. */
  pass(): void {
    this.sequence++;
  }

  /** Opens the next record, one of application data. `sealed`: its content as sent. Undefined when it was not protected with this key. */
  open(sealed: Uint8Array): OpenedRecord | undefined {
    const explicit = this.suite.cipher === "gcm" ? EXPLICIT : 0;
    const length = sealed.length - explicit - TAG;
    const number = new Uint8Array(8);
    new DataView(number.buffer).setUint32(4, this.sequence++);
    if (length < 0) return undefined;
    this.keys ??= this.derive();
    const { key, iv } = this.keys;
    const header = Uint8Array.of(...number, APPLICATION_DATA, 3, 3, length >> 8, length & 0xff);
    const nonce = new Uint8Array(NONCE);
    nonce.set(iv);
    if (explicit > 0) nonce.set(sealed.subarray(0, explicit), SALT);
    else for (const [i, byte] of number.entries()) nonce[SALT + i] = (nonce[SALT + i] as number) ^ byte;
    try {
      const content = this.aead(key, nonce, header).decrypt(sealed.subarray(explicit));
      this.opened++;
      return { type: APPLICATION_DATA, content };
    } catch {
      return undefined;
    }
  }

  /** RFC 5246 section 6.3; these suites have no MAC keys. */
  private derive(): { readonly key: Uint8Array; readonly iv: Uint8Array } {
    const { suite, secret, fromClient } = this;
    const ivLength = suite.cipher === "gcm" ? SALT : NONCE;
    const seed = Uint8Array.of(...secret.serverRandom, ...secret.clientRandom);
    const block = prf(suite.hash, secret.master, "key expansion", seed, 2 * (suite.keyLength + ivLength));
    const part = (start: number, length: number) => block.slice(start, start + length);
    return {
      key: part(fromClient ? 0 : suite.keyLength, suite.keyLength),
      iv: part(2 * suite.keyLength + (fromClient ? 0 : ivLength), ivLength),
    };
  }
}

/** RFC 5246 section 5. */
function prf(hash: CHash, secret: Uint8Array, label: string, seed: Uint8Array, length: number): Uint8Array {
  const labelled = Uint8Array.of(...new TextEncoder().encode(label), ...seed);
  const out = new Uint8Array(Math.ceil(length / hash.outputLen) * hash.outputLen);
  let a: Uint8Array = labelled;
  for (let at = 0; at < length; at += hash.outputLen) {
    a = hmac(hash, secret, a);
    out.set(hmac(hash, secret, Uint8Array.of(...a, ...labelled)), at);
  }
  return out.subarray(0, length);
}

/** IANA: the suites of AES-GCM come in pairs, 128 and 256 bits. */
function suiteOf(code: number): Suite | undefined {
  if (code >= 0x009c && code <= 0x00ad) return code % 2 === 0 ? AES_128 : AES_256;
  if (code >= 0xc02b && code <= 0xc032) return code % 2 === 1 ? AES_128 : AES_256;
  if (code === 0xd001) return AES_128;
  if (code === 0xd002) return AES_256;
  return code >= 0xcca8 && code <= 0xccae ? CHACHA20 : undefined;
}
