/**
 * Courier: carries what happens to connections from the thread that reads the capture to the one that works on them, through memory
 * that both share. Owns its layout and who may write what when; knows nothing of threads or of what is done with it.
 *
 * A ring of records, written by one thread and read by the other, in order: whoever works on the connections sees the same as if
 * there were one thread. The words of the flows (stream/words.ts) are shared too: some of a flow belong to the reader of the ring while
 * a record for it is unread, and to the writer as soon as none is; the rest is always the writer's, and read when the flow is over.
 */
import { Frame } from "../capture/frame.ts";
import { Packet, SYN } from "../packet/packet.ts";
import { FLOW_BYTES, type FlowMemory, flowMemory, Known, type Lent } from "../stream/flow.ts";
import { FOLLOWING, HALF, HALF0, MARKS, SENT } from "../stream/words.ts";
import type { Told, Transport } from "./desk.ts";
import type { Timestamp } from "./observations.ts";

/**
 * Bytes of the ring, a few hundred handshakes: the two threads are not in step, and neither should wait for the other often. Much
 * more would leave the processor's cache.
 */
const RING = 1 << 22;
/** Bytes of a cell: records begin at one, so that the doubles in them are aligned. */
const CELL = 8;
/** Cells after which the other side is told how far it is: telling costs as much as a small record. */
const BATCH = 512;

/** Indices of the control words, some cache lines apart. Cells written so far and told of, modulo 2^32. */
const HEAD = 0;
/** Cells read so far and told of, modulo 2^32. */
const TAIL = 32;
/** 1: the reader sleeps until HEAD changes. */
const READER_SLEEPS = 64;
/** A double: bytes read of the capture. */
const PROGRESS = 96;
/** Bytes of the control words. */
const CONTROL = 512;

/** Kinds of records. */
const PADDING = 0;
const OPEN = 1;
const SEGMENT = 2;
const DATAGRAM = 3;
const UNREACHABLE = 4;
const CLOSE = 5;
const END = 6;

/** Words of a record. Of every kind: */
const KIND = 0;
/** Cells. */
const LENGTH = 1;
/** A double. */
const SECONDS = 2;
const NANOS = 4;
/** Place of the flow. */
const AT = 5;
/** Of the frame. */
const NUMBER = 6;
const BITS = 7;
/** Of OPEN. */
const FILE = 8;
/** Of SEGMENT and DATAGRAM: bytes of payload on the wire, and captured ones that follow. */
const PAYLOAD_LENGTH = 8;
const BYTES = 9;
const SEQUENCE = 10;
/** As `Known` has them. */
const ACKED0 = 11;
const ACKED1 = 12;
const HEARD = 13;
/** Of UNREACHABLE. */
const TYPE = 8;
const CODE = 9;
const SOURCE = 10;
/** Words before the bytes that follow. */
const FIXED = 14;

/** In BITS, beside the flags and, 8 bits further up, the TTL of a packet: which endpoint it is of; */
const SIDE = 1 << 16;
/** the flow is of UDP; the frame has no time; the packet of an ICMP error is of IPv6; */
const OF_UDP = 1 << 17;
const UNTIMED = 1 << 18;
const IPV6 = 1 << 19;
/** as `Known` has them; */
const COPY = 1 << 20;
const ACKED0_SET = 1 << 21;
const ACKED1_SET = 1 << 22;
/** and, so many bits further up, how many bytes of the TCP header follow before the payload, at most 60. */
const HEADER = 24;

/** What the two threads share. */
export interface CourierMemory {
  readonly ring: SharedArrayBuffer;
  readonly tcp: SharedArrayBuffer;
  readonly udp: SharedArrayBuffer;
}

/** `ring`: a power of two, larger than twice any frame. */
export function courierMemory(ring = RING): CourierMemory {
  return {
    ring: new SharedArrayBuffer(CONTROL + ring),
    tcp: new SharedArrayBuffer(FLOW_BYTES),
    udp: new SharedArrayBuffer(FLOW_BYTES),
  };
}

/** One end of the ring. */
class End {
  readonly tcp: FlowMemory;
  readonly udp: FlowMemory;
  protected readonly control: Int32Array;
  protected readonly words: Int32Array;
  protected readonly doubles: Float64Array;
  protected readonly bytes: Uint8Array;
  /** Of the ring. */
  protected readonly cells: number;
  private readonly bytesReadSoFar: Float64Array;

