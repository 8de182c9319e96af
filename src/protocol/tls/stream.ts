/**
 * TlsStream: one direction of one connection, fed ordered TCP payload and gaps, giving records, handshake messages and
 * alerts with the frames that carried them. Sans-IO; knows nothing of TCP, files, the other direction or verdicts.
 *
 * It never invents a message: after bytes went missing it says less, and reads on only where the bytes prove that a
 * record or a message begins. Encrypted content is counted, never copied.
 */
import { Blocks } from "../../bytes/blocks.ts";
import { Assembly, type HandshakeEvent } from "./assembly.ts";
import { HANDSHAKE_TYPE, HELLO_RETRY_RANDOM } from "./messages.ts";
import type { RecordOpener } from "./protection.ts";
import {
  ALERT,
  APPLICATION_DATA,
  CHANGE_CIPHER_SPEC,
  FIRST_BYTES,
  firstBytes,
  HANDSHAKE,
  isContentType,
  isLikelyHeader,
  isRecordVersion,
  MAX_RECORD,
  RECORD_HEADER,
} from "./record.ts";

export type { HandshakeEvent } from "./assembly.ts";

export interface TlsEvents {
  /** Once per complete record header, before its content. `length` is the record's length field. SSLv2: type 22, version 0x0002. */
  record(type: number, version: number, length: number, frame: number): void;
  handshake(message: HandshakeEvent): void;
  /** A plaintext alert. */
  alert(level: number, description: number, frame: number): void;
  changeCipherSpec(frame: number): void;
  /**
   * A record whose content cannot be read without keys (application_data, or handshake/alert after ChangeCipherSpec). `opened`:
   * with keys, the type of what is in it.
   */
  encrypted(type: number, length: number, frame: number, opened?: number): void;
  /** With keys, data of the application; `frame` completed its record. Answers whether more of it is wanted. */
  applicationContent?(content: Uint8Array, frame: number): boolean;
  /** The bytes of this direction are not TLS. `head`: its first bytes (at most 512), for showing. Called at most once. */
  notTls(head: Uint8Array, frame: number): void;
  /** After valid records came bytes that are no record. Called at most once; nothing is read after it. */
  lost(frame: number): void;
}

/**
 * - `start`: nothing decided yet
 * - `tls`: records are being read
 * - `seeking`: begun in the middle, or bytes went missing past the end of a record: waits for a segment that begins with one
 * - `sslv2`: the peers went on in SSL 2.0 after the hello: recognised, not read
 * - `not-tls`: the first bytes are no TLS
 * - `lost`: valid records, then something else
 */
export type TlsStreamState = "start" | "tls" | "seeking" | "sslv2" | "not-tls" | "lost";

/** Bytes of a direction that is not TLS kept for showing: one screenful of an HTTP answer. */
const MAX_HEAD = 512;

const VERSION_AND_RANDOM = 2 + 32;

/** Message header, version and random of a ClientHello: enough to tell a second one from an encrypted record. */
const HELLO_START = 4 + VERSION_AND_RANDOM;

/** Message header and the version field of a hello. */
const MESSAGE_START = 4 + 2;

/** The least of it that proves itself: 32 bits of the random must be those of the first hello. */
const HELLO_PROOF = 4 + 2 + 4;

/** ClientHello, ServerHello, and HelloRetryRequest as TLS 1.3 drafts up to 21 sent it. */
const HELLO_MESSAGES: ReadonlySet<number> = new Set([1, 2, 6]);

/** Messages that servers and clients send in the clear. HelloRequest (four zero bytes) would prove nothing. */
const PLAINTEXT_MESSAGES: ReadonlySet<number> = new Set([1, 2, 4, 11, 12, 13, 14, 15, 16, 22]);

/** Records that may fail to open before one opens: early data, of which servers allow 16 kB or so, goes ahead under another key. */
const MAX_UNOPENED = 8;

/** What the content of the record at hand is. */
type Content =
  | "skip"
  | "handshake"
  | "alert"
  | "change-cipher-spec"
  | "maybe-message"
  | "maybe-second-hello"
  | "sealed";

