/**
 * A capture file, whatever its format and compression, as a sequence of frames. Owns the list of formats and how one is
 * chosen; knows nothing of what frames hold, and of files only what a ByteSource tells.
 *
 * Pull-style: `next` is synchronous and fills a slot; only when it answers MORE does `fill` read, at once or later.
 */
import type { ParseError } from "../bytes/parse-error.ts";
import { toHex } from "../bytes/text.ts";
import { type CaptureFormat, type FrameReader, type Notes, newNotes, refuse } from "./format.ts";
import type { Frame, Skimmer, Step } from "./frame.ts";
import { Gunzip, isGzip } from "./gzip.ts";
import { BUFFER_SIZE, type ByteSource, Input } from "./input.ts";
import { netmon } from "./netmon.ts";
import { pcap } from "./pcap.ts";
import { pcapng } from "./pcapng.ts";
import type { CaptureProblem } from "./problem.ts";
import { looksLike, SNIFF_LENGTH } from "./signatures.ts";
import { snoop } from "./snoop.ts";
import { isZstd, Unzstd } from "./zstd.ts";

/** To add a format, add it here. */
const FORMATS: readonly CaptureFormat[] = [pcap, pcapng, snoop, netmon];

interface Compression {
  readonly name: string;
  /** Whether `head`, as for a format, is its beginning. */
  matches(head: Uint8Array): boolean;
  open(input: Input, notes: Notes): ByteSource;
}

const COMPRESSIONS: readonly Compression[] = [
  { name: "gzip", matches: isGzip, open: (input, notes) => new Gunzip(input, notes) },
  { name: "zstd", matches: isZstd, open: (input, notes) => new Unzstd(input, notes) },
];

export class CaptureFile {
  /** Format id as in the Report: `pcap`, `pcapng`, with a suffix when compressed: `pcap+gzip`. */
  readonly format: string;
  private readonly source: CountedSource;
  private readonly input: Input;
  private readonly reader: FrameReader;
  private readonly notes: Notes;

  private constructor(source: CountedSource, input: Input, format: string, reader: FrameReader, notes: Notes) {
    this.source = source;
    this.input = input;
    this.format = format;
    this.reader = reader;
    this.notes = notes;
  }

  /**
   * Opens a capture. Closes `source` and throws ParseError when it is none that this version reads: `unsupported`, with a
   * detail that says what it looks like, or `truncated` when it ends inside the file's header. Its path is the source's name.
   */
  static async open(source: ByteSource, bufferSize = BUFFER_SIZE): Promise<CaptureFile> {
    try {
      return await CaptureFile.sniff(source, bufferSize);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  get name(): string {
    return this.source.name;
  }

  /** Size of the file as stored, undefined for a pipe. */
  get size(): number | undefined {
    return this.source.size;
  }

  /** Frames so far as Wireshark counts them (records without a frame in them included). */
  get frames(): number {
    return this.notes.frames;
  }

  /** Bytes taken from the file so far, as stored (compressed). */
  get bytesRead(): number {
    return this.source.count;
  }

  /** What was wrong so far; complete once `next` has answered END. */
  get problems(): readonly CaptureProblem[] {
    return this.notes.problems;
  }

  /** TLS key logs (NSS format) carried by the capture so far, in file order. */
  get secrets(): readonly Uint8Array[] {
    return this.notes.secrets;
  }

  /** What somebody wrote about the file as a whole. */
  get comments(): readonly string[] {
    return this.notes.comments;
  }

  /** Names of addresses that the file brings; nobody has checked them. */
  get names(): ReadonlyMap<string, string> {
    return this.notes.names;
  }

  /** Packets that were lost while capturing, as far as the file says. */
  get dropped(): number {
    return this.notes.dropped;
  }

  /** Times are of a clock whose zone the file does not tell, taken for UTC. */
  get localTime(): boolean {
    return this.notes.localTime;
  }

  /** FRAME: `frame` is filled, its bytes valid until the next call. MORE: call `fill`, await it, call again. */
  next(frame: Frame): Step {
    return this.reader.next(frame);
  }

  /** Hands the frames that come next to `skimmer`, until it does not take one or more has to be read; then `next` goes on. */
  skim(skimmer: Skimmer): void {
    this.reader.skim?.(skimmer);
  }

  /** Errors of the source (a disk that fails) pass through; nothing else is thrown. */
  fill(): void | Promise<void> {
    return this.input.fill();
  }

  /** Frees the buffer and the file. Frames, problems and counts stay readable. */
  close(): void {
    this.input.close();
  }

  private static async sniff(source: ByteSource, bufferSize: number): Promise<CaptureFile> {
    const notes = newNotes();
    const counted = new CountedSource(source);
    let input = new Input(counted, bufferSize);
    await readUntil(input, () => compressionOf(head(input)) !== undefined || formatOf(head(input)) !== undefined);
    const compression = compressionOf(head(input));
    if (compression !== undefined) {
      input = new Input(compression.open(input, notes), bufferSize);
      await readUntil(input, () => formatOf(head(input)) !== undefined);
    }
    const format = formatOf(head(input));
    if (format === undefined) throw unreadable(input, compression, notes);
    await readUntil(input, () => input.end - input.start >= format.header);
    const reader = format.open(input, notes);
    const name = `${format.name}${reader.version ?? ""}${compression === undefined ? "" : `+${compression.name}`}`;
    return new CaptureFile(counted, input, name, reader, notes);
  }
}

/** Counts what is taken from a source. */
class CountedSource implements ByteSource {
  readonly name: string;
  readonly size: number | undefined;
  count = 0;
  readonly seek?: (offset: number) => void;
  private readonly source: ByteSource;

  constructor(source: ByteSource) {
    this.name = source.name;
    this.size = source.size;
    this.source = source;
    if (source.seek !== undefined) this.seek = (offset) => source.seek?.(offset);
  }

  read(into: Uint8Array): number | Promise<number> {
    const got = this.source.read(into);
    return typeof got === "number" ? this.add(got) : got.then((count) => this.add(count));
  }

  close(): void {
    this.source.close();
  }

  private add(count: number): number {
    // What is read twice counts once.
    this.count = Math.min(this.count + count, this.size ?? Number.POSITIVE_INFINITY);
    return count;
  }
}

/** Reads until `enough` says so, SNIFF_LENGTH bytes are there, or the source ends. */
async function readUntil(input: Input, enough: () => boolean): Promise<void> {
  while (!input.ended && input.end - input.start < SNIFF_LENGTH && !enough()) {
    input.want(SNIFF_LENGTH);
    await input.fill();
  }
}

function head(input: Input): Uint8Array {
  return input.bytes.subarray(input.start, Math.min(input.end, input.start + SNIFF_LENGTH));
}

function formatOf(start: Uint8Array): CaptureFormat | undefined {
  return FORMATS.find((format) => format.matches(start));
}

function compressionOf(start: Uint8Array): Compression | undefined {
  return COMPRESSIONS.find((compression) => compression.matches(start));
}

function unreadable(input: Input, compression: Compression | undefined, notes: Notes): ParseError {
  const start = head(input);
  const damage = notes.problems[0];
  if (damage !== undefined) return refuse(damage.kind, input, damage.detail);
  const like = looksLike(start) ?? `an unknown format that begins ${toHex(start.subarray(0, 8))}`;
  const detail = compression === undefined ? like : `${compression.name}-compressed, and inside ${like}`;
  return refuse(start.length === 0 ? "truncated" : "unsupported", input, detail);
}
