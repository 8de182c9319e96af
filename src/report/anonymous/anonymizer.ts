/**
 * Frames of a capture → packets that say the same of the network and nothing of who is in it. Owns the two steps: first every connection's
 * beginning is put together and what is private in it replaced (`stream.ts`), then each packet is made anew with what is left of it.
 *
 * What is written is made of fields that are known (an allow-list): other addresses, ports, numbers and flags, hop limit, the TCP options
 * that hold nothing private, payload as far as it stays. Link headers, tunnels and IP options are left out, and with them hardware
 * addresses. Payload behind a handshake is cut: the frame's length on the wire tells how much there was, so that sequence numbers add up.
 */
import { type AddressWords, addressText } from "../../bytes/address.ts";
import { Frame } from "../../capture/frame.ts";
import type { CaptureSet } from "../../capture/set.ts";
import type { Told } from "../../observe/desk.ts";
import type { Followed } from "../../observe/follow.ts";
import { tell } from "../../observe/from-capture.ts";
import type { AddressMap } from "../../packet/address-map.ts";
import { ICMP_ERROR, type Packet, SYN, TCP, TCP_PORTS, UDP } from "../../packet/packet.ts";
import {
  type IpFields,
  ipPacket,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  plainTcpHeader,
} from "../../packet/rebuild.ts";
import { beginPrelude } from "../../protocol/prelude/prelude.ts";
import { Flow, type FlowMemory, type FlowReader, flowMemory } from "../../stream/flow.ts";
import { TcpReassembly } from "../../stream/tcp.ts";
import { NUMBER, STRIDE } from "../../stream/words.ts";
import type { ReportConnection } from "../schema.ts";
import { anonymousDatagram } from "./datagram.ts";
import { anonymousStream, type Stream } from "./stream.ts";

/** Bytes of a direction that are looked through, as many as the analysis follows; behind what its verdict rests on less. */
const MAX_BEGINNING = 1024 * 1024;
const MAX_AFTERWARDS = 64 * 1024;
/** Of all that are open at one time, and of all that is left of them. Beyond it payload is cut off whole. */
const MAX_TOTAL = 256 * 1024 * 1024;

const LINKTYPE_RAW = 101;
const TCP_FIXED = 20;
const TCP_CHECKSUM = 16;
const UDP_HEADER = 8;
const UDP_CHECKSUM = 6;
const ICMP_HEADER = 8;
const ICMP_CHECKSUM = 2;
const PORTS_AND_NUMBER = 8;

/** One direction, in terms of sequence numbers. */
interface Beginning {
  /** Sequence number of the first byte; undefined before there is one. */
  base: number | undefined;
  bytes: Uint8Array;
  length: number;
  readonly gaps: [number, number][];
}

/** What is left of it. */
interface Left {
  readonly base: number;
  readonly bytes: Uint8Array;
}

/** Which connections frames will be asked for of. */
interface Parts {
  has(id: string): boolean;
  /** The last frame that its verdict rests on. */
  through(id: string): number;
}

export class Anonymizer {
  private readonly map: AddressMap;
  private readonly connections: ReadonlyMap<string, ReportConnection>;
  private readonly parts: Parts;
  /** By connection, of the side whose address and port come first, and of the other. */
  private readonly left = new Map<string, readonly [Left | undefined, Left | undefined]>();
  /** What may still be remembered. */
  private room = MAX_TOTAL;
  private readonly slot = new Frame();

  constructor(map: AddressMap, connections: readonly ReportConnection[], parts: Parts) {
    this.map = map;
    this.connections = new Map(connections.map((connection) => [connection.id, connection]));
    this.parts = parts;
  }

  /** The first step: reads the whole set. */
  async read(set: CaptureSet, progress: (set: CaptureSet) => void): Promise<void> {
    const [tcp, udp] = [flowMemory("tcp"), flowMemory("udp")];
    await tell(set, new Beginnings(tcp, this), tcp, udp, {
      progress: () => {
        progress(set);
        return false;
      },
    });
  }

  /** The second step, frame by frame: a packet in the frame's place, in one slot for all; undefined when nothing may stay of it. */
  frame({ frame, packet, quoted, bytes, ids, isElsewhere }: Followed): Frame | undefined {
    const { slot } = this;
    // Without the tunnels it would be taken for the connection's own.
    if (isElsewhere) return undefined;
    slot.linkType = LINKTYPE_RAW;
    slot.start = slot.fcs = 0;
    slot.seconds = frame.seconds;
    slot.nanos = frame.nanos;
    slot.untimed = frame.untimed;
    slot.number = frame.number;
    const id = ids.at(-1);
    if (id === undefined || !this.parts.has(id)) {
      // Its time is all that counts.
      slot.captured = 0;
      slot.original = frame.original;
      return slot;
    }
    switch (packet.kind) {
      case TCP:
        return packet.bogusHeader ? undefined : this.segment(id, packet, bytes);
      case UDP:
        return this.datagram(id, packet, bytes);
      case ICMP_ERROR:
        return this.error(packet, quoted, bytes);
      default:
        return undefined;
    }
  }

