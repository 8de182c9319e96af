/**
 * Builds frames for tests, from the link layer up, and whole TCP conversations. Every field can be bent. Independent of
 * src/packet and src/stream on purpose: a shared mistake would hide itself. Checksums are zero: nothing here reads them.
 */
import { Frame } from "../../src/capture/frame.ts";
import { concat, ints, pcapHeader, pcapRecord } from "./capture-writer.ts";

export interface Peer {
  readonly ip: string;
  readonly port: number;
}

export const CLIENT: Peer = { ip: "10.0.0.5", port: 50_000 };
export const SERVER: Peer = { ip: "192.0.2.10", port: 443 };
export const CLIENT6: Peer = { ip: "2001:db8:0:0:0:0:0:5", port: 50_000 };
export const SERVER6: Peer = { ip: "2001:db8:0:0:0:0:0:10", port: 443 };

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const ACK = 0x10;

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const ICMPV6 = 58;

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

// --- link layers

const ETHERTYPE = { 4: 0x0800, 6: 0x86dd } as const;

const versionOf = (packet: Uint8Array): 4 | 6 => ((packet[0] ?? 0) >> 4 === 6 ? 6 : 4);

/** `tags`: EtherTypes of the VLAN tags before the real one, outermost first. */
export function ethernet(packet: Uint8Array, options: { type?: number; tags?: readonly number[] } = {}): Uint8Array {
  const { type = ETHERTYPE[versionOf(packet)], tags = [] } = options;
  const types = [...tags, type];
  const fields = types.map((value, i) => (i === 0 ? ints(true, [value, 2]) : ints(true, [100 + i, 2], [value, 2])));
  return concat(new Uint8Array(12).fill(0xaa), ...fields, packet);
}

export function linuxSll(packet: Uint8Array): Uint8Array {
  return concat(ints(true, [0, 2], [1, 2], [6, 2], [0, 8], [ETHERTYPE[versionOf(packet)], 2]), packet);
}

export function linuxSll2(packet: Uint8Array): Uint8Array {
  return concat(ints(true, [ETHERTYPE[versionOf(packet)], 2], [0, 2], [1, 4], [1, 2], [0, 1], [6, 1], [0, 8]), packet);
}

/** BSD loopback; `family` differs per system and byte order. */
export const loopback = (packet: Uint8Array, family = 2, big = false): Uint8Array =>
  concat(ints(big, [family, 4]), packet);

// --- IP

export interface Ipv4Options {
  readonly from?: string;
  readonly to?: string;
  readonly protocol?: number;
  readonly ttl?: number;
  readonly id?: number;
  /** Of a fragment, in bytes. */
  readonly offset?: number;
  readonly more?: boolean;
  readonly options?: Uint8Array;
  /** The length field; 0 as before segmentation offload. */
  readonly total?: number;
}

export function ipv4(payload: Uint8Array, given: Ipv4Options = {}): Uint8Array {
  const { from = CLIENT.ip, to = SERVER.ip, protocol = TCP, ttl = 64, id = 7, offset = 0, more = false } = given;
  const options = given.options ?? new Uint8Array(0);
  const header = 20 + options.length;
  const fields = ints(
    true,
    [0x40 | (header / 4), 1],
    [0, 1],
    [given.total ?? header + payload.length, 2],
    [id, 2],
    [(more ? 0x2000 : 0) | (offset / 8), 2],
    [ttl, 1],
    [protocol, 1],
    [0, 2],
  );
  return concat(fields, v4(from), v4(to), options, payload);
}

export interface Ipv6Options {
  readonly from?: string;
  readonly to?: string;
  /** Next header of the fixed header: the first extension, or the transport protocol. */
  readonly next?: number;
  readonly hops?: number;
  readonly length?: number;
}

export function ipv6(payload: Uint8Array, given: Ipv6Options = {}): Uint8Array {
  const { from = CLIENT6.ip, to = SERVER6.ip, next = TCP, hops = 64, length = payload.length } = given;
  return concat(ints(true, [0x60000000, 4], [length, 2], [next, 1], [hops, 1]), v6(from), v6(to), payload);
}

/** Hop-by-hop, routing, destination options and their like: `size` bytes, a multiple of 8. */
export const extension6 = (next: number, size = 8): Uint8Array =>
  concat(ints(true, [next, 1], [size / 8 - 1, 1]), new Uint8Array(size - 2));

/** Authentication header of `size` bytes, a multiple of 4. */
export const authentication = (next: number, size = 24): Uint8Array =>
  concat(ints(true, [next, 1], [size / 4 - 2, 1]), new Uint8Array(size - 2));

export const fragment6 = (next: number, id: number, offset: number, more: boolean): Uint8Array =>
  ints(true, [next, 1], [0, 1], [offset | (more ? 1 : 0), 2], [id, 4]);

function v4(ip: string): Uint8Array {
  return Uint8Array.from(ip.split("."), Number);
}

/** All eight groups written out. */
function v6(ip: string): Uint8Array {
  return ints(true, ...ip.split(":").map((group) => [Number.parseInt(group, 16), 2] as const));
}

// --- transport

export interface TcpFields {
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly flags?: number;
  readonly options?: Uint8Array;
  /** Header length in 4-byte words. */
  readonly words?: number;
}

