/**
 * IP fragments → whole payloads (RFC 791 section 3.2, RFC 8200 section 4.5). Owns the bound on what waits; knows nothing
 * of what the payload is. As in Wireshark the frame that completes a packet is the frame of the packet.
 */
import type { Frame } from "../capture/frame.ts";
import type { Packet } from "../packet/packet.ts";

/** Packets in pieces at one time; Linux bounds by 4 MB (net.ipv4.ipfrag_high_thresh), most packets are under 4 kB. */
const MAX_PACKETS = 1024;
const MAX_TOTAL_BYTES = 4 * 1024 * 1024;
/** RFC 791: the largest IP packet. */
const MAX_PACKET_BYTES = 65_535;
/** RFC 8200 section 4.5: a minute after the first piece the rest is given up, and the identification is free again. Seconds. */
const MAX_AGE = 60;
/** 65 535 bytes in pieces of the smallest MTU's 552 payload bytes are 119. */
const MAX_PIECES = 256;

interface Pieces {
  readonly parts: { readonly offset: number; readonly bytes: Uint8Array }[];
  /** Time of the first piece seen. */
  readonly seconds: number;
  /** Length of the whole payload, known once the last piece was seen. */
  total: number;
  held: number;
}

export class Fragments {
  private readonly packets = new Map<string, Pieces>();
  private bytes = 0;

  /**
   * Takes a fragment (`packet.kind === FRAGMENT`). Returns the whole payload when it is complete. A piece that was cut by
   * the snaplen cannot complete anything and is passed over.
   */
  add(frame: Frame, packet: Packet): Uint8Array | undefined {
    const { payloadStart: start, payloadCaptured: captured, fragmentOffset: offset } = packet;
    if (captured < packet.payloadLength || captured === 0 || offset + captured > MAX_PACKET_BYTES) return undefined;
    const key = `${packet.source0},${packet.source1},${packet.source2},${packet.source3}>${packet.destination0},${packet.destination1},${packet.destination2},${packet.destination3}:${packet.fragmentId}:${packet.fragmentProtocol}:${packet.tunnel}:${packet.path}`;
    let pieces = this.packets.get(key);
    // Frames may be stored out of order, so the distance counts either way.
    if (pieces !== undefined && Math.abs(frame.seconds - pieces.seconds) > MAX_AGE) {
      this.forget(key, pieces);
      pieces = undefined;
    }
    if (pieces === undefined) {
      pieces = { parts: [], seconds: frame.seconds, total: -1, held: 0 };
      this.packets.set(key, pieces);
    }
    if (pieces.parts.some((part) => part.offset === offset && part.bytes.length === captured)) return undefined;
    if (pieces.parts.length === MAX_PIECES) {
      this.forget(key, pieces);
      return undefined;
    }
    pieces.parts.push({ offset, bytes: frame.bytes.slice(start, start + captured) });
    pieces.held += captured;
    this.bytes += captured;
    if (!packet.fragmentMore) pieces.total = offset + captured;
    const whole = assemble(pieces);
    if (whole !== undefined) this.forget(key, pieces);
    else this.trim();
    return whole;
  }

  private forget(key: string, pieces: Pieces): void {
    this.packets.delete(key);
    this.bytes -= pieces.held;
  }

  private trim(): void {
    for (const [key, pieces] of this.packets) {
      if (this.packets.size <= MAX_PACKETS && this.bytes <= MAX_TOTAL_BYTES) return;
      this.forget(key, pieces);
    }
  }
}

/** The whole payload when no byte is missing. Overlaps: the piece that came first wins. */
function assemble(pieces: Pieces): Uint8Array | undefined {
  if (pieces.total < 0 || pieces.held < pieces.total) return undefined;
  const sorted = [...pieces.parts].sort((one, other) => one.offset - other.offset);
  let covered = 0;
  for (const part of sorted) {
    if (part.offset > covered) return undefined;
    covered = Math.max(covered, part.offset + part.bytes.length);
  }
  if (covered < pieces.total) return undefined;
  const whole = new Uint8Array(pieces.total);
  for (let i = pieces.parts.length - 1; i >= 0; i--) {
    const part = pieces.parts[i] as Pieces["parts"][number];
    const room = pieces.total - part.offset;
    if (room > 0) whole.set(part.bytes.length <= room ? part.bytes : part.bytes.subarray(0, room), part.offset);
  }
  return whole;
}
