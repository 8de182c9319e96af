/**
 * DtlsReader: what a DTLS handshake says in the clear: hellos, and up to DTLS 1.2 the server's certificates and alerts. Owns the
 * putting together of messages from fragments in any order; knows nothing of UDP or of verdicts.
 */
import { ParseError } from "../bytes/parse-error.ts";
import { asTlsClientHello, srtpProfile } from "../protocol/dtls/messages.ts";
import { type DtlsFragment, type DtlsRecord, dtlsRecords, handshakeFragments } from "../protocol/dtls/record.ts";
import { HANDSHAKE_TYPE } from "../protocol/tls/messages.ts";
import { handshakeName } from "../protocol/tls/names.ts";
import { ALERT, HANDSHAKE } from "../protocol/tls/record.ts";
import type { CertificatePool, Chain } from "./certificate-pool.ts";
import type { Hellos, ObservedClientHello, SeenServerHello } from "./hellos.ts";
import type { SeenAlert, SeenMessage } from "./tcp-reader.ts";

/** Longest message put together: chains of three certificates have 6 kB, post-quantum ones some 20. */
const MAX_MESSAGE = 32 * 1024;
/** Messages of a side begun at a time; a flight has at most six. */
const MAX_BEGUN = 8;
/** Fragments of one message: 20 kB in records of 200 bytes. */
const MAX_PIECES = 100;
/** Messages and alerts kept, both sides together: a handshake with HelloVerifyRequest has 15, each of which may be sent again. */
const MAX_MESSAGES = 64;
const MAX_ALERTS = 16;

type SideNumber = 0 | 1;

/** What the readers of a capture share. */
export interface DtlsShared {
  readonly hellos: Hellos;
  readonly pool: CertificatePool;
  /** Bytes that may still be kept of messages that are not whole: a hostile capture may begin many and end none. */
  room: number;
}

interface Begun {
  readonly type: number;
  readonly length: number;
  readonly record: number;
  readonly frames: number[];
  readonly pieces: { readonly offset: number; readonly data: Uint8Array }[];
}

export class DtlsReader {
  /** Who sent the first ClientHello; -1 before it. */
  clientSide: -1 | SideNumber = -1;
  clientHello: ObservedClientHello | undefined = undefined;
  serverHello: SeenServerHello | undefined = undefined;
  srtpProfile: number | undefined = undefined;
  /** What the server presented, and the frame that completed it. */
  chain: Chain | undefined = undefined;
  chainFrame = 0;
  readonly messages: SeenMessage[] = [];
  readonly alerts: SeenAlert[] = [];

  private readonly shared: DtlsShared;
  private readonly begun: readonly [Map<number, Begun>, Map<number, Begun>] = [new Map(), new Map()];
  /** Messages of each side that are done, by message_seq: they may be sent again. */
  private readonly done: readonly [Set<number>, Set<number>] = [new Set(), new Set()];
  private readonly records: [number, number] = [0, 0];

  constructor(shared: DtlsShared) {
    this.shared = shared;
  }

  /** One datagram that begins with a record. */
  datagram(side: SideNumber, bytes: Uint8Array, frame: number, at: number): void {
    try {
      for (const record of dtlsRecords(bytes)) this.record(side, record, frame, at);
    } catch (error) {
      // The rest of the datagram is no DTLS that we read.
      if (!(error instanceof ParseError)) throw error;
    }
  }

  /** Nothing more comes. */
  end(): void {
    for (const begun of this.begun) {
      for (const message of begun.values()) this.forget(message);
      begun.clear();
    }
  }

  /** The connection's details are not kept. */
  release(): void {
    if (this.chain !== undefined) this.shared.pool.releaseChain(this.chain);
    this.chain = undefined;
  }

  private record(side: SideNumber, { type, epoch, content }: DtlsRecord, frame: number, at: number): void {
    this.records[side]++;
    if (epoch > 0) return;
    if (type === HANDSHAKE) {
      for (const fragment of handshakeFragments(content)) this.fragment(side, fragment, frame, at);
    } else if (type === ALERT && content.length === 2 && this.alerts.length < MAX_ALERTS) {
      this.alerts.push({ side, level: content[0] as number, code: content[1] as number, frame, at });
    }
  }

