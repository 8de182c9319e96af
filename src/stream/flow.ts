/**
 * Flow and FlowTable: which connection a packet belongs to, numbered as Wireshark numbers `tcp.stream` and `udp.stream`.
 * Owns identity, per-direction counters and the bound on how many connections are remembered; knows nothing of payload.
 *
 * Per-frame fast path: what every frame of a known connection touches lies together in one array of integers (`words`), two
 * cache lines of it per connection; a `Flow` object holds the rest, and reads those words through accessors. The table is
 * keyed by integers; because a hostile capture could aim thousands of flows at one bucket, long chains spill into a Map,
 * whose hashing V8 seeds by itself.
 */
import type { Application } from "../capture/frame.ts";
import type { Opening } from "../packet/opening.ts";
import { ACK, FIN, type Packet, RST, SYN } from "../packet/packet.ts";
import {
  A0,
  A1,
  A2,
  A3,
  ACKED,
  ACKED0_SET,
  ACKED1_SET,
  B0,
  B1,
  B2,
  B3,
  BYTES,
  CHAIN,
  COUNTED,
  DATA_SEEN,
  DATAGRAM,
  DONE,
  FIN0,
  FIN1,
  FOLLOWING,
  FRAME_COUNT,
  FRAMES,
  HALF,
  HALF0,
  HASH,
  IDENTIFICATION,
  IPV6,
  LARGEST,
  LAST_FRAME,
  LAST_NANOS,
  LAST_SECONDS,
  MARKS,
  NEXT,
  NEXT_SET,
  NUMBER,
  PATH0,
  PATH0_SET,
  PATH1,
  PATH1_SET,
  PORTS,
  REACHED,
  REACHED0_SET,
  REACHED1_SET,
  RESET,
  RETIRED,
  SENT,
  START0,
  START0_SET,
  START1,
  START1_SET,
  STATE,
  STRIDE,
  TOUCHED,
  TUNNEL,
  TUNNELLED,
} from "./words.ts";

/**
 * How many connections are remembered at once. A connection that was forgotten and speaks again would get a new number.
 * 65 536 keeps the table under about 40 MB; nf_conntrack's default on a machine of this size is 262 144, Zeek forgets by
 * idle time instead, which a capture with a broken clock would defeat.
 */
export const MAX_FLOWS = 65_536;
/**
 * Seconds after the connection's latest packet within which a packet may be a copy of one already seen. A mirror port gives both
 * within microseconds, or after what a queue holds; who retransmits has mostly waited for 200 ms (RFC 6298 section 2.4 asks for a
 * second).
 */
const COPY_WITHIN = 0.1;
/** The same where IP does not number the packets, so that the time is all there is. */
const UNNUMBERED_COPY_WITHIN = 0.001;
/** Bytes at either end of a payload that tell it from others: numbers stand at its beginning, tags and fresh data at its end. */
const TELLING_BYTES = 16;
/** A sequence number further ahead than this is no segment of this stream (the largest window is 2^30, RFC 7323). */
export const MAX_SEQUENCE_AHEAD = 1 << 30;
/** A RST made up by something on the path may have any number; one as close to what was sent as this was made by who sent it. Bytes. */
const MAX_RESET_AHEAD = 256 * 1024;
/** Chain length from which further flows of a bucket go to the Map. */
const MAX_CHAIN = 16;

/** One direction of a flow. Sequence numbers are signed 32-bit. */
export class Half {
  /** TTL of the first frame; -1 before it. */
  ttl = -1;
  /** Of its SYN or SYN-ACK, the first. */
  opening: Opening | undefined = undefined;
  /** Frame numbers; 0 = none. */
  firstDataFrame = 0;
  /** Of that frame. */
  firstDataTtl = 0;
  finFrame = 0;
  /** Sequence number of the FIN, meaningful once `finFrame` is set. */
  finSequence = 0;
  /** Payload bytes that are not in the capture although the receiver had them, or may have had them. */
  missing = 0;
  /** Payload bytes that never arrived: not in the capture, and the receiver never acknowledged them. */
  lost = 0;
  retransmissions = 0;
  /** The first segments larger than all before them, as far as over SMALL_SEGMENT: the latest such, and the one before it. */
  grown: Grown | undefined = undefined;
  grownBefore: Grown | undefined = undefined;
  /** Sequence number at which the latest retransmission begins, and how often one began there without another in between. */
  repeated = 0;
  repeats = 0;
  /** The first ICMP error that says that what this side sent did not get there. */
  unreachable: IcmpError | undefined = undefined;
  /** Highest acknowledgement number the other side sent for this direction, as far as `ackedSet`. */
  acked = 0;
  ackedSet = false;
  /** `reached` means something. */
  reachedSet = false;
  /** The sequence numbers begin at a SYN of this capture: the stream is seen from its first byte. */
  fromStart = false;
  /** Out-of-order segments waiting for a hole to fill, ascending by sequence number. */
  pending: Segment[] | undefined = undefined;
  pendingBytes = 0;

