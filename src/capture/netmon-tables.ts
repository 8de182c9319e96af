/**
 * The tables of a Network Monitor file: where its frames are, whose they were, what somebody wrote about them. Owns their layout
 * and the bounds on them; knows nothing of frames.
 *
 * They usually stand behind the frames, so they are read first, from wherever they are. Fields as in Microsoft's "Capture File
 * Format" (help of Network Monitor 3.4) and in Wireshark's wiretap/netmon.c. All numbers are little-endian.
 */

import type { Application } from "./frame.ts";
import type { Input } from "./input.ts";
import type { CaptureProblem } from "./problem.ts";

/** Bytes of the file header that are read; it is padded to 128. */
export const HEADER_READ = 64;

export interface Header {
  readonly major: number;
  readonly minor: number;
  /** Media type of all frames; from 2.1 on each frame has its own. */
  readonly media: number;
  /** When the capture began, on the clock of whoever captured: the time zone is not in the file, UTC is assumed. */
  readonly seconds: number;
  readonly millis: number;
  readonly frames: Table;
  readonly comments: Table;
  /** `length` is a number of processes. */
  readonly processes: Table;
}

interface Table {
  readonly offset: number;
  readonly length: number;
}

const NO_TABLE: Table = { offset: 0, length: 0 };

/** The file header at `at`, of which HEADER_READ bytes are there. */
export function readHeader(view: DataView, at: number): Header {
  const minor = view.getUint8(at + 4);
  const major = view.getUint8(at + 5);
  const word = (place: number) => view.getUint16(at + place, true);
  const table = (place: number): Table => ({
    offset: view.getUint32(at + place, true),
    length: view.getUint32(at + place + 4, true),
  });
  // What is there in earlier versions is something else, or was never set.
  const annotated = major === 2 && minor >= 2;
  return {
    major,
    minor,
    media: word(6),
    // SYSTEMTIME: year, month, day of the week, day, hour, minute, second, millisecond.
    seconds: Date.UTC(word(8), word(10) - 1, word(14), word(16), word(18), word(20)) / 1000,
    millis: word(22),
    frames: table(24),
    comments: annotated ? table(40) : NO_TABLE,
    processes: annotated ? table(48) : NO_TABLE,
  };
}

export interface Tables {
  /** Offsets of the frames; undefined when they have to be found one behind the other. */
  offsets: Uint32Array | undefined;
  readonly processes: Application[];
  /** By the offset of the frame. */
  readonly comments: Map<number, string>;
  /** What is wrong with them; to be reported when all frames have been read. */
  readonly problems: Pick<CaptureProblem, "kind" | "detail">[];
}

/** 64 MiB of offsets: with half a kilobyte each, such frames fill 8 GiB, twice what a file can have. */
const MAX_FRAMES = 1 << 24;
/** More than a machine runs while somebody captures. */
const MAX_PROCESSES = 10_000;
/** Windows allows 32 767 characters, twice as many bytes, and a zero. */
const MAX_PATH_BYTES = 65_536;
/** Kept of a path, its end: MAX_PATH of Windows is 260 characters. */
const MAX_PATH_KEPT = 1024;
/** Characters of comments that are kept, and what one costs besides. */
const MAX_COMMENTS = 1 << 20;
const COMMENT_OVERHEAD = 64;
/** A comment is a line or two. */
const MAX_TITLE_BYTES = 65_536;
/** Of a process behind its icon: number, ports, addresses. */
const PROCESS_REST = 48;

/**
 * Reads the tables, and yields how many unread bytes it needs: the caller goes on when they are there, or the input has ended.
 * Afterwards `tables` has what was there.
 */
export function* readTables(input: Input, header: Header, tables: Tables): Generator<number, void> {
  yield* readOffsets(input, header.frames, tables);
  const { processes, comments } = header;
  if (processes.offset > 0 && processes.length > 0) yield* readProcesses(input, processes, tables);
  if (comments.offset > 0 && comments.length > 0) yield* readComments(input, comments, tables);
}

/** Whether so many bytes are there after waiting for them. */
function* have(input: Input, bytes: number): Generator<number, boolean> {
  if (input.end - input.start < bytes) yield bytes;
  return input.end - input.start >= bytes;
}