const NONE: number[] = [];
const NOTHING = new Uint8Array(0);
/** RFC 8446 section 5.2. */
const MAX_SEALED = 16384 + 256;

export class TlsStream {
  private readonly events: TlsEvents;
  private current: TlsStreamState;

  /** First bytes, while undecided or not TLS. */
  private head: Uint8Array | undefined;
  private headLength = 0;
  private headFrame = 0;

  /** Bytes of the record header read so far; `RECORD_HEADER` = inside the content. */
  private headerRead = 0;
  private type = 0;
  private version = 0;
  private length = 0;
  private recordFrame = 0;
  /** Content bytes of the record still to come. */
  private remaining = 0;
  private content: Content = "skip";
  /** Records announced so far. */
  private records = 0;

  /** Handshake and alert records of this direction are protected. */
  private ciphered = false;
  /** It is known that handshake bytes are in the clear and where the next message begins. */
  private aligned = false;
  /** Alignment was lost at least once: an impossible header may then be our own mistake. */
  private sought: boolean;
  /** The record at hand when it was found by seeking: not announced before the next header, or its content, confirms it. */
  private doubted: { type: number; version: number; length: number; frame: number } | undefined;

  /** Puts messages together, one after the other; `assembling` while one is begun. */
  private readonly message: Assembly;
  private assembling = false;
  /** Messages of the record at hand that are complete while the record is not; the first `owned` have bytes of their own. */
  private readonly completed: (HandshakeEvent | undefined)[] = [];
  private completedCount = 0;
  private owned = 0;
  private alertLevel: number | undefined;

  /** First content bytes of a record withheld until it is clear what they are, and the frame of each. */
  private peeked: number[] = NONE;
  private peekedFrames: number[] = NONE;

  /** Version and random of the ClientHello, while this direction sent no other kind of handshake message. */
  private helloStart: Uint8Array | undefined;
  /** Opens the records of the handshake at hand; undefined when nothing can, or once the handshake is over. */
  private protection: RecordOpener | undefined;
  private nextProtection: RecordOpener | undefined;
  /** Up to TLS 1.2 the next ones come with ChangeCipherSpec. */
  private changesWithSpec = false;
  private unopened = 0;
  /** Content of the sealed record at hand, as far as it came; and where in it which frame begins. */
  private sealed: Uint8Array = NOTHING;
  private sealedLength = 0;
  private sealedPieces: { readonly start: number; readonly frame: number }[] = [];

  /** This direction sent a HelloRetryRequest, so its ServerHello is still to come. */
  private retryAsked = false;
  /** This direction began with an SSLv2-format ClientHello; no TLS record came yet. */
  private sslv2Hello = false;

  /**
   * `midStream`: the connection began before the capture, so the first byte may be anywhere in a record. `blocks`: shared by the
   * streams of a capture.
   */
  constructor(events: TlsEvents, midStream = false, blocks = new Blocks()) {
    this.events = events;
    this.message = new Assembly(blocks);
    this.current = midStream ? "seeking" : "start";
    this.sought = midStream;
  }

  /**
   * From the next record on, protected ones are opened: a TLS 1.3 handshake whose secret is known. `next`: for what follows the
   * Finished, until data of the application comes.
   */
  protect(protection: RecordOpener, next?: RecordOpener): void {
    this.protection = protection;
    this.nextProtection = next;
    this.unopened = 0;
  }

  /** From the next ChangeCipherSpec on, data of the application is opened: TLS 1.2. */
  protectAfterChange(protection: RecordOpener): void {
    this.nextProtection = protection;
    this.changesWithSpec = true;
  }

  /** Records may be opened, or will be. */
  get opens(): boolean {
    return this.protection !== undefined || this.nextProtection !== undefined;
  }

  /** Every record so far was announced: it was followed from its beginning, and no bytes went missing but within a record. */
  get inStep(): boolean {
    return !this.sought && this.current !== "lost";
  }