  /** Place of its words, in the array of the flow. */
  at: number;
  private words: Int32Array;
  private doubles: Float64Array;

  constructor({ words, doubles }: FlowMemory, at: number) {
    this.words = words;
    this.doubles = doubles;
    this.at = at;
  }

  /** Its words are elsewhere from now on. */
  move(words: Int32Array, doubles: Float64Array, at: number): void {
    this.words = words;
    this.doubles = doubles;
    this.at = at;
  }

  /** Known when the flow is over. */
  get frames(): number {
    return this.word(FRAMES);
  }

  /** Highest sequence number at which this side was seen: where its next byte goes, captured or not. Known when the flow is over. */
  get reached(): number {
    return this.word(REACHED);
  }

  /** Payload bytes; of TCP each sequence number once. */
  get bytes(): number {
    return this.doubles[(this.at + BYTES) >> 1] as number;
  }
  set bytes(value: number) {
    this.doubles[(this.at + BYTES) >> 1] = value;
  }

  /** Next sequence number expected in order. */
  get next(): number {
    return this.word(NEXT);
  }
  set next(value: number) {
    this.words[this.at + NEXT] = value;
    this.mark(NEXT_SET);
  }
  get nextSet(): boolean {
    return this.marked(NEXT_SET);
  }

  /** Payload bytes sent that the receiver never acknowledged, when it acknowledged anything. */
  get unacknowledged(): number {
    return this.ackedSet && this.nextSet ? Math.max(0, (this.next - this.acked) | 0) : 0;
  }

  /** The first payload of the direction came in this frame. */
  noteData(frame: number): void {
    this.firstDataFrame = frame;
    this.mark(DATA_SEEN);
  }

  get largestSegment(): number {
    return this.word(LARGEST);
  }
  set largestSegment(value: number) {
    this.words[this.at + LARGEST] = value;
  }

  /** Payload is wanted. Afterwards it is only counted. */
  get following(): boolean {
    return this.marked(FOLLOWING);
  }
  unfollow(): void {
    // Not before what was counted is to be seen.
    Atomics.store(this.words, this.at + MARKS, this.word(MARKS) & ~FOLLOWING);
  }

  private word(index: number): number {
    return this.words[this.at + index] as number;
  }

  private mark(bit: number): void {
    this.words[this.at + MARKS] = this.word(MARKS) | bit;
  }

  private marked(bit: number): boolean {
    return (this.word(MARKS) & bit) !== 0;
  }
}

/** A segment larger than all before it in its direction. */
export interface Grown {
  readonly sequence: number;
  readonly frame: number;
  /** Payload bytes. */
  readonly size: number;
  /** Seconds since the flow's first frame. */
  readonly at: number;
  /** Frames of the other side before it. */
  readonly heard: number;
}

/** Payload that every path carries: every link takes IPv4 packets of 576 bytes (RFC 791 section 3.2). Few sides of a connection exceed it often. */
export const SMALL_SEGMENT = 536;

/** An ICMP error. `from`: the address of who sent it. */
export interface IcmpError {
  readonly frame: number;
  readonly type: number;
  readonly code: number;
  readonly from: string;
}

export interface Segment {
  readonly sequence: number;
  /** Length on the wire; `bytes` may be shorter (snaplen). */
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly frame: number;
  readonly at: number;
}

/** Where the words of flows are. */
export interface FlowMemory {
  readonly transport: "tcp" | "udp";
  /** Of every flow STRIDE words; place 0 is nobody's. */
  readonly words: Int32Array;
  /** The same memory. */
  readonly doubles: Float64Array;
}

/**
 * Places beyond those of remembered flows: the place of a forgotten one is used again after so many others. Another thread may still
 * have to close it, and as many small flows as this may be on the way there; waiting for every one would keep the two in step.
 */
const RESERVE = 16_384;
const PLACES = MAX_FLOWS + RESERVE;

/** Bytes of the words of all flows. The system gives the memory only where it is written. */
export const FLOW_BYTES = (PLACES + 1) * STRIDE * 4;

