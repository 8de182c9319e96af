/**
 * pcapng (draft-ietf-opsawg-pcapng): several sections, each with its own byte order, several interfaces in each.
 * Owns the walk through blocks and the frames in them; what else blocks say `pcapng-blocks.ts` reads. Knows nothing of what a
 * frame holds.
 *
 * The per-frame fast path: indexes bytes directly instead of through a Cursor, and allocates nothing per frame.
 */
import {
  type CaptureFormat,
  type FrameReader,
  MAX_FRAME,
  type Notes,
  plausiblyLong,
  refuse,
  report,
  starve,
  stop,
} from "./format.ts";
import { type Application, END, FRAME, type Frame, type Skimmer, type Step } from "./frame.ts";
import type { Input } from "./input.ts";
import {
  type BlockBytes,
  COMMENT,
  isPlainPacket,
  optionText,
  packetOptions,
  readNames,
  readOptions,
  readProcess,
  statedDrops,
} from "./pcapng-blocks.ts";
import { type Clock, clockOf, type Moment, setTime } from "./pcapng-time.ts";

/** Block types. The section header's reads the same in both byte orders. */
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const NAME_RESOLUTION = 4;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
const DECRYPTION_SECRETS = 10;
/** Of Apple's tcpdump. */
const APPLE_PROCESS = 0x80000001;

/** Blocks that are read as a whole, besides those with a frame. */
const READ: ReadonlySet<number> = new Set([
  INTERFACE_DESCRIPTION,
  NAME_RESOLUTION,
  INTERFACE_STATISTICS,
  DECRYPTION_SECRETS,
  APPLE_PROCESS,
]);

/** Type, length, and the length again. */
const BLOCK_OVERHEAD = 12;
const SECTION_HEADER_MIN = 28;

export const pcapng: CaptureFormat = {
  name: "pcapng",
  header: SECTION_HEADER_MIN,
  matches: (head) => head.length >= 4 && new DataView(head.buffer, head.byteOffset).getUint32(0) === SECTION_HEADER,
  open: (input, notes) => new PcapngReader(input, notes),
};

/**
 * Blocks that hold no frame but are numbered by Wireshark (checked with tshark 4.0): systemd journal entries, sysdig events
 * and custom blocks.
 */
const NUMBERED: ReadonlySet<number> = new Set([9, 0x204, 0x216, 0x221, 0xbad, 0x40000bad]);

/** Options of an interface description (draft-ietf-opsawg-pcapng section 4.2). */
const TIME_RESOLUTION = 9;
const FCS_LENGTH = 13;
const TIME_OFFSET = 14;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const SWAPPED_MAGIC = 0x4d3c2b1a;

/**
 * The longest block that is read as a whole, namely one with a frame, an interface or secrets in it. Wireshark had the same
 * 16 MiB before it made room for D-Bus; a frame has at most 256 KiB, the rest are options nobody writes at such length.
 */
const MAX_BLOCK = 16 * 1024 * 1024;

/** An Enhanced Packet Block around a frame: 28 bytes before it, the second length behind it. */
const ENHANCED_PACKET_MIN = 32;

/** What the obsolete Packet Block can address. Each costs memory, and a hostile file can declare one per 20 bytes. */
const MAX_INTERFACES = 65_536;

/** Key logs of some 65 000 TLS 1.3 connections, all kept in memory. */
const MAX_SECRETS = 64 * 1024 * 1024;

/** What a block of secrets costs besides its bytes: a hostile file can hold millions of empty ones. */
const SECRETS_OVERHEAD = 256;

/** Processes of a section: more than a machine runs while somebody captures. */
const MAX_PROCESSES = 10_000;

/** Names of addresses, of the whole file: of more hosts than a person will look at. */
const MAX_NAMES = 10_000;

/** Comments on sections. Each has at most 64 KiB. */
const MAX_SECTION_COMMENTS = 16;

/** "TLSK": the NSS key log format. */
const TLS_KEY_LOG = 0x544c534b;

interface Interface {
  readonly linkType: number;
  /** 0: no limit. */
  readonly snapLength: number;
  /** Bytes of frame check sequence; 0 when not said. */
  readonly fcs: number;
  readonly clock: Clock;
  /** Packets lost on it as its last statistics say, and as the frames say. They count the same packets. */
  statedLost: number;
  countedLost: number;
}