  /** While a handshake message is being announced: it was under protection. */
  get isOpened(): boolean {
    return this.content === "sealed";
  }

  get state(): TlsStreamState {
    return this.doubted === undefined ? this.current : "seeking";
  }

  /** The next bytes of the direction, `bytes[start..end)`, carried by `frame`: one call per segment. Keeps no reference to `bytes`. */
  data(bytes: Uint8Array, start: number, end: number, frame: number): void {
    let at = start;
    if (this.current === "seeking") at = this.resume(bytes, at, end, frame);
    else if (this.current === "start") at = this.begin(bytes, at, end, frame);
    while (at < end && this.current === "tls") {
      if (this.headerRead === 0 && end - at >= RECORD_HEADER && this.wholeHeader(bytes, at, frame)) {
        at += RECORD_HEADER;
      } else if (this.headerRead < RECORD_HEADER) {
        if (!this.header(bytes[at++] as number, frame)) this.derail(frame);
      } else {
        const stop = Math.min(end, at + this.remaining);
        this.remaining -= stop - at;
        this.consume(bytes, at, stop, frame);
        at = stop;
        if (this.remaining === 0) this.endRecord();
      }
    }
    if (this.head !== undefined && this.current === "not-tls") this.gatherHead(bytes, at, end);
    if (this.owned < this.completedCount) this.ownCompleted();
  }

  /** What is handed on only when the record is complete must not refer to the bytes at hand. */
  private ownCompleted(): void {
    for (; this.owned < this.completedCount; this.owned++) {
      this.completed[this.owned] = (this.completed[this.owned] as HandshakeEvent).own();
    }
    if (!this.assembling) this.message.giveBack();
  }

  /** `length` bytes of the direction were never captured. */
  gap(length: number): void {
    if (length <= 0) return;
    if (this.current === "not-tls") this.reportNotTls();
    else if (this.current === "start") this.seek();
    else if (this.current === "tls") {
      if (this.headerRead < RECORD_HEADER || length > this.remaining) this.seek();
      else this.missContent(length);
    }
  }

  /** No more bytes will come. Reports a message that was cut short and a direction of few bytes that is not TLS. */
  end(): void {
    if (this.current === "not-tls") this.reportNotTls();
    if (this.protection !== undefined) this.unprotect();
    this.abandonMessage();
  }

  // --- the first bytes

  private begin(bytes: Uint8Array, start: number, end: number, frame: number): number {
    let at = start;
    if (this.head === undefined && firstBytes(bytes, start, end) === "tls") {
      // Mostly the first segment says all.
      this.current = "tls";
      return start;
    }
    while (at < end) {
      if (this.head === undefined) {
        this.head = new Uint8Array(FIRST_BYTES);
        this.headFrame = frame;
      }
      this.head[this.headLength++] = bytes[at++] as number;
      const head = this.head.subarray(0, this.headLength);
      const found = firstBytes(head);
      if (found === "need-more") continue;
      if (found === "no") {
        this.current = "not-tls";
        this.head = new Uint8Array(MAX_HEAD);
        this.head.set(head);
        return at;
      }
      this.head = undefined;
      this.current = "tls";
      if (found === "tls") for (const byte of head) this.header(byte, frame);
      else this.beginSslv2(head, found === "sslv2-client-hello", frame);
      return at;
    }
    return at;
  }

  /** `head`: the 2-byte record header and the fixed fields of an SSLv2 hello. */
  private beginSslv2(head: Uint8Array, fromClient: boolean, frame: number): void {
    this.length = (((head[0] as number) & 0x7f) << 8) | (head[1] as number);
    this.remaining = this.length - (head.length - 2);
    this.headerRead = RECORD_HEADER;
    this.content = "handshake";
    this.sslv2Hello = fromClient;
    this.aligned = true;
    this.announce(HANDSHAKE, 0x0002, this.length, frame);
    this.message.begin(this.records, this.length - 1);
    this.assembling = true;
    this.message.add(head, 2, head.length, frame);
    if (this.remaining === 0) this.endRecord();
  }

