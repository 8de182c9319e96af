/**
 * TCP segments → ordered payload with gaps as data (RFC 9293 section 3.4). Owns reordering, retransmission, overlap,
 * sequence wrap and the bound on what waits out of order; knows nothing of what the payload means.
 *
 * A hole is never skipped because the peer acknowledged it: multi-queue captures store an acknowledgement before the data
 * it acknowledges. It is skipped when too much waits behind it or when the connection is over, so that what arrives late
 * is still read in order. At the end, acknowledgements and the sender's own sequence numbers also tell of bytes behind the
 * last ones captured.
 *
 * Per-frame fast path: once nobody follows a direction its payload is counted and never copied.
 */
import type { Frame } from "../capture/frame.ts";
import { Openings } from "../packet/opening.ts";
import { ACK, FIN, type Packet, RST, SYN } from "../packet/packet.ts";
import {
  type Flow,
  type FlowTable,
  type Half,
  type Known,
  MAX_SEQUENCE_AHEAD,
  type Segment,
  SMALL_SEGMENT,
} from "./flow.ts";
import { BYTES, DATA_SEEN, FOLLOWING, LARGEST, MARKS, NEXT, NEXT_SET } from "./words.ts";

/**
 * Bytes that may wait behind one hole: a handshake flight is rarely over 20 kB, a whole receive window of the time before
 * window scaling is 64 kB, and beyond a few windows the hole will not fill any more.
 */
export const MAX_PENDING_BYTES = 256 * 1024;
/** Segments that may wait behind one hole; bounds the work of a stream of one-byte segments. */
export const MAX_PENDING_SEGMENTS = 1024;
/** Over all connections; beyond it the connection that has waited longest gives up its hole. */
export const MAX_PENDING_TOTAL = 32 * 1024 * 1024;
/** What a waiting segment costs beside its bytes, so that many empty ones (snaplen) are bounded too. */
const SEGMENT_OVERHEAD = 128;
/**
 * Place of the flow a TCP packet belongs to, 0 when it begins a new one. A SYN whose sequence number differs from the known
 * connection's begins a new connection on the same ports, as in Wireshark.
 */
export function findTcpFlow(table: FlowTable, packet: Packet): number {
  const at = table.find(packet);
  return (packet.flags & (SYN | ACK)) === SYN && at !== 0 && table.beginsAnew(at, packet.sequence) ? 0 : at;
}

export class TcpReassembly {
  /** Flows with something waiting, oldest first. */
  private readonly waiting = new Set<Flow>();
  private waitingBytes = 0;
  private readonly openings = new Openings();

  /** Takes one segment of `flow`, sent by endpoint `side`. Calls the flow's reader for every byte that is now in order. */
  segment(flow: Flow, side: 0 | 1, known: Known, packet: Packet, frame: Frame, frameNumber: number): void {
    const half = flow.half(side);
    const { words, doubles } = flow;
    const mine = half.at;
    const { flags } = packet;
    const { copy } = known;
    if (half.ttl < 0) half.ttl = packet.ttl;
    const theirs = flow.half(side === 0 ? 1 : 0);
    const answered = theirs.ackedSet;
    // Payload that nobody follows may be counted by whoever tells flows apart, and then nothing is learned of it: nor is it here.
    if (packet.payloadLength <= 0 || !answered || half.following) flow.learn(known);
    if (theirs.ackedSet && !answered) firstAcknowledged(flow, side, frame);
    if ((flags & (SYN | RST)) !== 0) this.control(flow, side, half, packet, frame, frameNumber);
    let sequence = packet.sequence;
    if ((flags & SYN) !== 0) sequence = (sequence + 1) | 0;
    // What a RST carries is a remark about the reset, not part of the stream (RFC 9293 section 3.5.3).
    const length = (flags & RST) !== 0 ? 0 : packet.payloadLength;
    const end = (sequence + length) | 0;
    if ((flags & FIN) !== 0 && half.finFrame === 0) {
      half.finFrame = frameNumber;
      half.finSequence = end;
    }
    if (length <= 0) return;
    let marks = words[mine + MARKS] as number;
    if (half.firstDataFrame === 0) {
      half.firstDataFrame = frameNumber;
      half.firstDataTtl = packet.ttl;
    }
    if ((marks & NEXT_SET) === 0) words[mine + NEXT] = sequence;
    marks |= DATA_SEEN | NEXT_SET;
    words[mine + MARKS] = marks;
    if (length > (words[mine + LARGEST] as number)) {
      words[mine + LARGEST] = length;
      if (length > SMALL_SEGMENT)
        grow(half, sequence, length, frameNumber, flow.since(frame.seconds, frame.nanos), known.heard);
    }
    const ahead = (sequence - (words[mine + NEXT] as number)) | 0;
    const following = (marks & FOLLOWING) !== 0;
    if (following && ahead > 0) {
      if (ahead < MAX_SEQUENCE_AHEAD) this.wait(flow, side, half, sequence, packet, frame, frameNumber, copy);
      return;
    }
    const fresh = ahead + length;
    if (fresh <= 0) {
      if (!copy) repeat(half, sequence);
      return;
    }
    words[mine + NEXT] = end;
    const bytes = (mine + BYTES) >> 1;
    doubles[bytes] = (doubles[bytes] as number) + (fresh < length ? fresh : length);
    if (!following) return;
    const at = flow.since(frame.seconds, frame.nanos);
    this.deliver(
      flow,
      side,
      half,
      frame.bytes,
      packet.payloadStart,
      -ahead,
      packet.payloadCaptured,
      length,
      frameNumber,
      frameNumber,
      at,
    );
    if (half.pending !== undefined) this.drain(flow, side, half, frameNumber, at);
  }