  /** How many bytes more may be remembered. */
  take(bytes: number): boolean {
    if (this.room < bytes) return false;
    this.room -= bytes;
    return true;
  }

  wants(id: string): boolean {
    return this.parts.has(id);
  }

  through(id: string): number {
    return this.parts.through(id);
  }

  /** The beginnings of a connection are complete. */
  keep(id: string, flow: Flow, sides: readonly [Beginning, Beginning]): void {
    const client = this.clientOf(id, flow);
    const session = sessionOf(sides[client], sides[client === 0 ? 1 : 0]);
    const left = sides.map((side, number): Left | undefined => {
      this.room += side.bytes.length;
      if (side.base === undefined || side.length === 0) return undefined;
      const fromClient = number === client;
      const stream: Stream = {
        bytes: side.bytes.subarray(0, side.length),
        gaps: side.gaps,
        fromClient,
        sealed: this.sealed(id, fromClient),
        session,
      };
      const bytes = anonymousStream(stream, this.map);
      return this.take(bytes.length) ? { base: side.base, bytes } : undefined;
    });
    this.left.set(id, [left[0], left[1]]);
  }

  private clientOf(id: string, flow: Flow): 0 | 1 {
    const client = this.connections.get(id)?.client;
    if (client === undefined) return flow.clientSide === 1 ? 1 : 0;
    const { ipVersion, a0, a1, a2, a3, aPort } = flow;
    return client.ip === addressText(ipVersion, a0, a1, a2, a3) && client.port === aPort ? 0 : 1;
  }

  /** Up to the last message of the handshake that the analysis could read, with the secrets. */
  private sealed(id: string, fromClient: boolean): Stream["sealed"] {
    const connection = this.connections.get(id);
    if (connection?.tls?.decrypted !== true) return { records: 0, alerts: false };
    const side = fromClient ? "client" : "server";
    const own = connection.handshake.filter(({ from }) => from === side);
    // Whoever has the secrets would read whose certificate it is.
    if (fromClient && showsCertificate(connection)) return { records: 0, alerts: false };
    return {
      records: own.reduce((most, { record }) => Math.max(most, record), 0),
      alerts: connection.tls.alerts.some(({ from }) => from === side),
    };
  }

  private segment(id: string, packet: Packet, bytes: Uint8Array): Frame {
    const { tcpStart, payloadStart, payloadLength, payloadCaptured } = packet;
    const header = plainTcpHeader(bytes.subarray(tcpStart, Math.min(payloadStart, bytes.length)));
    // Cut within its options: what is missing of them is left out.
    const stated = payloadStart - tcpStart;
    const whole = header.length === stated;
    const payload = whole ? this.payloadOf(id, packet, Math.max(0, payloadCaptured)) : NOTHING;
    return this.packet(packet, PROTOCOL_TCP, join(header, payload), stated + payloadLength, TCP_CHECKSUM);
  }

  /** As much of a segment's payload as is left of the stream. */
  private payloadOf(id: string, packet: Packet, captured: number): Uint8Array {
    const sides = this.left.get(id);
    if (sides === undefined || captured === 0) return NOTHING;
    const sequence = (packet.sequence + ((packet.flags & SYN) !== 0 ? 1 : 0)) | 0;
    const left = sides[this.sideOf(id, packet)];
    if (left === undefined) return NOTHING;
    const at = (sequence - left.base) | 0;
    if (at < 0) return NOTHING;
    return left.bytes.subarray(Math.min(at, left.bytes.length), Math.min(at + captured, left.bytes.length));
  }

  private readonly firstOf = new Map<string, string>();

  /** 0 for what endpoint 0 of the flow sent. */
  private sideOf(id: string, packet: Packet): 0 | 1 {
    return this.firstOf.get(id) === endOf(packet) ? 0 : 1;
  }

  /** Endpoint 0 of a flow, as `endOf` has it. */
  noteFirst(id: string, end: string): void {
    this.firstOf.set(id, end);
  }