export function tcp(from: number, to: number, payload: Uint8Array, fields: TcpFields = {}): Uint8Array {
  const { sequence = 0, acknowledgement = 0, flags = ACK, options = new Uint8Array(0) } = fields;
  const words = fields.words ?? 5 + options.length / 4;
  const header = ints(
    true,
    [from, 2],
    [to, 2],
    [sequence >>> 0, 4],
    [acknowledgement >>> 0, 4],
    [words << 4, 1],
    [flags, 1],
    [0xffff, 2],
    [0, 4],
  );
  return concat(header, options, payload);
}

export function udp(from: number, to: number, payload: Uint8Array, length = 8 + payload.length): Uint8Array {
  return concat(ints(true, [from, 2], [to, 2], [length, 2], [0, 2]), payload);
}

/** An ICMP or ICMPv6 message that quotes a packet. */
export const icmp = (type: number, code: number, quoted: Uint8Array): Uint8Array =>
  concat(ints(true, [type, 1], [code, 1], [0, 2], [0, 4]), quoted);

/** A whole Ethernet frame of one segment or datagram, IPv4 or IPv6 as the addresses are. */
export function tcpFrame(from: Peer, to: Peer, payload: Uint8Array, fields: TcpFields = {}, ttl = 64): Uint8Array {
  return ethernet(ip(tcp(from.port, to.port, payload, fields), from, to, TCP, ttl));
}

export const udpFrame = (from: Peer, to: Peer, payload: Uint8Array): Uint8Array =>
  ethernet(ip(udp(from.port, to.port, payload), from, to, UDP));

export function ip(payload: Uint8Array, from: Peer, to: Peer, protocol: number, ttl = 64): Uint8Array {
  return from.ip.includes(":")
    ? ipv6(payload, { from: from.ip, to: to.ip, next: protocol, hops: ttl })
    : ipv4(payload, { from: from.ip, to: to.ip, protocol, ttl });
}

// --- a TCP conversation

type Name = "client" | "server";

/** Writes the frames of one TCP connection with the right numbers; what shall go wrong is done to `frames` afterwards. */
export class Conversation {
  readonly frames: Uint8Array[] = [];
  readonly client: Peer;
  readonly server: Peer;
  private readonly next: { client: number; server: number };

  constructor(options: { client?: Peer; server?: Peer; clientStart?: number; serverStart?: number } = {}) {
    this.client = options.client ?? CLIENT;
    this.server = options.server ?? SERVER;
    this.next = { client: options.clientStart ?? 1000, server: options.serverStart ?? 5000 };
  }

  /** The three-way handshake. */
  open(): this {
    return this.segment("client", SYN)
      .segment("server", SYN | ACK)
      .segment("client", ACK);
  }

  /** One data segment, or several of at most `size` bytes. */
  say(from: Name, payload: Uint8Array, size = Number.POSITIVE_INFINITY): this {
    for (let at = 0; at < payload.length; at += size) {
      this.segment(from, ACK, payload.subarray(at, Math.min(payload.length, at + size)));
    }
    return this;
  }

  ack(from: Name): this {
    return this.segment(from, ACK);
  }

  fin(from: Name): this {
    return this.segment(from, FIN | ACK);
  }

  reset(from: Name, payload?: Uint8Array): this {
    return this.segment(from, RST | ACK, payload);
  }

  /** Steps over bytes as if they had been sent. */
  skip(from: Name, length: number): this {
    this.next[from] += length;
    return this;
  }

  segment(from: Name, flags: number, payload: Uint8Array = new Uint8Array(0)): this {
    const other = from === "client" ? "server" : "client";
    const fields = {
      sequence: this.next[from],
      acknowledgement: (flags & ACK) === 0 ? 0 : this.next[other],
      flags,
    };
    this.frames.push(tcpFrame(this[from], this[other], payload, fields));
    this.next[from] += payload.length + ((flags & (SYN | FIN)) === 0 ? 0 : 1);
    return this;
  }
}

// --- frames for the code under test

/** A Frame in the middle of a larger buffer whose other bytes are 0xff, so that reading past it shows. */
export function frameOf(bytes: Uint8Array, options: { link?: number; original?: number; at?: number } = {}): Frame {
  const { link = 1, original = bytes.length, at = 0 } = options;
  const margin = 64;
  const frame = new Frame();
  frame.bytes = concat(new Uint8Array(margin).fill(0xff), bytes, new Uint8Array(margin).fill(0xff));
  frame.start = margin;
  frame.captured = bytes.length;
  frame.original = original;
  frame.linkType = link;
  frame.seconds = Math.floor(at);
  frame.nanos = Math.round((at - Math.floor(at)) * 1e9);
  return frame;
}

/** A pcap file of these frames, one per `every` microseconds from `seconds` on. */
export function pcapOf(
  frames: readonly Uint8Array[],
  options: { link?: number; seconds?: number; every?: number; snap?: number } = {},
): Uint8Array {
  const { link = 1, seconds = 1_700_000_000, every = 1000, snap = Number.POSITIVE_INFINITY } = options;
  const records = frames.map((bytes, i) => {
    const micros = i * every;
    const kept = bytes.length > snap ? bytes.subarray(0, snap) : bytes;
    return pcapRecord(kept, {
      seconds: seconds + Math.floor(micros / 1e6),
      fraction: micros % 1e6,
      original: bytes.length,
    });
  });
  return concat(pcapHeader({ link }), ...records);
}
