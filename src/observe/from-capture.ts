/**
 * A capture → what was seen in it, connection by connection. Owns the way of a frame through packet/ and stream/ to the
 * readers, when a connection is over, and how many are kept in full; knows nothing of verdicts.
 *
 * Per-frame path: nothing is allocated for a frame of a known connection whose handshake is over.
 */

import { addressText } from "../bytes/address.ts";
import { Blocks } from "../bytes/blocks.ts";
import { toLatin1 } from "../bytes/text.ts";
import { END, FRAME, Frame, type Skimmer, type Step } from "../capture/frame.ts";
import type { CaptureSet } from "../capture/set.ts";
import { applicationOf, isUnknownUse, namesApplications } from "../packet/links.ts";
import {
  decode,
  decodeIp,
  decodeOverlay,
  decodeTransport,
  decodeUsualSegment,
  FIN,
  FRAGMENT,
  ICMP_ERROR,
  LINKTYPE_ETHERNET,
  Packet,
  PROTECTED,
  RST,
  SUPPORTED_LINK_TYPES,
  TCP,
  TCP_PORTS,
  UDP,
} from "../packet/packet.ts";
import { loadCiphers } from "../protocol/ciphers.ts";
import { KeyLog } from "../protocol/tls/key-log.ts";
import { type Flow, FlowTable } from "../stream/flow.ts";
import { Fragments } from "../stream/fragments.ts";
import { findTcpFlow, TcpReassembly } from "../stream/tcp.ts";
import { CertificatePool } from "./certificate-pool.ts";
import { type Draft, draftWithoutDetail, tcpDraft, tcpSummary, udpDraft, udpSummary } from "./draft.ts";
import type { DtlsShared } from "./dtls-reader.ts";
import { Hellos } from "./hellos.ts";
import type { Keeper } from "./keeper.ts";
import type { Comment, Observations, Timestamp } from "./observations.ts";
import type { QuicShared } from "./quic-reader.ts";
import { type Shared, TcpReader } from "./tcp-reader.ts";
import { UdpReader } from "./udp-reader.ts";
import { Vantage } from "./vantage.ts";

/**
 * Ended connections that wait before their observation is taken, so that the last acknowledgements and retransmissions are
 * still counted with them.
 */
const LINGERING = 64;

/** Bytes of DTLS messages that are not whole, of all connections: a message may have 32 kB, honest ones are whole after a few datagrams. */
const DTLS_ROOM = 16 * 1024 * 1024;

/** QUIC connections whose hellos are read, and packets of all of them that may fail to open: half a millisecond each. */
const MAX_QUIC = 10_000;

const NO_TIME: Timestamp = { seconds: 0, nanos: 0 };

export interface Collected {
  readonly drafts: readonly Draft[];
  readonly totals: {
    readonly connections: number;
    readonly handshakes: number;
    readonly chains: number;
    readonly frames: number;
  };
  readonly vantage: Observations["vantage"];
  /** By index of `CaptureSet.files`; a file without frames may have none. */
  readonly files: readonly (FileSpan | undefined)[];
}

/** Characters of comments on frames that are kept, of one file: a thousand long ones. */
export const MAX_COMMENTS = 1 << 20;
/** What a comment costs besides its text. */
const COMMENT_OVERHEAD = 64;

/** What the frames of one file told. */
export class FileSpan {
  /** Frames of link types that are not read, by LINKTYPE_ value. */
  readonly unreadLinkTypes = new Map<number, number>();
  readonly comments: Comment[] = [];
  /** Frames of wireless networks that are encrypted. */
  encrypted = 0;
  /** Comments beyond MAX_COMMENTS. */
  commentsLeftOut = 0;
  private commented = 0;
  private timed = false;
  private fromSeconds = 0;
  private fromNanos = 0;
  private toSeconds = 0;
  private toNanos = 0;

