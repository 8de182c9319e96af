/**
 * QuicReader: the two hellos of a QUIC connection, which its Initial packets carry under keys that anyone can derive. Owns the
 * order of the handshake's bytes and the keys of one connection; the rest of it is encrypted and not read.
 */
import { ParseError } from "../bytes/parse-error.ts";
import { ciphers } from "../protocol/ciphers.ts";
import { cryptoFrames, InitialKeys, type LongPacket, longPackets } from "../protocol/quic/initial.ts";
import { HANDSHAKE_TYPE } from "../protocol/tls/messages.ts";
import { handshakeName } from "../protocol/tls/names.ts";
import type { Hellos, ObservedClientHello, SeenServerHello } from "./hellos.ts";
import type { SeenMessage } from "./tcp-reader.ts";

/** Bytes of one side's handshake that are waited for: hellos with post-quantum keys have 2 kB. */
const MAX_HELLO = 8 * 1024;
/** Pieces of them; Chrome sends some ten, in any order. */
const MAX_PIECES = 64;
/** Packets that may fail to open before the connection is left alone: opening is the most costly thing done to a datagram. */
const MAX_UNOPENED = 8;
/** Message header: type and length. */
const HEADER = 4;

type SideNumber = 0 | 1;

/** Datagrams kept while the ciphers are not loaded: the hellos of both sides, resent once. */
const MAX_KEPT = 8;

/** What the readers of a capture share. */
export interface QuicShared {
  readonly hellos: Hellos;
  /** Set when there is a connection to be read. */
  met: boolean;
  /** Connections whose packets may still be opened: deriving keys and opening takes half a millisecond. */
  connections: number;
  /** Packets that may still fail to open. */
  failures: number;
}

export class QuicReader {
  /** Who sent the first Initial that opened as a client's; -1 before it. */
  clientSide: -1 | SideNumber = -1;
  version = 0;
  clientHello: ObservedClientHello | undefined = undefined;
  serverHello: SeenServerHello | undefined = undefined;
  readonly messages: SeenMessage[] = [];

  private readonly shared: QuicShared;
  private readonly streams: readonly [Pieces, Pieces] = [new Pieces(), new Pieces()];
  private client: InitialKeys | undefined = undefined;
  private server: InitialKeys | undefined = undefined;
  private patience: number;
  /** Initial packets of each side so far. */
  private readonly packets: [number, number] = [0, 0];
  private kept: (readonly [side: SideNumber, bytes: Uint8Array, frame: number, at: number])[] = [];

  constructor(shared: QuicShared) {
    this.shared = shared;
    this.patience = shared.connections > 0 ? MAX_UNOPENED : 0;
    shared.connections--;
    shared.met = true;
  }

  /** One datagram that begins with a long header. Without ciphers it is kept until there are. */
  datagram(side: SideNumber, bytes: Uint8Array, frame: number, at: number): void {
    if (ciphers() === undefined) {
      // Not slice(): on a Buffer that would be a view of the caller's reused memory.
      if (this.kept.length < MAX_KEPT) this.kept.push([side, new Uint8Array(bytes), frame, at]);
      return;
    }
    this.end();
    this.read(side, bytes, frame, at);
  }

  /** Reads what was kept. */
  end(): void {
    const { kept } = this;
    this.kept = [];
    for (const datagram of kept) this.read(...datagram);
  }

  private read(side: SideNumber, bytes: Uint8Array, frame: number, at: number): void {
    try {
      for (const packet of longPackets(bytes)) {
        if (this.isOver) return;
        if (packet.type !== "initial") continue;
        this.packets[side]++;
        const frames = this.open(side, packet);
        if (frames === undefined) {
          this.patience--;
          this.shared.failures--;
        } else for (const { offset, data } of cryptoFrames(frames)) this.crypto(side, offset, data, frame, at);
      }
    } catch (error) {
      // The rest of the datagram is no QUIC that we read.
      if (!(error instanceof ParseError)) throw error;
    }
  }

  private get isOver(): boolean {
    if (this.patience === 0 || this.shared.failures === 0) return true;
    return this.clientHello !== undefined && this.serverHello !== undefined;
  }

  private open(side: SideNumber, packet: LongPacket): Uint8Array | undefined {
    const known = side === this.clientSide || this.clientSide < 0 ? this.client : this.server;
    const opened = known?.open(packet);
    if (opened !== undefined || (this.clientSide >= 0 && side !== this.clientSide)) return opened;
    // The client's first, or its first after a Retry, which gave it another connection id to derive keys from.
    const { version, destination } = packet;
    const client = InitialKeys.of(version, destination, "client");
    const frames = client?.open(packet);
    if (frames === undefined) return undefined;
    this.client = client;
    this.server = InitialKeys.of(version, destination, "server");
    this.clientSide = side;
    this.version = version;
    return frames;
  }

  private crypto(side: SideNumber, offset: number, data: Uint8Array, frame: number, at: number): void {
    const first = this.streams[side].add(offset, data, frame);
    if (first === undefined) return;
    const { message, frames } = first;
    const [type = 0] = message;
    const name = handshakeName(type, "tls");
    const length = message.length - HEADER;
    this.messages.push({ side, name, frame, frames, record: this.packets[side], at, length, incomplete: false });
    const body = message.subarray(HEADER);
    if (side === this.clientSide && type === HANDSHAKE_TYPE.clientHello) {
      this.clientHello = this.shared.hellos.client(body).observed;
    } else if (side !== this.clientSide && type === HANDSHAKE_TYPE.serverHello) {
      this.serverHello = this.shared.hellos.server(body);
    }
  }
}

/** The first handshake message of one direction, from pieces in any order. */
class Pieces {
  private pieces: { readonly offset: number; readonly data: Uint8Array; readonly frame: number }[] = [];
  private bytes = 0;
  private done = false;

  /** The message and the frames that carried a part of it, ascending: once, when the last of it is there. */
  add(offset: number, data: Uint8Array, frame: number): { message: Uint8Array; frames: number[] } | undefined {
    if (this.done || offset + data.length > MAX_HELLO) return undefined;
    // Sent again.
    if (this.pieces.some((piece) => piece.offset === offset && piece.data.length === data.length)) return undefined;
    this.bytes += data.length;
    if (this.bytes > MAX_HELLO || this.pieces.length === MAX_PIECES) {
      this.giveUp();
      return undefined;
    }
    // Not slice(): on a Buffer that would be a view of the caller's reused memory.
    this.pieces.push({ offset, data: new Uint8Array(data), frame });
    this.pieces.sort((one, other) => one.offset - other.offset);
    const bytes = this.contiguous();
    if (bytes.length < HEADER) return undefined;
    const length = HEADER + (((bytes[1] as number) << 16) | ((bytes[2] as number) << 8) | (bytes[3] as number));
    if (length > MAX_HELLO) this.giveUp();
    if (this.done || bytes.length < length) return undefined;
    const frames = [...new Set(this.pieces.map((piece) => piece.frame))].sort((one, other) => one - other);
    this.giveUp();
    return { message: bytes.subarray(0, length), frames };
  }

  /** Nothing more is waited for. */
  private giveUp(): void {
    this.done = true;
    this.pieces = [];
  }

  private contiguous(): Uint8Array {
    let end = 0;
    for (const { offset, data } of this.pieces) if (offset <= end) end = Math.max(end, offset + data.length);
    const bytes = new Uint8Array(end);
    for (const { offset, data } of this.pieces) if (offset + data.length <= end) bytes.set(data, offset);
    return bytes;
  }
}
