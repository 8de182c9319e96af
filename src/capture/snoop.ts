/**
 * snoop, the capture file of Solaris, version 2 (RFC 1761). Owns its header and records; knows nothing of what a frame holds.
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
  starve,
  stop,
} from "./format.ts";
import { END, FRAME, type Frame, type Step } from "./frame.ts";
import type { Input } from "./input.ts";

const FILE_HEADER = 16;
const RECORD_HEADER = 24;
const MAGIC = [0x73, 0x6e, 0x6f, 0x6f, 0x70, 0, 0, 0];
const MICROS = 1_000_000;

/** Datalink types of RFC 1761 as LINKTYPE_: IEEE 802.3, Token Ring, Ethernet, FDDI. */
const LINK_TYPES: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [2, 6],
  [4, 1],
  [8, 10],
]);

export const snoop: CaptureFormat = {
  name: "snoop",
  header: FILE_HEADER,
  matches: (head) => MAGIC.every((byte, at) => head[at] === byte),
  open: (input, notes) => new SnoopReader(input, notes),
};

class SnoopReader implements FrameReader {
  private readonly input: Input;
  private readonly notes: Notes;
  private readonly linkType: number;
  private done = false;

  constructor(input: Input, notes: Notes) {
    const { view, start: at } = input;
    requireHeader(input, "snoop", FILE_HEADER);
    const version = view.getUint32(at + 8);
    // Shomiti's analysers write other versions, with other records.
    if (version !== 2) throw refuse("unsupported", input, `snoop version ${version}`);
    const link = view.getUint32(at + 12);
    const linkType = LINK_TYPES.get(link);
    if (linkType === undefined) throw refuse("unsupported", input, `a snoop capture of datalink type ${link}`);
    this.linkType = linkType;
    this.input = input;
    this.notes = notes;
    input.start = at + FILE_HEADER;
  }

  next(frame: Frame): Step {
    const { input, notes } = this;
    while (!this.done) {
      const at = input.start;
      const left = input.end - at;
      if (left < RECORD_HEADER) return starve(input, notes, RECORD_HEADER, "the header of a frame");
      const { view } = input;
      const original = view.getUint32(at);
      const captured = view.getUint32(at + 4);
      const length = view.getUint32(at + 8);
      if (length < RECORD_HEADER + captured) return this.stop(captured, length);
      if (captured > MAX_FRAME) {
        notes.frames++;
        report(notes, "limit", `frame of ${captured} bytes passed over (limit ${MAX_FRAME})`);
        input.skip(length);
        continue;
      }
      // Padding can be of any length; only the frame has to be in the buffer.
      if (left < RECORD_HEADER + captured) return starve(input, notes, RECORD_HEADER + captured, "a frame");
      // Packets lost so far; a counter that was reset may fall.
      const lost = view.getUint32(at + 12);
      if (lost > notes.dropped) notes.dropped = lost;
      const micros = view.getUint32(at + 20);
      frame.bytes = input.bytes;
      frame.start = at + RECORD_HEADER;
      frame.captured = captured;
      frame.original = original;
      frame.fcs = 0;
      frame.linkType = this.linkType;
      frame.seconds = view.getUint32(at + 16) + Math.floor(micros / MICROS);
      frame.nanos = (micros % MICROS) * 1000;
      frame.untimed = false;
      frame.interfaceIndex = 0;
      frame.number = ++notes.frames;
      input.skip(length);
      return FRAME;
    }
    return END;
  }

  private stop(captured: number, length: number): Step {
    this.done = true;
    const { input, notes } = this;
    return stop(
      input,
      notes,
      `frame ${notes.frames + 1} declares ${captured} captured bytes in a record of ${length} bytes`,
    );
  }
}