  /** Earliest time; undefined when no frame had one. */
  get from(): Timestamp | undefined {
    return this.timed ? { seconds: this.fromSeconds, nanos: this.fromNanos } : undefined;
  }

  /** Latest time. */
  get to(): Timestamp | undefined {
    return this.timed ? { seconds: this.toSeconds, nanos: this.toNanos } : undefined;
  }

  comment(frame: number, text: string): void {
    this.commented += text.length + COMMENT_OVERHEAD;
    if (this.commented <= MAX_COMMENTS) this.comments.push({ frame, text });
    else this.commentsLeftOut++;
  }

  /** Takes in the time of a frame; most come later than all before. */
  stretch(seconds: number, nanos: number): void {
    if (!this.timed || seconds > this.toSeconds || (seconds === this.toSeconds && nanos > this.toNanos)) {
      this.toSeconds = seconds;
      this.toNanos = nanos;
      if (this.timed) return;
    } else if (seconds > this.fromSeconds || (seconds === this.fromSeconds && nanos >= this.fromNanos)) return;
    this.timed = true;
    this.fromSeconds = seconds;
    this.fromNanos = nanos;
  }
}

/** What `readBuffered` answers when the ciphers have to be loaded before it goes on. */
const LOAD = 3;

/** Asked between reads: how far it is, and whether to stop. */
export interface Watcher {
  /** Called after every read of the source. Answer true to stop here and keep what is known. */
  progress(frames: number): boolean;
}

/** Reads the whole set. `keeper` decides which connections are kept in full; what the capture carries of secrets joins `keyLog`. */
export async function collect(
  set: CaptureSet,
  keeper: Keeper,
  watcher: Watcher,
  keyLog = new KeyLog(),
): Promise<Collected> {
  if (keyLog.size > 0) await loadCiphers();
  const collector = new Collector(keeper, keyLog);
  const frame = new Frame();
  for (;;) {
    const step = collector.readBuffered(set, frame);
    if (collector.needsCiphers) await loadCiphers();
    if (step === END) break;
    if (step === LOAD) continue;
    const filled = set.fill();
    if (filled !== undefined) await filled;
    if (watcher.progress(collector.frames)) break;
  }
  return collector.finish();
}

class Collector implements Skimmer {
  readonly linkType = LINKTYPE_ETHERNET;

  /** Number of the frame at hand, as in Wireshark; after the end the number of frames. */
  frames = 0;

  /** The last link type that turned out to be one we read. */
  private readLinkType = -1;
  private readonly files: FileSpan[] = [];
  /** File of the latest frame. */
  private current = 0;
  private packet = new Packet();
  /** The other slot, for what a datagram carries. */
  private inner = new Packet();
  private readonly quoted = new Packet();
  private readonly whole = new Frame();
  private readonly keeper: Keeper;
  private readonly tcp = new FlowTable("tcp", (flow) => this.close(flow));
  private readonly udp = new FlowTable("udp", (flow) => this.close(flow));
  private readonly reassembly = new TcpReassembly();
  private readonly shared: Shared;
  /** The first secrets were met. */
  private prepared = false;
  /** How many of the secrets of a file are known. */
  private readonly learned = new Map<readonly Uint8Array[], number>();
  private readonly quic: QuicShared;
  private readonly dtls: DtlsShared;
  private readonly fragments = new Fragments();
  private readonly lingering: Flow[] = [];
  private readonly vantage = new Vantage();

  constructor(keeper: Keeper, keyLog: KeyLog) {
    this.keeper = keeper;
    const pool = new CertificatePool();
    this.dtls = { hellos: new Hellos("d"), pool, room: DTLS_ROOM };
    this.shared = {
      reassembly: this.reassembly,
      pool,
      hellos: new Hellos(),
      keyLog,
      blocks: new Blocks(),
      dtls: this.dtls,
    };
    this.quic = {
      hellos: new Hellos("q"),
      pool: this.shared.pool,
      keyLog,
      connections: MAX_QUIC,
      failures: MAX_QUIC,
      met: false,
    };
  }