class PcapngReader implements FrameReader {
  private readonly input: Input;
  private readonly notes: Notes;
  private little = false;
  private sections = 0;
  /** By number; a hole where a description could not be read. */
  private interfaces: (Interface | undefined)[] = [];
  private processes: Application[] = [];
  private secretsKept = 0;
  /** Length of a block passed over whose second length has still to be compared; 0 when none. */
  private unchecked = 0;
  /** Whether that block takes a frame number. */
  private numbered = false;
  /** Length of a section header of which the options have still to be read; 0 when none. */
  private header = 0;
  private done = false;
  private readonly time: Moment = { seconds: 0, nanos: 0 };

  constructor(input: Input, notes: Notes) {
    this.input = input;
    this.notes = notes;
    this.section(input.start, input.end - input.start);
  }

  next(frame: Frame): Step {
    const { input, notes } = this;
    while (!this.done) {
      const at = input.start;
      const left = input.end - at;
      const view = input.view;
      if (this.unchecked !== 0) {
        if (left < 4) return this.starve(4, true);
        if (view.getUint32(at, this.little) !== this.unchecked) return this.lengthsDiffer(this.unchecked);
        input.start = at + 4;
        this.unchecked = 0;
        if (this.numbered) notes.frames++;
        continue;
      }
      if (this.header !== 0) {
        const length = this.header;
        if (left < length) return this.starve(length);
        if (view.getUint32(at + length - 4, this.little) !== length) return this.lengthsDiffer(length);
        this.sectionComments(at, length);
        this.header = 0;
        input.start = at + length;
        continue;
      }
      if (left < 8) return this.starve(BLOCK_OVERHEAD);

      const type = view.getUint32(at, this.little);
      if (type === SECTION_HEADER) {
        const step = this.section(at, left);
        if (step !== FRAME) return step;
        continue;
      }
      const length = view.getUint32(at + 4, this.little);
      if (length < BLOCK_OVERHEAD || (length & 3) !== 0) {
        return this.stop(`block of type ${hex(type)} declares an impossible length of ${length}`);
      }
      const holdsFrame = type === ENHANCED_PACKET || type === SIMPLE_PACKET || type === OBSOLETE_PACKET;
      if (!holdsFrame && !READ.has(type)) {
        this.pass(length, NUMBERED.has(type));
        continue;
      }
      if (length > MAX_BLOCK) {
        this.passLong(type, length, holdsFrame);
        continue;
      }
      if (left < length) return this.starve(length);
      if (view.getUint32(at + length - 4, this.little) !== length) return this.lengthsDiffer(length);
      input.start = at + length;
      if (holdsFrame) {
        notes.frames++;
        if (this.packet(frame, type, at, length)) return FRAME;
      } else this.read(type, at, length);
    }
    return END;
  }

  private read(type: number, at: number, length: number): void {
    const end = at + length - 4;
    switch (type) {
      case INTERFACE_DESCRIPTION:
        this.describe(at, length);
        return;
      case NAME_RESOLUTION:
        this.names(at, end);
        return;
      case INTERFACE_STATISTICS:
        this.statistics(at, end);
        return;
      case DECRYPTION_SECRETS:
        this.secrets(at, length);
        return;
      default:
        if (this.processes.length < MAX_PROCESSES) this.processes.push(readProcess(this.block(), at + 8, end));
    }
  }

  private block(): BlockBytes {
    const { bytes, view } = this.input;
    return { bytes, view, little: this.little };
  }

  skim(skimmer: Skimmer): void {
    const { input, notes, little, interfaces, time } = this;
    if (this.unchecked !== 0 || this.done) return;
    const { bytes, view, end } = input;
    let at = input.start;
    while (at + ENHANCED_PACKET_MIN <= end && view.getUint32(at, little) === ENHANCED_PACKET) {
      const length = view.getUint32(at + 4, little);
      const captured = view.getUint32(at + 20, little);
      const on = interfaces[view.getUint32(at + 8, little)];
      // Whatever is odd is for `next` to judge.
      if (on === undefined || on.linkType !== skimmer.linkType || (length & 3) !== 0 || length > end - at) break;
      if (captured > MAX_FRAME || captured > length - ENHANCED_PACKET_MIN) break;
      const last = at + length - 4;
      if (view.getUint32(last, little) !== length) break;
      if (!isPlainPacket(view, at + 28 + ((captured + 3) & ~3), last, little)) break;
      setTime(time, on.clock, view.getUint32(at + 12, little), view.getUint32(at + 16, little));
      if (!skimmer.take(bytes, view, at + 28, captured, time.seconds, time.nanos, notes.frames + 1)) break;
      notes.frames++;
      at += length;
    }
    input.start = at;
  }

