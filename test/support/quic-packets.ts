/**
 * Builds protected QUIC packets and frames for tests, with node:crypto. Independent of src/protocol on purpose: a shared mistake
 * would hide itself. Packet numbers have two bytes.
 */
import { createCipheriv } from "node:crypto";
import { fromHex } from "../../src/bytes/text.ts";
import { concat } from "./capture-writer.ts";
import { type Aead, expandLabel, type Hash, hmac, seal } from "./sealing.ts";

const V1 = 1;
const V2 = 0x6b3343cf;

const VERSIONS: Record<number, { salt: string; prefix: string; initial: number; handshake: number }> = {
  [V1]: { salt: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a", prefix: "quic", initial: 0xc0, handshake: 0xe0 },
  [V2]: { salt: "0dede3def700a6db819381be6e269dcbf9bd2ed9", prefix: "quicv2", initial: 0xd0, handshake: 0xf0 },
};

/** The client's first connection id, as in RFC 9001 appendix A. */
export const DESTINATION = fromHex("8394c8f03e515708");

type Suite = "aes128" | "aes256" | "chacha20";

const SUITES: Record<Suite, { hash: Hash; key: number; cipher: Aead; hp: string }> = {
  aes128: { hash: "sha256", key: 16, cipher: "aes-128-gcm", hp: "aes-128-ecb" },
  aes256: { hash: "sha384", key: 32, cipher: "aes-256-gcm", hp: "aes-256-ecb" },
  chacha20: { hash: "sha256", key: 32, cipher: "chacha20-poly1305", hp: "chacha20" },
};

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

export function u32(value: number): Uint8Array {
  return concat(u16(value >>> 16), u16(value & 0xffff));
}

// --- frames

/** With `length` bytes of a message from `offset` on; `base` is where the message begins in its stream. */
export function crypto(message: Uint8Array, offset = 0, length = message.length - offset, base = 0): Uint8Array {
  return concat(
    Uint8Array.of(6),
    u16(0x4000 | (base + offset)),
    u16(0x4000 | length),
    message.subarray(offset, offset + length),
  );
}

export const ACK = Uint8Array.of(2, 0, 0, 0, 0);

/** CONNECTION_CLOSE of the transport, error below 16384, without a reason. */
export const closing = (error: number): Uint8Array =>
  concat(Uint8Array.of(0x1c), u16(0x4000 | error), Uint8Array.of(0, 0));

// --- packets

export interface PacketOptions {
  readonly version?: number;
  /** Connection id from which the keys of an Initial are derived. */
  readonly keyedBy?: Uint8Array;
  readonly destination?: Uint8Array;
  readonly source?: Uint8Array;
  readonly number?: number;
}

export function initial(
  side: "client" | "server",
  frames: readonly Uint8Array[],
  given: PacketOptions = {},
): Uint8Array {
  const { version = V1, keyedBy = DESTINATION, destination = keyedBy } = given;
  const { salt, initial: flags } = VERSIONS[version] as (typeof VERSIONS)[number];
  const secret = expandLabel("sha256", hmac("sha256", fromHex(salt), keyedBy), `${side} in`, 32);
  const long = longHeader(flags, { ...given, destination }, Uint8Array.of(0));
  return protect(long, frames, secret, "aes128", version, given.number ?? 0);
}

/** `secret`: the sender's of the handshake. */
export function handshake(
  secret: Uint8Array,
  frames: readonly Uint8Array[],
  given: PacketOptions & { suite?: Suite } = {},
): Uint8Array {
  const { version = V1, suite = "aes128" } = given;
  const long = longHeader((VERSIONS[version] as (typeof VERSIONS)[number]).handshake, given, new Uint8Array(0));
  return protect(long, frames, secret, suite, version, given.number ?? 0);
}

/** `secret`: the sender's of its data. */
export function short(
  secret: Uint8Array,
  frames: readonly Uint8Array[],
  given: PacketOptions & { suite?: Suite } = {},
): Uint8Array {
  const { version = V1, suite = "aes128", destination = new Uint8Array(0), number = 0 } = given;
  const header = () => concat(Uint8Array.of(0x41), destination);
  return protect(header, frames, secret, suite, version, number);
}

type Header = (length: number) => Uint8Array;

function longHeader(flags: number, given: PacketOptions, token: Uint8Array): Header {
  const { version = V1, destination = new Uint8Array(0), source = new Uint8Array(0) } = given;
  return (length) =>
    concat(
      Uint8Array.of(flags | 1),
      u32(version),
      Uint8Array.of(destination.length),
      destination,
      Uint8Array.of(source.length),
      source,
      token,
      u16(0x4000 | length),
    );
}

function protect(
  head: Header,
  frames: readonly Uint8Array[],
  secret: Uint8Array,
  suite: Suite,
  version: number,
  number: number,
): Uint8Array {
  const { hash, key, cipher, hp } = SUITES[suite];
  const { prefix } = VERSIONS[version] as (typeof VERSIONS)[number];
  const derive = (label: string, length: number) => expandLabel(hash, secret, `${prefix} ${label}`, length);
  const payload = concat(...frames, new Uint8Array(40));
  const header = concat(head(2 + payload.length + 16), u16(number));
  const packet = seal({ cipher, key: derive("key", key), iv: derive("iv", 12), number }, header, payload);
  const at = header.length - 2;
  const mask = maskOf(hp, derive("hp", key), packet.subarray(at + 4, at + 20));
  packet[0] = (packet[0] as number) ^ ((mask[0] as number) & ((packet[0] as number) & 0x80 ? 0x0f : 0x1f));
  for (const i of [0, 1]) packet[at + i] = (packet[at + i] as number) ^ (mask[1 + i] as number);
  return packet;
}

function maskOf(hp: string, key: Uint8Array, sample: Uint8Array): Uint8Array {
  // Of ChaCha20 node:crypto takes counter and nonce as one.
  if (hp === "chacha20") return createCipheriv(hp, key, sample).update(new Uint8Array(5));
  return createCipheriv(hp, key, null).update(sample);
}