  private gatherHead(bytes: Uint8Array, start: number, end: number): void {
    const head = this.head as Uint8Array;
    const count = Math.min(end - start, MAX_HEAD - this.headLength);
    head.set(bytes.subarray(start, start + count), this.headLength);
    this.headLength += count;
    if (this.headLength === MAX_HEAD) this.reportNotTls();
  }

  private reportNotTls(): void {
    if (this.head === undefined) return;
    const head = this.head.slice(0, this.headLength);
    this.head = undefined;
    this.events.notTls(head, this.headFrame);
  }

  // --- records

  /** Takes a record header that lies in one piece. False: `header` has to look at it byte by byte. */
  private wholeHeader(bytes: Uint8Array, at: number, frame: number): boolean {
    const type = bytes[at] as number;
    const version = ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    const length = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
    if (this.doubted !== undefined || !isContentType(type) || !isRecordVersion(version) || length > MAX_RECORD)
      return false;
    this.type = type;
    this.version = version;
    this.length = length;
    this.headerRead = RECORD_HEADER;
    this.beginRecord(frame);
    return true;
  }

  /** Takes one byte of a record header. False: this cannot be one. */
  private header(byte: number, frame: number): boolean {
    switch (this.headerRead++) {
      case 0:
        this.type = byte;
        return isContentType(byte);
      case 1:
        this.version = byte << 8;
        return byte === 3 || byte === 1;
      case 2:
        this.version |= byte;
        return isRecordVersion(this.version);
      case 3:
        this.length = byte << 8;
        return true;
      default:
        this.length |= byte;
        if (this.length > MAX_RECORD) return false;
        if (this.doubted !== undefined) {
          if (!isLikelyHeader(this.type, this.version, this.length)) return false;
          this.believe();
        }
        this.beginRecord(frame);
        return true;
    }
  }

  private beginRecord(frame: number): void {
    this.recordFrame = frame;
    this.remaining = this.length;
    this.sslv2Hello = false;
    this.announce(this.type, this.version, this.length, frame);
    this.content = this.contentOf(this.type, this.length);
    // Of a sealed record it is said when it is known what is in it.
    const encrypted =
      this.type === APPLICATION_DATA || (this.content === "skip" && (this.ciphered || this.type === ALERT));
    if (encrypted && this.content !== "sealed") this.announceEncrypted();
    if (this.protection !== undefined && this.content !== "sealed") this.protection.pass?.();
    if (this.type === CHANGE_CIPHER_SPEC) {
      if (this.changesWithSpec) this.changeProtection();
      this.abandonMessage();
      // After a HelloRetryRequest the server's ServerHello is still to come, in the clear (RFC 8446 appendix D.4).
      if (!this.retryAsked) this.ciphered = true;
    }
    if (this.length === 0) this.endRecord();
  }

  /** A second change is of a renegotiation, whose secrets are others. */
  private changeProtection(): void {
    this.protection = this.nextProtection;
    this.nextProtection = undefined;
  }

  private announce(type: number, version: number, length: number, frame: number): void {
    this.records += 1;
    this.events.record(type, version, length, frame);
  }

  /** The record at hand is the first of a direction that was followed from its beginning. */
  private get first(): boolean {
    return this.records === 1 && !this.sought;
  }

  private announceEncrypted(): void {
    this.events.encrypted(this.type, this.length, this.recordFrame);
  }

  private contentOf(type: number, length: number): Content {
    if (type === CHANGE_CIPHER_SPEC) return "change-cipher-spec";
    if (type === APPLICATION_DATA && this.protection !== undefined && length <= MAX_SEALED) return "sealed";
    // One alert is two bytes (RFC 8446 section 5.1); a protected one is longer, whatever went before (RFC 5246 section 6.2.3).
    if (type === ALERT) return length === 2 ? "alert" : "skip";
    if (type !== HANDSHAKE) return "skip";
    // RFC 8446 appendix D.4: ChangeCipherSpec may precede the second ClientHello, which repeats the random of the first.
    if (this.ciphered) return this.helloStart !== undefined && length >= HELLO_PROOF ? "maybe-second-hello" : "skip";
    if (this.aligned) return "handshake";
    return length >= 4 || this.first ? "maybe-message" : "skip";
  }