  private fragment(side: SideNumber, fragment: DtlsFragment, frame: number, at: number): void {
    const { type, length, sequence, data } = fragment;
    if (this.done[side].has(sequence) || length > MAX_MESSAGE) return;
    if (data.length === length) {
      this.finish(side, sequence, this.begun[side].get(sequence));
      this.message(side, { type, length, record: this.records[side], frames: [frame] }, data, at);
      return;
    }
    const message = this.begin(side, fragment);
    if (message === undefined) return;
    this.add(message, fragment, frame);
    const body = whole(message);
    if (body === undefined) return;
    this.finish(side, sequence, message);
    this.message(side, message, body, at);
  }

  /** The message that a fragment belongs to; undefined when there is no room for it, or it contradicts what came before. */
  private begin(side: SideNumber, { type, length, sequence }: DtlsFragment): Begun | undefined {
    const begun = this.begun[side];
    const known = begun.get(sequence);
    if (known !== undefined) return known.type === type && known.length === length ? known : undefined;
    if (begun.size === MAX_BEGUN) return undefined;
    const added: Begun = { type, length, record: this.records[side], frames: [], pieces: [] };
    begun.set(sequence, added);
    return added;
  }

  private add({ pieces, frames }: Begun, { offset, data }: DtlsFragment, frame: number): void {
    if (data.length === 0 || pieces.length === MAX_PIECES) return;
    // Sent again.
    if (pieces.some((piece) => piece.offset === offset && piece.data.length >= data.length)) return;
    if (data.length > this.shared.room) return;
    this.shared.room -= data.length;
    // Not slice(): on a Buffer that would be a view of the caller's reused memory.
    pieces.push({ offset, data: new Uint8Array(data) });
    if (frames.at(-1) !== frame) frames.push(frame);
  }

  private finish(side: SideNumber, sequence: number, message: Begun | undefined): void {
    if (this.done[side].size < MAX_MESSAGES) this.done[side].add(sequence);
    this.begun[side].delete(sequence);
    if (message !== undefined) this.forget(message);
  }

  private forget({ pieces }: Begun): void {
    for (const { data } of pieces) this.shared.room += data.length;
  }

  private message(
    side: SideNumber,
    { type, length, record, frames }: Omit<Begun, "pieces">,
    body: Uint8Array,
    at: number,
  ): void {
    const name = handshakeName(type, "tls");
    const frame = frames.at(-1) as number;
    if (this.messages.length === MAX_MESSAGES) return;
    this.messages.push({ side, name, frame, frames, record, at, length, incomplete: false });
    try {
      this.read(side, type, body, frame);
    } catch (error) {
      // A message that does not parse is kept as seen; nothing is concluded from it.
      if (!(error instanceof ParseError)) throw error;
    }
  }

  private read(side: SideNumber, type: number, body: Uint8Array, frame: number): void {
    const { hellos, pool } = this.shared;
    if (type === HANDSHAKE_TYPE.clientHello) {
      if (this.clientSide < 0) this.clientSide = side;
      // The first one is what the client wanted; the one with a cookie repeats it.
      if (side === this.clientSide) this.clientHello ??= hellos.client(asTlsClientHello(body)).observed;
      return;
    }
    // Which of two certificates is the server's cannot be told without a hello.
    if (side === this.clientSide) return;
    if (type === HANDSHAKE_TYPE.serverHello) {
      if (this.clientSide < 0) this.clientSide = side === 0 ? 1 : 0;
      const hello = hellos.server(body);
      if (this.serverHello !== undefined && !this.serverHello.isHelloRetryRequest) return;
      this.serverHello = hello;
      this.srtpProfile = srtpProfile(body);
    } else if (type === HANDSHAKE_TYPE.certificate && this.clientSide >= 0 && this.chain === undefined) {
      this.chain = pool.holdChain(body, false);
      this.chainFrame = frame;
    }
  }
}

/** The body, when its pieces cover it. */
function whole({ pieces, length }: Begun): Uint8Array | undefined {
  let end = 0;
  for (const { offset, data } of pieces.toSorted((one, other) => one.offset - other.offset)) {
    if (offset > end) return undefined;
    end = Math.max(end, offset + data.length);
  }
  if (end < length) return undefined;
  const body = new Uint8Array(length);
  for (const { offset, data } of pieces) body.set(data, offset);
  return body;
}
