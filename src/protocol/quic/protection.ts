/**
 * PacketKeys: opens the packets of one sender and one space (RFC 9001 section 5): Initial packets with keys that anyone can derive
 * who has seen the client's first one, the others with a secret that a key log gave. And what proves a Retry. Owns keys, header
 * protection and packet numbers; the cryptography is a library's.
 */
import { extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type Ciphers, ciphers } from "../ciphers.ts";
import { expandLabel } from "../tls/expand-label.ts";
import { SUITES, type Suite } from "../tls/protection.ts";
import type { LongPacket } from "./packet.ts";
import { VERSIONS } from "./versions.ts";

const TAG = 16;
const SAMPLE = 16;
const NONCE = 12;
/** Longest packet number as sent; the sample is taken behind as many bytes (RFC 9001 section 5.4.2). */
const MAX_NUMBER = 4;
/** RFC 9001 section 5.2: of Initial packets. */
const AES_128 = SUITES.get(0x1301) as Suite;

export class PacketKeys {
  private readonly suite: Suite;
  private readonly key: Uint8Array;
  private readonly iv: Uint8Array;
  private readonly hp: Uint8Array;
  /** Largest packet number that was opened. */
  private largest = -1;

  private constructor(version: number, suite: Suite, secret: Uint8Array) {
    const { key, iv, hp } = (VERSIONS.get(version) as { labels: { key: string; iv: string; hp: string } }).labels;
    this.suite = suite;
    this.key = expandLabel(suite.hash, secret, key, suite.keyLength);
    this.iv = expandLabel(suite.hash, secret, iv, NONCE);
    this.hp = expandLabel(suite.hash, secret, hp, suite.keyLength);
  }

  /** `destination`: connection id that the client chose for its first Initial packet, or a Retry for its next. */
  static initial(version: number, destination: Uint8Array, side: "client" | "server"): PacketKeys | undefined {
    const known = VERSIONS.get(version);
    if (known === undefined) return undefined;
    const initial = extract(sha256, destination, known.salt);
    const secret = expandLabel(sha256, initial, side === "client" ? "client in" : "server in", 32);
    return new PacketKeys(version, AES_128, secret);
  }

  /** `secret`: a traffic secret of TLS. Undefined when version or suite is not one of ours, or the secret not one of the suite's. */
  static of(version: number, cipherSuite: number, secret: Uint8Array): PacketKeys | undefined {
    const suite = SUITES.get(cipherSuite);
    // RFC 9001 section 5.3: all suites of TLS 1.3 but the one with a short tag.
    if (!VERSIONS.has(version) || suite?.hash.outputLen !== secret.length || suite.cipher === "ccm8") return undefined;
    return new PacketKeys(version, suite, secret);
  }

  /**
   * Frames of a packet; undefined when it was not protected with these keys, or the ciphers are not loaded. `numberAt`: index into
   * `bytes`, which is all of the packet.
   */
  open({ bytes, numberAt }: Pick<LongPacket, "bytes" | "numberAt">): Uint8Array | undefined {
    const loaded = ciphers();
    const sampleAt = numberAt + MAX_NUMBER;
    if (loaded === undefined || bytes.length < sampleAt + SAMPLE) return undefined;
    const mask = this.mask(loaded, bytes.subarray(sampleAt, sampleAt + SAMPLE));
    if (mask === undefined) return undefined;
    // RFC 9001 section 5.4.1: of a long header four bits of the first byte are hidden, of a short one five.
    const isLong = ((bytes[0] as number) & 0x80) !== 0;
    const first = (bytes[0] as number) ^ ((mask[0] as number) & (isLong ? 0x0f : 0x1f));
    const numberLength = (first & 3) + 1;
    const header = new Uint8Array(bytes.subarray(0, numberAt + numberLength));
    header[0] = first;
    let sent = 0;
    for (let i = 0; i < numberLength; i++) {
      const byte = (header[numberAt + i] as number) ^ (mask[1 + i] as number);
      header[numberAt + i] = byte;
      sent = sent * 256 + byte;
    }
    if (bytes.length < header.length + TAG) return undefined;
    const number = this.whole(sent, 256 ** numberLength);
    try {
      const frames = loaded[this.suite.cipher](this.key, this.nonce(number), header).decrypt(
        bytes.subarray(header.length),
      );
      this.largest = Math.max(this.largest, number);
      return frames;
    } catch {
      return undefined;
    }
  }

  private mask(loaded: Ciphers, sample: Uint8Array): Uint8Array | undefined {
    if (this.suite.cipher !== "chacha20poly1305") return loaded.block(this.hp, sample);
    // RFC 9001 section 5.4.4: the first four bytes count blocks.
    const counter = new DataView(sample.buffer, sample.byteOffset).getUint32(0, true);
    return loaded.chacha20(this.hp, sample.subarray(4), counter);
  }

  /** RFC 9000 appendix A.3: the number that ends so and is nearest to the one expected. */
  private whole(sent: number, window: number): number {
    const expected = this.largest + 1;
    const candidate = expected - (expected % window) + sent;
    if (candidate <= expected - window / 2) return candidate + window;
    return candidate > expected + window / 2 && candidate >= window ? candidate - window : candidate;
  }

  private nonce(number: number): Uint8Array {
    const nonce = Uint8Array.from(this.iv);
    const view = new DataView(nonce.buffer);
    view.setUint32(NONCE - 4, view.getUint32(NONCE - 4) ^ (number >>> 0));
    view.setUint32(NONCE - 8, view.getUint32(NONCE - 8) ^ Math.floor(number / 2 ** 32));
    return nonce;
  }
}

/**
 * Whether a Retry answers the client's Initial packet to the connection id `original` (RFC 9001 section 5.8). False also when the
 * ciphers are not loaded.
 */
export function isGenuineRetry({ version, bytes }: LongPacket, original: Uint8Array): boolean {
  const known = VERSIONS.get(version)?.retry;
  const loaded = ciphers();
  if (known === undefined || loaded === undefined) return false;
  const pseudo = Uint8Array.of(original.length, ...original, ...bytes.subarray(0, bytes.length - TAG));
  try {
    loaded.gcm(known.key, known.nonce, pseudo).decrypt(bytes.subarray(bytes.length - TAG));
    return true;
  } catch {
    return false;
  }
}