/** `buffer`, of FLOW_BYTES, is given when two threads share it. */
export function flowMemory(
  transport: "tcp" | "udp",
  buffer: ArrayBuffer | SharedArrayBuffer = new ArrayBuffer(FLOW_BYTES),
): FlowMemory {
  return { transport, words: new Int32Array(buffer), doubles: new Float64Array(buffer) };
}

/** What is known beside a segment when it comes. Acknowledgement numbers are the highest for what endpoint 0 and 1 sent, where set. */
export class Known {
  /** It is one already seen. */
  copy = false;
  acked0 = 0;
  acked1 = 0;
  acked0Set = false;
  acked1Set = false;
  /** Frames of the other side before it. */
  heard = 0;
}

/** What a connection is to whoever works on it. */
export class Flow {
  readonly ipVersion: 4 | 6;
  /** Endpoint 0 (`a`) sent the first packet seen. */
  readonly aPort: number;
  readonly bPort: number;
  readonly a3: number;
  readonly b3: number;
  readonly a2: number;
  readonly b2: number;
  readonly a1: number;
  readonly b1: number;
  readonly a0: number;
  readonly b0: number;
  /** What endpoint 0 sent, and endpoint 1. */
  readonly half0: Half;
  readonly half1: Half;
  /** Whoever reads the payload keeps its state here; undefined before the first payload and after the end. */
  reader: FlowReader | undefined = undefined;

  /** Packets of it have no time: `since` tells nothing. */
  untimed = false;
  /** The program it belongs to, where the capture says so. */
  application: Application | undefined = undefined;

  readonly transport: "tcp" | "udp";
  /** Wireshark's stream number within the transport. */
  readonly number: number;
  readonly file: number;
  readonly firstFrame: number;
  readonly seconds: number;
  readonly nanos: number;

  /** TCP only. Side (0 or 1) that sent the SYN, -1 when none was seen. */
  clientSide: -1 | 0 | 1 = -1;
  syns = 0;
  synFrame = 0;
  synAt = 0;
  synAckFrame = 0;
  synAckAt = 0;
  /** When the client first acknowledged something after the SYN-ACK; NaN before it. */
  ackAt = Number.NaN;
  resetFrame = 0;
  resetSide: 0 | 1 = 0;
  resetAt = 0;
  resetTtl = 0;

  words: Int32Array;
  doubles: Float64Array;
  /** Place of its words. */
  at: number;

  /** `FlowTable.add` has filled the words at `at`; the others are of its first frame. */
  constructor(memory: FlowMemory, at: number, file: number, frame: number, seconds: number, nanos: number) {
    const { words } = memory;
    const ports = words[at + PORTS] as number;
    this.words = words;
    this.doubles = memory.doubles;
    this.at = at;
    this.transport = memory.transport;
    this.number = words[at + NUMBER] as number;
    this.file = file;
    this.ipVersion = ((words[at + STATE] as number) & IPV6) === 0 ? 4 : 6;
    this.a0 = words[at + A0] as number;
    this.a1 = words[at + A1] as number;
    this.a2 = words[at + A2] as number;
    this.a3 = words[at + A3] as number;
    this.aPort = ports >>> 16;
    this.b0 = words[at + B0] as number;
    this.b1 = words[at + B1] as number;
    this.b2 = words[at + B2] as number;
    this.b3 = words[at + B3] as number;
    this.bPort = ports & 0xffff;
    this.firstFrame = frame;
    this.seconds = seconds;
    this.nanos = nanos;
    this.half0 = new Half(memory, at + HALF0);
    this.half1 = new Half(memory, at + HALF0 + HALF);
  }

  /** Initial sequence number of a side (RFC 9293 section 3.4.1), unsigned; undefined when its SYN was not captured. */
  initialSequence(side: 0 | 1): number | undefined {
    if (!this.half(side).fromStart) return undefined;
    return (this.words[this.at + (side === 0 ? START0 : START1)] as number) >>> 0;
  }

  /** Takes its words along: the table, which is done with it, uses their place again. */
  detach(): void {
    const words = this.words.slice(this.at, this.at + STRIDE);
    this.words = words;
    this.doubles = new Float64Array(words.buffer);
    this.at = 0;
    this.half0.move(words, this.doubles, HALF0);
    this.half1.move(words, this.doubles, HALF0 + HALF);
  }

  /** Takes in what is known of a segment. */
  learn(known: Known): void {
    const { half0, half1 } = this;
    half0.acked = known.acked0;
    half0.ackedSet = known.acked0Set;
    half1.acked = known.acked1;
    half1.ackedSet = known.acked1Set;
  }

