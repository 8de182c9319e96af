/**
 * Writes pcapng (draft-ietf-opsawg-pcapng): frames with comments, the interfaces that they need, secrets, names. Owns the blocks and
 * what stands in them; knows nothing of what a frame holds, nor of files: what it has written is taken from it in pieces.
 *
 * Little-endian, times to the nanosecond. A frame without a time goes into a Simple Packet Block, which can carry no comment and
 * belongs to the first interface of its section: where it is another's, a section begins.
 */
import { parseAddress } from "../bytes/address.ts";
import type { Frame } from "./frame.ts";

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const SIMPLE_PACKET = 3;
const NAME_RESOLUTION = 4;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
const DECRYPTION_SECRETS = 10;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** "TLSK": the NSS key log format. */
const TLS_KEY_LOG = 0x544c534b;

/** Options: of every block, of a section, of an interface, of its statistics. */
const COMMENT = 1;
const USER_APPLICATION = 4;
const TIME_RESOLUTION = 9;
const FCS_LENGTH = 13;
const TIME_OFFSET = 14;
const INTERFACE_DROP = 5;

const IPV4_RECORD = 1;
const IPV6_RECORD = 2;

const NANOSECONDS = 9;
/**
 * Seconds that one interface's times span: nanoseconds in 64 bits reach to the year 2554 only. Those of another era are another
 * interface's, with an offset.
 */
const ERA = 2 ** 33;
/** An option has at most 65 535 bytes (section 3.5). */
const MAX_OPTION = 65_535;
/** Where writing begins; grows with what nobody has taken. */
const INITIAL_SIZE = 1 << 16;

const UTF8 = new TextEncoder();

export class PcapngWriter {
  private bytes = new Uint8Array(INITIAL_SIZE);
  private view = new DataView(this.bytes.buffer);
  private length = 0;
  private readonly application: string;
  /** Of the section, by what tells them apart; its number is the place in the section. */
  private interfaces = new Map<string, number>();
  /** Frame check sequence of the frames of an input's interface, as one that was captured whole showed it. */
  private readonly checks = new Map<string, number>();

  /** `application`: who writes, `sightline 0.1.0`. `comment`: on the file. */
  constructor(application: string, comment?: string) {
    this.application = application;
    this.section(comment);
  }

  /** Bytes that nobody has taken yet. */
  get pending(): number {
    return this.length;
  }

  /** What was written since the last call. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }

  /** Names by the text of their addresses. Not before the first frame: editcap asks for an interface first. */
  names(names: ReadonlyMap<string, string>): void {
    const start = this.begin(NAME_RESOLUTION);
    for (const [ip, name] of names) {
      const words = parseAddress(ip);
      const isV6 = ip.includes(":");
      const text = UTF8.encode(name);
      this.put16(isV6 ? IPV6_RECORD : IPV4_RECORD);
      this.put16((isV6 ? 16 : 4) + text.length + 1);
      for (const word of isV6 ? words : words.slice(3)) this.putBig32(word);
      this.put(text);
      this.put8(0);
      this.pad();
    }
    this.put32(0);
    this.end(start);
  }

  /**
   * A frame of the input with the number `origin`, of which its first `captured` bytes are kept. Its interface is described when its
   * first frame comes. `secrets`: a key log (NSS format) for this frame and those that follow.
   */
  frame(frame: Frame, origin: number, captured: number, comments: readonly string[], secrets?: Uint8Array): void {
    const { bytes, start, original, seconds, nanos } = frame;
    if (frame.untimed) {
      this.untimed(frame, origin, captured, secrets);
      return;
    }
    const era = Math.floor(seconds / ERA) * ERA;
    const on = this.on(frame, origin, era, 0);
    if (secrets !== undefined) this.secrets(secrets);
    const time = BigInt(seconds - era) * 1_000_000_000n + BigInt(nanos);
    const block = this.begin(ENHANCED_PACKET);
    this.put32(on);
    this.put32(Number(time >> 32n));
    this.put32(Number(time & 0xffff_ffffn));
    this.put32(captured);
    this.put32(original);
    this.put(bytes.subarray(start, start + captured));
    this.pad();
    for (const comment of comments) this.text(COMMENT, comment);
    if (comments.length > 0) this.put32(0);
    this.end(block);
  }

  /** Packets that were lost while capturing, told of the first interface of the section. */
  lost(packets: number): void {
    if (this.interfaces.size === 0) return;
    const start = this.begin(INTERFACE_STATISTICS);
    this.put32(0);
    // No time: they are of the whole capture.
    this.put32(0);
    this.put32(0);
    this.put16(INTERFACE_DROP);
    this.put16(8);
    this.put64(BigInt(packets));
    this.put32(0);
    this.end(start);
  }

