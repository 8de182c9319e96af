/**
 * One direction of a TCP connection, from its first byte on, without what is private: handshakes stay, of data the headers of its first
 * records. Owns what is kept of which protocol: an allow-list, everything else becomes zeros or is cut off. Knows nothing of segments.
 */
import { ParseError } from "../../bytes/parse-error.ts";
import { toLatin1 } from "../../bytes/text.ts";
import type { AddressMap } from "../../packet/address-map.ts";
import { pseudoTlsHello } from "../../protocol/pseudo-tls/hello.ts";
import { FRAME_HEADER, type TurnFraming, turnFraming } from "../../protocol/stun/stream.ts";
import { MAX_RECORDS } from "../../protocol/tls/flight.ts";
import { ALERT, CHANGE_CIPHER_SPEC, firstBytes, HANDSHAKE, RECORD_HEADER } from "../../protocol/tls/record.ts";
import { anonymousStun } from "./stun.ts";
import { beginsHttp, copyHttp, copySession, put, withoutAddresses } from "./text.ts";

/** Frames of TURN, as many as are looked at by the analysis. */
const MAX_FRAMES = 256;

/** Bytes that are looked at of a direction that is no TLS. */
const MAX_UNKNOWN = 4096;
const CROSS = 0x78;

/** An alert of two bytes with its type, tag and some padding. */
const MAX_ALERT = 64;

const CLIENT_HELLO = 1;
const CERTIFICATE = 11;
const MESSAGE_HEADER = 4;

export interface Stream {
  readonly bytes: Uint8Array;
  /** Places of bytes that are not in the capture, from and to, ascending. */
  readonly gaps: readonly (readonly [number, number])[];
  readonly fromClient: boolean;
  /**
   * Records that stay although they are encrypted, because who has the secrets can read the handshake in them: up to this one, and short
   * ones where there are alerts.
   */
  readonly sealed: { readonly records: number; readonly alerts: boolean };
  /** The session before TLS is of mail or chat: what its server says first tells. */
  readonly session: "lines" | "xml" | undefined;
}

/** The bytes from the first on; those behind the end are cut off. */
export function anonymousStream(stream: Stream, map: AddressMap): Uint8Array<ArrayBuffer> {
  const scan = new Scan(stream, map);
  scan.run();
  return scan.into.slice(0, scan.end);
}

class Scan {
  readonly into: Uint8Array<ArrayBuffer>;
  /** Behind the last byte that says anything. */
  end = 0;
  private readonly bytes: Uint8Array;
  private readonly stream: Stream;
  private readonly map: AddressMap;
  private readonly isV4: boolean;
  /** This direction has said that what follows is sealed. */
  private isSealed = false;
  private isDone = false;

  constructor(stream: Stream, map: AddressMap) {
    this.stream = stream;
    this.map = map;
    this.bytes = stream.bytes;
    this.into = new Uint8Array(stream.bytes.length);
    this.isV4 = stream.bytes[0] === 4;
  }

  run(): void {
    let at = 0;
    while (!this.isDone && at < this.bytes.length && !this.isMissing(at, at + 1)) {
      const next = this.step(at);
      if (next <= at) break;
      at = next;
      this.end = Math.min(this.bytes.length, at);
    }
    // Of what nobody knows that it is something else.
    if (!this.isDone && this.end === 0 && at < this.bytes.length && !this.isMissing(0, 1)) {
      this.end = Math.min(this.bytes.length, MAX_UNKNOWN);
      this.into.fill(CROSS, 0, this.end);
    }
    // Behind a hole nothing can be told, but it came: that the hole was never filled is told by what follows it.
    if (!this.isDone && at < this.bytes.length && this.isMissing(at, at + RECORD_HEADER)) this.end = this.bytes.length;
  }

  /** Answers where what begins at `at` ends; `at` when nothing is known that begins so. */
  private step(at: number): number {
    const { bytes, into, map, stream } = this;
    if (stream.session !== undefined && at === 0) return copySession(bytes, into, at, stream.session === "xml");
    const first = firstBytes(bytes, at, Math.min(bytes.length, at + 13));
    if (first === "tls") return this.tls(at);
    if (first === "sslv2-client-hello") return this.sslv2(at);
    const framing = turnFraming(bytes.subarray(at, at + 64));
    if (framing !== "no" && framing !== "need-more") return this.turn(at, framing);
    if (beginsHttp(bytes, at)) return copyHttp(bytes, into, at, map);
    if (at === 0 && (bytes[0] === 4 || bytes[0] === 5 || (bytes[0] === 0 && !stream.fromClient))) return this.socks();
    if (at === 0 && bytes[0] === 3 && bytes[1] === 0) return this.rdp();
    // What a client of TLS sends that was cut within a header.
    return at;
  }