  /** Nothing more comes: takes in what was counted meanwhile. */
  settle(): void {
    const { words, at, half0, half1 } = this;
    const state = words[at + STATE] as number;
    half0.acked = words[at + HALF0 + ACKED] as number;
    half0.ackedSet = (state & ACKED0_SET) !== 0;
    half0.reachedSet = (state & REACHED0_SET) !== 0;
    half1.acked = words[at + HALF0 + HALF + ACKED] as number;
    half1.ackedSet = (state & ACKED1_SET) !== 0;
    half1.reachedSet = (state & REACHED1_SET) !== 0;
  }

  /** This, and the rest of what is counted of frames, is known when the flow is over. */
  get lastFrame(): number {
    return this.words[this.at + LAST_FRAME] as number;
  }

  get frameCount(): number {
    return this.words[this.at + FRAME_COUNT] as number;
  }

  get lastSeconds(): number {
    return this.doubles[(this.at + LAST_SECONDS) >> 1] as number;
  }

  get lastNanos(): number {
    return this.words[this.at + LAST_NANOS] as number;
  }

  half(side: 0 | 1): Half {
    return side === 0 ? this.half0 : this.half1;
  }

  /** Seconds since the flow's first frame; 0 where time is not known. */
  since(seconds: number, nanos: number): number {
    if (this.untimed) return 0;
    return seconds - this.seconds + (nanos - this.nanos) / 1e9;
  }
}

/**
 * Reads a flow's payload in order. `side`: 0 or 1 of the flow. `frame` carried the bytes; `available` is the frame at which
 * they could be read in order (later when a hole before them was filled late). `at`: seconds since the flow's first frame.
 */
export interface FlowReader {
  data(side: 0 | 1, bytes: Uint8Array, start: number, end: number, frame: number, available: number, at: number): void;
  /** `length` bytes of the stream are not in the capture. */
  gap(side: 0 | 1, length: number): void;
}

/** Place of no flow. */
const NONE = 0;

/** Another thread works on the flows: it has to be told of what happens to them, and uses what is counted for them meanwhile. */
export interface Lent {
  /** Whether it has done all up to what was last sent for a flow (SENT). */
  isRead(sent: number): boolean;
  /** Lets it do more. */
  wait(): void;
}

export class FlowTable implements FlowMemory {
  /** Which endpoint sent the packet last looked up or added. */
  side: 0 | 1 = 0;
  readonly transport: "tcp" | "udp";
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  /** Place of the newest flow of every bucket. */
  private readonly buckets = new Int32Array(MAX_FLOWS);
  private readonly spilled = new Map<string, number>();
  /** Places taken so far. */
  private taken = 0;
  /** The next candidate to be forgotten; its place is as many STRIDEs on. */
  private hand = 1;
  /** Places of forgotten flows, the next to be used again, and overwritten, at index `next`. */
  private readonly retired = new Int32Array(RESERVE);
  private next = 0;
  /** Number of the next new flow. */
  private count = 0;
  private readonly forget: (at: number) => void;
  private readonly lent: Lent | undefined;

  /**
   * `forget` is called with the place of a flow that is not done and leaves the table because there is no room. `lent` is given when
   * another thread works on the flows.
   */
  constructor({ transport, words, doubles }: FlowMemory, forget: (at: number) => void, lent?: Lent) {
    this.transport = transport;
    this.words = words;
    this.doubles = doubles;
    this.forget = forget;
    this.lent = lent;
  }

  /** Places of all flows still remembered that are not done. */
  *places(): IterableIterator<number> {
    for (let index = 1; index <= this.taken; index++) if (!this.has(index * STRIDE, DONE)) yield index * STRIDE;
  }

  get total(): number {
    return this.count;
  }

  /** Place of the flow a packet belongs to, 0 for none. Sets `side`. */
  find(packet: Packet): number {
    const hash = hashOf(packet);
    const { words } = this;
    for (let at = this.buckets[hash & (MAX_FLOWS - 1)] as number; at !== NONE; at = words[at + CHAIN] as number) {
      if (words[at] !== hash) continue;
      const side = sideOf(words, at, packet);
      if (side < 0) continue;
      this.side = side as 0 | 1;
      return at;
    }
    if (this.spilled.size === 0) return NONE;
    const at = this.spilled.get(packetKey(packet)) ?? NONE;
    if (at !== NONE) this.side = sideOf(words, at, packet) as 0 | 1;
    return at;
  }

  /** Whether the flow at a place has one of these bits in its STATE. */
  has(at: number, bits: number): boolean {
    return ((this.words[at + STATE] as number) & bits) !== 0;
  }

  mark(at: number, bits: number): void {
    this.words[at + STATE] = (this.words[at + STATE] as number) | bits;
  }