  private endRecord(): void {
    this.headerRead = 0;
    if (this.content === "sealed") this.unseal();
    this.announceMessages();
  }

  private consume(bytes: Uint8Array, start: number, end: number, frame: number): void {
    switch (this.content) {
      case "handshake":
        this.handshake(bytes, start, end, frame);
        break;
      case "alert":
        this.alert(bytes, start, end, frame);
        break;
      case "change-cipher-spec":
        this.content = "skip";
        this.events.changeCipherSpec(frame);
        break;
      case "maybe-message":
      case "maybe-second-hello":
        this.inspect(bytes, start, end, frame);
        break;
      case "sealed":
        this.gather(bytes, start, end, frame);
        break;
      case "skip":
        break;
    }
  }

  /** A claimed length alone must not cost memory. */
  private gather(bytes: Uint8Array, start: number, end: number, frame: number): void {
    const length = this.sealedLength + end - start;
    if (length > this.sealed.length) {
      const larger = new Uint8Array(Math.min(this.length, Math.max(length, 2 * this.sealed.length)));
      larger.set(this.sealed.subarray(0, this.sealedLength));
      this.sealed = larger;
    }
    this.sealedPieces.push({ start: this.sealedLength, frame });
    this.sealed.set(bytes.subarray(start, end), this.sealedLength);
    this.sealedLength = length;
  }

  /** The sealed record at hand is complete. What is in it stands where it stood sealed: these ciphers change no lengths. */
  private unseal(): void {
    const { protection, sealedPieces: pieces } = this;
    const opened = protection?.open(this.sealed.subarray(0, this.sealedLength));
    this.forgetSealed();
    this.events.encrypted(this.type, this.length, this.recordFrame, opened?.type);
    if (protection === undefined) return;
    if (opened === undefined) {
      if (protection.proven || ++this.unopened > MAX_UNOPENED) this.protection = undefined;
      return;
    }
    if (opened.type !== HANDSHAKE && opened.type !== ALERT) {
      const frame = pieces.at(-1)?.frame ?? this.recordFrame;
      const wanted = opened.type === APPLICATION_DATA && this.events.applicationContent?.(opened.content, frame);
      if (wanted !== true) this.protection = undefined;
      return;
    }
    this.aligned = true;
    for (const [index, { start, frame }] of pieces.entries()) {
      const end = Math.min(pieces[index + 1]?.start ?? Infinity, opened.content.length);
      if (opened.type === HANDSHAKE) this.handshake(opened.content, start, end, frame);
      else this.alert(opened.content, start, end, frame);
    }
    if (this.owned < this.completedCount) this.ownCompleted();
  }

  private forgetSealed(): void {
    this.sealed = NOTHING;
    this.sealedLength = 0;
    this.sealedPieces = [];
  }

  /** A header that cannot be one. */
  private derail(frame: number): void {
    if (this.sought) {
      this.seek();
      return;
    }
    this.abandonMessage();
    if (this.sslv2Hello) {
      this.current = "sslv2";
    } else {
      this.current = "lost";
      this.events.lost(frame);
    }
  }

  // --- content

  private handshake(bytes: Uint8Array, start: number, end: number, frame: number): void {
    let at = start;
    const { message } = this;
    while (at < end) {
      if (!this.assembling) message.begin(this.records);
      this.assembling = true;
      at = message.add(bytes, at, end, frame);
      if (message.complete) {
        this.deliver();
      } else if (message.isStrange && message.missing > end - at + this.remaining) {
        // No peer sends a long message of an unknown type: one before it lied about its length.
        this.assembling = false;
        this.aligned = false;
        this.content = "skip";
        return;
      }
    }
  }

