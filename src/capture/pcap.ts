/**
 * pcap, the classic libpcap file: microseconds and nanoseconds, either byte order (draft-ietf-opsawg-pcap).
 * Owns its header and records; knows nothing of what a frame holds.
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
  requireHeader,
  starve,
  stop,
} from "./format.ts";
import { END, FRAME, type Frame, type Skimmer, type Step } from "./frame.ts";
import type { Input } from "./input.ts";

const FILE_HEADER = 24;
const RECORD_HEADER = 16;

export const pcap: CaptureFormat = {
  name: "pcap",
  header: FILE_HEADER,
  matches: (head) =>
    head.length >= 4 && variantOf(new DataView(head.buffer, head.byteOffset).getUint32(0)) !== undefined,
  open: (input, notes) => new PcapReader(input, notes),
};

interface Variant {
  readonly littleEndian: boolean;
  /** Nanoseconds per unit of the fraction field. */
  readonly unit: number;
}

/** By the first four bytes read as big-endian. */
function variantOf(magic: number): Variant | undefined {
  if (magic === 0xa1b2c3d4) return { littleEndian: false, unit: 1000 };
  if (magic === 0xd4c3b2a1) return { littleEndian: true, unit: 1000 };
  if (magic === 0xa1b23c4d) return { littleEndian: false, unit: 1 };
  if (magic === 0x4d3cb2a1) return { littleEndian: true, unit: 1 };
  return undefined;
}

/** Files before version 2.3 hold the two lengths of a record in the other order, those of 2.3 in either (libpcap, savefile.c). */
const KEPT = 0;
const SWAPPED = 1;
const EITHER = 2;

class PcapReader implements FrameReader {
  private readonly input: Input;
  private readonly notes: Notes;
  private readonly little: boolean;
  private readonly unit: number;
  private readonly lengths: typeof KEPT | typeof SWAPPED | typeof EITHER;
  private readonly linkType: number;
  /** Bytes of frame check sequence at the end of a frame; 0 when the file does not say. */
  private readonly fcs: number;
  private done = false;

  constructor(input: Input, notes: Notes) {
    const { view, start: at } = input;
    requireHeader(input, "pcap", FILE_HEADER);
    const variant = variantOf(view.getUint32(at));
    if (variant === undefined) throw refuse("unsupported", input, "not a pcap file");
    const little = variant.littleEndian;
    const major = view.getUint16(at + 4, little);
    const minor = view.getUint16(at + 6, little);
    if (major < 2) throw refuse("unsupported", input, `pcap version ${major}.${minor}`);
    // Bits 31–28: FCS length in units of 16 bits, valid with bit 26 (pcap-savefile(5)). Bits 25–16 are reserved; like
    // libpcap, keep them in the link type, so that a value we do not understand is not taken for Ethernet.
    const link = view.getUint32(at + 20, little);
    this.input = input;
    this.notes = notes;
    this.little = little;
    this.unit = variant.unit;
    // Version 543.0 is DG/UX's tcpdump, which kept the old order.
    this.lengths = (major === 2 && minor < 3) || major === 543 ? SWAPPED : major === 2 && minor === 3 ? EITHER : KEPT;
    this.linkType = link & 0x03ffffff;
    this.fcs = (link & 0x04000000) !== 0 ? (link >>> 28) * 2 : 0;
    input.start = at + FILE_HEADER;
  }

  next(frame: Frame): Step {
    if (this.done) return END;
    const input = this.input;
    const at = input.start;
    const left = input.end - at;
    if (left < RECORD_HEADER) return starve(input, this.notes, RECORD_HEADER, "the header of a frame");

    const view = input.view;
    let captured = view.getUint32(at + 8, this.little);
    let original = view.getUint32(at + 12, this.little);
    if (this.lengths !== KEPT && (this.lengths === SWAPPED || captured > original)) {
      [captured, original] = [original, captured];
    }
    if (captured > MAX_FRAME) return this.tooLong(frame, captured);
    if (left < RECORD_HEADER + captured) return starve(input, this.notes, RECORD_HEADER + captured, "a frame");

    frame.bytes = input.bytes;
    frame.start = at + RECORD_HEADER;
    frame.captured = captured;
    frame.original = original;
    frame.fcs = this.fcs === 0 ? 0 : Math.max(0, Math.min(captured, this.fcs - Math.max(0, original - captured)));
    frame.linkType = this.linkType;
    frame.seconds = view.getUint32(at, this.little);
    frame.nanos = view.getUint32(at + 4, this.little) * this.unit;
    if (frame.nanos >= NANOS) carry(frame);
    frame.untimed = false;
    frame.interfaceIndex = 0;
    frame.number = ++this.notes.frames;
    input.start = at + RECORD_HEADER + captured;
    return FRAME;
  }

  skim(skimmer: Skimmer): void {
    const { input, notes, little, unit } = this;
    if (this.linkType !== skimmer.linkType || this.lengths !== KEPT || this.done) return;
    const { bytes, view, end } = input;
    let at = input.start;
    while (at + RECORD_HEADER <= end) {
      const captured = view.getUint32(at + 8, little);
      const next = at + RECORD_HEADER + captured;
      const nanos = view.getUint32(at + 4, little) * unit;
      if (captured > MAX_FRAME || next > end || nanos >= NANOS) break;
      const seconds = view.getUint32(at, little);
      if (!skimmer.take(bytes, view, at + RECORD_HEADER, captured, seconds, nanos, notes.frames + 1)) break;
      notes.frames++;
      at = next;
    }
    input.start = at;
  }

  private tooLong(frame: Frame, captured: number): Step {
    const { input, notes } = this;
    if (!plausiblyLong(this.linkType, captured)) {
      this.done = true;
      return stop(input, notes, `frame ${notes.frames + 1} declares ${captured} captured bytes`);
    }
    notes.frames++;
    report(notes, "limit", `frame of ${captured} bytes on link type ${this.linkType} passed over (limit ${MAX_FRAME})`);
    input.skip(RECORD_HEADER + captured);
    return this.next(frame);
  }
}

const NANOS = 1_000_000_000;

/** A fraction of a second or more: written by faulty programs that forgot to carry. */
function carry(frame: Frame): void {
  frame.seconds += Math.floor(frame.nanos / NANOS);
  frame.nanos %= NANOS;
}