  // --- TLS

  private tls(start: number): number {
    const { bytes, into, stream } = this;
    let at = start;
    let sealed = 0;
    const messages = new Messages(this.into, stream.fromClient, this.map);
    for (let record = 1; sealed < MAX_RECORDS && at + RECORD_HEADER <= bytes.length; record++) {
      const type = bytes[at] as number;
      if (this.isMissing(at, at + RECORD_HEADER) || firstBytes(bytes, at, at + RECORD_HEADER) !== "tls") break;
      const length = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
      const body = at + RECORD_HEADER;
      const end = Math.min(bytes.length, body + length);
      into.set(bytes.subarray(at, body), at);
      const isPlain =
        !this.isSealed && (type === HANDSHAKE || type === CHANGE_CIPHER_SPEC || (type === ALERT && length === 2));
      const isAlert = stream.sealed.alerts && length <= MAX_ALERT;
      if (isPlain || record <= stream.sealed.records || isAlert) into.set(bytes.subarray(body, end), body);
      if (isPlain && type === HANDSHAKE) {
        // Bytes that are not there may be the header of a message.
        if (this.isMissing(body, end)) messages.lose();
        messages.record(body, end);
      }
      if (type === CHANGE_CIPHER_SPEC) this.isSealed = true;
      if (!isPlain) sealed++;
      at = end;
      const hello = record === 1 ? pseudoTlsHello(bytes.subarray(start, start + 80)) : "no";
      if (typeof hello !== "string") return at;
    }
    messages.end();
    // Of what else there is nothing tells.
    this.isDone = sealed === MAX_RECORDS;
    return at;
  }

  /** A hello of SSL 2.0 names nobody. */
  private sslv2(at: number): number {
    const { bytes, into } = this;
    const end = Math.min(bytes.length, at + 2 + ((((bytes[at] as number) & 0x7f) << 8) | (bytes[at + 1] as number)));
    into.set(bytes.subarray(at, end), at);
    return end;
  }

  // --- STUN and TURN

  private turn(start: number, framing: TurnFraming): number {
    const { bytes, into } = this;
    const header = FRAME_HEADER[framing];
    let at = start;
    for (let frames = 0; frames < MAX_FRAMES && at + 4 <= bytes.length; frames++) {
      const length = frameLength(bytes, at, framing);
      if (length === 0 || at + length > bytes.length || this.isMissing(at, at + length)) break;
      into.set(bytes.subarray(at, at + Math.max(header, 4)), at);
      const content = bytes.subarray(at + header, at + length);
      if ((content[0] ?? 0xff) < 0x40) {
        try {
          into.set(anonymousStun(content, this.map), at + header);
        } catch (error) {
          if (!(error instanceof ParseError)) throw error;
        }
      }
      at += length;
    }
    return at;
  }

  // --- before TLS

  /** RFC 1928, 1929: addresses become others, names and passwords zeros; of names of hosts nothing is changed. */
  private socks(): number {
    const { bytes, stream } = this;
    if (this.isV4 || bytes[0] === 0) return this.socks4();
    let at = 0;
    const greeting = stream.fromClient ? 2 + (bytes[1] ?? 0) : 2;
    at = this.copy(at, greeting);
    while (at < bytes.length) {
      const type = bytes[at];
      if (type === 1) {
        // Login: lengths stay.
        if (!stream.fromClient) {
          at = this.copy(at, 2);
          continue;
        }
        const user = bytes[at + 1] ?? 0;
        const password = bytes[at + 2 + user] ?? 0;
        this.copy(at, 2);
        this.copy(at + 2 + user, 1);
        at += 3 + user + password;
        continue;
      }
      if (type !== 5) return at;
      const kind = bytes[at + 3];
      const length = kind === 1 ? 10 : kind === 4 ? 22 : 7 + (bytes[at + 4] ?? 0);
      const end = this.copy(at, length);
      this.mapAddress(at + 4, kind);
      return end;
    }
    return at;
  }

  private socks4(): number {
    const { bytes, into, stream } = this;
    if (!stream.fromClient) {
      const end = this.copy(0, 8);
      this.mapAddress(4, 1);
      return end;
    }
    this.copy(0, 8);
    const isNamed = bytes[4] === 0 && bytes[5] === 0 && bytes[6] === 0;
    if (!isNamed) this.mapAddress(4, 1);
    let at = bytes.indexOf(0, 8) + 1;
    if (at === 0) return bytes.length;
    into.fill(0x78, 8, at - 1);
    if (isNamed) {
      const end = bytes.indexOf(0, at) + 1 || bytes.length;
      at = this.copy(at, end - at);
    }
    return at;
  }

