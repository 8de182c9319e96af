/**
 * Layouts of pcap: what the magic number and the header tell of a file's records, and a look at the first of them where that
 * is not enough. Owns the variants and the telling apart; delivers no frames.
 *
 * Patched versions of libpcap wrote longer record headers, some under the standard magic number: Alexey Kuznetsov's patches of
 * 1999 (Red Hat 6.1 and SuSE 6.3 shipped them), Nokia's IPSO. Read, as what they are, in Wireshark's wiretap/libpcap.c. A layout
 * other than the usual one is believed only when the usual one makes no sense and the other all of it: a damaged file of the
 * usual kind is to stay one.
 */
import { MAX_FRAME } from "./format.ts";

export const FILE_HEADER = 24;
/** Seconds, fraction, captured length, original length: the beginning of every record header, whatever follows. */
const RECORD_HEADER = 16;
const MICROS = 1000;
const NANOS = 1;

/** The order of the two lengths of a record: files before version 2.3 have them in the other one, those of 2.3 in either. */
export const KEPT = 0;
export const SWAPPED = 1;
export const EITHER = 2;

/** How the records of a file are written. */
export interface Layout {
  readonly little: boolean;
  /** Nanoseconds per unit of the fraction field. */
  readonly unit: number;
  /** Bytes of a record before the frame. */
  readonly recordHeader: number;
  readonly lengths: typeof KEPT | typeof SWAPPED | typeof EITHER;
  readonly linkType: number;
  /** Bytes of frame check sequence at the end of a frame; 0 when the file does not say. */
  readonly fcs: number;
  /** Bytes of the file header behind the usual 24. */
  readonly more: number;
}

interface Magic {
  readonly little: boolean;
  readonly unit: number;
  /** Lengths of record headers that a file with it may have, the usual one first. */
  readonly recordHeaders: readonly [number, ...number[]];
  readonly more: number;
}

/** Interface, protocol and packet type follow the lengths; a patch in between had 4 bytes more. */
const KUZNETSOV = 24;
const KUZNETSOV_LONG = 28;
/** 4 bytes of which nobody knows the meaning. */
const NOKIA = 20;

function magicOf(value: number): Magic | undefined {
  const known = MAGICS.get(value);
  if (known !== undefined) return { little: false, ...known };
  const swapped = MAGICS.get(swap(value));
  return swapped === undefined ? undefined : { little: true, ...swapped };
}

/** By the first four bytes in the file's own byte order. */
const MAGICS: ReadonlyMap<number, Omit<Magic, "little">> = new Map<number, Omit<Magic, "little">>([
  [0xa1b2c3d4, { unit: MICROS, recordHeaders: [RECORD_HEADER, KUZNETSOV, NOKIA], more: 0 }],
  [0xa1b23c4d, { unit: NANOS, recordHeaders: [RECORD_HEADER], more: 0 }],
  [0xa1b2cd34, { unit: MICROS, recordHeaders: [KUZNETSOV, KUZNETSOV_LONG], more: 0 }],
  // Ixia's "lcap", by hardware and by software: the length of all records stands behind the file header.
  [0x1c0001ac, { unit: NANOS, recordHeaders: [RECORD_HEADER], more: 4 }],
  [0x1c0001ab, { unit: MICROS, recordHeaders: [RECORD_HEADER], more: 4 }],
]);

