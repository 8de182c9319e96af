/**
 * Desk: works on connections, from their first packet to what is kept of them. Owns their flows, readers, and what these share; knows
 * nothing of files and frames, of how connections are told apart, or of which thread does that (from-capture.ts, courier.ts).
 *
 * What happens to connections comes in the order of the capture. A connection is known by its place in the table of flows.
 */
import { addressText } from "../bytes/address.ts";
import { Blocks } from "../bytes/blocks.ts";
import { toLatin1 } from "../bytes/text.ts";
import type { Application, Frame } from "../capture/frame.ts";
import type { Packet } from "../packet/packet.ts";
import type { KeyLog } from "../protocol/tls/key-log.ts";
import { Flow, type FlowMemory, type Known } from "../stream/flow.ts";
import { TcpReassembly } from "../stream/tcp.ts";
import { STRIDE } from "../stream/words.ts";
import { CertificatePool } from "./certificate-pool.ts";
import { type Draft, draftWithoutDetail, tcpDraft, tcpSummary, udpDraft, udpSummary } from "./draft.ts";
import { Hellos } from "./hellos.ts";
import type { Keeper } from "./keeper.ts";
import type { Observations, Timestamp } from "./observations.ts";
import type { QuicShared } from "./quic-reader.ts";
import { type Shared, TcpReader } from "./tcp-reader.ts";
import { randoms, tcpTrace } from "./trace.ts";
import { UdpReader } from "./udp-reader.ts";
import { Vantage } from "./vantage.ts";

/** Bytes of DTLS messages that are not whole, of all connections: a message may have 32 kB, honest ones are whole after a few datagrams. */
const DTLS_ROOM = 16 * 1024 * 1024;

/** QUIC connections whose hellos are read, and packets of all of them that may fail to open: half a millisecond each. */
const MAX_QUIC = 10_000;

export type Transport = "tcp" | "udp";

/**
 * Where it is told what happens to connections. `at`: place of the connection; `number`: of the frame. Frames are counted already,
 * acknowledgements too (`note` and `touch` of FlowTable), and those that say nothing else are not told of.
 */
export interface Told {
  /** A connection was added to the table of `transport`; the frame is its first one. */
  open(transport: Transport, at: number, file: number, number: number, frame: Frame): void;
  segment(at: number, side: 0 | 1, known: Known, packet: Packet, number: number, frame: Frame): void;
  datagram(at: number, side: 0 | 1, packet: Packet, number: number, frame: Frame): void;
  /** An ICMP error, `packet`, says that what `side` sent did not get there. */
  unreachable(transport: Transport, at: number, side: 0 | 1, packet: Packet, number: number): void;
  /** The capture says whose it is. */
  attribute(transport: Transport, at: number, application: Application): void;
  /** Nothing more comes. `latest`: the latest moment of the capture so far. */
  close(transport: Transport, at: number, latest: Timestamp): void;
  /** A key log came with the capture. */
  learn(secrets: Uint8Array): void;
  /** Something was met that is opened with ciphers: they should be there before it goes on. */
  readonly needsCiphers: boolean;
}

/** What became of all connections. */
export interface Gathered {
  readonly drafts: readonly Draft[];
  readonly handshakes: number;
  readonly chains: number;
  readonly vantage: Observations["vantage"];
}

export class Desk implements Told {
  private readonly keeper: Keeper;
  private readonly traced: boolean;
  private readonly tcp: FlowMemory;
  private readonly udp: FlowMemory;
  /** By place; undefined once they are over. */
  private readonly tcpFlows: (Flow | undefined)[] = [];
  private readonly udpFlows: (Flow | undefined)[] = [];
  private readonly reassembly = new TcpReassembly();
  private readonly shared: Shared;
  private readonly quic: QuicShared;
  private readonly vantage = new Vantage();

  /**
   * `keeper` decides which connections are kept in full; what the capture carries of secrets joins `keyLog`. `traced`: also what tells
   * a connection in another capture.
   */
  constructor(keeper: Keeper, keyLog: KeyLog, tcp: FlowMemory, udp: FlowMemory, traced = false) {
    this.keeper = keeper;
    this.traced = traced;
    this.tcp = tcp;
    this.udp = udp;
    const pool = new CertificatePool();
    this.shared = {
      reassembly: this.reassembly,
      pool,
      hellos: new Hellos("t", traced),
      keyLog,
      blocks: new Blocks(),
      dtls: { hellos: new Hellos("d"), pool, room: DTLS_ROOM },
    };
    this.quic = {
      hellos: new Hellos("q", traced),
      pool,
      keyLog,
      connections: MAX_QUIC,
      failures: MAX_QUIC,
      met: false,
    };
  }

  get needsCiphers(): boolean {
    return this.shared.keyLog.size > 0 || this.quic.met;
  }