  /** Something was met that is opened with them. */
  get needsCiphers(): boolean {
    return this.shared.keyLog.size > 0 || this.quic.met;
  }

  /** Every frame that is there without reading more. A loop of its own: an engine optimizes what is called often. */
  readBuffered(set: CaptureSet, frame: Frame): Step | typeof LOAD {
    for (;;) {
      set.skim(this);
      const step = set.next(frame);
      if (step !== FRAME) return step;
      const learned = set.secrets.length > 0 && this.learn(set.secrets);
      this.frame(frame, set.currentFile);
      // What reads with secrets has to be loaded first.
      if (learned && !this.prepared) {
        this.prepared = true;
        return LOAD;
      }
    }
  }

  /** A segment that need only be counted, of a connection that is known; called where there is one file. */
  take(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    captured: number,
    seconds: number,
    nanos: number,
    number: number,
  ): boolean {
    const { packet, tcp } = this;
    const span = this.files[0];
    if (span === undefined || !decodeUsualSegment(bytes, view, start, captured, packet)) return false;
    const at = tcp.find(packet);
    if (at === 0 || !tcp.countSegment(at, packet)) return false;
    tcp.touch(at, number, seconds, nanos);
    span.stretch(seconds, nanos);
    this.frames = number;
    return true;
  }

  /** Takes in secrets: of a file of the capture, all there are so far. False when there are no new ones. */
  private learn(secrets: readonly Uint8Array[]): boolean {
    const known = this.learned.get(secrets) ?? 0;
    if (known === secrets.length) return false;
    for (const text of secrets.slice(known)) this.shared.keyLog.add(toLatin1(text));
    this.learned.set(secrets, secrets.length);
    return true;
  }

  private frame(frame: Frame, file: number): void {
    this.frames = frame.number;
    this.current = file;

    let span = this.files[file];
    if (span === undefined) span = this.files[file] = new FileSpan();
    if (!frame.untimed) span.stretch(frame.seconds, frame.nanos);
    if (frame.comment !== undefined) span.comment(frame.number, frame.comment);
    const { linkType } = frame;
    if (linkType !== this.readLinkType) {
      if (!SUPPORTED_LINK_TYPES.has(linkType) || isUnknownUse(frame)) {
        span.unreadLinkTypes.set(linkType, (span.unreadLinkTypes.get(linkType) ?? 0) + 1);
        return;
      }
      this.readLinkType = linkType;
    }
    decode(frame, this.packet);
    this.dispatch(frame, file);
    if (frame.application !== undefined || namesApplications(linkType)) this.attribute(frame);
  }

  /** The frame at hand tells of its connection's program. Of a tunnel that is the one that keeps the tunnel. */
  private attribute(frame: Frame): void {
    const { packet } = this;
    if (packet.tunnel !== 0 || (packet.kind !== TCP && packet.kind !== UDP)) return;
    const table = packet.kind === TCP ? this.tcp : this.udp;
    const at = table.find(packet);
    const flow = at === 0 ? undefined : table.flow(at);
    if (flow !== undefined) flow.application ??= frame.application ?? applicationOf(frame);
  }

  private dispatch(frame: Frame, file: number): void {
    switch (this.packet.kind) {
      case TCP:
        this.segment(frame, file);
        return;
      case UDP:
        this.datagram(frame, file);
        this.overlay(frame, file);
        return;
      case FRAGMENT:
        this.fragment(frame, file);
        return;
      case ICMP_ERROR:
        this.icmpError(frame, file);
        return;
      case PROTECTED:
        (this.files[file] as FileSpan).encrypted++;
        return;
      default:
        return;
    }
  }