  /** In a section of its own, unless it fits the one at hand: the interface's snapshot length tells how many bytes are kept. */
  private untimed(frame: Frame, origin: number, captured: number, secrets: Uint8Array | undefined): void {
    const { bytes, start, original } = frame;
    const snapLength = captured < original ? captured : 0;
    // A length of 0 means that there is no limit.
    if (snapLength === 0 && captured < original) return;
    const key = keyOf(frame, origin, this.checkOf(frame, origin), 0, snapLength);
    if (this.interfaces.get(key) !== 0) {
      if (this.interfaces.size > 0) this.section();
      this.on(frame, origin, 0, snapLength);
    }
    if (secrets !== undefined) this.secrets(secrets);
    const block = this.begin(SIMPLE_PACKET);
    this.put32(original);
    this.put(bytes.subarray(start, start + captured));
    this.end(block);
  }

  private secrets(text: Uint8Array): void {
    const start = this.begin(DECRYPTION_SECRETS);
    this.put32(TLS_KEY_LOG);
    this.put32(text.length);
    this.put(text);
    this.end(start);
  }

  /** The number of an interface, described now if it is new. */
  private on(frame: Frame, origin: number, era: number, snapLength: number): number {
    const check = this.checkOf(frame, origin);
    const key = keyOf(frame, origin, check, era, snapLength);
    const known = this.interfaces.get(key);
    if (known !== undefined) return known;
    const start = this.begin(INTERFACE_DESCRIPTION);
    this.put16(frame.linkType);
    this.put16(0);
    this.put32(snapLength);
    this.put16(TIME_RESOLUTION);
    this.put16(1);
    this.put32(NANOSECONDS);
    if (check > 0) {
      this.put16(FCS_LENGTH);
      this.put16(1);
      this.put32(8 * check);
    }
    if (era !== 0) {
      this.put16(TIME_OFFSET);
      this.put16(8);
      this.put64(BigInt(era));
    }
    this.put32(0);
    this.end(start);
    const number = this.interfaces.size;
    this.interfaces.set(key, number);
    return number;
  }

  /** Of a frame that was cut, what is left of its check sequence does not tell how long it was. */
  private checkOf(frame: Frame, origin: number): number {
    const on = `${origin} ${frame.interfaceIndex} ${frame.linkType}`;
    if (frame.captured >= frame.original) this.checks.set(on, frame.fcs);
    return this.checks.get(on) ?? 0;
  }

  private section(comment?: string): void {
    this.interfaces = new Map();
    const start = this.begin(SECTION_HEADER);
    this.put32(BYTE_ORDER_MAGIC);
    this.put16(1);
    this.put16(0);
    // Its length: not known yet, which is all ones.
    this.put64(0xffff_ffff_ffff_ffffn);
    if (comment !== undefined) this.text(COMMENT, comment);
    this.text(USER_APPLICATION, this.application);
    this.put32(0);
    this.end(start);
  }

  /** Of a text that is too long the beginning. */
  private text(code: number, text: string): void {
    const all = UTF8.encode(text);
    let size = Math.min(all.length, MAX_OPTION);
    // Not within a character: what continues one is 10xxxxxx.
    if (size < all.length) while (size > 0 && ((all[size] as number) & 0xc0) === 0x80) size--;
    this.put16(code);
    this.put16(size);
    this.put(all.subarray(0, size));
    this.pad();
  }

  /** Answers where the block starts. */
  private begin(type: number): number {
    const start = this.length;
    this.put32(type);
    this.put32(0);
    return start;
  }

  private end(start: number): void {
    this.pad();
    const length = this.length + 4 - start;
    this.put32(length);
    this.view.setUint32(start + 4, length, true);
  }

  /** To a multiple of 4, as all blocks and options are: what was taken was whole blocks. */
  private pad(): void {
    while ((this.length & 3) !== 0) this.put8(0);
  }

  private put8(value: number): void {
    this.room(1);
    this.bytes[this.length++] = value;
  }

  private put16(value: number): void {
    this.room(2);
    this.view.setUint16(this.length, value, true);
    this.length += 2;
  }

  private put32(value: number): void {
    this.room(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** In the order of the network, as addresses are. */
  private putBig32(value: number): void {
    this.room(4);
    this.view.setInt32(this.length, value);
    this.length += 4;
  }

  private put64(value: bigint): void {
    this.room(8);
    this.view.setBigInt64(this.length, BigInt.asIntN(64, value), true);
    this.length += 8;
  }

  private put(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  private room(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}

function keyOf(
  { interfaceIndex, linkType }: Frame,
  origin: number,
  check: number,
  era: number,
  snapLength: number,
): string {
  return `${origin} ${interfaceIndex} ${linkType} ${check} ${era} ${snapLength}`;
}