  private deliver(): void {
    const event = this.message.event();
    this.assembling = false;
    if (event.format === "sslv2") {
      if (!this.sslv2Hello) this.current = "sslv2";
    } else if (event.type === HANDSHAKE_TYPE.clientHello) {
      this.helloStart = event.beginning(VERSION_AND_RANDOM);
    } else {
      this.helloStart = undefined;
      // What follows is protected with another key.
      if (event.type === HANDSHAKE_TYPE.finished) {
        this.protection = this.nextProtection;
        this.nextProtection = undefined;
      }
      if (event.type === HANDSHAKE_TYPE.serverHello) this.retryAsked = contains(event.captured, HELLO_RETRY_RANDOM, 2);
    }
    this.completed[this.completedCount++] = event;
  }

  /**
   * A record is read as a whole, as peers must (its protection covers all of it) and as Wireshark shows it: what it holds is
   * announced when its last byte is there.
   */
  private announceMessages(): void {
    const { completed, completedCount } = this;
    if (completedCount === 0) return;
    this.owned = this.completedCount = 0;
    for (let i = 0; i < completedCount; i++) {
      this.events.handshake(completed[i] as HandshakeEvent);
      // Not emptied: an array that grows anew takes room for many.
      completed[i] = undefined;
    }
    if (!this.assembling) this.message.giveBack();
  }

  private abandonMessage(): void {
    if (this.assembling && this.message.headerDone) this.deliver();
    this.assembling = false;
    this.announceMessages();
  }

