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
  ACKED_SET,
  B0,
  B1,
  B2,
  B3,
  BASE,
  BASE_SET,
  BYTES,
  CHAIN,
  COUNTED,
  DATAGRAM,
  DONE,
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
  PORTS,
  REACHED,
  REACHED_SET,
  STATE,
  STRIDE,
  TOUCHED,
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
export const COPY_WITHIN = 0.1;
/** The same where IP does not number the packets, so that the time is all there is. */
export const UNNUMBERED_COPY_WITHIN = 0.001;
/** Bytes at either end of a payload that tell it from others: numbers stand at its beginning, tags and fresh data at its end. */
const TELLING_BYTES = 16;
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
  /** The sequence numbers begin at a SYN of this capture: the stream is seen from its first byte. */
  fromStart = false;
  /** Of the packets of this direction within their tunnel. */
  path = 0;
  /** Out-of-order segments waiting for a hole to fill, ascending by sequence number. */
  pending: Segment[] | undefined = undefined;
  pendingBytes = 0;

  /** Place of its words, in the array of the flow. */
  at: number;
  private words: Int32Array;
  private doubles: Float64Array;

  constructor({ words, doubles }: FlowTable, at: number) {
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

  get frames(): number {
    return this.word(FRAMES);
  }
  set frames(value: number) {
    this.words[this.at + FRAMES] = value;
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

  /** Highest acknowledgement number the other side sent for this direction. */
  get acked(): number {
    return this.word(ACKED);
  }
  set acked(value: number) {
    this.words[this.at + ACKED] = value;
    this.mark(ACKED_SET);
  }
  get ackedSet(): boolean {
    return this.marked(ACKED_SET);
  }

  /** Highest sequence number at which this side was seen: where its next byte goes, captured or not. */
  get reached(): number {
    return this.word(REACHED);
  }
  set reached(value: number) {
    this.words[this.at + REACHED] = value;
    this.mark(REACHED_SET);
  }
  get reachedSet(): boolean {
    return this.marked(REACHED_SET);
  }

  /** Wireshark's base_seq: what tells a retransmitted SYN from a new connection on the same ports. */
  get base(): number {
    return this.word(BASE);
  }
  set base(value: number) {
    this.words[this.at + BASE] = value;
    this.mark(BASE_SET);
  }
  get baseSet(): boolean {
    return this.marked(BASE_SET);
  }

  /** Payload bytes sent that the receiver never acknowledged, when it acknowledged anything. */
  get unacknowledged(): number {
    return this.ackedSet && this.nextSet ? Math.max(0, (this.next - this.acked) | 0) : 0;
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
    this.words[this.at + MARKS] = this.word(MARKS) & ~FOLLOWING;
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

/** A connection. Its words are its own until the table forgets it, which closes it first. */
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
  /** The observation was taken: later frames are not counted any more. */
  done = false;
  /** In the queue of connections that have ended. */
  ended = false;
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
  /** Of the tunnel in which its first packet was; 0 for none. */
  readonly tunnel: number;
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

  /** Made by `FlowTable.add`, which has filled the words at `at`. */
  constructor(
    table: FlowTable,
    at: number,
    number: number,
    packet: Packet,
    frame: number,
    file: number,
    seconds: number,
    nanos: number,
  ) {
    this.words = table.words;
    this.doubles = table.doubles;
    this.at = at;
    this.transport = table.transport;
    this.tunnel = packet.tunnel;
    this.number = number;
    this.file = file;
    this.ipVersion = packet.ipVersion;
    this.a0 = packet.source0;
    this.a1 = packet.source1;
    this.a2 = packet.source2;
    this.a3 = packet.source3;
    this.aPort = packet.sourcePort;
    this.b0 = packet.destination0;
    this.b1 = packet.destination1;
    this.b2 = packet.destination2;
    this.b3 = packet.destination3;
    this.bPort = packet.destinationPort;
    this.firstFrame = frame;
    this.seconds = seconds;
    this.nanos = nanos;
    this.half0 = new Half(table, at + HALF0);
    this.half1 = new Half(table, at + HALF0 + HALF);
  }

  /** Takes its words along: the table, which is done with it, may use their place again. */
  detach(): void {
    const words = this.words.slice(this.at, this.at + STRIDE);
    this.words = words;
    this.doubles = new Float64Array(words.buffer);
    this.at = 0;
    this.half0.move(words, this.doubles, HALF0);
    this.half1.move(words, this.doubles, HALF0 + HALF);
  }

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

  /**
   * Whether a packet of the same addresses and ports, from endpoint `side`, came another way: in another tunnel or outside of it.
   * Then it is another connection, in a network that uses the same addresses, or the same packet seen twice.
   */
  isElsewhere(side: 0 | 1, packet: Packet): boolean {
    if (packet.tunnel !== this.tunnel) return true;
    if (packet.tunnel === 0) return false;
    const half = this.half(side);
    if (half.frames === 0) half.path = packet.path;
    return half.path !== packet.path;
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

export class FlowTable {
  /** Which endpoint sent the packet last looked up or added. */
  side: 0 | 1 = 0;
  readonly transport: "tcp" | "udp";
  /** Of every flow STRIDE words; place 0 is nobody's. The system gives the memory only where it is written. */
  readonly words = new Int32Array((MAX_FLOWS + 1) * STRIDE);
  /** The same memory. */
  readonly doubles = new Float64Array(this.words.buffer);
  /** Place of the newest flow of every bucket. */
  private readonly buckets = new Int32Array(MAX_FLOWS);
  private readonly spilled = new Map<string, number>();
  /** By place; undefined once the flow is done. */
  private readonly open: (Flow | undefined)[] = [undefined];
  /** By place, the done flows that still refer to their words. */
  private readonly referring = new Map<number, Flow>();
  /** Index into `open` of the next candidate to be forgotten. */
  private hand = 1;
  /** Number of the next new flow. */
  private count = 0;
  private readonly forget: (flow: Flow) => void;

  /** `forget` is called when a flow that is not done leaves the table because there is no room. */
  constructor(transport: "tcp" | "udp", forget: (flow: Flow) => void) {
    this.transport = transport;
    this.forget = forget;
  }

  /** Every flow still remembered that is not done. */
  *flows(): IterableIterator<Flow> {
    for (const flow of this.open) if (flow !== undefined) yield flow;
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

  /** The flow at a place, undefined when it is done. */
  flow(at: number): Flow | undefined {
    return this.open[at / STRIDE];
  }

  /** Counts a frame for the flow at a place. */
  touch(at: number, number: number, seconds: number, nanos: number): void {
    const { words, doubles } = this;
    const state = words[at + STATE] as number;
    words[at + STATE] = state | TOUCHED;
    if ((state & DONE) !== 0) return;
    words[at + LAST_FRAME] = number;
    words[at + FRAME_COUNT] = (words[at + FRAME_COUNT] as number) + 1;
    // Stored out of order: the end is the latest moment, not the last frame's.
    const last = doubles[(at + LAST_SECONDS) >> 1] as number;
    if (seconds < last || (seconds === last && nanos <= (words[at + LAST_NANOS] as number))) return;
    doubles[(at + LAST_SECONDS) >> 1] = seconds;
    words[at + LAST_NANOS] = nanos;
  }

  /** Seconds between the frame at hand and the latest one of the flow at a place: before `touch`. */
  idle(at: number, seconds: number, nanos: number): number {
    return (
      seconds -
      (this.doubles[(at + LAST_SECONDS) >> 1] as number) +
      (nanos - (this.words[at + LAST_NANOS] as number)) / 1e9
    );
  }

  /**
   * Whether a datagram of the flow at a place is a copy of the latest one of its direction, as mirror ports make them; from now on it
   * is the latest.
   */
  isCopiedDatagram(at: number, packet: Packet, bytes: Uint8Array, idle: number): boolean {
    const { words } = this;
    const mine = at + (this.side === 0 ? HALF0 : HALF0 + HALF);
    const { identification } = packet;
    const datagram = digest(bytes, packet);
    const same = words[mine + IDENTIFICATION] === identification && words[mine + DATAGRAM] === datagram;
    words[mine + IDENTIFICATION] = identification;
    words[mine + DATAGRAM] = datagram;
    return same && idle < (identification === 0 ? UNNUMBERED_COPY_WITHIN : COPY_WITHIN);
  }

  /**
   * Counts a TCP segment as `TcpReassembly.segment` would, when counting is all there is to do: the payload, if any, comes in
   * order and is not followed, and no flag but ACK and PSH says anything. False when there may be more; then nothing was
   * counted. Most frames of a capture end here.
   */
  countSegment(at: number, packet: Packet): boolean {
    const { words } = this;
    const mine = at + (this.side === 0 ? HALF0 : HALF0 + HALF);
    const theirs = at + (this.side === 0 ? HALF0 + HALF : HALF0);
    if ((packet.flags & (ACK | SYN | FIN | RST)) !== ACK || packet.bogusHeader) return false;
    if (((words[at + STATE] as number) & TUNNELLED) !== 0) return false;
    if (((words[theirs + MARKS] as number) & (BASE_SET | ACKED_SET)) !== (BASE_SET | ACKED_SET)) return false;
    const marks = words[mine + MARKS] as number;
    const length = packet.payloadLength;
    if (length > 0) {
      if ((marks & (COUNTED | FOLLOWING)) !== COUNTED || packet.sequence !== words[mine + NEXT]) return false;
      // The largest so far: there is more to do, and it is rare.
      if (length > (words[mine + LARGEST] as number)) return false;
      const end = (packet.sequence + length) | 0;
      const bytes = (mine + BYTES) >> 1;
      this.doubles[bytes] = (this.doubles[bytes] as number) + length;
      words[mine + NEXT] = end;
      if (((end - (words[mine + REACHED] as number)) | 0) > 0) words[mine + REACHED] = end;
    } else if (
      (marks & (BASE_SET | REACHED_SET)) !== (BASE_SET | REACHED_SET) ||
      ((packet.sequence - (words[mine + REACHED] as number)) | 0) > 0
    ) {
      return false;
    }
    words[mine + FRAMES] = (words[mine + FRAMES] as number) + 1;
    words[mine + IDENTIFICATION] = packet.identification;
    if (((packet.acknowledgement - (words[theirs + ACKED] as number)) | 0) > 0) {
      words[theirs + ACKED] = packet.acknowledgement;
    }
    return true;
  }

  /** Does a SYN (no ACK) with this sequence number, just found to belong to the flow at a place, begin another connection? */
  beginsAnew(at: number, sequence: number): boolean {
    const mine = at + (this.side === 0 ? HALF0 : HALF0 + HALF);
    return ((this.words[mine + MARKS] as number) & BASE_SET) !== 0 && this.words[mine + BASE] !== sequence;
  }

  /** A new flow for the packet's addresses. A flow already there for them is replaced (port reuse) but lives on until forgotten. */
  add(packet: Packet, frame: number, file: number, seconds: number, nanos: number): Flow {
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
    words[at + LAST_FRAME] = frame;
    words[at + FRAME_COUNT] = 1;
    this.doubles[(at + LAST_SECONDS) >> 1] = seconds;
    words[at + LAST_NANOS] = nanos;
    words[at + HALF0 + MARKS] = words[at + HALF0 + HALF + MARKS] = FOLLOWING;
    this.side = 0;
    const flow = new Flow(this, at, this.count++, packet, frame, file, seconds, nanos);
    this.open[at / STRIDE] = flow;
    this.link(at, packet);
    return flow;
  }

  /**
   * Nothing of the flow is counted any more, and its object is let go. `needed`: its words will be read later, and are handed to
   * it before their place is used again.
   */
  close(flow: Flow, needed: boolean): void {
    flow.done = true;
    const { at } = flow;
    this.words[at + STATE] = (this.words[at + STATE] as number) | DONE;
    this.open[at / STRIDE] = undefined;
    if (needed) this.referring.set(at, flow);
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

  /** A place whose words are all 0. Second-chance replacement: a flow untouched for a whole round of the clock goes first, an ended one at once. */
  private takePlace(): number {
    const { words, open } = this;
    if (open.length <= MAX_FLOWS) {
      open.push(undefined);
      return (open.length - 1) * STRIDE;
    }
    for (;;) {
      const at = this.hand * STRIDE;
      this.hand = this.hand === MAX_FLOWS ? 1 : this.hand + 1;
      const state = words[at + STATE] as number;
      if ((state & (TOUCHED | DONE)) === TOUCHED) {
        words[at + STATE] = state & ~TOUCHED;
        continue;
      }
      this.unlink(at);
      const flow = this.flow(at);
      if (flow !== undefined) this.forget(flow);
      this.referring.get(at)?.detach();
      this.referring.delete(at);
      words.fill(0, at, at + STRIDE);
      return at;
    }
  }
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

/** Of a payload: its length and both its ends. */
function digest(bytes: Uint8Array, { payloadStart, payloadCaptured, payloadLength }: Packet): number {
  const end = payloadStart + payloadCaptured;
  const first = Math.min(end, payloadStart + TELLING_BYTES);
  let hash = payloadLength | 0;
  for (let at = payloadStart; at < first; at++) hash = Math.imul(hash, 31) + (bytes[at] as number);
  for (let at = Math.max(first, end - TELLING_BYTES); at < end; at++)
    hash = Math.imul(hash, 31) + (bytes[at] as number);
  return hash | 0;
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
