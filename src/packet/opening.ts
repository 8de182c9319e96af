/**
 * Openings: what a SYN or SYN-ACK shows of the system that sent it: hop limit, window, TCP options in their order (RFC 9293
 * sections 3.1 and 3.2, RFC 7323, RFC 2018). Owns the reading of the options and the sharing of what is the same: a capture has
 * thousands of SYNs and a handful of systems that send them. Knows nothing of connections.
 */
import { ByteTable } from "../bytes/byte-table.ts";

export interface Opening {
  /** TTL or hop limit, as captured. */
  readonly ttl: number;
  /** As sent: that of a SYN is never scaled. */
  readonly window: number;
  /** In order, as tcpdump writes them: `mss 1460,sackOK,TS,nop,wscale 7`; empty when there are none. */
  readonly options: string;
  /** The same for openings that are alike in all of this, another one for others. */
  readonly number: number;
}

/** Remembered; a client that varies its options at every connection must not cost memory. */
const MAX_REMEMBERED = 1024;
/** Hop limit, window, 40 bytes of options; of a last one that is cut off a length more. */
const MAX_KEY = 44;
/** Instead of an option's length, which is at most 40: the header ends within it. */
const DAMAGED = 0xff;
/** Bytes of the TCP header before the options. */
const FIXED = 20;

const END_OF_LIST = 0;
const NO_OPERATION = 1;
const MAXIMUM_SEGMENT_SIZE = 2;
const WINDOW_SCALE = 3;

/** IANA "TCP Option Kind Numbers". */
const OPTION_NAMES: ReadonlyMap<number, string> = new Map([
  [END_OF_LIST, "eol"],
  [NO_OPERATION, "nop"],
  [MAXIMUM_SEGMENT_SIZE, "mss"],
  [WINDOW_SCALE, "wscale"],
  [4, "sackOK"],
  [8, "TS"],
  [19, "md5"],
  [28, "uto"],
  [29, "tcp-ao"],
  [30, "mptcp"],
  [34, "tfo"],
]);

export class Openings {
  private readonly known = new ByteTable<Opening>(MAX_REMEMBERED);
  /** What is the same in every SYN of its kind: no timestamps, cookies or keys. */
  private readonly key = new Uint8Array(MAX_KEY);
  private count = 0;

  /** Of the TCP header at `bytes[start]`; `end`: where the captured bytes end. Undefined when the header was not captured whole. */
  read(bytes: Uint8Array, start: number, end: number, ttl: number): Opening | undefined {
    const options = start + FIXED;
    if (options > end) return undefined;
    const headerEnd = start + ((bytes[start + 12] as number) >> 4) * 4;
    if (headerEnd < options || headerEnd > end) return undefined;
    const { key } = this;
    key[0] = ttl;
    key[1] = bytes[start + 14] as number;
    key[2] = bytes[start + 15] as number;
    const length = this.takeOptions(bytes, options, headerEnd);
    const known = this.known.get(key, 0, length);
    if (known !== undefined) return known;
    const window = ((key[1] as number) << 8) | (key[2] as number);
    const made = { ttl, window, options: optionsText(bytes, options, headerEnd), number: ++this.count };
    this.known.add(new Uint8Array(key.subarray(0, length)), made);
    return made;
  }

  /** Kinds and lengths, and the values that are the system's. Answers the length of the key. */
  private takeOptions(bytes: Uint8Array, start: number, end: number): number {
    const { key } = this;
    let length = 3;
    for (let at = start; at < end; ) {
      const kind = bytes[at] as number;
      key[length++] = kind;
      if (kind === END_OF_LIST) break;
      if (kind === NO_OPERATION) {
        at++;
        continue;
      }
      const size = sizeAt(bytes, at, end);
      key[length++] = size;
      if (size === DAMAGED) break;
      if (hasValue(kind, size)) for (let i = 2; i < size; i++) key[length++] = bytes[at + i] as number;
      at += size;
    }
    return length;
  }
}

/** What follows the end of the list fills the header up (RFC 9293 section 3.2). */
function optionsText(bytes: Uint8Array, start: number, end: number): string {
  const texts: string[] = [];
  for (let at = start; at < end; ) {
    const kind = bytes[at] as number;
    const name = OPTION_NAMES.get(kind) ?? `unknown(${kind})`;
    const size = kind === END_OF_LIST || kind === NO_OPERATION ? 1 : sizeAt(bytes, at, end);
    if (size === DAMAGED) {
      texts.push(`${name} damaged`);
      break;
    }
    let value = 0;
    for (let i = 2; i < size; i++) value = value * 256 + (bytes[at + i] as number);
    texts.push(hasValue(kind, size) ? `${name} ${value}` : name);
    if (kind === END_OF_LIST) break;
    at += size;
  }
  return texts.join(",");
}

/** Bytes of the option at `at`, at most 40; DAMAGED when it says less than its own two or more than there are. */
function sizeAt(bytes: Uint8Array, at: number, end: number): number {
  const size = at + 1 < end ? (bytes[at + 1] as number) : 0;
  return size < 2 || size > end - at ? DAMAGED : size;
}

function hasValue(kind: number, size: number): boolean {
  return (kind === MAXIMUM_SEGMENT_SIZE && size === 4) || (kind === WINDOW_SCALE && size === 3);
}