  numberOf(at: number): number {
    return this.words[at + NUMBER] as number;
  }

  /** Whether the first packet of the flow at a place was in this tunnel. */
  isIn(at: number, tunnel: number): boolean {
    return this.words[at + TUNNEL] === tunnel;
  }

  /** May this thread use the words of the flow at a place that are the other one's while something for it is on the way? */
  private isBack(at: number): boolean {
    return this.lent === undefined || this.lent.isRead(this.doubles[(at + SENT) >> 1] as number);
  }

  /** Counts a frame for the flow at a place; answers how long after the one before it came, in seconds. */
  touch(at: number, number: number, seconds: number, nanos: number): number {
    const { words, doubles } = this;
    const state = words[at + STATE] as number;
    words[at + STATE] = state | TOUCHED;
    if ((state & DONE) !== 0) return 0;
    words[at + LAST_FRAME] = number;
    words[at + FRAME_COUNT] = (words[at + FRAME_COUNT] as number) + 1;
    const idle = this.idle(at, seconds, nanos);
    // Stored out of order: the end is the latest moment, not the last frame's.
    if (idle > 0) {
      doubles[(at + LAST_SECONDS) >> 1] = seconds;
      words[at + LAST_NANOS] = nanos;
    }
    return idle;
  }

  /** Seconds between the frame at hand and the latest one of the flow at a place: before `touch`. */
  idle(at: number, seconds: number, nanos: number): number {
    const last = this.doubles[(at + LAST_SECONDS) >> 1] as number;
    return seconds - last + (nanos - (this.words[at + LAST_NANOS] as number)) / 1e9;
  }

  /**
   * Whether a packet of the same addresses and ports, from the endpoint last looked up, came another way: in another tunnel or
   * outside of it. Then it is another connection, in a network that uses the same addresses, or the same packet seen twice.
   */
  isElsewhere(at: number, packet: Packet): boolean {
    const { words, side } = this;
    if (packet.tunnel !== words[at + TUNNEL]) return true;
    if (packet.tunnel === 0) return false;
    const place = at + (side === 0 ? PATH0 : PATH1);
    const bit = side === 0 ? PATH0_SET : PATH1_SET;
    if (!this.has(at, bit)) {
      this.mark(at, bit);
      words[place] = packet.path;
    }
    return words[place] !== packet.path;
  }

  /**
   * Counts a TCP segment where that is all there is to do, as `note` and `TcpReassembly.segment` would together: it has no flag but ACK
   * and PSH, and no payload, or some in order that nobody follows. False when there may be more; then nothing was counted. Most frames
   * of a capture end here. `idle`: as `touch` answers.
   */
  countSegment(at: number, packet: Packet, idle: number): boolean {
    const { words, side } = this;
    if ((packet.flags & (ACK | SYN | FIN | RST)) !== ACK || packet.bogusHeader) return false;
    const known = side === 0 ? REACHED0_SET | ACKED1_SET : REACHED1_SET | ACKED0_SET;
    // Of one that is done the counts are the other thread's to read.
    if (((words[at + STATE] as number) & (known | TUNNELLED | DONE)) !== known) return false;
    const mine = at + (side === 0 ? HALF0 : HALF0 + HALF);
    const length = packet.payloadLength;
    if (length > 0) {
      if (!this.isBack(at) || ((words[mine + MARKS] as number) & (COUNTED | FOLLOWING)) !== COUNTED) return false;
      // The largest so far: there is more to do, and it is rare.
      if (packet.sequence !== words[mine + NEXT] || length > (words[mine + LARGEST] as number)) return false;
      const end = (packet.sequence + length) | 0;
      const bytes = (mine + BYTES) >> 1;
      this.doubles[bytes] = (this.doubles[bytes] as number) + length;
      words[mine + NEXT] = end;
      const ahead = (end - (words[mine + REACHED] as number)) | 0;
      if (ahead > 0 && ahead < MAX_SEQUENCE_AHEAD) words[mine + REACHED] = end;
    } else if (((packet.sequence - (words[mine + REACHED] as number)) | 0) > 0) return false;
    const { identification } = packet;
    if (!isCopy(identification, words[mine + IDENTIFICATION] as number, idle)) {
      words[mine + IDENTIFICATION] = identification;
    }
    words[mine + FRAMES] = (words[mine + FRAMES] as number) + 1;
    const acked = at + (side === 0 ? HALF0 + HALF : HALF0) + ACKED;
    if (((packet.acknowledgement - (words[acked] as number)) | 0) > 0) words[acked] = packet.acknowledgement;
    return true;
  }

