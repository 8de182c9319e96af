/**
 * RealTime: what the datagrams of a call say, whatever carries them: STUN and TURN, DTLS, media. Owns who reads which of them
 * (RFC 7983); knows nothing of UDP, of TCP or of verdicts.
 */
import { ParseError } from "../bytes/parse-error.ts";
import { identifyUdp, type UdpProtocol } from "../protocol/identify.ts";
import { peerData } from "../protocol/stun/attributes.ts";
import { isTurn, parseChannelData, parseStun, type StunMessage } from "../protocol/stun/message.ts";
import type { TurnFraming } from "../protocol/stun/stream.ts";
import { DtlsReader, type DtlsShared } from "./dtls-reader.ts";
import { MediaWatch } from "./media-watch.ts";
import type { Protocol } from "./observations.ts";
import { StunDialogue } from "./stun-dialogue.ts";

type SideNumber = 0 | 1;

export class RealTime {
  stun: StunDialogue | undefined = undefined;
  dtls: DtlsReader | undefined = undefined;
  media: MediaWatch | undefined = undefined;
  /** A message of TURN was among them, or data of a channel. */
  turn = false;
  /** What they stand in, where that is a stream. */
  framing: TurnFraming | undefined = undefined;
  private readonly shared: DtlsShared;
  /** Number of a channel that a datagram seems to be of: without another message two of one channel are wanted. */
  private channelSeen = -1;

  constructor(shared: DtlsShared) {
    this.shared = shared;
  }

  /** The most telling of what was seen; undefined when nothing was. */
  get protocol(): Protocol | undefined {
    if (this.turn) return "turn";
    if (this.dtls !== undefined) return "dtls";
    const { media } = this;
    if (media !== undefined && media.rtp[0] + media.rtp[1] > 0) return "rtp";
    if (this.stun !== undefined) return "stun";
    return media !== undefined && media.rtcp[0] + media.rtcp[1] > 0 ? "rtcp" : undefined;
  }

  /** Who asked first, in STUN or else in DTLS; -1 when nobody did. */
  get clientSide(): -1 | SideNumber {
    return this.stun?.clientSide ?? this.dtls?.clientSide ?? -1;
  }

  /** One datagram; `whole` is false when the snapshot length cut it. Answers which protocol it is by itself. */
  datagram(side: SideNumber, bytes: Uint8Array, whole: boolean, frame: number, at: number): UdpProtocol {
    const found = identifyUdp(bytes);
    const first = bytes[0] as number;
    if (found === "dtls") {
      this.dtls ??= new DtlsReader(this.shared);
      if (whole) this.dtls.datagram(side, bytes, frame, at);
    } else if (found === "turn" && first >= 0x40) {
      const channel = (first << 8) | (bytes[1] as number);
      if (!this.turn && channel !== this.channelSeen) {
        this.channelSeen = channel;
        return "unknown";
      }
      this.turn = true;
      this.channel(side, bytes, frame);
    } else if (found === "stun" || found === "turn") {
      if (found === "turn") this.turn = true;
      if (whole) this.message(side, parseStun(bytes), frame, at);
    } else if (found === "unknown") {
      // RFC 5766 had more channels, which alone prove nothing.
      if (this.turn && first >> 6 === 1) this.channel(side, bytes, frame);
      else this.packet(side, bytes, frame);
    }
    return found;
  }

  /** A message of STUN or TURN; keeps nothing of its bytes. */
  message(side: SideNumber, message: StunMessage, frame: number, at: number): void {
    if (isTurn(message)) this.turn = true;
    const data = isTurn(message) ? dataOf(message) : undefined;
    if (data !== undefined) this.relayed(side, data, frame);
    if (message.class === "indication") return;
    this.stun ??= new StunDialogue(side, message);
    this.stun.message(side, message, frame, at);
  }

  /** What peers send each other through a relay; in a stream it may have a length before it (RFC 4571). */
  relayed(side: SideNumber, bytes: Uint8Array, frame: number): void {
    const [high = 0, low = 0] = bytes;
    this.packet(side, ((high << 8) | low) === bytes.length - 2 ? bytes.subarray(2) : bytes, frame);
  }

  /** Enough was seen of what a side sends: media, which is all that it will go on with. */
  isEnough(side: SideNumber): boolean {
    return this.media !== undefined && this.media.rtp[side] > 0;
  }

  end(): void {
    this.dtls?.end();
  }

  private channel(side: SideNumber, bytes: Uint8Array, frame: number): void {
    try {
      this.relayed(side, parseChannelData(bytes).data, frame);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }

  private packet(side: SideNumber, bytes: Uint8Array, frame: number): void {
    if ((bytes[0] as number) >> 6 !== 2) return;
    this.media ??= new MediaWatch();
    this.media.datagram(side, bytes, frame);
  }
}

function dataOf(message: StunMessage): Uint8Array | undefined {
  try {
    return peerData(message);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
