/**
 * A capture → what happens in it, connection by connection. Owns the way of a frame through packet/ to its connection, and when a
 * connection is over; who works on them (desk.ts) is told, here or in another thread (courier.ts). Knows nothing of payload.
 *
 * Per-frame path: nothing is allocated for a frame of a known connection whose handshake is over.
 */

import { END, FRAME, Frame, type Skimmer, type Step } from "../capture/frame.ts";
import type { CaptureProblem } from "../capture/problem.ts";
import { addProblem } from "../capture/problem.ts";
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
import { type FlowMemory, FlowTable, flowMemory, Known, type Lent } from "../stream/flow.ts";
import { Fragments } from "../stream/fragments.ts";
import { findTcpFlow } from "../stream/tcp.ts";
import { DONE, ENDED, FIN0, FIN1, RESET } from "../stream/words.ts";
import { Desk, type Gathered, type Told } from "./desk.ts";
import type { Draft } from "./draft.ts";
import type { Keeper } from "./keeper.ts";
import type { Comment, InputFile, Observations, Timestamp } from "./observations.ts";

/**
 * Ended connections that wait before their observation is taken, so that the last acknowledgements and retransmissions are
 * still counted with them.
 */
const LINGERING = 64;

/** What the capture is, beside what its connections are. Plain data. */
export interface Tally {
  readonly connections: number;
  readonly frames: number;
  /** In the order of the set. */
  readonly files: readonly InputFile[];
  /** Of addresses, as the files have them; of two for one address that of the first file. */
  readonly names: ReadonlyMap<string, string>;
}

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
  readonly files: readonly InputFile[];
  readonly names: ReadonlyMap<string, string>;
}

/** Characters of comments on frames that are kept, of one file: a thousand long ones. */
const MAX_COMMENTS = 1 << 20;
/** What a comment costs besides its text. */
const COMMENT_OVERHEAD = 64;

/** What the frames of one file told. */
class FileSpan {
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
  /** Called after every read of the source, with what was read so far. Answer true to stop here and keep what is known. */
  progress(frames: number, bytesRead: number, connections: number): boolean;
}

/** Reads the whole set. `keeper`, `keyLog` and `traced` as Desk has them. */
export async function collect(
  set: CaptureSet,
  keeper: Keeper,
  watcher: Watcher,
  keyLog = new KeyLog(),
  traced = false,
): Promise<Collected> {
  if (keyLog.size > 0) await loadCiphers();
  const [tcp, udp] = [flowMemory("tcp"), flowMemory("udp")];
  const desk = new Desk(keeper, keyLog, tcp, udp, traced);
  const tally = await tell(set, desk, tcp, udp, watcher);
  return together(desk.gather(), tally);
}

export function together(
  { drafts, handshakes, chains, vantage }: Gathered,
  { connections, frames, files, names }: Tally,
): Collected {
  return { drafts, totals: { connections, handshakes, chains, frames }, vantage, files, names };
}

/** Reads the whole set and tells what happens to its connections, whose words are in `tcp` and `udp`; `lent` as FlowTable has it. */
export async function tell(
  set: CaptureSet,
  told: Told,
  tcp: FlowMemory,
  udp: FlowMemory,
  watcher: Watcher,
  lent?: Lent,
): Promise<Tally> {
  const collector = new Collector(told, tcp, udp, lent);
  const frame = new Frame();
  for (;;) {
    const step = collector.readBuffered(set, frame);
    if (told.needsCiphers) await loadCiphers();
    if (step === END) break;
    if (step === LOAD) continue;
    const filled = set.fill();
    if (filled !== undefined) await filled;
    if (watcher.progress(collector.frames, set.bytesRead, collector.connections)) break;
  }
  return collector.finish(set);
}

/** Tells whose frames are whose. `follow.ts` extends it, for whoever has to know that of every frame. */
export class Collector implements Skimmer {
  readonly linkType = LINKTYPE_ETHERNET;

  /** Number of the frame at hand, as in Wireshark; after the end the number of frames. */
  frames = 0;