  /**
   * Takes in what a segment of the flow at a place says but for its payload, and what is known then, into `known`. False: it is a copy,
   * as mirror ports make them, of one that counts once. `idle`: as `touch` answers.
   */
  note(at: number, packet: Packet, idle: number, known: Known): boolean {
    const { words, side } = this;
    const mine = at + (side === 0 ? HALF0 : HALF0 + HALF);
    const theirs = at + (side === 0 ? HALF0 + HALF : HALF0);
    const { flags, identification, sequence } = packet;
    const reachedSet = side === 0 ? REACHED0_SET : REACHED1_SET;
    known.copy = isCopy(identification, words[mine + IDENTIFICATION] as number, idle);
    if (known.copy && ((flags & SYN) !== 0 ? this.has(at, reachedSet) : (flags & RST) !== 0 && this.has(at, RESET)))
      return false;
    if (!known.copy) words[mine + IDENTIFICATION] = identification;
    words[mine + FRAMES] = (words[mine + FRAMES] as number) + 1;
    this.noteStart(at, packet);
    if ((flags & ACK) !== 0) {
      const ackedSet = side === 0 ? ACKED1_SET : ACKED0_SET;
      const { acknowledgement } = packet;
      if (!this.has(at, ackedSet) || ((acknowledgement - (words[theirs + ACKED] as number)) | 0) > 0)
        words[theirs + ACKED] = acknowledgement;
      this.mark(at, ackedSet);
    }
    // What a RST carries is a remark about the reset, not part of the stream (RFC 9293 section 3.5.3).
    const isReset = (flags & RST) !== 0;
    const end = (sequence + ((flags & SYN) !== 0 ? 1 : 0) + (isReset ? 0 : packet.payloadLength)) | 0;
    const ahead = (end - (words[mine + REACHED] as number)) | 0;
    if (this.has(at, reachedSet)) {
      if (ahead > 0 && ahead < (isReset ? MAX_RESET_AHEAD : MAX_SEQUENCE_AHEAD)) words[mine + REACHED] = end;
    } else if (!isReset) {
      words[mine + REACHED] = end;
      this.mark(at, reachedSet);
    }
    if (isReset) this.mark(at, RESET);
    if ((flags & FIN) !== 0) this.mark(at, side === 0 ? FIN0 : FIN1);
    known.heard = words[theirs + FRAMES] as number;
    known.acked0 = words[at + HALF0 + ACKED] as number;
    known.acked1 = words[at + HALF0 + HALF + ACKED] as number;
    known.acked0Set = this.has(at, ACKED0_SET);
    known.acked1Set = this.has(at, ACKED1_SET);
    return true;
  }

  /**
   * Whether a datagram of the flow at a place is a copy of the latest one of its direction, as mirror ports make them; else it is counted,
   * and from now on the latest. `idle`: as `touch` answers.
   */
  isCopiedDatagram(at: number, packet: Packet, bytes: Uint8Array, idle: number): boolean {
    const { words } = this;
    const mine = at + (this.side === 0 ? HALF0 : HALF0 + HALF);
    const { identification } = packet;
    const digest = digestOf(bytes, packet);
    const same = words[mine + IDENTIFICATION] === identification && words[mine + DATAGRAM] === digest;
    words[mine + IDENTIFICATION] = identification;
    words[mine + DATAGRAM] = digest;
    if (same && idle < (identification === 0 ? UNNUMBERED_COPY_WITHIN : COPY_WITHIN)) return true;
    words[mine + FRAMES] = (words[mine + FRAMES] as number) + 1;
    return false;
  }

  /** Counts the payload of a UDP datagram where that is all there is to do: nobody reads the direction any more, and it has had some before. */
  countDatagram(at: number, packet: Packet): boolean {
    const { words } = this;
    const mine = at + (this.side === 0 ? HALF0 : HALF0 + HALF);
    if (!this.isBack(at) || ((words[mine + MARKS] as number) & (FOLLOWING | DATA_SEEN)) !== DATA_SEEN) return false;
    if (packet.payloadLength > 0) {
      const bytes = (mine + BYTES) >> 1;
      this.doubles[bytes] = (this.doubles[bytes] as number) + packet.payloadLength;
    }
    return true;
  }

  /** Does a SYN (no ACK) with this sequence number, just found to belong to the flow at a place, begin another connection? */
  beginsAnew(at: number, sequence: number): boolean {
    const [bit, start] = this.side === 0 ? [START0_SET, START0] : [START1_SET, START1];
    return this.has(at, bit) && this.words[at + start] !== sequence;
  }

