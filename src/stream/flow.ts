/**
 * Flow and FlowTable: which connection a packet belongs to, numbered as Wireshark numbers `tcp.stream` and `udp.stream`.
 * Owns identity, per-direction counters and the bound on how many connections are remembered; knows nothing of payload.
 *
 * Per-frame fast path: `find` allocates only when a connection is new. The table is keyed by integers; because a hostile
 * capture could aim thousands of flows at one bucket, long chains spill into a Map, whose hashing V8 seeds by itself.
 */
import type { Packet } from "../packet/packet.ts";

/**
 * How many connections are remembered at once. A connection that was forgotten and speaks again would get a new number.
 * 65 536 keeps the table under about 40 MB; nf_conntrack's default on a machine of this size is 262 144, Zeek forgets by
 * idle time instead, which a capture with a broken clock would defeat.
 */
export const MAX_FLOWS = 65_536;
/** Chain length from which further flows of a bucket go to the Map. */
const MAX_CHAIN = 16;

/** One direction of a flow. Sequence numbers are signed 32-bit. */
export class Half {
  frames = 0;
  /** Payload bytes; of TCP each sequence number once. */
  bytes = 0;
  /** Payload is wanted. Afterwards it is only counted. */
  following = true;
  baseSet = false;
  nextSet = false;
  ackedSet = false;
  reachedSet = false;
  /** Next sequence number expected in order. */
  next = 0;
  /** Highest acknowledgement number the other side sent for this direction. */
  acked = 0;
  /** Highest sequence number at which this side was seen: where its next byte goes, captured or not. */
  reached = 0;
  /** TTL of the first frame; -1 before it. */
  ttl = -1;
  largestSegment = 0;
  /** Frame numbers; 0 = none. */
  firstDataFrame = 0;
  finFrame = 0;
  /** Sequence number of the FIN, meaningful once `finFrame` is set. */
  finSequence = 0;
  /** Wireshark's base_seq: what tells a retransmitted SYN from a new connection on the same ports. */
  base = 0;
  /** Payload bytes that are not in the capture although the receiver had them, or may have had them. */
  missing = 0;
  /** Payload bytes that never arrived: not in the capture, and the receiver never acknowledged them. */
  lost = 0;
  retransmissions = 0;
  /** The sequence numbers begin at a SYN of this capture: the stream is seen from its first byte. */
  fromStart = false;
  /** Out-of-order segments waiting for a hole to fill, ascending by sequence number. */
  pending: Segment[] | undefined = undefined;
  pendingBytes = 0;
}

export interface Segment {
  readonly sequence: number;
  /** Length on the wire; `bytes` may be shorter (snaplen). */
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly frame: number;
  readonly at: number;
}

/** Fields stand in the order in which frames of a known connection need them: every cache line less is felt. */
export class Flow {
  hash = 0;
  /** Hash chain of the table. */
  nextInBucket: Flow | undefined = undefined;
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
  /** The table's clock: a packet came since the hand went by. */
  touched = true;
  /** The observation was taken: later frames are not counted any more. */
  done = false;
  /** In the queue of connections that have ended. */
  ended = false;
  lastFrame = 0;
  frameCount = 1;
  lastSeconds = 0;
  lastNanos = 0;
  /** What endpoint 0 sent, and endpoint 1. */
  readonly half0 = new Half();
  readonly half1 = new Half();
  /** Whoever reads the payload keeps its state here; undefined before the first payload and after the end. */
  reader: FlowReader | undefined = undefined;

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
  resetFrame = 0;
  resetSide: 0 | 1 = 0;
  resetAt = 0;
  resetTtl = 0;
  unreachableFrame = 0;
  unreachableType = 0;
  unreachableCode = 0;
  unreachableFrom = "";

  constructor(
    transport: "tcp" | "udp",
    number: number,
    packet: Packet,
    frame: number,
    file: number,
    seconds: number,
    nanos: number,
  ) {
    this.transport = transport;
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
    this.lastSeconds = seconds;
    this.lastNanos = nanos;
    this.lastFrame = frame;
  }

  half(side: 0 | 1): Half {
    return side === 0 ? this.half0 : this.half1;
  }

  /** 0 when the packet goes from endpoint 0 to endpoint 1, 1 the other way, -1 when it belongs to another flow. */
  sideOf(packet: Packet): -1 | 0 | 1 {
    // ::ffff:192.0.2.1 in an IPv6 packet is another host than 192.0.2.1, with the same four words.
    if (packet.ipVersion !== this.ipVersion) return -1;
    if (
      packet.sourcePort === this.aPort &&
      packet.destinationPort === this.bPort &&
      packet.source3 === this.a3 &&
      packet.destination3 === this.b3 &&
      packet.source2 === this.a2 &&
      packet.destination2 === this.b2 &&
      packet.source1 === this.a1 &&
      packet.destination1 === this.b1 &&
      packet.source0 === this.a0 &&
      packet.destination0 === this.b0
    )
      return 0;
    if (
      packet.sourcePort === this.bPort &&
      packet.destinationPort === this.aPort &&
      packet.source3 === this.b3 &&
      packet.destination3 === this.a3 &&
      packet.source2 === this.b2 &&
      packet.destination2 === this.a2 &&
      packet.source1 === this.b1 &&
      packet.destination1 === this.a1 &&
      packet.source0 === this.b0 &&
      packet.destination0 === this.a0
    )
      return 1;
    return -1;
  }