  private alert(bytes: Uint8Array, start: number, end: number, frame: number): void {
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      if (this.alertLevel === undefined) {
        this.alertLevel = byte;
      } else {
        this.events.alert(this.alertLevel, byte, frame);
        this.alertLevel = undefined;
      }
    }
  }

  /** Gathers the first bytes of a handshake record until they show whether it can be read. */
  private inspect(bytes: Uint8Array, start: number, end: number, frame: number): void {
    const wanted = Math.min(this.length, this.content === "maybe-message" ? MESSAGE_START : HELLO_START);
    if (this.peeked.length === 0 && end - start >= wanted && this.provesItself(bytes, start, wanted)) {
      this.trust();
      this.handshake(bytes, start, end, frame);
      return;
    }
    if (this.peeked === NONE) {
      this.peeked = [];
      this.peekedFrames = [];
    }
    let at = start;
    while (at < end && this.peeked.length < wanted) {
      this.peeked.push(bytes[at++] as number);
      this.peekedFrames.push(frame);
    }
    if (this.peeked.length < wanted) return;
    const head = new Uint8Array(this.peeked);
    const frames = this.peekedFrames.slice();
    if (!this.provesItself(head, 0, wanted)) {
      this.refuse();
      return;
    }
    this.forgetPeek();
    this.trust();
    for (let i = 0; i < head.length; i++) this.handshake(head, i, i + 1, frames[i] as number);
    this.handshake(bytes, at, end, frame);
  }

  /** What is withheld begins a message. */
  private trust(): void {
    this.believe();
    this.ciphered = false;
    this.aligned = true;
    this.content = "handshake";
  }

  private provesItself(bytes: Uint8Array, start: number, length: number): boolean {
    return this.content === "maybe-message"
      ? this.beginsMessage(bytes, start, length)
      : this.repeatsHello(bytes.subarray(start, start + length));
  }

  /**
   * A message of a known type exactly as long as its record, for which some 28 bits would have to agree by chance; a hello
   * that fits its record and bears a version, for which some 30 would; at the beginning of a direction any hello shorter
   * than 64 KiB.
   */
  private beginsMessage(bytes: Uint8Array, start: number, known: number): boolean {
    const at = (index: number) => (index < known ? (bytes[start + index] as number) : 0);
    const type = at(0);
    const length = 4 + at(1) * 0x10000 + at(2) * 0x100 + at(3);
    if (HELLO_MESSAGES.has(type) && at(1) === 0) {
      if (this.first || (length <= this.length && known === MESSAGE_START && isRecordVersion((at(4) << 8) | at(5))))
        return true;
    }
    return PLAINTEXT_MESSAGES.has(type) && length === this.length;
  }

  private repeatsHello(head: Uint8Array): boolean {
    return (
      head[0] === HANDSHAKE_TYPE.clientHello &&
      this.helloStart !== undefined &&
      agree(head.subarray(4), this.helloStart)
    );
  }

  /** The withheld bytes turned out unreadable. */
  private refuse(): void {
    if (this.content === "maybe-second-hello") this.announceEncrypted();
    this.forgetPeek();
    this.content = "skip";
  }

  private forgetPeek(): void {
    this.peeked = NONE;
    this.peekedFrames = NONE;
  }

  // --- missing bytes

  /** Bytes missing inside the content of the record at hand. */
  private missContent(length: number): void {
    this.remaining -= length;
    if (this.content === "handshake") this.missHandshake(length);
    else if (this.content === "sealed") this.unprotect();
    else this.refuse();
    this.alertLevel = undefined;
    if (this.remaining === 0) this.endRecord();
  }

  private missHandshake(length: number): void {
    const { message } = this;
    if (this.assembling && message.headerDone && length <= message.missing) {
      message.miss(length);
      if (message.complete) this.deliver();
      return;
    }
    this.abandonMessage();
    this.aligned = false;
    this.content = "skip";
  }

  /** Records that are counted wrong cannot be opened. */
  private unprotect(): void {
    this.protection = this.nextProtection = undefined;
    if (this.content === "sealed" && this.headerRead === RECORD_HEADER) this.announceEncrypted();
    this.forgetSealed();
    this.content = "skip";
    this.abandonMessage();
  }

  private seek(): void {
    if (this.protection !== undefined) this.unprotect();
    if (this.headerRead === RECORD_HEADER) this.refuse();
    this.abandonMessage();
    // An SSL 2.0 ServerHello that was cut short still says what follows it.
    this.current = this.current === "sslv2" ? "sslv2" : "seeking";
    this.sought = true;
    this.aligned = false;
    this.doubted = undefined;
    this.headerRead = 0;
    this.alertLevel = undefined;
    this.head = undefined;
  }

  /** At the start of a segment: reads on when it begins with a record. Returns the index of the first byte not used up. */
  private resume(bytes: Uint8Array, start: number, end: number, frame: number): number {
    if (end - start < RECORD_HEADER) return end;
    const at = (index: number) => bytes[start + index] as number;
    const type = at(0);
    const version = (at(1) << 8) | at(2);
    const length = (at(3) << 8) | at(4);
    if (!isLikelyHeader(type, version, length)) return end;
    const content = start + RECORD_HEADER;
    const next = content + length;
    if (next < end && firstBytes(bytes.subarray(next, Math.min(end, next + RECORD_HEADER))) === "no") return end;
    const confirmed = next === end || next + RECORD_HEADER <= end;
    // The shortest records are in one segment with their header; one that is not is not worth a guess.
    if (!confirmed && length <= 2) return end;
    this.current = "tls";
    this.type = type;
    this.version = version;
    this.length = length;
    this.headerRead = RECORD_HEADER;
    if (confirmed) {
      this.beginRecord(frame);
    } else {
      this.recordFrame = frame;
      this.remaining = length;
      this.doubted = { type, version, length, frame };
      this.content = this.contentOf(type, length) === "maybe-message" ? "maybe-message" : "skip";
    }
    return content;
  }

  /** The doubted record was one. */
  private believe(): void {
    const record = this.doubted;
    if (record === undefined) return;
    this.doubted = undefined;
    this.announce(record.type, record.version, record.length, record.frame);
    if (record.type === APPLICATION_DATA || this.ciphered)
      this.events.encrypted(record.type, record.length, record.frame);
  }
}

/** As far as both go, byte by byte. */
function agree(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function contains(bytes: Uint8Array, part: Uint8Array, at: number): boolean {
  if (bytes.length < at + part.length) return false;
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return false;
  return true;
}