  /** Notes where the directions of a connection begin, as far as its segment at hand is the first to tell (as Wireshark's base_seq). */
  private noteStart(at: number, packet: Packet): void {
    const state = this.words[at + STATE] as number;
    if ((state & (START0_SET | START1_SET)) === (START0_SET | START1_SET)) return;
    const { sequence, acknowledgement, flags } = packet;
    this.begin(at, this.side, (flags & SYN) !== 0 ? sequence : (sequence - 1) | 0);
    if ((flags & ACK) !== 0) this.begin(at, this.side === 0 ? 1 : 0, (acknowledgement - 1) | 0);
  }

  private begin(at: number, side: 0 | 1, base: number): void {
    const bit = side === 0 ? START0_SET : START1_SET;
    if (this.has(at, bit)) return;
    this.mark(at, bit);
    this.words[at + (side === 0 ? START0 : START1)] = base;
  }

  /**
   * A new flow for the packet's addresses: its place. A flow already there for them is replaced (port reuse) but lives on until
   * forgotten.
   */
  add(packet: Packet, frame: number, seconds: number, nanos: number): number {
    const at = this.takePlace();
    const { words } = this;
    words[at + HASH] = hashOf(packet);
    words[at + PORTS] = (packet.sourcePort << 16) | packet.destinationPort;
    words[at + STATE] = TOUCHED | (packet.ipVersion === 6 ? IPV6 : 0) | (packet.tunnel === 0 ? 0 : TUNNELLED);
    words[at + A0] = packet.source0;
    words[at + A1] = packet.source1;
    words[at + A2] = packet.source2;
    words[at + A3] = packet.source3;
    words[at + B0] = packet.destination0;
    words[at + B1] = packet.destination1;
    words[at + B2] = packet.destination2;
    words[at + B3] = packet.destination3;
    words[at + NUMBER] = this.count++;
    words[at + TUNNEL] = packet.tunnel;
    words[at + LAST_FRAME] = frame;
    words[at + FRAME_COUNT] = 1;
    this.doubles[(at + LAST_SECONDS) >> 1] = seconds;
    words[at + LAST_NANOS] = nanos;
    words[at + HALF0 + MARKS] = words[at + HALF0 + HALF + MARKS] = FOLLOWING;
    this.side = 0;
    this.link(at, packet);
    return at;
  }

  /** Nothing of the flow at a place is counted any more. */
  close(at: number): void {
    this.mark(at, DONE);
  }

  private link(at: number, packet: Packet): void {
    const { words, buckets } = this;
    // Of an older flow on the same ports nothing may be found any more.
    const replaced = this.find(packet);
    if (replaced !== NONE) this.unlink(replaced);
    this.side = 0;
    const bucket = (words[at + HASH] as number) & (MAX_FLOWS - 1);
    let length = 0;
    for (let other = buckets[bucket] as number; other !== NONE; other = words[other + CHAIN] as number) length++;
    if (length >= MAX_CHAIN) {
      this.spilled.set(packetKey(packet), at);
      return;
    }
    words[at + CHAIN] = buckets[bucket] as number;
    buckets[bucket] = at;
  }

  private unlink(at: number): void {
    const { words, buckets } = this;
    const bucket = (words[at + HASH] as number) & (MAX_FLOWS - 1);
    let previous = NONE;
    for (let other = buckets[bucket] as number; other !== NONE; other = words[other + CHAIN] as number) {
      if (other === at) {
        if (previous === NONE) buckets[bucket] = words[at + CHAIN] as number;
        else words[previous + CHAIN] = words[at + CHAIN] as number;
        words[at + CHAIN] = NONE;
        return;
      }
      previous = other;
    }
    const key = flowKey(words, at);
    if (this.spilled.get(key) === at) this.spilled.delete(key);
  }

  /** A place whose words are all 0. */
  private takePlace(): number {
    if (this.taken < PLACES) {
      if (this.taken >= MAX_FLOWS) this.retire();
      this.taken++;
      return this.taken * STRIDE;
    }
    const at = this.retired[this.next] as number;
    this.retire();
    // What is counted there may still be asked for.
    while (!this.isBack(at)) this.lent?.wait();
    this.words.fill(0, at, at + STRIDE);
    return at;
  }

  /** Forgets a flow. Second-chance replacement: one untouched for a whole round of the clock goes first, an ended one at once. */
  private retire(): void {
    const { words } = this;
    for (;;) {
      const at = this.hand * STRIDE;
      this.hand = this.hand === this.taken ? 1 : this.hand + 1;
      const state = words[at + STATE] as number;
      if ((state & RETIRED) !== 0) continue;
      if ((state & (TOUCHED | DONE)) === TOUCHED) {
        words[at + STATE] = state & ~TOUCHED;
        continue;
      }
      this.unlink(at);
      if ((state & DONE) === 0) this.forget(at);
      this.mark(at, RETIRED | DONE);
      this.retired[this.next] = at;
      this.next = (this.next + 1) % RESERVE;
      return;
    }
  }
}

