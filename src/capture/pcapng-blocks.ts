/**
 * What pcapng says besides frames (draft-ietf-opsawg-pcapng): options, names of addresses, statistics of an interface, processes.
 * Owns the fields of these blocks; knows nothing of how blocks are found and what is done with what they say.
 *
 * Indexes bytes directly after checking bounds, as all readers do; a block that is damaged gives what was sound in it.
 */
import { addressText } from "../bytes/address.ts";
import { toUtf8 } from "../bytes/text.ts";
import type { Application } from "./frame.ts";

/** A block in the reader's buffer. */
export interface BlockBytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly little: boolean;
}

/** Options of every block (section 3.5). */
const END_OF_OPTIONS = 0;
export const COMMENT = 1;

/**
 * Calls `take` with code, place and size of each option between `at` and `end`. False when one runs past the end; those before it
 * were taken.
 */
export function readOptions(
  { view, little }: BlockBytes,
  at: number,
  end: number,
  take: (code: number, value: number, size: number) => void,
): boolean {
  for (let option = at; option + 4 <= end; ) {
    const code = view.getUint16(option, little);
    const size = view.getUint16(option + 2, little);
    const value = option + 4;
    if (code === END_OF_OPTIONS) return true;
    if (value + size > end) return false;
    take(code, value, size);
    option = value + ((size + 3) & ~3);
  }
  return true;
}

/** Text of an option; some writers end it with a zero byte. */
export function optionText({ bytes }: BlockBytes, at: number, size: number): string {
  return toUtf8(bytes.subarray(at, at + size)).replace(/\0+$/, "");
}

/** Options of packet blocks (section 4.3), and Apple's: the number of the process that owns the packet. */
const FLAGS = 2;
const DROP_COUNT = 4;
const APPLE_PROCESS = 0x8001;

/** What the options of a packet block say. */
export interface PacketOptions {
  comment: string | undefined;
  /** Packets lost between this one and the one before it on its interface. */
  lost: number;
  /** Number of the process within its section. */
  owner: number | undefined;
}

export function packetOptions(block: BlockBytes, at: number, end: number): PacketOptions {
  const found: PacketOptions = { comment: undefined, lost: 0, owner: undefined };
  readOptions(block, at, end, (code, value, size) => {
    if (code === COMMENT) {
      const text = optionText(block, value, size);
      if (text !== "") found.comment = found.comment === undefined ? text : `${found.comment}\n${text}`;
    } else if (code === DROP_COUNT && size === 8) found.lost = count(block, value) ?? 0;
    else if (code === APPLE_PROCESS && size === 4) found.owner = block.view.getUint32(value, block.little);
  });
  return found;
}

/** The options say nothing that is kept: there are none, or flags alone, as most writers have it. Cheap: asked per frame. */
export function isPlainPacket(view: DataView, at: number, end: number, little: boolean): boolean {
  let option = at;
  if (option + 4 <= end && view.getUint16(option, little) === FLAGS) {
    option += 4 + ((view.getUint16(option + 2, little) + 3) & ~3);
  }
  return option + 4 > end || view.getUint16(option, little) === END_OF_OPTIONS;
}

const IPV4_RECORD = 1;
const IPV6_RECORD = 2;
/** RFC 1035 section 2.3.4: no name of a host is longer. */
const MAX_NAME = 255;

/** Calls `take` with each address of a name resolution block (section 4.5) and its first name. */
export function readNames(
  { bytes, view, little }: BlockBytes,
  at: number,
  end: number,
  take: (ip: string, name: string) => void,
): void {
  for (let record = at; record + 4 <= end; ) {
    const type = view.getUint16(record, little);
    const size = view.getUint16(record + 2, little);
    const value = record + 4;
    // The end of records, which is of type 0.
    if (type === 0 || value + size > end) return;
    const name = value + (type === IPV4_RECORD ? 4 : 16);
    if ((type === IPV4_RECORD || type === IPV6_RECORD) && name < value + size) {
      const text = nameAt(bytes, name, value + size);
      if (text !== "") take(addressAt(view, value, type), text);
    }
    record = value + ((size + 3) & ~3);
  }
}

/** Empty for one that is too long. */
function nameAt(bytes: Uint8Array, at: number, end: number): string {
  const text = bytes.subarray(at, end);
  const zero = text.indexOf(0);
  const length = zero < 0 ? text.length : zero;
  return length > MAX_NAME ? "" : toUtf8(text.subarray(0, length));
}

function addressAt(view: DataView, at: number, type: number): string {
  if (type === IPV4_RECORD) return addressText(4, 0, 0, 0, view.getInt32(at));
  return addressText(6, view.getInt32(at), view.getInt32(at + 4), view.getInt32(at + 8), view.getInt32(at + 12));
}

/** Options of an interface statistics block (section 4.6). */
const INTERFACE_DROP = 5;
const SYSTEM_DROP = 7;

/** Packets that an interface and the system have dropped since the capture began; `at`: where the options are. */
export function statedDrops(block: BlockBytes, at: number, end: number): number {
  let drops = 0;
  readOptions(block, at, end, (code, value, size) => {
    if ((code === INTERFACE_DROP || code === SYSTEM_DROP) && size === 8) drops += count(block, value) ?? 0;
  });
  return drops;
}

/** A 64-bit count; undefined for all ones, which says that nobody counted. Beyond 2^53 no program has counted packets yet. */
function count({ view, little }: BlockBytes, at: number): number | undefined {
  const value = view.getBigUint64(at, little);
  if (value === 0xffff_ffff_ffff_ffffn) return undefined;
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}

/** Option of a process block. */
const PROCESS_NAME = 2;
/** Of macOS; the whole path of a program may be written. */
const PATH_MAX = 1024;

/** A process of macOS: its number, then options (its tcpdump writes them; block type 0x80000001). `at`: where the number is. */
export function readProcess(block: BlockBytes, at: number, end: number): Application {
  let path = "";
  if (at + 4 > end) return { path, pid: 0 };
  readOptions(block, at + 4, end, (code, value, size) => {
    if (code === PROCESS_NAME && size <= PATH_MAX) path = optionText(block, value, size);
  });
  return { path, pid: block.view.getUint32(at, block.little) };
}
