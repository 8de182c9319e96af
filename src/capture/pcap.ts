/**
 * pcap, the classic libpcap file: microseconds and nanoseconds, either byte order (draft-ietf-opsawg-pcap), and its variants.
 * Owns the walk through its records; how they are written `pcap-layout.ts` tells. Knows nothing of what a frame holds.
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
import { END, FRAME, type Frame, MORE, type Skimmer, type Step } from "./frame.ts";
import type { Input } from "./input.ts";
import { FILE_HEADER, isPcap, KEPT, type Layout, layoutsOf, SWAPPED, settle } from "./pcap-layout.ts";

export const pcap: CaptureFormat = {
  name: "pcap",
  header: FILE_HEADER,
  matches: isPcap,
  open: (input, notes) => new PcapReader(input, notes),
};

class PcapReader implements FrameReader {
  private readonly input: Input;
  private readonly notes: Notes;
  private layout: Layout;
  /** Which it may be, until the first records were looked at; then none. */
  private possible: readonly Layout[];
  private readonly snapLength: number;
  private done = false;

  constructor(input: Input, notes: Notes) {
    const { view, start: at } = input;
    requireHeader(input, "pcap", FILE_HEADER);
    const layouts = layoutsOf(view, at);
    if (typeof layouts === "string") throw refuse("unsupported", input, layouts);
    this.layout = layouts[0];
    this.possible = layouts.length > 1 ? layouts : [];
    this.snapLength = view.getUint32(at + 16, this.layout.little);
    this.input = input;
    this.notes = notes;
    input.start = at + FILE_HEADER;
    input.skip(this.layout.more);
  }

  next(frame: Frame): Step {
    if (this.done) return END;
    if (this.possible.length > 0 && this.settle() === MORE) return MORE;
    const { input, layout } = this;
    const { recordHeader, little } = layout;
    const at = input.start;
    const left = input.end - at;
    if (left < recordHeader) return starve(input, this.notes, recordHeader, "the header of a frame");

    const view = input.view;
    let captured = view.getUint32(at + 8, little);
    let original = view.getUint32(at + 12, little);
    if (layout.lengths !== KEPT && (layout.lengths === SWAPPED || captured > original)) {
      [captured, original] = [original, captured];
    }
    if (captured > MAX_FRAME) return this.tooLong(frame, captured);
    if (left < recordHeader + captured) return starve(input, this.notes, recordHeader + captured, "a frame");

    frame.bytes = input.bytes;
    frame.start = at + recordHeader;
    frame.captured = captured;
    frame.original = original;
    frame.fcs = layout.fcs === 0 ? 0 : Math.max(0, Math.min(captured, layout.fcs - Math.max(0, original - captured)));
    frame.linkType = layout.linkType;
    frame.seconds = view.getUint32(at, little);
    frame.nanos = view.getUint32(at + 4, little) * layout.unit;
    if (frame.nanos >= NANOS) carry(frame);
    frame.untimed = false;
    frame.interfaceIndex = 0;
    frame.number = ++this.notes.frames;
    input.start = at + recordHeader + captured;
    return FRAME;
  }

  skim(skimmer: Skimmer): void {
    const { input, notes, layout } = this;
    if (layout.linkType !== skimmer.linkType || layout.lengths !== KEPT || this.done || this.possible.length > 0)
      return;
    const { little, unit, recordHeader } = layout;
    const { bytes, view, end } = input;
    let at = input.start;
    while (at + recordHeader <= end) {
      const captured = view.getUint32(at + 8, little);
      const start = at + recordHeader;
      const next = start + captured;
      const nanos = view.getUint32(at + 4, little) * unit;
      if (captured > MAX_FRAME || next > end || nanos >= NANOS) break;
      const seconds = view.getUint32(at, little);
      if (!skimmer.take(bytes, view, start, captured, seconds, nanos, notes.frames + 1)) break;
      notes.frames++;
      at = next;
    }
    input.start = at;
  }

  /** Decides on the layout by the first records; MORE when they are not there yet. */
  private settle(): Step {
    const { input } = this;
    const found = settle(this.possible, input.view, input.start, input.end, input.ended, this.snapLength);
    if (typeof found === "number") {
      input.want(found);
      return MORE;
    }
    this.layout = found;
    this.possible = [];
    return FRAME;
  }

  private tooLong(frame: Frame, captured: number): Step {
    const { input, notes } = this;
    const { linkType, recordHeader } = this.layout;
    if (!plausiblyLong(linkType, captured)) {
      this.done = true;
      return stop(input, notes, `frame ${notes.frames + 1} declares ${captured} captured bytes`);
    }
    notes.frames++;
    report(notes, "limit", `frame of ${captured} bytes on link type ${linkType} passed over (limit ${MAX_FRAME})`);
    input.skip(recordHeader + captured);
    return this.next(frame);
  }
}

const NANOS = 1_000_000_000;

/** A fraction of a second or more: written by faulty programs that forgot to carry. */
function carry(frame: Frame): void {
  frame.seconds += Math.floor(frame.nanos / NANOS);
  frame.nanos %= NANOS;
}