/**
 * Whether a TCP packet is one already seen, as a mirror port gives that sees it come and go: senders number packets upwards, and give
 * a retransmission a number of its own. `last`: the number of the latest packet of this direction.
 */
function isCopy(identification: number, last: number, idle: number): boolean {
  if (identification === 0) return idle < UNNUMBERED_COPY_WITHIN;
  return idle < COPY_WITHIN && last !== 0 && (identification - last) << 16 <= 0;
}

/** What tells the payload at hand from others: its length and both its ends. */
function digestOf(bytes: Uint8Array, { payloadStart, payloadCaptured, payloadLength }: Packet): number {
  const end = payloadStart + payloadCaptured;
  const first = Math.min(end, payloadStart + TELLING_BYTES);
  let hash = payloadLength | 0;
  for (let at = payloadStart; at < first; at++) hash = Math.imul(hash, 31) + (bytes[at] as number);
  for (let at = Math.max(first, end - TELLING_BYTES); at < end; at++)
    hash = Math.imul(hash, 31) + (bytes[at] as number);
  return hash | 0;
}

/** 0 when the packet goes from endpoint 0 to endpoint 1, 1 the other way, -1 when it belongs to another flow. */
function sideOf(words: Int32Array, at: number, packet: Packet): -1 | 0 | 1 {
  // ::ffff:192.0.2.1 in an IPv6 packet is another host than 192.0.2.1, with the same four words.
  const six = packet.ipVersion === 6;
  if ((((words[at + STATE] as number) & IPV6) !== 0) !== six) return -1;
  const { sourcePort, destinationPort, source3, destination3 } = packet;
  const ports = words[at + PORTS];
  const a3 = words[at + A3];
  const b3 = words[at + B3];
  if (
    ports === ((sourcePort << 16) | destinationPort) &&
    a3 === source3 &&
    b3 === destination3 &&
    (!six ||
      (words[at + A2] === packet.source2 &&
        words[at + B2] === packet.destination2 &&
        words[at + A1] === packet.source1 &&
        words[at + B1] === packet.destination1 &&
        words[at + A0] === packet.source0 &&
        words[at + B0] === packet.destination0))
  )
    return 0;
  if (
    ports === ((destinationPort << 16) | sourcePort) &&
    a3 === destination3 &&
    b3 === source3 &&
    (!six ||
      (words[at + B2] === packet.source2 &&
        words[at + A2] === packet.destination2 &&
        words[at + B1] === packet.source1 &&
        words[at + A1] === packet.destination1 &&
        words[at + B0] === packet.source0 &&
        words[at + A0] === packet.destination0))
  )
    return 1;
  return -1;
}

/** The same for both directions. */
function hashOf(packet: Packet): number {
  let hash = Math.imul(packet.source3 ^ packet.destination3, 0x9e3779b1);
  hash ^= Math.imul(
    (packet.sourcePort ^ packet.destinationPort) + ((packet.sourcePort + packet.destinationPort) << 16),
    0x85ebca6b,
  );
  if (packet.ipVersion === 6) {
    hash ^= Math.imul(packet.source2 ^ packet.destination2, 0xc2b2ae35);
    hash ^= Math.imul(packet.source1 ^ packet.destination1, 0x27d4eb2f);
    hash ^= Math.imul(packet.source0 ^ packet.destination0, 0x165667b1);
  }
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

function packetKey(p: Packet): string {
  return spillKey(
    p.ipVersion,
    `${p.source0},${p.source1},${p.source2},${p.source3},${p.sourcePort}`,
    `${p.destination0},${p.destination1},${p.destination2},${p.destination3},${p.destinationPort}`,
  );
}

function flowKey(words: Int32Array, at: number): string {
  const w = (index: number): number => words[at + index] as number;
  return spillKey(
    (w(STATE) & IPV6) !== 0 ? 6 : 4,
    `${w(A0)},${w(A1)},${w(A2)},${w(A3)},${w(PORTS) >>> 16}`,
    `${w(B0)},${w(B1)},${w(B2)},${w(B3)},${w(PORTS) & 0xffff}`,
  );
}

function spillKey(ipVersion: 4 | 6, one: string, other: string): string {
  return one < other ? `${ipVersion}:${one}-${other}` : `${ipVersion}:${other}-${one}`;
}
