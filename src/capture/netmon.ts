/**
 * Network Monitor, the capture file of Microsoft, versions 1.x and 2.0 to 2.3. Owns its header and its frames; the tables of a
 * file `netmon-tables.ts` reads. Knows nothing of what a frame holds.
 *
 * Frames are where a table says, in its order; between them may be anything. A source that cannot seek is held in memory for
 * that, up to a limit. Without the table (a file that is cut, or too long to be held) frames are read one behind the other,
 * as all programs have written them.
 *
 * Part of the per-frame fast path: indexes bytes directly instead of through a Cursor, and allocates nothing per frame.
 */

import {
  type CaptureFormat,
  type FrameReader,
  MAX_FRAME,
  type Notes,
  refuse,
  report,
  requireHeader,
} from "./format.ts";
import { END, FRAME, type Frame, MORE, type Step } from "./frame.ts";
import { type Input, MAX_KEPT } from "./input.ts";
import { HEADER_READ, type Header, readHeader, readTables, type Tables } from "./netmon-tables.ts";
import { clockOf, setTime } from "./pcapng-time.ts";
import { addProblem } from "./problem.ts";

const RTSS = 0x52545353;
const GMBU = 0x474d4255;

export const netmon: CaptureFormat = {
  name: "netmon",
  header: HEADER_READ,
  matches: (head) => head.length >= 4 && isMagic(new DataView(head.buffer, head.byteOffset).getUint32(0)),
  open: (input, notes) => new NetmonReader(input, notes),
};

/** "RTSS" of version 1, "GMBU" of version 2. */
function isMagic(value: number): boolean {
  return value === RTSS || value === GMBU;
}

/** Where the first frame stands in all files but odd ones. */
const FIRST_FRAME = 128;

/** Time since the beginning, length on the wire, length captured. */
const HEADER_1 = 8;
const HEADER_2 = 16;

/** What follows a frame from 2.1 on: media type; 2.2: index of its process; 2.3: time in UTC and a time zone. */
const TRAILERS: readonly number[] = [0, 2, 6];
const TRAILER_2_3 = 15;

/** FILETIME: units of 100 ns since 1601-01-01T00:00:00Z. */
const FILETIME = clockOf(7, -11_644_473_600n);
const SECOND = 1_000_000;

/** NDIS media types and what Network Monitor made of them, as LINKTYPE_; 4, WAN, has addresses that nobody describes. */
const LINK_TYPES: ReadonlyMap<number, number> = new Map([
  // Written for tunnels by Network Monitor 3.4, and they have Ethernet headers.
  [0, 1],
  [1, 1],
  [2, 6], // Token Ring
  [3, 10], // FDDI
  [6, 105], // 802.11 behind a header of its own
  [7, 101], // tunnels: raw IP
  [8, 101], // wireless WAN
  [9, 101], // raw IP
  [0xe080, 105], // 802.11, of Message Analyzer
]);
const WIFI = 6;
/** Of the header before 802.11: version 2, and its length. */
const WIFI_VERSION = 2;
const WIFI_HEADER_MIN = 32;

/** A converted pcap file: the lower bits are its LINKTYPE_. From E080 to E08A they are Message Analyzer's own. */
const PCAP_BASE = 0xe000;
const MESSAGE_ANALYZER_FIRST = 0xe080;
const MESSAGE_ANALYZER_LAST = 0xe08a;

/** Frames that are none, and that Wireshark leaves out: headers of reassembled data, adapters, names. */
const UNNUMBERED: ReadonlySet<number> = new Set([0xfffc, 0xfffd, 0xfffe]);
/** Those that it numbers: adapters in detail, the filter. */
const NUMBERED: ReadonlySet<number> = new Set([0xfffb, 0xffff]);
/** An event of Windows' tracing: packets may be in some, as its own capture writes them. */
const EVENT = 0xffe0;

/** More than there are buffers in the largest file, which is 4 GiB: its offsets have 32 bits. A jump costs one. */
const MAX_JUMPS = 10_000;
/** Frames of a file do not overlap, so they are no longer than it. */
const MAX_TOTAL = 2 ** 32;

class NetmonReader implements FrameReader {
  readonly version: string;
  private readonly input: Input;
  private readonly notes: Notes;
  private readonly header: Header;
  private readonly tables: Tables = { offsets: undefined, processes: [], comments: new Map(), problems: [] };
  /** Reads the tables; undefined when that is done. */
  private preparing: Generator<number, void> | undefined;
  /** Unread bytes without which it cannot go on. */
  private needed = 0;
  /** Which entry of the table comes next; without a table, where the next frame should be. */
  private current = 0;
  private place = FIRST_FRAME;
  private jumps = 0;
  private total = 0;
  private events = 0;
  private readonly unknownMedia = new Set<number>();
  private done = false;