  /** [MS-RDPBCGR] 2.2.1.1: of the request the negotiation at its end; the cookie before it has the user's name. */
  private rdp(): number {
    const { bytes, into } = this;
    const end = Math.min(bytes.length, ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0));
    into.fill(0x78, 11, end);
    this.copy(0, Math.min(11, end));
    // RDP_NEG_REQ or RDP_NEG_RSP, before a correlation of 36 bytes, which stays out: then this is not the negotiation.
    const negotiation = end - 8;
    const isThere = negotiation >= 11 && bytes[negotiation + 2] === 8;
    if (isThere) this.copy(negotiation, 8);
    return end;
  }

  private copy(at: number, length: number): number {
    const end = Math.min(this.bytes.length, at + length);
    this.into.set(this.bytes.subarray(at, end), at);
    return end;
  }

  private mapAddress(at: number, kind: number | undefined): void {
    const view = new DataView(this.into.buffer);
    const { map } = this;
    if (kind === 1 && at + 4 <= this.into.length) view.setInt32(at, map.v4(view.getInt32(at)));
    else if (kind === 4 && at + 16 <= this.into.length) {
      const words = [0, 4, 8, 12].map((offset) => view.getInt32(at + offset)) as [number, number, number, number];
      for (const [index, word] of map.v6(words).entries()) view.setInt32(at + 4 * index, word);
    } else if (kind === 3) {
      const end = Math.min(this.into.length, at + 1 + (this.into[at] ?? 0));
      put(this.into, at + 1, withoutAddresses(toLatin1(this.into.subarray(at + 1, end)), map));
    }
  }

  private isMissing(start: number, end: number): boolean {
    return this.stream.gaps.some(([from, to]) => from < end && start < to);
  }
}

/**
 * The messages in the handshake records of a direction. A hello may have an address for a name; a client's certificate is a person's: its
 * lengths stay.
 */
class Messages {
  private readonly into: Uint8Array;
  private readonly fromClient: boolean;
  private readonly map: AddressMap;
  /** Places of the bytes of the message at hand, its header first. */
  private places: number[] = [];
  private wanted = MESSAGE_HEADER;
  private lost = false;

  constructor(into: Uint8Array, fromClient: boolean, map: AddressMap) {
    this.into = into;
    this.fromClient = fromClient;
    this.map = map;
  }

  /** Where messages begin cannot be told any more. */
  lose(): void {
    this.lost = true;
  }

  record(start: number, end: number): void {
    if (this.lost) {
      // It may be a part of anything.
      if (this.fromClient) this.into.fill(0, start, end);
      return;
    }
    for (let at = start; at < end; at++) {
      this.places.push(at);
      if (this.places.length === MESSAGE_HEADER) {
        const [, high = 0, middle = 0, low = 0] = this.places.map((place) => this.into[place] as number);
        this.wanted = MESSAGE_HEADER + high * 65_536 + middle * 256 + low;
      }
      if (this.places.length < this.wanted) continue;
      this.message();
      this.places = [];
      this.wanted = MESSAGE_HEADER;
    }
  }

  /** Nothing more comes: of a certificate that is not whole nothing is to be seen either. */
  end(): void {
    if (this.places.length >= MESSAGE_HEADER) this.message();
  }

  private message(): void {
    const { into, places } = this;
    const type = into[places[0] as number];
    if (type === CLIENT_HELLO) {
      const text = toLatin1(Uint8Array.from(places, (place) => into[place] as number));
      const changed = withoutAddresses(text, this.map);
      if (changed !== text) for (const [index, place] of places.entries()) into[place] = changed.charCodeAt(index);
    } else if (type === CERTIFICATE && this.fromClient) {
      // The length of the list, then of every certificate its length and itself.
      for (let index = MESSAGE_HEADER + 3; index < places.length; ) {
        const length = [0, 1, 2].reduce((sum, i) => sum * 256 + (into[places[index + i] ?? -1] ?? 0), 0);
        for (let i = index + 3; i < Math.min(places.length, index + 3 + length); i++) into[places[i] as number] = 0;
        index += 3 + length;
      }
    }
  }
}

function frameLength(bytes: Uint8Array, at: number, framing: TurnFraming): number {
  const [first, length] = [u16(bytes, at), u16(bytes, at + 2)];
  switch (framing) {
    case "ms-turn":
      return first === 0x0200 || first === 0x0300 || first === 0xff10 ? 4 + length : 0;
    case "rfc4571":
      return first < 2 ? 0 : 2 + first;
    default:
      if (first < 0x4000) return 20 + length;
      return first < 0x8000 ? 4 + 4 * Math.ceil(length / 4) : 0;
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