  /** Seconds since the flow's first frame. */
  since(seconds: number, nanos: number): number {
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

export class FlowTable {
  /** Which endpoint sent the packet last looked up or added. */
  side: 0 | 1 = 0;
  private buckets: (Flow | undefined)[] = new Array(1024);
  private mask = 1023;
  private readonly spilled = new Map<string, Flow>();
  private readonly clock: Flow[] = [];
  private hand = 0;
  /** Number of the next new flow. */
  private count = 0;
  private readonly transport: "tcp" | "udp";
  private readonly forget: (flow: Flow) => void;

  /** `forget` is called when a flow leaves the table because there is no room. */
  constructor(transport: "tcp" | "udp", forget: (flow: Flow) => void) {
    this.transport = transport;
    this.forget = forget;
  }

  /** Every flow still remembered. */
  get flows(): readonly Flow[] {
    return this.clock;
  }

  get total(): number {
    return this.count;
  }

  find(packet: Packet): Flow | undefined {
    const hash = hashOf(packet);
    let flow = this.buckets[hash & this.mask];
    while (flow !== undefined) {
      if (flow.hash === hash) {
        const side = flow.sideOf(packet);
        if (side >= 0) {
          this.side = side as 0 | 1;
          return flow;
        }
      }
      flow = flow.nextInBucket;
    }
    if (this.spilled.size === 0) return undefined;
    flow = this.spilled.get(packetKey(packet));
    if (flow !== undefined) this.side = flow.sideOf(packet) as 0 | 1;
    return flow;
  }

  /** A new flow for the packet's addresses. A flow already there for them is replaced (port reuse) but lives on until forgotten. */
  add(packet: Packet, frame: number, file: number, seconds: number, nanos: number): Flow {
    const flow = new Flow(this.transport, this.count++, packet, frame, file, seconds, nanos);
    flow.hash = hashOf(packet);
    this.side = 0;
    this.takeClockPlace(flow);
    this.link(flow, packet);
    return flow;
  }

  private link(flow: Flow, packet: Packet): void {
    const slot = flow.hash & this.mask;
    let length = 0;
    for (let other = this.buckets[slot]; other !== undefined; other = other.nextInBucket) length++;
    if (length >= MAX_CHAIN) {
      // New ones in front of the chain would hide behind it: a spilled flow is looked up only after the chain.
      const replaced = this.find(packet);
      if (replaced !== undefined) this.unlink(replaced);
      this.spilled.set(packetKey(packet), flow);
      return;
    }
    flow.nextInBucket = this.buckets[slot];
    this.buckets[slot] = flow;
  }

  private unlink(flow: Flow): void {
    const slot = flow.hash & this.mask;
    let previous: Flow | undefined;
    for (let other = this.buckets[slot]; other !== undefined; other = other.nextInBucket) {
      if (other === flow) {
        if (previous === undefined) this.buckets[slot] = flow.nextInBucket;
        else previous.nextInBucket = flow.nextInBucket;
        flow.nextInBucket = undefined;
        return;
      }
      previous = other;
    }
    const key = flowKey(flow);
    if (this.spilled.get(key) === flow) this.spilled.delete(key);
  }

  /** Second-chance replacement: a flow untouched for a whole round of the clock goes first, an ended one at once. */
  private takeClockPlace(flow: Flow): void {
    if (this.clock.length < MAX_FLOWS) {
      this.clock.push(flow);
      if (this.clock.length > this.mask) this.grow();
      return;
    }
    for (;;) {
      const candidate = this.clock[this.hand] as Flow;
      if (!candidate.touched || candidate.done) {
        this.unlink(candidate);
        this.forget(candidate);
        this.clock[this.hand] = flow;
        this.hand = (this.hand + 1) % MAX_FLOWS;
        return;
      }
      candidate.touched = false;
      this.hand = (this.hand + 1) % MAX_FLOWS;
    }
  }

  private grow(): void {
    const old = this.buckets;
    this.mask = old.length * 2 - 1;
    this.buckets = new Array(old.length * 2);
    for (const head of old) {
      // Chains are newest first, and a replaced flow must stay behind its replacement: relink from the oldest.
      const chain: Flow[] = [];
      for (let flow = head; flow !== undefined; flow = flow.nextInBucket) chain.push(flow);
      for (let i = chain.length - 1; i >= 0; i--) {
        const flow = chain[i] as Flow;
        flow.nextInBucket = this.buckets[flow.hash & this.mask];
        this.buckets[flow.hash & this.mask] = flow;
      }
    }
  }
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

function flowKey(f: Flow): string {
  return spillKey(
    f.ipVersion,
    `${f.a0},${f.a1},${f.a2},${f.a3},${f.aPort}`,
    `${f.b0},${f.b1},${f.b2},${f.b3},${f.bPort}`,
  );
}

function spillKey(ipVersion: 4 | 6, one: string, other: string): string {
  return one < other ? `${ipVersion}:${one}-${other}` : `${ipVersion}:${other}-${one}`;
}
