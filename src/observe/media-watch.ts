/**
 * MediaWatch: whether datagrams of one flow are media. No packet of RTP proves itself, so several must agree: one source whose
 * sequence numbers rise and whose clock does not jump. Knows nothing of what carries them, or of what is in them.
 */
import { ParseError } from "../bytes/parse-error.ts";
import { mayBeRtp, parseRtp, type RtcpPacket, type RtpPacket } from "../protocol/rtp/packet.ts";

/**
 * Packets of one source that must agree: by chance three pairs of random packets do once in 10⁴⁰ times. Protocols that count
 * something where RTP does would have to keep something else constant, and a third thing rising.
 */
const PROOF = 4;
/** Sources of a side followed at a time: audio, video in three sizes, retransmissions. */
const MAX_SOURCES = 8;
/** Packets lost in a row before a source is begun anew. */
const MAX_LOST = 32;
/** Ticks of the clock from packet to packet: three minutes of video (90 kHz). */
const MAX_TICKS = 2 ** 24;
/** RTCP packets of one source that must agree, unless one datagram has several (RFC 3550 section 6.1 wants that). */
const RTCP_PROOF = 2;

interface Source {
  readonly ssrc: number;
  sequence: number;
  timestamp: number;
  count: number;
}

export class MediaWatch {
  /** Of each side, the frame by which RTP was recognised, and RTCP; 0 before it. */
  readonly rtp: [number, number] = [0, 0];
  readonly rtcp: [number, number] = [0, 0];
  private readonly sources: readonly [Source[], Source[]] = [[], []];
  private readonly reporters: readonly [Map<number, number>, Map<number, number>] = [new Map(), new Map()];

  /** One datagram that is nothing else. */
  datagram(side: 0 | 1, bytes: Uint8Array, frame: number): void {
    if (!mayBeRtp(bytes)) return;
    let packet: RtpPacket | RtcpPacket;
    try {
      packet = parseRtp(bytes);
    } catch (error) {
      if (error instanceof ParseError) return;
      throw error;
    }
    if (packet.is === "rtcp") this.report(side, packet, frame);
    // Protocols with a length there (BACnet) count up by chance.
    else if (packet.sequence !== bytes.length) this.follow(side, packet, frame);
  }

  private follow(side: 0 | 1, { ssrc, sequence, timestamp }: RtpPacket, frame: number): void {
    if (this.rtp[side] > 0) return;
    const sources = this.sources[side];
    const known = sources.find((source) => source.ssrc === ssrc);
    if (known === undefined) {
      if (sources.length === MAX_SOURCES) sources.shift();
      sources.push({ ssrc, sequence, timestamp, count: 1 });
      return;
    }
    const step = (sequence - known.sequence) & 0xffff;
    // Doubled by the capture, or late.
    if (step === 0 || step > 0xffff - MAX_LOST) return;
    const ticks = (timestamp - known.timestamp) | 0;
    // Frames of video may be sent in another order than they are shown.
    known.count = step <= MAX_LOST && Math.abs(ticks) < MAX_TICKS ? known.count + 1 : 1;
    known.sequence = sequence;
    known.timestamp = timestamp;
    if (known.count === PROOF) this.rtp[side] = frame;
  }

  private report(side: 0 | 1, { ssrc, packets }: RtcpPacket, frame: number): void {
    if (this.rtcp[side] > 0) return;
    const reporters = this.reporters[side];
    const count = (reporters.get(ssrc) ?? 0) + packets;
    if (count >= RTCP_PROOF) this.rtcp[side] = frame;
    else if (reporters.size < MAX_SOURCES) reporters.set(ssrc, count);
  }
}