  /** Nothing more will come for this flow: gives up every hole, and counts what was sent after the last byte captured. */
  finish(flow: Flow): void {
    flow.settle();
    this.finishHalf(flow, 0);
    this.finishHalf(flow, 1);
  }

  private finishHalf(flow: Flow, side: 0 | 1): void {
    this.skipHoles(flow, side, 0, 0);
    const half = flow.half(side);
    const tail = tailOf(half);
    if (tail > 0 && half.following) this.skip(flow, side, half, tail);
  }

  /** The payload of this direction is not wanted any more. */
  unfollow(flow: Flow, side: 0 | 1): void {
    const half = flow.half(side);
    if (half.pending !== undefined) {
      for (const segment of half.pending) {
        const fresh = ((segment.sequence + segment.length) | 0) - half.next;
        if ((fresh | 0) > 0) {
          half.bytes += Math.min(fresh | 0, segment.length);
          half.next = (segment.sequence + segment.length) | 0;
        }
      }
      this.drop(flow, half);
    }
    // Last: this may happen while something of another flow is worked on, and then whoever tells flows apart counts on from here.
    half.unfollow();
  }

  private control(flow: Flow, side: 0 | 1, half: Half, packet: Packet, frame: Frame, frameNumber: number): void {
    const flags = packet.flags;
    if ((flags & RST) !== 0) {
      if (flow.resetFrame === 0) {
        flow.resetFrame = frameNumber;
        flow.resetSide = side;
        flow.resetAt = flow.since(frame.seconds, frame.nanos);
        flow.resetTtl = packet.ttl;
      }
      return;
    }
    if ((flags & ACK) === 0) {
      flow.syns++;
      if (flow.synFrame === 0) {
        flow.synFrame = frameNumber;
        flow.synAt = flow.since(frame.seconds, frame.nanos);
      }
      if (flow.clientSide < 0) flow.clientSide = side;
    } else {
      if (flow.synAckFrame === 0) {
        flow.synAckFrame = frameNumber;
        flow.synAckAt = flow.since(frame.seconds, frame.nanos);
      }
      if (flow.clientSide < 0) flow.clientSide = side === 0 ? 1 : 0;
    }
    half.opening ??= this.openings.read(frame.bytes, packet.tcpStart, frame.start + frame.captured, packet.ttl);
    if (!half.nextSet) {
      half.next = (packet.sequence + 1) | 0;
      half.fromStart = true;
    }
  }

  private deliver(
    flow: Flow,
    side: 0 | 1,
    half: Half,
    bytes: Uint8Array,
    start: number,
    skip: number,
    captured: number,
    length: number,
    frame: number,
    available: number,
    at: number,
  ): void {
    const reader = flow.reader;
    if (captured > skip && half.following)
      reader?.data(side, bytes, start + skip, start + captured, frame, available, at);
    const cut = length - Math.max(captured, skip);
    if (cut > 0) {
      half.missing += cut;
      if (half.following) reader?.gap(side, cut);
    }
  }