  constructor({ ring, tcp, udp }: CourierMemory) {
    this.tcp = flowMemory("tcp", tcp);
    this.udp = flowMemory("udp", udp);
    this.control = new Int32Array(ring, 0, CONTROL / 4);
    this.words = new Int32Array(ring, CONTROL);
    this.doubles = new Float64Array(ring, CONTROL);
    this.bytes = new Uint8Array(ring, CONTROL);
    this.cells = this.bytes.length / CELL;
    this.bytesReadSoFar = new Float64Array(ring, PROGRESS * 4, 1);
  }

  /** Of the capture; only for a person to see. */
  get bytesRead(): number {
    return this.bytesReadSoFar[0] as number;
  }
  set bytesRead(value: number) {
    this.bytesReadSoFar[0] = value;
  }
}

/** The writing end. */
export class Courier extends End implements Told, Lent {
  readonly needsCiphers = false;
  /** Cells written, told of, and read as far as is known. */
  private head = 0;
  private told = 0;
  private tail = 0;
  private readonly idle: (courier: Courier) => void;
  /** Of the frame last sent. */
  private view: DataView = new DataView(new ArrayBuffer(0));
  private viewed: Uint8Array | undefined;

  /** `idle` is called, again and again, while it is the reader's turn; it may call `sleep`. */
  constructor(memory: CourierMemory, idle: (courier: Courier) => void) {
    super(memory);
    this.idle = idle;
  }

  isRead(sent: number): boolean {
    return sent <= this.tail || sent <= this.look();
  }

  wait(): void {
    // What was written so far may be all that the reader waits for.
    this.tell();
    this.idle(this);
  }

  open(transport: Transport, at: number, file: number, number: number, frame: Frame): void {
    const record = this.begin(OPEN, 0);
    this.words[record + FILE] = file;
    this.send(record, 0, transport, at, number, frame);
  }

  segment(at: number, side: 0 | 1, known: Known, packet: Packet, number: number, frame: Frame): void {
    // What the header says of the system that sent it is read from its bytes.
    const isOpening = (packet.flags & SYN) !== 0;
    const header = isOpening ? Math.min(packet.payloadStart, frame.start + frame.captured) - packet.tcpStart : 0;
    const record = this.payload(SEGMENT, this.tcp, at, side, header, packet, frame);
    const { words } = this;
    words[record + SEQUENCE] = packet.sequence;
    words[record + ACKED0] = known.acked0;
    words[record + ACKED1] = known.acked1;
    words[record + HEARD] = known.heard;
    const flags = (known.copy ? COPY : 0) | (known.acked0Set ? ACKED0_SET : 0) | (known.acked1Set ? ACKED1_SET : 0);
    const bits = packet.flags | (packet.ttl << 8) | (side * SIDE) | flags | (header << HEADER);
    this.send(record, bits, "tcp", at, number, frame);
  }

  datagram(at: number, side: 0 | 1, packet: Packet, number: number, frame: Frame): void {
    const record = this.payload(DATAGRAM, this.udp, at, side, 0, packet, frame);
    this.send(record, (packet.ttl << 8) | (side * SIDE), "udp", at, number, frame);
  }

  unreachable(transport: Transport, at: number, side: 0 | 1, packet: Packet, number: number): void {
    const record = this.begin(UNREACHABLE, 0);
    const { words } = this;
    words[record + TYPE] = packet.icmpType;
    words[record + CODE] = packet.icmpCode;
    words[record + SOURCE] = packet.source0;
    words[record + SOURCE + 1] = packet.source1;
    words[record + SOURCE + 2] = packet.source2;
    words[record + SOURCE + 3] = packet.source3;
    words[record + NUMBER] = number;
    this.sendFor(record, (side * SIDE) | (packet.ipVersion === 6 ? IPV6 : 0), transport, at);
  }

  close(transport: Transport, at: number, latest: Timestamp): void {
    const record = this.begin(CLOSE, 0);
    this.doubles[(record + SECONDS) >> 1] = latest.seconds;
    this.words[record + NANOS] = latest.nanos;
    this.sendFor(record, 0, transport, at);
  }