  learn(secrets: Uint8Array): void {
    this.shared.keyLog.add(toLatin1(secrets));
  }

  open(transport: Transport, at: number, file: number, number: number, frame: Frame): void {
    const memory = transport === "tcp" ? this.tcp : this.udp;
    const flow = new Flow(memory, at, file, number, frame.seconds, frame.nanos);
    if (transport === "udp") flow.reader = new UdpReader(this.quic, this.shared.dtls);
    flow.untimed = frame.untimed;
    this.flows(transport)[at / STRIDE] = flow;
  }

  segment(at: number, side: 0 | 1, known: Known, packet: Packet, number: number, frame: Frame): void {
    const flow = this.tcpFlows[at / STRIDE];
    if (flow === undefined) return;
    if (frame.untimed) flow.untimed = true;
    if (flow.reader === undefined && packet.payloadLength > 0) flow.reader = new TcpReader(flow, this.shared);
    this.reassembly.segment(flow, side, known, packet, frame, number);
  }

  datagram(at: number, side: 0 | 1, packet: Packet, number: number, frame: Frame): void {
    const flow = this.udpFlows[at / STRIDE];
    if (flow === undefined) return;
    if (frame.untimed) flow.untimed = true;
    const half = flow.half(side);
    if (half.ttl < 0) half.ttl = packet.ttl;
    if (packet.payloadLength <= 0) return;
    half.bytes += packet.payloadLength;
    if (half.firstDataFrame === 0) half.noteData(number);
    if (!half.following) return;
    const reader = flow.reader as UdpReader;
    const start = packet.payloadStart;
    const whole = packet.payloadCaptured === packet.payloadLength;
    const payload = frame.bytes.subarray(start, start + packet.payloadCaptured);
    reader.datagram(side, payload, whole, number, flow.since(frame.seconds, frame.nanos));
    if (!reader.wants(side)) half.unfollow();
  }

  unreachable(transport: Transport, at: number, side: 0 | 1, packet: Packet, number: number): void {
    const half = this.flows(transport)[at / STRIDE]?.half(side);
    if (half === undefined) return;
    const { ipVersion, source0, source1, source2, source3, icmpType, icmpCode } = packet;
    half.unreachable ??= {
      frame: number,
      type: icmpType,
      code: icmpCode,
      from: addressText(ipVersion, source0, source1, source2, source3),
    };
  }

  attribute(transport: Transport, at: number, application: Application): void {
    const flow = this.flows(transport)[at / STRIDE];
    if (flow !== undefined) flow.application ??= application;
  }

  /** Takes the observation of a connection and lets its state go. */
  close(transport: Transport, at: number, latest: Timestamp): void {
    const flows = this.flows(transport);
    const flow = flows[at / STRIDE];
    if (flow === undefined) return;
    flows[at / STRIDE] = undefined;
    const outcome = transport === "tcp" ? this.closeTcp(flow, latest) : this.closeUdp(flow, latest);
    if (outcome === "aside") flow.detach();
    flow.reader = undefined;
  }

  /** What became of all connections; all are closed. */
  gather(): Gathered {
    const { keeper } = this;
    const { handshakes, chains } = keeper;
    return { drafts: keeper.drafts(), handshakes, chains, vantage: this.vantage.is };
  }

  private flows(transport: Transport): (Flow | undefined)[] {
    return transport === "tcp" ? this.tcpFlows : this.udpFlows;
  }

  private closeTcp(flow: Flow, latest: Timestamp): ReturnType<Keeper["add"]> {
    this.reassembly.finish(flow);
    const reader = flow.reader as TcpReader | undefined;
    reader?.end();
    const summary = tcpSummary(flow, reader, latest);
    this.vantage.add(flow, summary.clientSide);
    // Asked for later, it makes the summary again: thousands of them would wait for that.
    let now: typeof summary | undefined = summary;
    const outcome = this.keeper.add(summary, (inFull) => {
      const known = now ?? tcpSummary(flow, reader, latest);
      if (!inFull) return draftWithoutDetail(flow, known);
      const draft = tcpDraft(flow, reader, known);
      return this.traced ? { ...draft, trace: tcpTrace(flow, reader, known.clientSide) } : draft;
    });
    now = undefined;
    if (outcome === "counted") reader?.release();
    return outcome;
  }

  private closeUdp(flow: Flow, latest: Timestamp): ReturnType<Keeper["add"]> {
    const reader = flow.reader as UdpReader;
    reader.end();
    const summary = udpSummary(flow, reader, latest);
    const outcome = this.keeper.add(summary, (inFull) => {
      if (!inFull) return draftWithoutDetail(flow, summary);
      const draft = udpDraft(flow, reader, summary);
      return this.traced && reader.quic !== undefined ? { ...draft, trace: randoms(reader.quic) } : draft;
    });
    if (outcome === "counted") reader.release();
    return outcome;
  }
}