  private segment(frame: Frame, file: number): void {
    const { packet, tcp } = this;
    const { seconds, nanos } = frame;
    const at = findTcpFlow(tcp, packet);
    let idle = Infinity;
    if (at !== 0) {
      // What has no time may be a copy, or come long after it.
      if (!frame.untimed) idle = tcp.idle(at, seconds, nanos);
      tcp.touch(at, this.frames, seconds, nanos);
      if (packet.tunnel === 0 && tcp.countSegment(at, packet)) return;
    }
    const flow = at === 0 ? this.add(tcp, packet, frame, file) : tcp.flow(at);
    if (flow === undefined || packet.bogusHeader || flow.isElsewhere(tcp.side, packet)) return;
    if (frame.untimed) flow.untimed = true;
    if (flow.reader === undefined && packet.payloadLength > 0) {
      flow.reader = new TcpReader(flow, this.shared);
    }
    this.reassembly.segment(flow, tcp.side, packet, frame, this.frames, idle);
    if ((packet.flags & (FIN | RST)) !== 0 && !flow.ended && isOver(flow)) this.linger(flow);
  }

  private datagram(frame: Frame, file: number): void {
    const { packet, udp } = this;
    const { seconds, nanos } = frame;
    const at = udp.find(packet);
    const idle = at === 0 || frame.untimed ? Infinity : udp.idle(at, seconds, nanos);
    if (at !== 0) udp.touch(at, this.frames, seconds, nanos);
    const flow = at === 0 ? this.add(udp, packet, frame, file) : udp.flow(at);
    if (flow === undefined) return;
    const { side } = udp;
    if (flow.isElsewhere(side, packet) || udp.isCopiedDatagram(flow.at, packet, frame.bytes, idle)) return;
    if (frame.untimed) flow.untimed = true;
    const half = flow.half(side);
    half.frames++;
    if (half.ttl < 0) half.ttl = packet.ttl;
    if (packet.payloadLength <= 0) return;
    half.bytes += packet.payloadLength;
    if (half.firstDataFrame === 0) half.firstDataFrame = this.frames;
    const reader = flow.reader as UdpReader | undefined;
    if (reader?.wants(side) !== true) return;
    const start = packet.payloadStart;
    const whole = packet.payloadCaptured === packet.payloadLength;
    const since = flow.since(seconds, nanos);
    reader.datagram(side, frame.bytes.subarray(start, start + packet.payloadCaptured), whole, this.frames, since);
  }

  /** What an overlay network carries in a datagram is a packet like any other. */
  private overlay(frame: Frame, file: number): void {
    const { packet, inner } = this;
    if (!decodeOverlay(frame.bytes, packet, inner)) return;
    this.packet = inner;
    this.inner = packet;
    this.dispatch(frame, file);
  }

  private add(table: FlowTable, packet: Packet, frame: Frame, file: number): Flow {
    const flow = table.add(packet, this.frames, file, frame.seconds, frame.nanos);
    if (table === this.udp) flow.reader = new UdpReader(this.quic, this.dtls);
    flow.untimed = frame.untimed;
    return flow;
  }

  private fragment(frame: Frame, file: number): void {
    const { packet, whole } = this;
    const protocol = packet.fragmentProtocol;
    const cut = packet.payloadCaptured < packet.payloadLength;
    if (cut && packet.fragmentOffset === 0) {
      // Cannot be put together; the first piece alone still tells whose it is.
      decodeTransport(
        frame.bytes,
        packet.payloadStart,
        packet.payloadStart + packet.payloadCaptured,
        packet.payloadLength,
        protocol,
        packet,
      );
      this.dispatch(frame, file);
      return;
    }
    const payload = this.fragments.add(frame, packet);
    if (payload === undefined) return;
    whole.bytes = payload;
    whole.start = 0;
    whole.captured = whole.original = payload.length;
    whole.linkType = frame.linkType;
    whole.seconds = frame.seconds;
    whole.nanos = frame.nanos;
    whole.untimed = frame.untimed;
    decodeTransport(payload, 0, payload.length, payload.length, protocol, packet);
    this.dispatch(whole, file);
  }