function swap(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

/** Whether `head`, the first bytes of a file, begins as one of these does. */
export function isPcap(head: Uint8Array): boolean {
  return head.length >= 4 && magicOf(new DataView(head.buffer, head.byteOffset).getUint32(0)) !== undefined;
}

/** ifType values of RFC 1573, which AIX's libpcap writes for the link type, and the LINKTYPE_ they mean. */
const AIX_LINKS: ReadonlyMap<number, number> = new Map([
  [6, 1], // Ethernet
  [9, 6], // Token Ring
  [15, 10], // FDDI
  [24, 0], // loopback
]);

/**
 * The layouts that the file header at `at` leaves possible, the likeliest first; in words what it is when it is of a version we
 * do not read. `at` holds FILE_HEADER bytes, and `isPcap` was asked.
 */
export function layoutsOf(view: DataView, at: number): readonly [Layout, ...Layout[]] | string {
  const magic = magicOf(view.getUint32(at)) as Magic;
  const { little, more } = magic;
  const major = view.getUint16(at + 4, little);
  const minor = view.getUint16(at + 6, little);
  if (major < 2) return `pcap version ${major}.${minor}`;
  // Bits 31–28: FCS length in units of 16 bits, valid with bit 26 (pcap-savefile(5)). Bits 25–16 are reserved; like
  // libpcap, keep them in the link type, so that a value we do not understand is not taken for Ethernet.
  const link = view.getUint32(at + 20, little);
  // Version 543.0 is DG/UX's tcpdump, which kept the old order (libpcap, savefile.c).
  const lengths = (major === 2 && minor < 3) || major === 543 ? SWAPPED : major === 2 && minor === 3 ? EITHER : KEPT;
  const aix = major === 2 && minor === 2 && magic.recordHeaders.includes(NOKIA) ? AIX_LINKS.get(link) : undefined;
  const layout = {
    little,
    unit: aix === undefined ? magic.unit : NANOS,
    lengths,
    linkType: aix ?? link & 0x03ffffff,
    fcs: (link & 0x04000000) !== 0 ? (link >>> 28) * 2 : 0,
    more,
  } as const;
  // The patched versions all call themselves 2.4.
  const [usual, ...others] = magic.recordHeaders;
  const patched = lengths === KEPT ? others : [];
  return [{ ...layout, recordHeader: usual }, ...patched.map((recordHeader) => ({ ...layout, recordHeader }))];
}

/** What `settle` needs to see, at first: the longest record header, and an Ethernet header and the first byte of IP behind it. */
const FIRST_LOOK = KUZNETSOV_LONG + 15;
/** Records looked at; Wireshark takes as many. A header read at the wrong place is rarely plausible even once. */
const RECORDS_TRIED = 3;
/** No frame is that long, but where lengths are read from the wrong place they are (Wireshark's limit). */
const MAX_ORIGINAL = 128 * 1024 * 1024;
const MICROS_PER_SECOND = 1_000_000;
/** 1999's machines had no more interfaces, by far. */
const MAX_INTERFACE_INDEX = 10_000;

/**
 * Which of `layouts` the records that begin at `at` have; or how many bytes from there on must be seen to tell. `end`: where the
 * bytes that are there end; `ended`: there will be no more. `snapLength`: as declared, 0 when not.
 */
export function settle(
  layouts: readonly Layout[],
  view: DataView,
  at: number,
  end: number,
  ended: boolean,
  snapLength: number,
): Layout | number {
  const [usual, ...others] = layouts as [Layout, ...Layout[]];
  if (others.length === 0) return usual;
  if (end - at < FIRST_LOOK && !ended) return FIRST_LOOK;
  if (holdsPacket(usual, view, at, end)) return usual;
  const candidates = others.filter((layout) => at + layout.recordHeader <= end && isPlausibleRest(layout, view, at));
  if (candidates.length === 0) return usual;
  let best: Layout = usual;
  let least = Number.POSITIVE_INFINITY;
  for (const layout of [usual, ...candidates]) {
    const tried = tryRecords(layout, view, at, end, ended, snapLength);
    if (tried.needed > end - at) return tried.needed;
    const { oddities, cut } = tried;
    if (oddities > 0 && layout !== usual) continue;
    // A packet found where it should be tells more than where the file ends.
    const score = oddities + (cut ? 1 : 0) - (holdsPacket(layout, view, at, end) ? 2 : 0);
    if (score < least) {
      least = score;
      best = layout;
    }
  }
  return best;
}

interface Tried {
  /** Bytes that must be seen; no more than there are when the rest is meaningful. */
  readonly needed: number;
  /** Fields that make no sense. */
  readonly oddities: number;
  /** The file ends inside a record. */
  readonly cut: boolean;
}

/** Reads the first records as if they had this layout. */
function tryRecords(
  layout: Layout,
  view: DataView,
  from: number,
  end: number,
  ended: boolean,
  snapLength: number,
): Tried {
  const { recordHeader, little } = layout;
  let oddities = 0;
  let at = from;
  for (let records = 0; records < RECORDS_TRIED; records++) {
    if (at === end && ended) break;
    if (at + recordHeader > end) return { needed: ended ? 0 : at + recordHeader - from, oddities, cut: true };
    const captured = view.getUint32(at + 8, little);
    const original = view.getUint32(at + 12, little);
    if (view.getUint32(at + 4, little) >= MICROS_PER_SECOND) oddities++;
    if (captured > original) oddities++;
    if (original > MAX_ORIGINAL) oddities++;
    if (snapLength !== 0 && captured > snapLength) oddities++;
    if (!isPlausibleRest(layout, view, at)) oddities++;
    if (captured > MAX_FRAME) return { needed: 0, oddities: oddities + 1, cut: false };
    at += recordHeader + captured;
    if (at > end) return { needed: ended ? 0 : at - from, oddities, cut: true };
  }
  return { needed: 0, oddities, cut: false };
}

/** The fields that the longer record headers have behind the lengths. */
function isPlausibleRest({ recordHeader, little }: Layout, view: DataView, at: number): boolean {
  if (recordHeader === RECORD_HEADER) return true;
  if (recordHeader === NOKIA) {
    const value = view.getUint32(at + 16, little);
    // Nokia's are of the form 0xXfbfYZ0W; Wireshark writes 0.
    return value === 0 || (value & 0x0fff00f0) >>> 0 === 0x0fbf0000;
  }
  const protocol = view.getUint16(at + 20, little);
  // An EtherType, or one of Linux's own (ETH_P_*): 1 to 0x17 and three more.
  const known = protocol >= 0x0600 || protocol <= 0x17 || protocol === 0x60 || protocol === 0x200 || protocol === 0x400;
  return known && view.getUint32(at + 16, little) <= MAX_INTERFACE_INDEX && view.getUint8(at + 22) <= 4;
}

const LINKTYPE_ETHERNET = 1;
const LINKTYPE_RAW: ReadonlySet<number> = new Set([12, 14, 101, 228, 229]);

/** Whether the first frame, read with this layout, begins as packets of IP or ARP on its link do. */
function holdsPacket({ recordHeader, linkType }: Layout, view: DataView, from: number, end: number): boolean {
  const at = from + recordHeader;
  if (LINKTYPE_RAW.has(linkType)) return at < end && isIp(view.getUint8(at));
  if (linkType !== LINKTYPE_ETHERNET || at + 15 > end) return false;
  const type = view.getUint16(at + 12);
  if (type === 0x0800 || type === 0x86dd) return isIp(view.getUint8(at + 14));
  return type === 0x0806 || type === 0x8100;
}

function isIp(first: number): boolean {
  return first >> 4 === 4 || first >> 4 === 6;
}