  /** Few captures name programs, or carry secrets, which must be known before the frame after them is worked on. */
  attribute(): void {
    throw new Error("the capture names programs: one thread has to read it");
  }
  learn(): void {
    throw new Error("the capture carries secrets: one thread has to read it");
  }

  /** Nothing more will come. */
  end(): void {
    this.head += this.words[this.begin(END, 0) + LENGTH] as number;
    this.tell();
  }

  /** Tells the reader of all that was written. */
  tell(): void {
    if (this.told === this.head) return;
    this.told = this.head;
    Atomics.store(this.control, HEAD, this.head | 0);
    if (Atomics.load(this.control, READER_SLEEPS) === 1) Atomics.notify(this.control, HEAD);
  }

  /** Sleeps so many milliseconds, if the reader has not read more already. It is the slower one, and does not stop to wake anybody. */
  sleep(milliseconds: number): void {
    Atomics.wait(this.control, TAIL, this.tail | 0, milliseconds);
  }

  /** Begins a record with the payload at hand, where it is wanted, and so many bytes of the TCP header before it. */
  private payload(
    kind: number,
    flows: FlowMemory,
    at: number,
    side: 0 | 1,
    header: number,
    packet: Packet,
    frame: Frame,
  ): number {
    const marks = flows.words[at + (side === 0 ? HALF0 : HALF0 + HALF) + MARKS] as number;
    // The other thread may be changing them; but payload once not followed is never followed again.
    const captured = (marks & FOLLOWING) === 0 ? 0 : Math.max(0, packet.payloadCaptured);
    const record = this.begin(kind, header + captured);
    const { words } = this;
    words[record + PAYLOAD_LENGTH] = packet.payloadLength;
    words[record + BYTES] = captured;
    const start = header > 0 ? packet.tcpStart : packet.payloadStart;
    if (header + captured > 0) this.copy(frame.bytes, start, header + captured, record + FIXED);
    return record;
  }

  /** Bytes of the frame at hand, into the ring. `set` takes ten times as long where memory is shared. */
  private copy(bytes: Uint8Array, start: number, count: number, to: number): void {
    if (this.viewed !== bytes) {
      this.viewed = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const { view, words } = this;
    const whole = count >> 2;
    for (let i = 0; i < whole; i++) words[to + i] = view.getInt32(start + 4 * i, true);
    for (let i = whole << 2; i < count; i++) this.bytes[to * 4 + i] = bytes[start + i] as number;
  }

  /** Word at which a record begins that has room for so many bytes after its fixed words. */
  private begin(kind: number, bytes: number): number {
    const cells = (FIXED * 4 + bytes + CELL - 1) >> 3;
    let place = this.head % this.cells;
    if (place + cells > this.cells) {
      const left = this.cells - place;
      this.makeRoom(left);
      this.words[place * 2 + KIND] = PADDING;
      this.words[place * 2 + LENGTH] = left;
      this.head += left;
      place = 0;
    }
    this.makeRoom(cells);
    this.words[place * 2 + KIND] = kind;
    this.words[place * 2 + LENGTH] = cells;
    return place * 2;
  }

  private makeRoom(cells: number): void {
    if (this.head + cells - this.tail <= this.cells) return;
    while (this.head + cells - this.look() > this.cells) this.wait();
  }

  private send(record: number, bits: number, transport: Transport, at: number, number: number, frame: Frame): void {
    const { words } = this;
    this.doubles[(record + SECONDS) >> 1] = frame.seconds;
    words[record + NANOS] = frame.nanos;
    words[record + NUMBER] = number;
    this.sendFor(record, frame.untimed ? bits | UNTIMED : bits, transport, at);
  }

  private sendFor(record: number, bits: number, transport: Transport, at: number): void {
    const { words } = this;
    words[record + AT] = at;
    words[record + BITS] = transport === "tcp" ? bits : bits | OF_UDP;
    this.head += words[record + LENGTH] as number;
    (transport === "tcp" ? this.tcp : this.udp).doubles[(at + SENT) >> 1] = this.head;
    if (this.head - this.told >= BATCH) this.tell();
  }

  /** How many cells are read, as the reader says now. */
  private look(): number {
    const read = Atomics.load(this.control, TAIL);
    this.tail = this.head - (((this.head | 0) - read) >>> 0);
    return this.tail;
  }
}

/** The reading end: hands on what was written. */
export class Recipient extends End {
  /** Number of the last frame. */
  frames = 0;
  private readonly frame = new Frame();
  private readonly packet = new Packet();
  private readonly known = new Known();
  private head = 0;
  private told = 0;
  private tail = 0;
  /** It was told once that ciphers are needed. */
  private prepared = false;