  private datagram(id: string, packet: Packet, bytes: Uint8Array): Frame {
    const { payloadStart, payloadCaptured, payloadLength } = packet;
    const connection = this.connections.get(id);
    const fromClient =
      connection !== undefined && `${connection.client.ip} ${connection.client.port}` === endOf(packet);
    const sealedStays =
      connection?.protocol === "quic" &&
      connection.tls?.decrypted === true &&
      !(fromClient && showsCertificate(connection));
    const given = bytes.subarray(payloadStart, payloadStart + Math.max(0, payloadCaptured));
    const payload = anonymousDatagram({ bytes: given, fromClient, sealedStays }, this.map);
    const header = new Uint8Array(UDP_HEADER);
    const view = new DataView(header.buffer);
    const length = UDP_HEADER + Math.max(0, payloadLength);
    view.setUint16(0, packet.sourcePort);
    view.setUint16(2, packet.destinationPort);
    view.setUint16(4, length > 0xffff ? 0 : length);
    return this.packet(packet, PROTOCOL_UDP, join(header, payload), length, UDP_CHECKSUM);
  }

  /** What it is about in short: addresses, ports, the number. */
  private error(packet: Packet, quoted: Packet, bytes: Uint8Array): Frame | undefined {
    const about = this.quotation(quoted, bytes);
    if (about === undefined) return undefined;
    const isV6 = packet.ipVersion === 6;
    const content = join(new Uint8Array(ICMP_HEADER), about);
    content[0] = packet.icmpType;
    content[1] = packet.icmpCode;
    // The size of packets that the next link takes (RFC 1191, RFC 4443); elsewhere it may be an address.
    const hasSize = isV6 ? packet.icmpType === 2 : packet.icmpType === 3 && packet.icmpCode === 4;
    if (hasSize) content.set(bytes.subarray(packet.payloadStart - 4, packet.payloadStart), 4);
    const protocol = isV6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP;
    return this.packet(packet, protocol, content, content.length, ICMP_CHECKSUM);
  }

  private quotation(quoted: Packet, bytes: Uint8Array): Uint8Array | undefined {
    const fields = this.fieldsOf(quoted);
    const length = quoted.payloadLength;
    switch (quoted.kind) {
      case UDP: {
        const content = new Uint8Array(UDP_HEADER);
        const view = new DataView(content.buffer);
        view.setUint16(0, quoted.sourcePort);
        view.setUint16(2, quoted.destinationPort);
        view.setUint16(4, UDP_HEADER + length);
        return ipPacket(fields, PROTOCOL_UDP, content, UDP_HEADER + length, UDP_CHECKSUM);
      }
      case TCP: {
        const from = quoted.tcpStart;
        const header = plainTcpHeader(bytes.subarray(from, from + TCP_FIXED));
        return ipPacket(
          fields,
          PROTOCOL_TCP,
          header,
          Math.max(TCP_FIXED, quoted.payloadStart - from) + length,
          TCP_CHECKSUM,
        );
      }
      case TCP_PORTS: {
        const content = new Uint8Array(PORTS_AND_NUMBER);
        const view = new DataView(content.buffer);
        view.setUint16(0, quoted.sourcePort);
        view.setUint16(2, quoted.destinationPort);
        return ipPacket(fields, PROTOCOL_TCP, content, TCP_FIXED, TCP_CHECKSUM);
      }
      default:
        return undefined;
    }
  }

  private packet(fields: Packet, protocol: number, content: Uint8Array, length: number, checksum: number): Frame {
    const bytes = ipPacket(this.fieldsOf(fields), protocol, content, length, checksum);
    const { slot } = this;
    slot.bytes = bytes;
    slot.captured = bytes.length;
    slot.original = bytes.length - content.length + length;
    return slot;
  }

  private fieldsOf(packet: Packet): IpFields {
    const { ipVersion: version, ttl, identification, source0, source1, source2, source3 } = packet;
    const { destination0, destination1, destination2, destination3 } = packet;
    const mapped = (words: AddressWords): AddressWords =>
      version === 4 ? [0, 0, 0xffff, this.map.v4(words[3])] : this.map.v6(words);
    const source = mapped([source0, source1, source2, source3]);
    const destination = mapped([destination0, destination1, destination2, destination3]);
    return { version, ttl, identification, source, destination };
  }
}

const NOTHING = new Uint8Array(0);

/** The client has sent one of its own. */
function showsCertificate({ handshake }: ReportConnection): boolean {
  return handshake.some(({ from, message }) => from === "client" && /certificate$/i.test(message));
}

/** Puts together the beginnings of connections. */
class Beginnings implements Told {
  readonly needsCiphers = false;
  private readonly tcp: FlowMemory;
  private readonly anonymizer: Anonymizer;
  private readonly reassembly = new TcpReassembly();
  private readonly flows: (OpenFlow | undefined)[] = [];

  constructor(tcp: FlowMemory, anonymizer: Anonymizer) {
    this.tcp = tcp;
    this.anonymizer = anonymizer;
  }