  constructor(input: Input, notes: Notes) {
    requireHeader(input, "Network Monitor", HEADER_READ);
    this.input = input;
    this.notes = notes;
    this.header = readHeader(input.view, input.start);
    const { major, minor, frames } = this.header;
    this.version = `${major}.${minor}`;
    if (major !== 1 && major !== 2) throw refuse("unsupported", input, `Network Monitor version ${major}.${minor}`);
    if (input.canSeek || frames.offset + frames.length <= MAX_KEPT) {
      if (!input.canSeek) input.keep();
      this.preparing = readTables(input, this.header, this.tables);
      return;
    }
    const detail = `frame table and processes at byte ${frames.offset} are not used: the file would have to be read twice`;
    this.tables.problems.push({ kind: "limit", detail });
  }

  next(frame: Frame): Step {
    if (this.done) return END;
    if (this.preparing !== undefined && this.prepare() === MORE) return MORE;
    const { input, header } = this;
    for (;;) {
      const { offsets } = this.tables;
      if (offsets === undefined ? this.place >= this.end : this.current >= offsets.length) return this.finish();
      const offset = offsets === undefined ? this.place : (offsets[this.current] as number);
      if (input.seek(offset) && ++this.jumps > MAX_JUMPS) {
        return this.give("limit", `more than ${MAX_JUMPS} frames are not where the one before them ends`);
      }
      const headerLength = header.major === 1 ? HEADER_1 : HEADER_2;
      let left = input.end - input.start;
      if (left < headerLength && !input.ended) return this.want(headerLength);
      if (left < headerLength) return this.cut(left);
      const captured = this.lengthAt(input.start + headerLength - (header.major === 1 ? 2 : 4));
      if (captured > MAX_FRAME) {
        this.current++;
        if (offsets === undefined) return this.stop(captured);
        this.passOver(captured);
        continue;
      }
      const length = headerLength + captured + this.trailerLength;
      left = input.end - input.start;
      if (left < length && !input.ended) return this.want(length);
      if (left < length) return this.cut(left);
      this.current++;
      this.place = offset + length;
      this.total += length;
      if (this.total > MAX_TOTAL)
        return this.give("malformed", "frames overlap: together they are longer than a file can be");
      if (this.take(frame, input.start, headerLength, captured, offset)) return FRAME;
    }
  }

  /** Where frames end that are read one behind the other. */
  private get end(): number {
    const { offset } = this.header.frames;
    return offset > FIRST_FRAME ? offset : Number.POSITIVE_INFINITY;
  }

  private get trailerLength(): number {
    const { major, minor } = this.header;
    return major === 1 ? 0 : (TRAILERS[minor] ?? TRAILER_2_3);
  }

  private lengthAt(at: number): number {
    const { view } = this.input;
    return this.header.major === 1 ? view.getUint16(at, true) : view.getUint32(at, true);
  }

  /** Fills `frame` from the record at `at`; false when what it holds is no frame, or none we know. */
  private take(frame: Frame, at: number, headerLength: number, captured: number, offset: number): boolean {
    const { input, notes, header, tables } = this;
    const { view } = input;
    const start = at + headerLength;
    const trailer = start + captured;
    const media = this.trailerLength === 0 ? header.media : view.getUint16(trailer, true);
    if (UNNUMBERED.has(media)) return false;
    notes.frames++;
    const linkType = linkTypeOf(media);
    if (linkType === undefined) {
      if (media === EVENT) this.events++;
      else if (!NUMBERED.has(media)) this.unknown(media);
      return false;
    }
    const skipped = media === WIFI ? wifiHeader(view, start, captured) : 0;
    frame.bytes = input.bytes;
    frame.start = start + skipped;
    frame.captured = captured - skipped;
    frame.original = Math.max(0, this.lengthAt(at + (header.major === 1 ? 4 : 8)) - skipped);
    frame.fcs = 0;
    frame.linkType = linkType;
    this.setTime(frame, at, trailer);
    frame.untimed = false;
    frame.interfaceIndex = 0;
    frame.number = notes.frames;
    frame.comment = tables.comments.size === 0 ? undefined : tables.comments.get(offset);
    // From 2.2 on; all ones where the process is not known.
    const owner = this.trailerLength < 6 ? undefined : tables.processes[view.getUint32(trailer + 2, true)];
    frame.application = owner === undefined || owner.path === "" ? undefined : owner;
    return true;
  }

