/**
 * Every frame of a capture with the connections that it belongs to, numbered as the Report has them: the same walk as that of the
 * analysis (from-capture.ts), without anybody who reads what the connections say. Knows nothing of why somebody asks.
 */
import { addressText } from "../bytes/address.ts";
import { END, FRAME, Frame } from "../capture/frame.ts";
import type { CaptureSet } from "../capture/set.ts";
import { FIN, FRAGMENT, ICMP_ERROR, OTHER, type Packet, RST, SYN, TCP, UDP } from "../packet/packet.ts";
import { type FlowTable, flowMemory } from "../stream/flow.ts";
import { NUMBER } from "../stream/words.ts";
import type { Told, Transport } from "./desk.ts";
import { Collector, type Tally } from "./from-capture.ts";

/** A frame, and what was found in it. One slot for all: valid until `take` has answered. */
export interface Followed {
  readonly frame: Frame;
  /** Index of its file in the set. */
  readonly file: number;
  /** Of its connections, `tcp/3`: none for what is no TCP or UDP, several for what quotes or tunnels another's packet. */
  readonly ids: readonly string[];
  /** The packet found in it, or in the tunnel in it; one put together of fragments stands for its last piece. */
  readonly packet: Packet;
  /** What `packet` was found in: the frame's bytes, or those put together of fragments. */
  readonly bytes: Uint8Array;
  /** The packet that an ICMP error is about, where `packet` is one. */
  readonly quoted: Packet;
  /** Begins or ends a connection, or reports an error: never bulk. */
  readonly tells: boolean;
  /** It came another way than the connection's other packets, and is passed over by the analysis. */
  readonly isElsewhere: boolean;
  /** A piece of an IP packet that is not whole yet, so that nothing tells whose it is. */
  readonly isPiece: boolean;
  /** Bytes of the frame before its payload; all where that is not known. */
  readonly headers: number;
}

/** Calls `take` with every frame in order, and `progress` after each read. The set is read to its end, not closed. */
export async function follow(
  set: CaptureSet,
  progress: (set: CaptureSet) => void,
  take: (followed: Followed) => void | Promise<void>,
): Promise<Tally> {
  const follower = new Follower();
  const frame = new Frame();
  for (;;) {
    const step = set.next(frame);
    if (step === END) return follower.finish(set);
    if (step === FRAME) {
      const taken = take(follower.follow(frame, set.currentFile));
      if (taken !== undefined) await taken;
      continue;
    }
    const filled = set.fill();
    if (filled !== undefined) await filled;
    progress(set);
  }
}

/** Of a packet, as text. */
export function addressesOf(packet: Packet): { source: string; destination: string } {
  const { ipVersion, source0, source1, source2, source3 } = packet;
  const { destination0, destination1, destination2, destination3 } = packet;
  return {
    source: addressText(ipVersion, source0, source1, source2, source3),
    destination: addressText(ipVersion, destination0, destination1, destination2, destination3),
  };
}

class Follower extends Collector {
  private readonly ids: string[];
  /** What the latest packet was found in: a frame of the capture, or one put together of fragments. */
  private source: Frame | undefined;
  private isElsewhere = false;

  constructor() {
    const ids: string[] = [];
    const memories = { tcp: flowMemory("tcp"), udp: flowMemory("udp") };
    const told: Told = {
      open: () => {},
      segment: () => {},
      datagram: () => {},
      // Of an error that quotes the ports alone nobody else tells.
      unreachable: (transport, at) => note(ids, transport, memories[transport].words[at + NUMBER] as number),
      attribute: () => {},
      close: () => {},
      learn: () => {},
      needsCiphers: false,
    };
    super(told, memories.tcp, memories.udp);
    this.ids = ids;
  }

  follow(frame: Frame, file: number): Followed {
    this.ids.length = 0;
    this.source = undefined;
    this.isElsewhere = false;
    // A link type that nobody reads leaves it as it was.
    this.packet.kind = OTHER;
    this.frame(frame, file);
    const { packet, ids } = this;
    const { kind, flags, payloadStart } = packet;
    const tells = kind === ICMP_ERROR || (kind === TCP && (flags & (SYN | FIN | RST)) !== 0);
    const isHere = this.foundIn() === frame && (kind === TCP || kind === UDP);
    const headers = isHere ? Math.min(frame.captured, payloadStart - frame.start) : frame.captured;
    const { bytes } = this.foundIn() ?? frame;
    const { quoted, isElsewhere } = this;
    return { frame, file, ids, packet, bytes, quoted, tells, isElsewhere, isPiece: kind === FRAGMENT, headers };
  }

  protected override touch(table: FlowTable, at: number, frame: Frame): number {
    this.found(table, at, frame);
    const { packet } = this;
    // An ICMP error is about another packet.
    this.isElsewhere = packet.kind !== ICMP_ERROR && table.isElsewhere(at, packet);
    return super.touch(table, at, frame);
  }

  protected override add(table: FlowTable, packet: Packet, frame: Frame, file: number): number {
    const at = super.add(table, packet, frame, file);
    this.found(table, at, frame);
    return at;
  }

  private foundIn(): Frame | undefined {
    return this.source;
  }

  private found(table: FlowTable, at: number, frame: Frame): void {
    note(this.ids, table.transport, table.numberOf(at));
    this.source = frame;
  }
}

function note(ids: string[], transport: Transport, number: number): void {
  const id = `${transport}/${number}`;
  if (!ids.includes(id)) ids.push(id);
}