  open(transport: "tcp" | "udp", at: number, file: number, number: number, frame: Frame): void {
    if (transport !== "tcp") return;
    this.flows[at / STRIDE] = undefined;
    const id = `tcp/${this.tcp.words[at + NUMBER] as number}`;
    if (!this.anonymizer.wants(id)) return;
    const flow = new Flow(this.tcp, at, file, number, frame.seconds, frame.nanos);
    const { ipVersion, a0, a1, a2, a3, aPort } = flow;
    this.anonymizer.noteFirst(id, `${addressText(ipVersion, a0, a1, a2, a3)} ${aPort}`);
    this.flows[at / STRIDE] = new OpenFlow(id, flow, this.reassembly, this.anonymizer);
  }

  segment(
    at: number,
    side: 0 | 1,
    known: Parameters<Told["segment"]>[2],
    packet: Packet,
    number: number,
    frame: Frame,
  ): void {
    const open = this.flows[at / STRIDE];
    if (open === undefined) return;
    open.begin(side, packet, number);
    this.reassembly.segment(open.flow, side, known, packet, frame, number);
  }

  close(transport: "tcp" | "udp", at: number): void {
    const open = transport === "tcp" ? this.flows[at / STRIDE] : undefined;
    if (open === undefined) return;
    this.flows[at / STRIDE] = undefined;
    this.reassembly.finish(open.flow);
    this.anonymizer.keep(open.id, open.flow, open.sides);
  }

  datagram(): void {}
  unreachable(): void {}
  attribute(): void {}
  learn(): void {}
}

class OpenFlow implements FlowReader {
  readonly id: string;
  readonly flow: Flow;
  readonly sides: readonly [Beginning, Beginning] = [beginning(), beginning()];
  private readonly reassembly: TcpReassembly;
  private readonly anonymizer: Anonymizer;
  private readonly through: number;
  /** Bytes of a direction that are looked through. */
  private most = MAX_BEGINNING;

  constructor(id: string, flow: Flow, reassembly: TcpReassembly, anonymizer: Anonymizer) {
    this.id = id;
    this.flow = flow;
    this.reassembly = reassembly;
    this.anonymizer = anonymizer;
    this.through = anonymizer.through(id);
    flow.reader = this;
  }

  /** Where the stream begins, as the reassembly has it: behind a SYN, or with the first payload. */
  begin(side: 0 | 1, { flags, sequence, payloadLength }: Packet, frame: number): void {
    if (frame > this.through) this.most = MAX_AFTERWARDS;
    const one = this.sides[side];
    if (one.base !== undefined) return;
    if ((flags & SYN) !== 0) one.base = (sequence + 1) | 0;
    else if (payloadLength > 0) one.base = sequence;
  }

  data(side: 0 | 1, bytes: Uint8Array, start: number, end: number): void {
    const one = this.sides[side];
    const stop = Math.min(end, start + Math.max(0, this.most - one.length));
    const isKept = this.grow(one, stop - start);
    if (isKept) {
      one.bytes.set(bytes.subarray(start, stop), one.length);
      one.length += stop - start;
    }
    // What follows would be taken for what is missing here.
    if (!isKept || one.length >= this.most) this.reassembly.unfollow(this.flow, side);
  }

  gap(side: 0 | 1, length: number): void {
    const one = this.sides[side];
    const size = Math.min(length, Math.max(0, this.most - one.length));
    const isKept = this.grow(one, size);
    if (isKept) {
      one.gaps.push([one.length, one.length + size]);
      one.length += size;
    }
    if (!isKept || one.length >= this.most) this.reassembly.unfollow(this.flow, side);
  }

  private grow(one: Beginning, more: number): boolean {
    const wanted = one.length + more;
    if (wanted <= one.bytes.length) return true;
    const size = Math.min(MAX_BEGINNING, Math.max(wanted, 2 * one.bytes.length, 1024));
    if (!this.anonymizer.take(size - one.bytes.length)) return false;
    const larger = new Uint8Array(size);
    larger.set(one.bytes.subarray(0, one.length));
    one.bytes = larger;
    return true;
  }
}

function beginning(): Beginning {
  return { base: undefined, bytes: NOTHING, length: 0, gaps: [] };
}

/** Mail and chat greet in the clear (RFC 3207, 9051, 2595, 6120). */
function sessionOf(client: Beginning, server: Beginning): Stream["session"] {
  for (const { bytes, length } of [client, server]) {
    if (length < 3) continue;
    const protocol = beginPrelude(bytes, 0, length)?.prelude.protocol;
    if (protocol === "xmpp") return "xml";
    if (protocol === "smtp" || protocol === "imap" || protocol === "pop3") return "lines";
  }
  return undefined;
}

/** Of the sender of a packet. */
function endOf({ ipVersion, source0, source1, source2, source3, sourcePort }: Packet): string {
  return `${addressText(ipVersion, source0, source1, source2, source3)} ${sourcePort}`;
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(one.length + other.length);
  joined.set(one);
  joined.set(other, one.length);
  return joined;
}