  private wait(
    flow: Flow,
    side: 0 | 1,
    half: Half,
    sequence: number,
    packet: Packet,
    frame: Frame,
    frameNumber: number,
    copy: boolean,
  ): void {
    half.pending ??= [];
    const pending = half.pending;
    let index = pending.length;
    while (index > 0 && (((pending[index - 1] as Segment).sequence - sequence) | 0) > 0) index--;
    const before = pending[index - 1];
    if (before !== undefined && before.sequence === sequence && before.length >= packet.payloadLength) {
      if (!copy) half.retransmissions++;
      return;
    }
    const bytes = frame.bytes.slice(packet.payloadStart, packet.payloadStart + packet.payloadCaptured);
    const at = flow.since(frame.seconds, frame.nanos);
    pending.splice(index, 0, { sequence, length: packet.payloadLength, bytes, frame: frameNumber, at });
    const cost = bytes.length + SEGMENT_OVERHEAD;
    half.pendingBytes += cost;
    this.waitingBytes += cost;
    this.waiting.add(flow);
    if (half.pendingBytes > MAX_PENDING_BYTES || pending.length > MAX_PENDING_SEGMENTS) {
      this.skipHoles(flow, side, MAX_PENDING_BYTES / 2, MAX_PENDING_SEGMENTS / 2);
    }
    while (this.waitingBytes > MAX_PENDING_TOTAL) {
      const [oldest] = this.waiting;
      if (oldest === undefined) break;
      for (const side of [0, 1] as const) this.skipHoles(oldest, side, 0, 0);
      this.waiting.delete(oldest);
    }
  }

  /** Hands over what has become contiguous. */
  private drain(flow: Flow, side: 0 | 1, half: Half, available: number, at: number): void {
    const pending = half.pending;
    if (pending === undefined) return;
    let used = 0;
    while (used < pending.length && half.following) {
      const segment = pending[used] as Segment;
      const ahead = (segment.sequence - half.next) | 0;
      if (ahead > 0) break;
      used++;
      this.release(half, segment);
      const skip = -ahead;
      if (skip >= segment.length) {
        half.retransmissions++;
        continue;
      }
      half.next = (segment.sequence + segment.length) | 0;
      half.bytes += segment.length - skip;
      this.deliver(
        flow,
        side,
        half,
        segment.bytes,
        0,
        skip,
        segment.bytes.length,
        segment.length,
        segment.frame,
        Math.max(available, segment.frame),
        Math.max(at, segment.at),
      );
    }
    // Unfollowed while draining: `unfollow` has dropped the rest already.
    if (half.pending === undefined) return;
    pending.splice(0, used);
    if (pending.length === 0) this.drop(flow, half);
  }

  /** Skips holes until no more than `keepBytes` and `keepSegments` wait. */
  private skipHoles(flow: Flow, side: 0 | 1, keepBytes: number, keepSegments: number): void {
    const half = flow.half(side);
    while (half.pending !== undefined && (half.pendingBytes > keepBytes || half.pending.length > keepSegments)) {
      const first = half.pending[0] as Segment;
      const hole = (first.sequence - half.next) | 0;
      if (hole > 0) this.skip(flow, side, half, hole);
      this.drain(flow, side, half, first.frame, first.at);
    }
  }

  private skip(flow: Flow, side: 0 | 1, half: Half, length: number): void {
    if (half.ackedSet && ((half.acked - half.next) | 0) <= 0) half.lost += length;
    else half.missing += length;
    half.next = (half.next + length) | 0;
    flow.reader?.gap(side, length);
  }

  private drop(flow: Flow, half: Half): void {
    this.waitingBytes -= half.pendingBytes;
    half.pending = undefined;
    half.pendingBytes = 0;
    if (flow.half0.pending === undefined && flow.half1.pending === undefined) this.waiting.delete(flow);
  }

  private release(half: Half, segment: Segment): void {
    const cost = segment.bytes.length + SEGMENT_OVERHEAD;
    half.pendingBytes -= cost;
    this.waitingBytes -= cost;
  }
}

/** The client answers the SYN-ACK; stored before it, it tells no time. */
function firstAcknowledged(flow: Flow, side: 0 | 1, frame: Frame): void {
  if (flow.synAckFrame > 0 && side === flow.clientSide) flow.ackAt = flow.since(frame.seconds, frame.nanos);
}

function grow(half: Half, sequence: number, size: number, frame: number, at: number, heard: number): void {
  half.grownBefore = half.grown;
  half.grown = { sequence, frame, size, at, heard };
}

function repeat(half: Half, sequence: number): void {
  half.retransmissions++;
  half.repeats = half.repeated === sequence ? half.repeats + 1 : 1;
  half.repeated = sequence;
}

/** Payload bytes behind `half.next` that were sent, or acknowledged, and not captured. */
function tailOf(half: Half): number {
  if (!half.nextSet) return 0;
  const sent = half.reachedSet ? (half.reached - half.next) | 0 : 0;
  const acked = half.ackedSet ? (half.acked - half.next) | 0 : 0;
  const tail = Math.max(sent, acked);
  if (tail <= 0 || tail >= MAX_SEQUENCE_AHEAD) return 0;
  // A FIN takes a sequence number (RFC 9293 section 3.4); one that was not captured looks like one byte.
  if (half.finFrame === 0) return tail === 1 ? 0 : tail;
  return ((half.next + tail - half.finSequence) | 0) === 1 ? tail - 1 : tail;
}