  /**
   * Hands on at most `limit` records, the first time that ciphers are needed none behind that. `more`: there may be more; `none`: there
   * are none now; `end`: there will be none.
   */
  read(to: Told, limit: number): "more" | "none" | "end" {
    const { words } = this;
    for (let count = 0; count < limit; count++) {
      if (this.tail === this.head) {
        this.tell();
        this.head = Atomics.load(this.control, HEAD);
        if (this.tail === this.head) return "none";
      }
      const record = ((this.tail >>> 0) % this.cells) * 2;
      if (words[record + KIND] === END) return "end";
      this.hand(to, record);
      this.tail = (this.tail + (words[record + LENGTH] as number)) | 0;
      if (((this.tail - this.told) | 0) >= BATCH) this.tell();
      if (!this.prepared && to.needsCiphers) {
        this.prepared = true;
        return "more";
      }
    }
    return "more";
  }

  /** Sleeps until more is written, at most so many milliseconds. False: there is still nothing. */
  sleep(milliseconds: number): boolean {
    const { control, tail } = this;
    Atomics.store(control, READER_SLEEPS, 1);
    Atomics.wait(control, HEAD, tail, milliseconds);
    Atomics.store(control, READER_SLEEPS, 0);
    return Atomics.load(control, HEAD) !== tail;
  }

  /** Tells the writer how far it is. */
  private tell(): void {
    if (this.told === this.tail) return;
    this.told = this.tail;
    Atomics.store(this.control, TAIL, this.tail);
  }

  private hand(to: Told, record: number): void {
    const { words, frame, packet, known } = this;
    const kind = words[record + KIND] as number;
    if (kind === PADDING) return;
    const at = words[record + AT] as number;
    const number = words[record + NUMBER] as number;
    const bits = words[record + BITS] as number;
    const transport: Transport = (bits & OF_UDP) === 0 ? "tcp" : "udp";
    const side = (bits & SIDE) === 0 ? 0 : 1;
    frame.seconds = this.doubles[(record + SECONDS) >> 1] as number;
    frame.nanos = words[record + NANOS] as number;
    frame.untimed = (bits & UNTIMED) !== 0;
    if (kind !== CLOSE) this.frames = number;
    switch (kind) {
      case OPEN:
        to.open(transport, at, words[record + FILE] as number, number, frame);
        return;
      case UNREACHABLE:
        packet.icmpType = words[record + TYPE] as number;
        packet.icmpCode = words[record + CODE] as number;
        packet.ipVersion = (bits & IPV6) === 0 ? 4 : 6;
        packet.source0 = words[record + SOURCE] as number;
        packet.source1 = words[record + SOURCE + 1] as number;
        packet.source2 = words[record + SOURCE + 2] as number;
        packet.source3 = words[record + SOURCE + 3] as number;
        to.unreachable(transport, at, side, packet, number);
        return;
      case CLOSE:
        to.close(transport, at, { seconds: frame.seconds, nanos: frame.nanos });
        return;
    }
    const header = bits >>> HEADER;
    const captured = words[record + BYTES] as number;
    frame.bytes = this.bytes;
    frame.start = packet.tcpStart = (record + FIXED) * 4;
    frame.captured = header + captured;
    packet.flags = bits & 0xff;
    packet.ttl = (bits >> 8) & 0xff;
    packet.payloadStart = packet.tcpStart + header;
    packet.payloadLength = words[record + PAYLOAD_LENGTH] as number;
    packet.payloadCaptured = captured;
    if (kind === SEGMENT) {
      packet.sequence = words[record + SEQUENCE] as number;
      known.copy = (bits & COPY) !== 0;
      known.acked0 = words[record + ACKED0] as number;
      known.acked1 = words[record + ACKED1] as number;
      known.acked0Set = (bits & ACKED0_SET) !== 0;
      known.acked1Set = (bits & ACKED1_SET) !== 0;
      known.heard = words[record + HEARD] as number;
      to.segment(at, side, known, packet, number, frame);
    } else to.datagram(at, side, packet, number, frame);
  }
}