  private setTime(frame: Frame, at: number, trailer: number): void {
    const { header } = this;
    const { view } = this.input;
    if (this.trailerLength === TRAILER_2_3) {
      const low = view.getUint32(trailer + 6, true);
      const high = view.getUint32(trailer + 10, true);
      // Not set by every program that writes this version.
      if (low !== 0 || high !== 0) {
        setTime(frame, FILETIME, high, low);
        return;
      }
    }
    this.notes.localTime = true;
    const high = header.major === 1 ? 0 : view.getUint32(at + 4, true);
    const low = view.getUint32(at, true);
    if (high >= 1 << 20) {
      setOddTime(frame, header, view.getBigUint64(at, true));
      return;
    }
    const since = header.major === 1 ? low * 1000 : high * 0x100000000 + low;
    const micros = since + header.millis * 1000;
    const seconds = Math.floor(micros / SECOND);
    frame.seconds = header.seconds + seconds;
    frame.nanos = (micros - seconds * SECOND) * 1000;
  }

  /** Goes on with the tables as far as what is there allows. */
  private prepare(): Step {
    const { input, preparing } = this;
    for (;;) {
      if (input.end - input.start < this.needed && !input.ended) return this.want(this.needed);
      const step = preparing?.next();
      if (step === undefined || step.done === true) break;
      this.needed = step.value;
    }
    this.preparing = undefined;
    return FRAME;
  }

  private want(bytes: number): Step {
    this.input.want(bytes);
    return MORE;
  }

  private unknown(media: number): void {
    if (this.unknownMedia.has(media)) return;
    this.unknownMedia.add(media);
    report(this.notes, "unsupported", `frames of media type ${media} are passed over`);
  }

  private passOver(captured: number): void {
    this.notes.frames++;
    report(this.notes, "malformed", `frame ${this.notes.frames} passed over: it declares ${captured} captured bytes`);
  }

  private stop(captured: number): Step {
    const detail = `frame ${this.notes.frames + 1} declares ${captured} captured bytes; reading stopped there`;
    return this.give("malformed", detail);
  }

  /** The file ends in a frame, of which `left` bytes are there, or before one. */
  private cut(left: number): Step {
    // That a table is missing says the same.
    if (this.tables.problems.some(({ kind }) => kind === "truncated")) return this.finish();
    return this.give("truncated", left > 0 ? "file ends inside a frame" : "file ends before a frame of its table");
  }

  private give(kind: "truncated" | "malformed" | "limit", detail: string): Step {
    report(this.notes, kind, detail);
    return this.finish();
  }

  private finish(): Step {
    const { notes, tables, input, events } = this;
    if (events > 0) report(notes, "unsupported", `${events} frame(s) that are events of Windows are passed over`);
    for (const { kind, detail } of tables.problems) addProblem(notes.problems, { kind, frame: notes.frames, detail });
    this.done = true;
    input.start = input.end;
    input.skipping = 0;
    return END;
  }
}

/** Undefined for what is no frame, and for what we do not know. */
function linkTypeOf(media: number): number | undefined {
  const known = LINK_TYPES.get(media);
  if (known !== undefined || (media & 0xf000) !== PCAP_BASE) return known;
  const own = media >= MESSAGE_ANALYZER_FIRST && media <= MESSAGE_ANALYZER_LAST;
  return own ? undefined : media & 0x0fff;
}

/** Bytes before the 802.11 frame. */
function wifiHeader(view: DataView, at: number, captured: number): number {
  if (captured < WIFI_HEADER_MIN || view.getUint8(at) !== WIFI_VERSION) return 0;
  const length = view.getUint16(at + 1, true);
  return length >= WIFI_HEADER_MIN && length <= captured ? length : 0;
}

const UNITS = 10_000_000n;

/**
 * Times before the beginning: 64 bits without a sign that become negative when made ten times as many units of 100 ns, as
 * Microsoft's description has it.
 */
function setOddTime(frame: Frame, { seconds, millis }: Header, since: bigint): void {
  const units = BigInt.asIntN(64, since * 10n) + BigInt(millis) * 10_000n;
  const rest = ((units % UNITS) + UNITS) % UNITS;
  frame.seconds = seconds + Number((units - rest) / UNITS);
  frame.nanos = Number(rest) * 100;
}
