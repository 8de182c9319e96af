/**
 * What a capture format is to the rest: how it is recognised, and a reader that fills frames. Owns the contract, the limits
 * and the endings that all formats share; knows no format.
 */
import { ParseError, type ParseErrorKind } from "../bytes/parse-error.ts";
import { END, type Frame, MORE, type Skimmer, type Step } from "./frame.ts";
import type { Input } from "./input.ts";
import { addProblem, type CaptureProblem } from "./problem.ts";

export interface CaptureFormat {
  /** Format id in the Report: `pcap`, `pcapng`; of `netmon` with the version behind it. */
  readonly name: string;
  /** Length of the file header that `open` reads. */
  readonly header: number;
  /** Whether `head`, the first bytes of a file as far as they are there yet, is this format's beginning. */
  matches(head: Uint8Array): boolean;
  /**
   * The reader of a file that matched; `input` holds the file header, or all of a shorter file.
   * Throws ParseError for a header that is no capture we read; damage behind it is a problem, not an error.
   */
  open(input: Input, notes: Notes): FrameReader;
}

export interface FrameReader {
  /** Of the format, where there are several that differ: goes behind its name. */
  readonly version?: string;
  next(frame: Frame): Step;
  /** Hands the frames that come next, as far as they are there, to `skimmer` until it does not take one. */
  skim?(skimmer: Skimmer): void;
}

/** What a reader learns besides frames. */
export interface Notes {
  /** Frames so far as Wireshark counts them. */
  frames: number;
  readonly problems: CaptureProblem[];
  /** TLS key logs (NSS format) that the capture carries. */
  readonly secrets: Uint8Array[];
  /** What somebody wrote about the file. */
  readonly comments: string[];
  /** Names of addresses, by their text, as whoever captured resolved them: nobody has checked them. */
  readonly names: Map<string, string>;
  /** Packets that were lost while capturing, as far as the file says. */
  dropped: number;
  /** Times are those of a clock whose zone the file does not tell; they are taken for UTC. */
  localTime: boolean;
}

export function newNotes(): Notes {
  return { frames: 0, problems: [], secrets: [], comments: [], names: new Map(), dropped: 0, localTime: false };
}

/** Wireshark's WTAP_MAX_PACKET_SIZE_STANDARD and tcpdump's MAXIMUM_SNAPLEN: no link that carries IP has longer frames. */
export const MAX_FRAME = 262_144;

/**
 * Wireshark's limit for USB and D-Bus, the links with the longest frames. No IP in them: such frames are counted and
 * passed over.
 */
const MAX_PASSED_FRAME = 128 * 1024 * 1024;

const LONG_FRAME_LINKS: ReadonlySet<number> = new Set([
  189, // USB_LINUX
  220, // USB_LINUX_MMAPPED
  231, // DBUS
  249, // USBPCAP
  266, // USB_DARWIN
  279, // EBHSCR
]);

/** Whether a frame of `captured` bytes, more than MAX_FRAME, can be what its link really carried. */
export function plausiblyLong(linkType: number, captured: number): boolean {
  return captured <= MAX_PASSED_FRAME && LONG_FRAME_LINKS.has(linkType);
}

export function report(notes: Notes, kind: CaptureProblem["kind"], detail: string): void {
  addProblem(notes.problems, { kind, frame: notes.frames, detail });
}

/**
 * The reader cannot go on before `needed` unread bytes are there: asks for them, or, at the end, notes that the file was cut
 * when it ends inside something (`begun`).
 */
export function starve(input: Input, notes: Notes, needed: number, inside: string, begun = false): Step {
  if (!input.ended) {
    input.want(needed);
    return MORE;
  }
  const left = input.end - input.start;
  if (begun || left > 0 || input.skipping > 0) {
    report(notes, "truncated", `file ends inside ${inside}, ${needed + input.skipping - left} byte(s) short`);
    input.start = input.end;
    input.skipping = 0;
  }
  return END;
}

/** Ends reading where the next frame cannot be found; what was read stays read. */
export function stop(input: Input, notes: Notes, detail: string): Step {
  report(notes, "malformed", `${detail} at byte ${input.offset}; reading stopped there`);
  input.close();
  return END;
}

/** Throws the ParseError for a `format` file that is shorter than its header of `length` bytes. */
export function requireHeader(input: Input, format: string, length: number): void {
  const left = input.end - input.start;
  if (left >= length) return;
  throw refuse("truncated", input, `a ${format} file that ends inside its header (${left} of ${length} bytes)`);
}

/** For a header that is no capture we read. */
export function refuse(kind: ParseErrorKind, input: Input, detail: string): ParseError {
  return new ParseError(kind, input.name, input.offset, detail);
}