  /** An ICMP error quotes the packet it is about; as in Wireshark that counts as a packet of its connection. */
  private icmpError(frame: Frame, file: number): void {
    const { packet, quoted } = this;
    const end = packet.payloadStart + packet.payloadCaptured;
    decodeIp(frame.bytes, packet.payloadStart, end, 0, quoted);
    quoted.tunnel = packet.tunnel;
    if (quoted.kind !== TCP && quoted.kind !== UDP && quoted.kind !== TCP_PORTS) return;
    const table = quoted.kind === UDP ? this.udp : this.tcp;
    const at = table.find(quoted);
    // The ports alone tell whose error it is, but are no packet of the connection to Wireshark.
    if (quoted.kind !== TCP_PORTS && at !== 0) table.touch(at, this.frames, frame.seconds, frame.nanos);
    if (quoted.kind === TCP_PORTS && at === 0) return;
    const flow = at === 0 ? this.add(table, quoted, frame, file) : table.flow(at);
    if (flow === undefined || !packet.icmpUnreachable || flow.tunnel !== packet.tunnel) return;
    const { ipVersion, source0, source1, source2, source3, icmpType, icmpCode } = packet;
    flow.half(table.side).unreachable ??= {
      frame: this.frames,
      type: icmpType,
      code: icmpCode,
      from: addressText(ipVersion, source0, source1, source2, source3),
    };
  }

  private linger(flow: Flow): void {
    flow.ended = true;
    this.lingering.push(flow);
    if (this.lingering.length < 2 * LINGERING) return;
    for (const ended of this.lingering.splice(0, LINGERING)) this.close(ended);
  }

  /** Takes the observation of a connection and lets its state go. */
  private close(flow: Flow): void {
    if (flow.done) return;
    let aside = false;
    if (flow.transport === "udp") {
      const reader = flow.reader as UdpReader;
      reader.end();
      const summary = udpSummary(flow, reader, this.latest());
      const outcome = this.keeper.add(summary, (inFull) =>
        inFull ? udpDraft(flow, reader, summary) : draftWithoutDetail(flow, summary),
      );
      if (outcome === "counted") reader.release();
    } else {
      this.reassembly.finish(flow);
      const reader = flow.reader as TcpReader | undefined;
      reader?.end();
      const summary = tcpSummary(flow, reader, this.latest());
      this.vantage.add(flow, summary.clientSide);
      // Asked for later, it makes the summary again: thousands of them would wait for that.
      let now: typeof summary | undefined = summary;
      const outcome = this.keeper.add(summary, (inFull) => {
        const known = now ?? tcpSummary(flow, reader, this.latest());
        return inFull ? tcpDraft(flow, reader, known) : draftWithoutDetail(flow, known);
      });
      now = undefined;
      if (outcome === "counted") reader?.release();
      aside = outcome === "aside";
    }
    flow.reader = undefined;
    (flow.transport === "udp" ? this.udp : this.tcp).close(flow, aside);
  }

  /** When the capture ends, as far as it was read. */
  private latest(): Timestamp {
    // Files are read in the order of time.
    return this.files[this.current]?.to ?? NO_TIME;
  }

  finish(): Collected {
    for (const flow of this.tcp.flows()) this.close(flow);
    for (const flow of this.udp.flows()) this.close(flow);
    return {
      drafts: this.keeper.drafts(),
      totals: {
        connections: this.tcp.total + this.udp.total,
        handshakes: this.keeper.handshakes,
        chains: this.keeper.chains,
        frames: this.frames,
      },
      vantage: this.vantage.is,
      files: this.files,
    };
  }
}

function isOver(flow: Flow): boolean {
  return flow.resetFrame > 0 || (flow.half0.finFrame > 0 && flow.half1.finFrame > 0);
}
