/**
 * UdpReader: what one UDP exchange says in its first datagrams: which protocol, whether requests are answered, whether media
 * flowed. Knows nothing of files or verdicts.
 */
import type { FlowReader } from "../stream/flow.ts";
import type { DtlsShared } from "./dtls-reader.ts";
import type { Protocol } from "./observations.ts";
import { QuicReader, type QuicShared } from "./quic-reader.ts";
import { RealTime } from "./real-time.ts";

/** Datagrams of a side looked at: enough for discovery, an allocation with its challenge, and all retransmissions of a STUN transaction. */
const MAX_DATAGRAMS = 64;
/** Messages of STUN among them do not count up to this many: ICE checks many pairs before media flows (RFC 8445 section 6.1.2.5: 100). */
const MAX_MESSAGES = 256;
/** First byte of QUIC: the fixed bit, or a long header. */
const QUIC_FIRST = 0x40;

export class UdpReader implements FlowReader {
  readonly realTime: RealTime;
  quic: QuicReader | undefined = undefined;
  /** Who asked first; without a request the sender of the first datagram. */
  clientSide: 0 | 1 = 0;
  private first: Protocol = "unknown";
  private readonly seen: [number, number] = [0, 0];
  private readonly messages: [number, number] = [0, 0];
  private readonly wanted: [boolean, boolean] = [true, true];
  private readonly quicShared: QuicShared;

  constructor(quicShared: QuicShared, dtlsShared: DtlsShared) {
    this.quicShared = quicShared;
    this.realTime = new RealTime(dtlsShared);
  }

  /** More datagrams of this side are worth looking at. */
  wants(side: 0 | 1): boolean {
    return this.wanted[side];
  }

  get protocol(): Protocol {
    const { first } = this;
    // What shares its port with nothing else stays what it is.
    return first === "dns" || first === "quic" ? first : (this.realTime.protocol ?? first);
  }

  /** One datagram; `whole` is false when the snapshot length cut it. */
  datagram(side: 0 | 1, bytes: Uint8Array, whole: boolean, frame: number, at: number): void {
    const { realTime, seen } = this;
    // What is no STUN beside QUIC is QUIC's (RFC 9443): its short headers tell nothing by themselves.
    if (this.quic !== undefined && (bytes[0] as number) >= QUIC_FIRST) {
      if (whole) this.quic.datagram(side, bytes, frame, at);
      seen[side]++;
    } else {
      const found = realTime.datagram(side, bytes, whole, frame, at);
      if (this.first === "unknown") this.first = found;
      if (found === "quic" && whole) {
        this.quic = new QuicReader(this.quicShared);
        this.quic.datagram(side, bytes, frame, at);
      }
      const isMessage = found === "stun" || found === "turn";
      if (!isMessage || ++this.messages[side] > MAX_MESSAGES) seen[side]++;
    }
    if (seen[side] >= MAX_DATAGRAMS || realTime.isEnough(side)) this.wanted[side] = false;
  }

  /** Datagrams are no stream: `datagram` is called instead. */
  data(): void {}
  gap(): void {}

  /** Nothing more comes. */
  end(): void {
    this.realTime.end();
    this.quic?.end();
    if (this.realTime.clientSide >= 0) this.clientSide = this.realTime.clientSide as 0 | 1;
    else if (this.quic !== undefined && this.quic.clientSide >= 0) this.clientSide = this.quic.clientSide as 0 | 1;
  }

  /** The exchange's details are not kept. */
  release(): void {
    this.quic?.release();
    this.realTime.dtls?.release();
  }
}
