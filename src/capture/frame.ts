/**
 * One captured frame, as a slot that is overwritten again and again, and the three answers of a reader.
 * Owns the shape that every capture format fills; knows nothing of formats, link layers or protocols.
 *
 * A reader fills the caller's slot instead of returning a new object: a large capture has millions of frames.
 */

/** What `next` answered: the slot is filled; call `fill`, then `next` again; nothing more will come. */
export const FRAME = 0;
export const MORE = 1;
export const END = 2;
export type Step = typeof FRAME | typeof MORE | typeof END;

const NOTHING = new Uint8Array(0);

/** The program that sent or got a frame, where the file says so. */
export interface Application {
  /** Of its executable, or its name alone; as the file has it. */
  readonly path: string;
  /** Number of the process. */
  readonly pid: number;
}

export class Frame {
  /** The reader's buffer, not a copy: valid until the next call of `next`, `fill` or `close`. */
  bytes: Uint8Array = NOTHING;
  /** Index into `bytes` of the first byte of the frame. */
  start = 0;
  /** Bytes of the frame that the file holds (Wireshark's frame.cap_len). */
  captured = 0;
  /** Bytes the frame had on the wire (Wireshark's frame.len). */
  original = 0;
  /** How many of the `captured` bytes, at their end, the file declares to be the frame check sequence. */
  fcs = 0;
  /** LINKTYPE_ value (www.tcpdump.org/linktypes.html), also for formats with numbers of their own. */
  linkType = 0;
  /** Whole seconds since 1970-01-01T00:00:00Z; negative before it. */
  seconds = 0;
  /** 0 … 999 999 999, counted forward from `seconds` for times before 1970 too. Finer resolutions are truncated. */
  nanos = 0;
  /** True when the format gave no time (pcapng Simple Packet Block); `seconds` and `nanos` are then 0. */
  untimed = false;
  /** Counts from 1 as Wireshark's frame.number, including records passed over that Wireshark counts. */
  number = 0;
  /** Index of the capturing interface within its section; 0 where the format has no interfaces. */
  interfaceIndex = 0;
  /** What somebody wrote about the frame. Set by the readers of formats that have such, as is the next one. */
  comment: string | undefined = undefined;
  application: Application | undefined = undefined;
}

/**
 * Takes frames straight from a reader's buffer, without the slot: for the many that need only be counted. A frame of
 * `captured` bytes begins at `bytes[start]`; `view` shows the same bytes.
 */
export interface Skimmer {
  /** LINKTYPE_ value of the frames it understands. */
  readonly linkType: number;
  /** False: nothing was done with this frame, it must be read in the ordinary way. */
  take(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    captured: number,
    seconds: number,
    nanos: number,
    number: number,
  ): boolean;
}