  /** Fills `frame` from the packet block at `at`; false, with a problem noted, when it does not hold what it declares. */
  private packet(frame: Frame, type: number, at: number, length: number): boolean {
    const { input, notes, little } = this;
    const view = input.view;
    const header = type === SIMPLE_PACKET ? 12 : 28;
    if (length < header + 4) return this.badFrame("its block is too short");
    const index =
      type === ENHANCED_PACKET
        ? view.getUint32(at + 8, little)
        : type === OBSOLETE_PACKET
          ? view.getUint16(at + 8, little)
          : 0;
    const on = this.interfaces[index];
    if (on === undefined) return this.badFrame(`it names interface ${index}, which no sound block describes`);

    let captured: number;
    let original: number;
    if (type === SIMPLE_PACKET) {
      original = view.getUint32(at + 8, little);
      captured = on.snapLength === 0 ? original : Math.min(original, on.snapLength);
      frame.seconds = 0;
      frame.nanos = 0;
      frame.untimed = true;
    } else {
      captured = view.getUint32(at + 20, little);
      original = view.getUint32(at + 24, little);
      setTime(frame, on.clock, view.getUint32(at + 12, little), view.getUint32(at + 16, little));
      frame.untimed = false;
    }
    if (captured > length - header - 4)
      return this.badFrame(`it declares ${captured} captured bytes, more than its block holds`);
    if (captured > MAX_FRAME) return this.longFrame(on.linkType, captured);

    frame.bytes = input.bytes;
    frame.start = at + header;
    frame.captured = captured;
    frame.original = original;
    frame.fcs = on.fcs === 0 ? 0 : Math.max(0, Math.min(captured, on.fcs - Math.max(0, original - captured)));
    frame.linkType = on.linkType;
    frame.number = notes.frames;
    frame.interfaceIndex = index;
    frame.comment = frame.application = undefined;
    if (type !== SIMPLE_PACKET) this.options(frame, on, at + header + ((captured + 3) & ~3), at + length - 4);
    return true;
  }

  private options(frame: Frame, on: Interface, at: number, end: number): void {
    if (isPlainPacket(this.input.view, at, end, this.little)) return;
    const { comment, lost, owner } = packetOptions(this.block(), at, end);
    frame.comment = comment;
    const application = owner === undefined ? undefined : this.processes[owner];
    if (application !== undefined && application.path !== "") frame.application = application;
    if (lost > 0) this.lose(on, on.statedLost, on.countedLost + lost);
  }

  /** Packets were lost on an interface: those that its statistics say, or those that its frames say. */
  private lose(on: Interface, stated: number, counted: number): void {
    const { notes } = this;
    const before = Math.max(on.statedLost, on.countedLost);
    on.statedLost = stated;
    on.countedLost = counted;
    notes.dropped = Math.min(notes.dropped - before + Math.max(stated, counted), Number.MAX_SAFE_INTEGER);
  }

  /** Reads the section header at `at`; FRAME means "go on". */
  private section(at: number, left: number): Step {
    const { input } = this;
    const { view } = input;
    if (left < SECTION_HEADER_MIN) {
      if (input.ended && this.sections === 0)
        throw refuse("truncated", input, "a pcapng file that ends inside its first block");
      return this.starve(SECTION_HEADER_MIN);
    }
    const magic = view.getUint32(at + 8);
    if (magic !== BYTE_ORDER_MAGIC && magic !== SWAPPED_MAGIC) return this.badSection(`byte-order magic ${hex(magic)}`);
    this.little = magic === SWAPPED_MAGIC;
    const length = view.getUint32(at + 4, this.little);
    const major = view.getUint16(at + 12, this.little);
    const minor = view.getUint16(at + 14, this.little);
    // 1.2 is 1.0 under another name, written for a while by some programs (draft-ietf-opsawg-pcapng section 4.1).
    if (major !== 1 || (minor !== 0 && minor !== 2)) return this.badSection(`version ${major}.${minor}`);
    if (length < SECTION_HEADER_MIN || (length & 3) !== 0) return this.badSection(`length ${length}`);
    this.sections++;
    this.interfaces = [];
    this.processes = [];
    if (length > MAX_BLOCK) this.pass(length, false);
    else this.header = length;
    return FRAME;
  }

  private sectionComments(at: number, length: number): void {
    const { comments } = this.notes;
    const block = this.block();
    readOptions(block, at + 24, at + length - 4, (code, value, size) => {
      if (code !== COMMENT || comments.length >= MAX_SECTION_COMMENTS) return;
      const text = optionText(block, value, size);
      if (text !== "") comments.push(text);
    });
  }