  /** The last link type that turned out to be one we read. */
  private readLinkType = -1;
  private readonly files: FileSpan[] = [];
  /** File of the latest frame. */
  private current = 0;
  protected packet = new Packet();
  /** The other slot, for what a datagram carries. */
  private inner = new Packet();
  protected readonly quoted = new Packet();
  private readonly known = new Known();
  private readonly whole = new Frame();
  private readonly told: Told;
  private readonly tcp: FlowTable;
  private readonly udp: FlowTable;
  /** The first secrets were met, or the first that is opened without any. */
  private prepared = false;
  /** How many of the secrets of a file are known. */
  private readonly learned = new Map<readonly Uint8Array[], number>();
  private readonly fragments = new Fragments();
  /** Ended connections: the place and the number of each. */
  private readonly lingering: number[] = [];

  constructor(told: Told, tcp: FlowMemory, udp: FlowMemory, lent?: Lent) {
    this.told = told;
    this.tcp = new FlowTable(tcp, (at) => this.close(this.tcp, at), lent);
    this.udp = new FlowTable(udp, (at) => this.close(this.udp, at), lent);
  }

  /** Every frame that is there without reading more. A loop of its own: an engine optimizes what is called often. */
  readBuffered(set: CaptureSet, frame: Frame): Step | typeof LOAD {
    for (;;) {
      set.skim(this);
      const step = set.next(frame);
      if (step !== FRAME) return step;
      if (set.secrets.length > 0) this.learn(set.secrets);
      this.frame(frame, set.currentFile);
      // Before the next frame: what comes of the connection must not depend on how much is read at once.
      if (!this.prepared && this.told.needsCiphers) {
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
    if (at === 0 || !tcp.countSegment(at, packet, tcp.idle(at, seconds, nanos))) return false;
    tcp.touch(at, number, seconds, nanos);
    span.stretch(seconds, nanos);
    this.frames = number;
    return true;
  }

  /** Takes in secrets: of a file of the capture, all there are so far. */
  private learn(secrets: readonly Uint8Array[]): void {
    const known = this.learned.get(secrets) ?? 0;
    if (known === secrets.length) return;
    for (const text of secrets.slice(known)) this.told.learn(text);
    this.learned.set(secrets, secrets.length);
  }

  frame(frame: Frame, file: number): void {
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
    const application = at === 0 ? undefined : (frame.application ?? applicationOf(frame));
    if (application !== undefined) this.told.attribute(table.transport, at, application);
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
    const { packet, tcp, frames, known } = this;
    let at = findTcpFlow(tcp, packet);
    let idle = Infinity;
    if (at === 0) at = this.add(tcp, packet, frame, file);
    else {
      idle = this.touch(tcp, at, frame);
      if (tcp.has(at, DONE)) return;
      if (!frame.untimed && packet.tunnel === 0 && tcp.countSegment(at, packet, idle)) return;
    }
    if (packet.bogusHeader || tcp.isElsewhere(at, packet) || !tcp.note(at, packet, idle, known)) return;
    this.told.segment(at, tcp.side, known, packet, frames, frame);
    if ((packet.flags & (FIN | RST)) !== 0) this.linger(at);
  }

  private datagram(frame: Frame, file: number): void {
    const { packet, udp, frames } = this;
    let at = udp.find(packet);
    let idle = Infinity;
    if (at === 0) at = this.add(udp, packet, frame, file);
    else idle = this.touch(udp, at, frame);
    if (udp.has(at, DONE) || udp.isElsewhere(at, packet) || udp.isCopiedDatagram(at, packet, frame.bytes, idle)) return;
    if (!frame.untimed && udp.countDatagram(at, packet)) return;
    this.told.datagram(at, udp.side, packet, frames, frame);
  }

  /** As `FlowTable.touch`; what has no time may be a copy, or come long after. */
  protected touch(table: FlowTable, at: number, { seconds, nanos, untimed }: Frame): number {
    const idle = table.touch(at, this.frames, seconds, nanos);
    return untimed ? Infinity : idle;
  }

  /** What an overlay network carries in a datagram is a packet like any other. */
  private overlay(frame: Frame, file: number): void {
    const { packet, inner } = this;
    if (!decodeOverlay(frame.bytes, packet, inner)) return;
    this.packet = inner;
    this.inner = packet;
    this.dispatch(frame, file);
  }

  protected add(table: FlowTable, packet: Packet, frame: Frame, file: number): number {
    const at = table.add(packet, this.frames, frame.seconds, frame.nanos);
    this.told.open(table.transport, at, file, this.frames, frame);
    return at;
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
    let at = table.find(quoted);
    if (at === 0) {
      if (quoted.kind === TCP_PORTS) return;
      at = this.add(table, quoted, frame, file);
    } else if (quoted.kind !== TCP_PORTS) {
      // The ports alone tell whose error it is, but are no packet of the connection to Wireshark.
      this.touch(table, at, frame);
    }
    if (!packet.icmpUnreachable || table.has(at, DONE) || !table.isIn(at, packet.tunnel)) return;
    this.told.unreachable(table.transport, at, table.side, packet, this.frames);
  }

  /** After a FIN or RST of the connection at a place: when it is over, it is closed after some others. */
  private linger(at: number): void {
    const { tcp, lingering } = this;
    const isOver = tcp.has(at, RESET) || (tcp.has(at, FIN0) && tcp.has(at, FIN1));
    if (!isOver || tcp.has(at, ENDED)) return;
    tcp.mark(at, ENDED);
    lingering.push(at, tcp.numberOf(at));
    if (lingering.length < 2 * 2 * LINGERING) return;
    const due = lingering.splice(0, 2 * LINGERING);
    for (let i = 0; i < due.length; i += 2) {
      const ended = due[i] as number;
      // Its place may be another's by now.
      if (tcp.numberOf(ended) === due[i + 1]) this.close(tcp, ended);
    }
  }

  /** The connection at a place is over. */
  private close(table: FlowTable, at: number): void {
    if (table.has(at, DONE)) return;
    // Files are read in the order of time.
    this.told.close(table.transport, at, this.files[this.current]?.to ?? NO_TIME);
    table.close(at);
  }

  get connections(): number {
    return this.tcp.total + this.udp.total;
  }

  finish(set: CaptureSet): Tally {
    const { tcp, udp, frames, connections } = this;
    for (const table of [tcp, udp]) for (const at of table.places()) this.close(table, at);
    return {
      connections,
      frames,
      files: filesOf(set, this.files),
      names: namesOf(set),
    };
  }
}

/** `spans`: by index of the set; a file without frames may have none. */
function filesOf(set: CaptureSet, spans: readonly (FileSpan | undefined)[]): InputFile[] {
  return set.files.map((file, index): InputFile => {
    const seen = spans[index];
    const problems: CaptureProblem[] = [...file.problems];
    for (const [linkType, frames] of seen?.unreadLinkTypes ?? []) {
      const detail = `${frames} frame(s) of link type ${linkType} were passed over`;
      addProblem(problems, { kind: "unsupported", frame: 0, detail });
    }
    const encrypted = seen?.encrypted ?? 0;
    if (encrypted > 0) {
      const detail = `${encrypted} frame(s) are encrypted by Wi-Fi: capture on the computer itself, or decrypt them first`;
      addProblem(problems, { kind: "unsupported", frame: 0, detail });
    }
    const leftOut = seen?.commentsLeftOut ?? 0;
    if (leftOut > 0) {
      const detail = `${leftOut} comment(s) on frames are left out: ${MAX_COMMENTS} characters are kept`;
      addProblem(problems, { kind: "limit", frame: 0, detail });
    }
    return {
      name: file.name,
      bytes: file.size ?? file.bytesRead,
      format: file.format,
      frames: file.frames,
      ...(seen?.from !== undefined && { from: seen.from }),
      ...(seen?.to !== undefined && { to: seen.to }),
      problems,
      dropped: file.dropped,
      localTime: file.localTime,
      comments: [...file.comments.map((text) => ({ text })), ...(seen?.comments ?? [])],
    };
  });
}

function namesOf(set: CaptureSet): Map<string, string> {
  const names = new Map<string, string>();
  for (const file of set.files) for (const [ip, name] of file.names) if (!names.has(ip)) names.set(ip, name);
  return names;
}
