/**
 * QUIC Initial packets, version 1 and 2: opened with the keys that anyone can derive who has seen the client's first packet
 * (RFC 9001 section 5.2, RFC 9369 section 3.3). Owns long headers, header protection and the frames around the handshake's bytes;
 * knows nothing of connections or of TLS. Every function takes a whole datagram or packet, and answers undefined or throws
 * ParseError for what is none.
 */
import { extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { Cursor } from "../../bytes/cursor.ts";
import { fromHex } from "../../bytes/text.ts";
import { ciphers } from "../ciphers.ts";
import { expandLabel } from "../tls/expand-label.ts";

export const QUIC_V1 = 1;
export const QUIC_V2 = 0x6b3343cf;

interface Version {
  readonly salt: Uint8Array;
  readonly labels: { readonly key: string; readonly iv: string; readonly hp: string };
  /** By the two type bits of a long header. */
  readonly types: readonly PacketType[];
}

export type PacketType = "initial" | "0-rtt" | "handshake" | "retry";

const VERSIONS: ReadonlyMap<number, Version> = new Map([
  [
    QUIC_V1,
    {
      salt: fromHex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
      labels: { key: "quic key", iv: "quic iv", hp: "quic hp" },
      types: ["initial", "0-rtt", "handshake", "retry"],
    },
  ],
  [
    QUIC_V2,
    {
      salt: fromHex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
      labels: { key: "quicv2 key", iv: "quicv2 iv", hp: "quicv2 hp" },
      types: ["retry", "initial", "0-rtt", "handshake"],
    },
  ],
]);

/** RFC 9000 section 17.2: connection ids of these versions. */
const MAX_CONNECTION_ID = 20;
const TAG = 16;
const SAMPLE = 16;

/** A packet with a long header, within its datagram. */
export interface LongPacket {
  readonly type: PacketType;
  readonly version: number;
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  /** From the first byte of the header to the end of the packet. */
  readonly bytes: Uint8Array;
  /** Index into `bytes` of the packet number; the end for a Retry, which has none. */
  readonly numberAt: number;
}

/** The packets with a long header that a datagram begins with (RFC 9000 section 12.2). Throws ParseError at the first that is none. */
export function* longPackets(datagram: Uint8Array): Generator<LongPacket> {
  for (let start = 0; start < datagram.length; ) {
    const cursor = new Cursor(datagram, "quic", start);
    const flags = cursor.u8("flags");
    // A short header, or the padding of a whole datagram.
    if (flags < 0xc0) return;
    const version = cursor.u32("version");
    const known = VERSIONS.get(version);
    if (known === undefined) throw cursor.fail("unsupported", "version", `version ${version}`);
    const destination = connectionId(cursor, "destination");
    const source = connectionId(cursor, "source");
    const type = known.types[(flags >> 4) & 3] as PacketType;
    if (type === "retry") {
      yield { type, version, destination, source, bytes: datagram.subarray(start), numberAt: datagram.length - start };
      return;
    }
    if (type === "initial") cursor.take(variableLength(cursor, "tokenLength"), "token");
    const length = variableLength(cursor, "length");
    const numberAt = cursor.position - start;
    cursor.take(length, "payload");
    yield { type, version, destination, source, bytes: datagram.subarray(start, cursor.position), numberAt };
    start = cursor.position;
  }
}

/** Keys of one sender's Initial packets. */
export class InitialKeys {
  private readonly key: Uint8Array;
  private readonly iv: Uint8Array;
  private readonly hp: Uint8Array;

  private constructor(version: Version, secret: Uint8Array) {
    const { labels } = version;
    this.key = expandLabel(sha256, secret, labels.key, 16);
    this.iv = expandLabel(sha256, secret, labels.iv, 12);
    this.hp = expandLabel(sha256, secret, labels.hp, 16);
  }

  /** `destination`: connection id that the client chose for its first Initial packet, or a Retry for its next. */
  static of(version: number, destination: Uint8Array, side: "client" | "server"): InitialKeys | undefined {
    const known = VERSIONS.get(version);
    if (known === undefined) return undefined;
    const initial = extract(sha256, destination, known.salt);
    return new InitialKeys(known, expandLabel(sha256, initial, side === "client" ? "client in" : "server in", 32));
  }

  /** Frames of an Initial packet; undefined when it was not protected with these keys, or the ciphers are not loaded. */
  open({ bytes, numberAt }: LongPacket): Uint8Array | undefined {
    const loaded = ciphers();
    if (loaded === undefined || bytes.length < numberAt + 4 + SAMPLE) return undefined;
    const sample = bytes.subarray(numberAt + 4, numberAt + 4 + SAMPLE);
    const mask = loaded.block(this.hp, sample);
    // RFC 9001 section 5.4.1: of a long header four bits of the first byte are hidden.
    const first = (bytes[0] as number) ^ ((mask[0] as number) & 0x0f);
    const numberLength = (first & 3) + 1;
    const header = new Uint8Array(bytes.subarray(0, numberAt + numberLength));
    header[0] = first;
    const nonce = Uint8Array.from(this.iv);
    for (let i = 0; i < numberLength; i++) {
      const byte = (header[numberAt + i] as number) ^ (mask[1 + i] as number);
      header[numberAt + i] = byte;
      // The first packets have small numbers: what is sent of one is all of it.
      const at = nonce.length - numberLength + i;
      nonce[at] = (nonce[at] as number) ^ byte;
    }
    if (bytes.length < header.length + TAG) return undefined;
    try {
      return loaded.gcm(this.key, nonce, header).decrypt(bytes.subarray(header.length));
    } catch {
      return undefined;
    }
  }
}

/** Bytes of the handshake, from `offset` on in their direction. */
export interface CryptoFrame {
  readonly offset: number;
  readonly data: Uint8Array;
}

const PADDING = 0x00;
const PING = 0x01;
const ACK = 0x02;
const ACK_WITH_ECN = 0x03;
const CRYPTO = 0x06;

/** CRYPTO frames of an opened Initial packet (RFC 9000 section 19.6); what an Initial cannot hold ends them. Throws ParseError. */
export function* cryptoFrames(frames: Uint8Array): Generator<CryptoFrame> {
  const cursor = new Cursor(frames, "quic.initial");
  while (cursor.remaining > 0) {
    const type = variableLength(cursor, "frameType");
    if (type === PADDING || type === PING) continue;
    if (type === ACK || type === ACK_WITH_ECN) {
      variableLength(cursor, "largest");
      variableLength(cursor, "delay");
      const ranges = variableLength(cursor, "ranges");
      variableLength(cursor, "first");
      const numbers = 2 * ranges + (type === ACK_WITH_ECN ? 3 : 0);
      for (let i = 0; i < numbers; i++) variableLength(cursor, "range");
    } else if (type === CRYPTO) {
      const offset = variableLength(cursor, "offset");
      yield { offset, data: cursor.take(variableLength(cursor, "length"), "data") };
    } else return;
  }
}

function connectionId(cursor: Cursor, field: string): Uint8Array {
  const length = cursor.u8(`${field}Length`);
  if (length > MAX_CONNECTION_ID) throw cursor.fail("malformed", field, `connection id of ${length} bytes`);
  return cursor.take(length, field);
}

/** RFC 9000 section 16. Up to 2^62, of which no length can be beyond what is there. */
function variableLength(cursor: Cursor, field: string): number {
  const first = cursor.u8(field);
  let value = first & 0x3f;
  for (let more = (1 << (first >> 6)) - 1; more > 0; more--) value = value * 256 + cursor.u8(field);
  return value;
}