  /** The first name of an address holds: what is resolved later may be another host's. */
  private names(at: number, end: number): void {
    const { names } = this.notes;
    readNames(this.block(), at + 8, end, (ip, name) => {
      if (names.size < MAX_NAMES && !names.has(ip)) names.set(ip, name);
    });
  }

  private statistics(at: number, end: number): void {
    if (at + 20 > end) return;
    const on = this.interfaces[this.input.view.getUint32(at + 8, this.little)];
    if (on !== undefined) this.lose(on, statedDrops(this.block(), at + 20, end), on.countedLost);
  }

  /** Adds an interface; one whose description is damaged leaves a hole: with a guessed clock its times would be wrong. */
  private describe(at: number, length: number): void {
    const { notes, interfaces } = this;
    if (interfaces.length >= MAX_INTERFACES) {
      report(notes, "limit", `more than ${MAX_INTERFACES} interfaces in a section`);
      return;
    }
    const found = this.description(at, length);
    if (found === undefined) report(notes, "malformed", `description of interface ${interfaces.length} is damaged`);
    interfaces.push(found);
  }

  private description(at: number, length: number): Interface | undefined {
    const { little } = this;
    const { view } = this.input;
    if (length < BLOCK_OVERHEAD + 8) return undefined;
    let resolution = 6;
    let offset = 0n;
    let fcs = 0;
    const isSound = readOptions(this.block(), at + 16, at + length - 4, (code, value, size) => {
      // Of another size than theirs they are ignored, as Wireshark does.
      if (code === TIME_RESOLUTION && size === 1) resolution = view.getUint8(value);
      else if (code === TIME_OFFSET && size === 8) offset = view.getBigInt64(value, little);
      // In bits, and whole bytes for every link that has one.
      else if (code === FCS_LENGTH && size === 1) fcs = view.getUint8(value) >> 3;
    });
    if (!isSound) return undefined;
    return {
      linkType: view.getUint16(at + 8, little),
      snapLength: view.getUint32(at + 12, little),
      fcs,
      clock: clockOf(resolution, offset),
      statedLost: 0,
      countedLost: 0,
    };
  }

  private secrets(at: number, length: number): void {
    const { input, notes, little } = this;
    const room = length - BLOCK_OVERHEAD - 8;
    if (room >= 0 && input.view.getUint32(at + 8, little) !== TLS_KEY_LOG) return;
    const size = room < 0 ? 0 : input.view.getUint32(at + 12, little);
    if (room < 0 || size > room) report(notes, "malformed", "secrets run past their block");
    else if (this.secretsKept + size + SECRETS_OVERHEAD > MAX_SECRETS) {
      report(notes, "limit", `more than ${MAX_SECRETS} bytes of TLS secrets: the rest is not used`);
    } else {
      this.secretsKept += size + SECRETS_OVERHEAD;
      notes.secrets.push(input.bytes.slice(at + 16, at + 16 + size));
    }
  }

  /** Steps over the block at hand; its second length is compared when it comes by. */
  private pass(length: number, numbered: boolean): void {
    this.input.skip(length - 4);
    this.unchecked = length;
    this.numbered = numbered;
  }

  private passLong(type: number, length: number, holdsFrame: boolean): void {
    const { interfaces, notes } = this;
    // Without the description its frames cannot be read: the hole makes that visible for each of them.
    if (type === INTERFACE_DESCRIPTION && interfaces.length < MAX_INTERFACES) interfaces.push(undefined);
    report(notes, "limit", `block of type ${hex(type)} with ${length} bytes passed over (limit ${MAX_BLOCK})`);
    this.pass(length, holdsFrame);
  }

  private longFrame(linkType: number, captured: number): false {
    if (!plausiblyLong(linkType, captured)) return this.badFrame(`it declares ${captured} captured bytes`);
    report(this.notes, "limit", `frame of ${captured} bytes on link type ${linkType} passed over (limit ${MAX_FRAME})`);
    return false;
  }

  private badFrame(why: string): false {
    report(this.notes, "malformed", `frame ${this.notes.frames} passed over: ${why}`);
    return false;
  }

  private lengthsDiffer(length: number): Step {
    return this.stop(`the two lengths of a block differ (the first is ${length})`);
  }

  private badSection(why: string): Step {
    if (this.sections === 0) throw refuse("unsupported", this.input, `pcapng section header with ${why}`);
    return this.stop(`section header with ${why}`);
  }

  private starve(needed: number, begun = false): Step {
    const step = starve(this.input, this.notes, needed, "a block", begun);
    this.done = step === END;
    return step;
  }

  private stop(detail: string): Step {
    this.done = true;
    return stop(this.input, this.notes, detail);
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