/** Offsets taken at a time, so that a table that is only declared costs nothing. */
const AT_ONCE = 1 << 14;

function* readOffsets(input: Input, { offset, length }: Table, tables: Tables): Generator<number, void> {
  const count = length >>> 2;
  if (count > MAX_FRAMES) {
    tables.problems.push({
      kind: "limit",
      detail: `a frame table of ${count} frames is not used (limit ${MAX_FRAMES})`,
    });
    return;
  }
  let offsets = new Uint32Array(Math.min(count, AT_ONCE));
  input.seek(offset);
  for (let read = 0; read < count; ) {
    const part = Math.min(count - read, AT_ONCE);
    if (!(yield* have(input, 4 * part))) {
      tables.problems.push({ kind: "truncated", detail: "file ends before the end of its frame table" });
      return;
    }
    if (read + part > offsets.length) {
      const larger = new Uint32Array(Math.min(count, Math.max(2 * offsets.length, read + part)));
      larger.set(offsets);
      offsets = larger;
    }
    for (let i = 0; i < part; i++) offsets[read + i] = input.view.getUint32(input.start + 4 * i, true);
    input.start += 4 * part;
    read += part;
  }
  tables.offsets = offsets;
}

function* readProcesses(input: Input, { offset, length: count }: Table, tables: Tables): Generator<number, void> {
  const { processes, problems } = tables;
  input.seek(offset);
  // The version of the table.
  if (yield* have(input, 2)) input.start += 2;
  for (let read = 0; read < count; read++) {
    if (read === MAX_PROCESSES) {
      problems.push({ kind: "limit", detail: `${count} processes: the first ${MAX_PROCESSES} are used` });
      return;
    }
    if (!(yield* have(input, 4))) break;
    const pathBytes = input.view.getUint32(input.start, true);
    if (pathBytes > MAX_PATH_BYTES) {
      problems.push({ kind: "malformed", detail: `process ${read + 1} has a path of ${pathBytes} bytes` });
      return;
    }
    if (!(yield* have(input, 8 + pathBytes))) break;
    const path = utf16(input, input.start + 4, pathBytes).slice(-MAX_PATH_KEPT);
    const icon = input.view.getUint32(input.start + 4 + pathBytes, true);
    input.skip(8 + pathBytes + icon);
    if (!(yield* have(input, PROCESS_REST))) break;
    processes.push({ path, pid: input.view.getUint32(input.start, true) });
    input.start += PROCESS_REST;
  }
  if (processes.length < count) problems.push({ kind: "truncated", detail: "file ends inside its list of processes" });
}

function* readComments(input: Input, { offset, length }: Table, tables: Tables): Generator<number, void> {
  const { comments, problems } = tables;
  let left = length;
  let kept = 0;
  input.seek(offset);
  // Number of frames, always 1; offset of the frame; length of the title, the title; length of a description in RTF, and that.
  while (left >= 16) {
    if (!(yield* have(input, 12))) break;
    const frame = input.view.getUint32(input.start + 4, true);
    const titleBytes = input.view.getUint32(input.start + 8, true);
    if (titleBytes > left - 16 || titleBytes > MAX_TITLE_BYTES) {
      problems.push({ kind: "malformed", detail: `a comment declares a title of ${titleBytes} bytes` });
      return;
    }
    if (!(yield* have(input, 16 + titleBytes))) break;
    const title = utf16(input, input.start + 12, titleBytes);
    const description = input.view.getUint32(input.start + 12 + titleBytes, true);
    kept += title.length + COMMENT_OVERHEAD;
    if (kept > MAX_COMMENTS) {
      problems.push({ kind: "limit", detail: `comments are left out: ${MAX_COMMENTS} characters are kept` });
      return;
    }
    if (title !== "") comments.set(frame, title);
    input.skip(16 + titleBytes + description);
    left -= 16 + titleBytes + description;
  }
  if (left >= 16) problems.push({ kind: "truncated", detail: "file ends inside its list of comments" });
}

const UTF16 = new TextDecoder("utf-16le", { fatal: false });

/** Up to the first zero. */
function utf16({ bytes }: Input, at: number, length: number): string {
  const text = UTF16.decode(bytes.subarray(at, at + (length & ~1)));
  const zero = text.indexOf("\0");
  return zero < 0 ? text : text.slice(0, zero);
}
