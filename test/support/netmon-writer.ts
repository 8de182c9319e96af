/**
 * Writes small Network Monitor files for tests, sound or bent. Independent of src/capture on purpose: a shared mistake would
 * hide itself. Tools write versions 1.1, 2.0 and 2.1 at most; later ones come from here alone.
 */
import { concat, ints } from "./capture-writer.ts";

export interface NetmonFrame {
  readonly data: Uint8Array;
  /** Microseconds since the beginning; milliseconds count in version 1. */
  readonly since?: number | bigint;
  readonly original?: number;
  readonly captured?: number;
  readonly media?: number;
  /** Index into the processes. */
  readonly owner?: number;
  /** FILETIME, of version 2.3. */
  readonly utc?: bigint;
}

export interface NetmonOptions {
  readonly major?: number;
  readonly minor?: number;
  readonly media?: number;
  /** When the capture began: seconds, and milliseconds. */
  readonly start?: number;
  readonly millis?: number;
  readonly processes?: readonly Uint8Array[];
  /** By index of the frame. */
  readonly comments?: Readonly<Record<number, string>>;
  /** Order in which the table names the frames. */
  readonly order?: readonly number[];
  /** Bytes before each frame, which belong to nothing. */
  readonly gap?: number;
}

/** When captures begin, unless told otherwise: 2006-04-24 09:04:15. */
export const NETMON_START = Date.UTC(2006, 3, 24, 9, 4, 15) / 1000;

/** A FILETIME of seconds since 1970 and units of 100 ns. */
export const fileTime = (seconds: number, units = 0): bigint =>
  (BigInt(seconds) + 11_644_473_600n) * 10_000_000n + BigInt(units);

export const utf16 = (text: string): Uint8Array =>
  ints(false, ...Array.from({ length: text.length }, (_, i) => [text.charCodeAt(i), 2] as const));

export function netmonProcess(path: string, pid: number, { icon = 0, pathBytes = -1 } = {}): Uint8Array {
  const name = utf16(`${path}\0`);
  return concat(
    ints(false, [pathBytes < 0 ? name.length : pathBytes, 4]),
    name,
    ints(false, [icon, 4]),
    new Uint8Array(icon).fill(0xcc),
    ints(false, [pid, 4], [50_000, 2], [0, 2], [443, 2], [0, 2], [0, 4]),
    new Uint8Array(32),
  );
}

export function netmonComment(frameOffset: number, title: string, description = "{\\rtf1 more}"): Uint8Array {
  const text = utf16(`${title}\0`);
  return concat(
    ints(false, [1, 4], [frameOffset, 4], [text.length, 4]),
    text,
    ints(false, [description.length, 4]),
    new TextEncoder().encode(description),
  );
}

/** A record: header, frame, and the trailer of its version. */
export function netmonRecord(frame: NetmonFrame, { major = 2, minor = 3 }: NetmonOptions = {}): Uint8Array {
  const { data, since = 0, original = data.length, captured = data.length } = frame;
  const { media = 1, owner = 0xffffffff, utc = fileTime(NETMON_START) } = frame;
  if (major === 1) return concat(ints(false, [since, 4], [original, 2], [captured, 2]), data);
  const trailer = [[media, 2] as const, [owner, 4] as const, [utc, 8] as const, [0, 1] as const];
  const fields = minor === 0 ? [] : minor === 1 ? trailer.slice(0, 1) : minor === 2 ? trailer.slice(0, 2) : trailer;
  return concat(ints(false, [since, 8], [original, 4], [captured, 4]), data, ints(false, ...fields));
}

function systemTime(date: Date, millis: number): Uint8Array {
  const day = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDay(), date.getUTCDate()];
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), millis];
  return ints(false, ...[...day, ...time].map((value) => [value, 2] as const));
}

/** The parts of a file: header, each frame, the tables. */
export function netmonParts(
  frames: readonly NetmonFrame[],
  options: NetmonOptions = {},
): { header: Uint8Array; records: Uint8Array[]; tables: Uint8Array } {
  const {
    major = 2,
    minor = 3,
    media = 1,
    start = NETMON_START,
    millis = 842,
    processes = [],
    comments = {},
    gap = 0,
  } = options;
  const records = frames.map((frame) => concat(new Uint8Array(gap).fill(0xee), netmonRecord(frame, options)));
  const offsets: number[] = [];
  let at = 128;
  for (const record of records) {
    offsets.push(at + gap);
    at += record.length;
  }
  const order = options.order ?? offsets.map((_, index) => index);
  const frameTable = ints(false, ...order.map((index) => [offsets[index] ?? 0, 4] as const));
  const commentTable = concat(
    ...Object.entries(comments).map(([index, text]) => netmonComment(offsets[Number(index)] ?? 0, text)),
  );
  const processTable = processes.length === 0 ? new Uint8Array(0) : concat(ints(false, [2, 2]), ...processes);
  const commentsAt = at + frameTable.length;
  const header = concat(
    new TextEncoder().encode(major === 1 ? "RTSS" : "GMBU"),
    ints(false, [minor, 1], [major, 1], [media, 2]),
    systemTime(new Date(start * 1000), millis),
    ints(false, [at, 4], [frameTable.length, 4], [0, 8]),
    ints(false, [commentTable.length === 0 ? 0 : commentsAt, 4], [commentTable.length, 4]),
    ints(false, [processes.length === 0 ? 0 : commentsAt + commentTable.length, 4], [processes.length, 4]),
  );
  return {
    header: concat(header, new Uint8Array(128 - header.length)),
    records,
    tables: concat(frameTable, commentTable, processTable),
  };
}

export function netmonFile(frames: readonly NetmonFrame[], options: NetmonOptions = {}): Uint8Array {
  const { header, records, tables } = netmonParts(frames, options);
  return concat(header, ...records, tables);
}
