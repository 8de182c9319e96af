/**
 * UdpReader: what one UDP exchange says in its first datagrams: which protocol, and whether requests are answered. Knows
 * nothing of files or verdicts.
 */
import { ParseError } from "../bytes/parse-error.ts";
import { toHex } from "../bytes/text.ts";
import { identifyUdp } from "../protocol/identify.ts";
import { ALLOCATE, isTurn, parseStun, type StunMessage } from "../protocol/stun/message.ts";
import type { FlowReader } from "../stream/flow.ts";
import type { Protocol, StunObservation } from "./observations.ts";
import { QuicReader, type QuicShared } from "./quic-reader.ts";

/** Datagrams looked at: enough for discovery, an allocation with its challenge, and all retransmissions of a STUN transaction. */
const MAX_DATAGRAMS = 64;
/** First byte of QUIC: the fixed bit, or a long header. */
const QUIC_FIRST = 0x40;
/** Requests remembered until answered. */
const MAX_REQUESTS = 32;

export class UdpReader implements FlowReader {
  /** More datagrams are worth looking at. */
  open = true;
  protocol: Protocol = "unknown";
  stun: StunObservation | undefined = undefined;
  quic: QuicReader | undefined = undefined;
  /** Who asked first; without a request the sender of the first datagram. */
  clientSide: 0 | 1 = 0;
  private seen = 0;
  private readonly asked = new Map<string, number>();
  private readonly quicShared: QuicShared;

  constructor(quicShared: QuicShared) {
    this.quicShared = quicShared;
  }

  /** One datagram; `whole` is false when the snapshot length cut it. */
  datagram(side: 0 | 1, bytes: Uint8Array, whole: boolean, frame: number, at: number): void {
    this.seen++;
    if (this.seen >= MAX_DATAGRAMS) this.open = false;
    // What is no STUN beside QUIC is QUIC's (RFC 9443): its short headers tell nothing by themselves.
    if (this.quic !== undefined && (bytes[0] as number) >= QUIC_FIRST) {
      if (whole) this.quic.datagram(side, bytes, frame, at);
      return;
    }
    const found = identifyUdp(bytes);
    if (this.protocol === "unknown" || (this.protocol === "stun" && found === "turn")) this.protocol = found;
    if (!whole) return;
    if (found === "stun" || found === "turn") this.message(side, bytes, frame, at);
    else if (found === "quic") {
      this.quic = new QuicReader(this.quicShared);
      this.quic.datagram(side, bytes, frame, at);
    }
  }

  /** Datagrams are no stream: `datagram` is called instead. */
  data(): void {}
  gap(): void {}

  /** Nothing more comes. */
  end(): void {
    this.quic?.end();
    if (this.quic !== undefined && this.quic.clientSide >= 0) this.clientSide = this.quic.clientSide as 0 | 1;
  }

  /** The exchange's details are not kept. */
  release(): void {
    this.quic?.release();
  }

  private message(side: 0 | 1, bytes: Uint8Array, frame: number, at: number): void {
    let message: StunMessage;
    try {
      message = parseStun(bytes);
    } catch (error) {
      if (error instanceof ParseError) return;
      throw error;
    }
    if (message.class === "indication") return;
    const request = message.class === "request";
    if (this.stun === undefined) this.clientSide = request ? side : side === 0 ? 1 : 0;
    const before = this.stun ?? {
      dialect: message.dialect,
      requests: 0,
      responses: 0,
      allocate: false,
      allocated: false,
    };
    if (isTurn(message)) this.protocol = "turn";
    const id = toHex(message.transactionId);
    if (request) {
      // In ICE both sides ask; whose requests are answered matters for the one who asked first.
      if (side !== this.clientSide) return;
      if (!this.asked.has(id) && this.asked.size < MAX_REQUESTS) this.asked.set(id, at);
      this.stun = {
        ...before,
        requests: before.requests + 1,
        firstRequestFrame: before.firstRequestFrame ?? frame,
        allocate: before.allocate || message.method === ALLOCATE,
      };
      return;
    }
    if (side === this.clientSide) return;
    const since = this.asked.get(id);
    this.stun = {
      ...before,
      responses: before.responses + 1,
      firstResponseFrame: before.firstResponseFrame ?? frame,
      allocated: before.allocated || (message.class === "success" && message.method === ALLOCATE),
      ...(before.rtt === undefined && since !== undefined && { rtt: at - since }),
    };
  }
}
