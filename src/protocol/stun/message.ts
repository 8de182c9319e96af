/**
 * STUN messages in their three dialects, and TURN's ChannelData: header, class, method and the attributes in wire order.
 * Owns the structure and what a receiver checks before it believes a message; integrity needs a password and is not verified.
 * Knows nothing of transports, allocations or verdicts; what is in an attribute is read by `attributes.ts`.
 *
 * Sources: RFC 8489 sections 5 and 14 (RFC 5389 alike), RFC 3489 section 11, [MS-TURN] sections 2.2.1, 2.2.2.8 and 2.2.3,
 * RFC 8656 section 12.4.
 */
import { Cursor } from "../../bytes/cursor.ts";
import { ParseError } from "../../bytes/parse-error.ts";
import { isFingerprint } from "./fingerprint.ts";

/** By magic cookie: as first attribute ([MS-TURN], with or without one in the header), in the header (RFC 5389), or none (RFC 3489). */
export type StunDialect = "rfc5389" | "ms-turn" | "rfc3489";

export type StunClass = "request" | "indication" | "success" | "error";

export interface StunAttribute {
  readonly type: number;
  /** View of the input, without padding. */
  readonly value: Uint8Array;
}

export interface StunMessage {
  readonly dialect: StunDialect;
  /** The 16-bit type as sent. */
  readonly type: number;
  readonly class: StunClass;
  /** 1 Binding, 3 Allocate, 4 Refresh (Send in [MS-TURN]), 6 Send (Set Active Destination in [MS-TURN]), … */
  readonly method: number;
  /** The header from the cookie on, 16 bytes: what addresses are XORed with. View of the input. */
  readonly key: Uint8Array;
  /** 12 bytes after the cookie, else 16. View of the input. */
  readonly transactionId: Uint8Array;
  /** Wire order, MS-TURN's magic cookie included. */
  readonly attributes: readonly StunAttribute[];
}

export const ALLOCATE = 3;

export const STUN_HEADER = 20;

/** [MS-TURN] section 2.2.2.8: the first attribute of every message: type, length and value. */
export const MS_COOKIE: readonly number[] = [0x00, 0x0f, 0x00, 0x04, 0x72, 0xc6, 0x4b, 0xc6];

/** [MS-TURN] section 2.2.1. Data Indication has bits that RFC 8489 reads as an error response. */
const MS_TYPES: ReadonlySet<number> = new Set([0x0003, 0x0103, 0x0113, 0x0004, 0x0115, 0x0006, 0x0106, 0x0116]);
const MS_DATA_INDICATION = 0x0115;

/** RFC 3489 section 11.1: Binding and Shared Secret. Without a cookie nothing else is believed. */
const RFC3489_TYPES: ReadonlySet<number> = new Set([0x0001, 0x0101, 0x0111, 0x0002, 0x0102, 0x0112]);

/** An address of IPv4, and of IPv6, which servers of today give to clients of then. */
const ADDRESS_LENGTHS = [8, 20];
/** RFC 3489 section 11.2: the lengths of attributes, by type, where they are not free. */
const RFC3489_LENGTHS: ReadonlyMap<number, readonly number[]> = new Map([
  [0x0001, ADDRESS_LENGTHS],
  [0x0002, ADDRESS_LENGTHS],
  [0x0003, [4]],
  [0x0004, ADDRESS_LENGTHS],
  [0x0005, ADDRESS_LENGTHS],
  [0x0008, [20]],
  [0x000b, ADDRESS_LENGTHS],
]);

/** Distinct values among 16 random bytes: 15 or 16 mostly, fewer than this once in a hundred million times. */
const RANDOM_BYTES = 10;

export const MESSAGE_INTEGRITY = 0x0008;
export const MESSAGE_INTEGRITY_SHA256 = 0x001c;
export const FINGERPRINT = 0x8028;

const CLASSES: readonly StunClass[] = ["request", "indication", "success", "error"];

/**
 * One whole message: a datagram, or the content of one frame of a stream. Throws ParseError: `truncated` when bytes are
 * missing at the end, `malformed` when it is no STUN message, something follows it, or its fingerprint is wrong.
 */
export function parseStun(bytes: Uint8Array): StunMessage {
  const cursor = new Cursor(bytes, "stun");
  const type = cursor.u16("type");
  if (type >= 0x4000) throw cursor.fail("malformed", "type", "the two highest bits are not zero");
  const length = cursor.u16("length");
  const key = cursor.take(16, "transactionId");
  const body = cursor.sub(length, "attributes");
  cursor.end();
  const hasCookie = COOKIE_BYTES.every((byte, i) => key[i] === byte);
  const header = { type, class: classOf(type), method: methodOf(type), key };
  // Lync has no cookie in the header, Teams has both.
  if (beginsWithMsCookie(body) && (hasCookie || MS_TYPES.has(type))) {
    const kind = type === MS_DATA_INDICATION ? "indication" : header.class;
    const transactionId = hasCookie ? key.subarray(4) : key;
    return checked({ ...header, class: kind, dialect: "ms-turn", transactionId, attributes: attributes(body) }, bytes);
  }
  if (hasCookie) {
    const message = { ...header, dialect: "rfc5389" as const, transactionId: key.subarray(4) };
    return checked({ ...message, attributes: walk(body, true) }, bytes);
  }
  if (!RFC3489_TYPES.has(type)) throw cursor.fail("malformed", "type", "no magic cookie, and not a type of RFC 3489");
  const message = { ...header, dialect: "rfc3489" as const, transactionId: key, attributes: attributes(body) };
  if (!isPlausible(message)) throw cursor.fail("malformed", "attributes", "nothing but the length speaks for STUN");
  return checked(message, bytes);
}

/** Whether a message belongs to TURN rather than to STUN alone: every method but Binding and the Shared Secret of RFC 3489. */
export function isTurn({ dialect, method }: StunMessage): boolean {
  return dialect === "ms-turn" || method > 2;
}

/**
 * Bytes of the message with a cookie in its header that `bytes[at..]` begins, header included: for streams, where only the
 * length field says where a message ends. Looks at type, length, cookie, and whether it is of the dialect that does not pad.
 */
export function stunLength(bytes: Uint8Array, at = 0): number | "no" | "need-more" {
  const byte = (index: number) => bytes[at + index];
  const type = byte(0);
  if (type === undefined) return "need-more";
  if (type >= 0x40) return "no";
  for (let i = 0; i < COOKIE_BYTES.length; i++) {
    const value = byte(4 + i);
    if (value === undefined) return "need-more";
    if (value !== COOKIE_BYTES[i]) return "no";
  }
  const length = ((byte(2) as number) << 8) | (byte(3) as number);
  for (let i = 0; length % 4 !== 0 && i < MS_COOKIE.length; i++) {
    const value = byte(STUN_HEADER + i);
    if (value === undefined) return "need-more";
    if (value !== MS_COOKIE[i]) return "no";
  }
  return STUN_HEADER + length;
}

export interface ChannelData {
  /** 0x4000–0x7fff (RFC 5766 section 11), of which RFC 8656 leaves 0x4000–0x4fff; 0xff10 for Multiplexed TURN. */
  readonly channel: number;
  /** Application data: view of the input. */
  readonly data: Uint8Array;
}

/** [MS-TURN] section 2.2.3: the one channel of Multiplexed TURN; a session id of 8 bytes goes before its data. */
export const MULTIPLEXED = 0xff10;
const MULTIPLEXED_SESSION = 8;

/**
 * One ChannelData message (RFC 8656 section 12.4), padding to four bytes allowed, or one of Multiplexed TURN. Throws ParseError.
 * It has no cookie: believe it only beside other TURN.
 */
export function parseChannelData(bytes: Uint8Array): ChannelData {
  const cursor = new Cursor(bytes, "channelData");
  const channel = cursor.u16("channel");
  if ((channel < 0x4000 || channel > 0x7fff) && channel !== MULTIPLEXED)
    throw cursor.fail("malformed", "channel", "outside 0x4000–0x7fff");
  const data = cursor.sub(cursor.u16("length"), "data");
  if (cursor.remaining > 0 && cursor.remaining !== padding(data.remaining)) cursor.end();
  if (channel === MULTIPLEXED) data.take(MULTIPLEXED_SESSION, "session");
  return { channel, data: data.rest() };
}

const COOKIE_BYTES = [0x21, 0x12, 0xa4, 0x42];

/** RFC 8489 section 5: the class bits are bits 4 and 8 of the type. */
function classOf(type: number): StunClass {
  return CLASSES[((type >> 7) & 2) | ((type >> 4) & 1)] as StunClass;
}

function methodOf(type: number): number {
  return (type & 0x000f) | ((type & 0x00e0) >> 1) | ((type & 0x3e00) >> 2);
}

function padding(length: number): number {
  return (4 - (length % 4)) % 4;
}

function beginsWithMsCookie(body: Cursor): boolean {
  return MS_COOKIE.every((byte, i) => body.position + i < body.limit && body.bytes[body.position + i] === byte);
}

/**
 * RFC 8489 pads every attribute to four bytes. RFC 3489 and [MS-TURN] do not say so: Lync and Teams do not pad, other
 * implementations of the dialect do. Either is accepted, as long as the whole message fits it.
 */
function attributes(body: Cursor): StunAttribute[] {
  const start = body.position;
  try {
    return walk(body, false);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    body.position = start;
    return walk(body, true);
  }
}

function walk(body: Cursor, padded: boolean): StunAttribute[] {
  const found: StunAttribute[] = [];
  while (body.remaining > 0) {
    const field = `[${found.length}]`;
    const type = body.u16(`${field}.type`);
    const value = body.take(body.u16(`${field}.length`), field);
    if (padded) body.take(padding(value.length), `${field}.padding`);
    found.push({ type, value });
  }
  return found;
}

/**
 * The message, if the attributes that protect it are as they must be: lengths as RFC 8489 sections 14.5 to 14.7 say ([MS-TURN]
 * section 2.2.2.6 has both hashes in one attribute), and a fingerprint that fits. A receiver drops what fails that.
 */
function checked(message: StunMessage, bytes: Uint8Array): StunMessage {
  const fail = (detail: string) => new ParseError("malformed", "stun.attributes", 0, detail);
  for (const { type, value } of message.attributes) {
    const { length } = value;
    if (type === MESSAGE_INTEGRITY && length !== 20 && !(message.dialect === "ms-turn" && length === 32))
      throw fail("message integrity of another length");
    if (type === MESSAGE_INTEGRITY_SHA256 && (length < 16 || length > 32 || length % 4 !== 0))
      throw fail("message integrity of another length");
  }
  const last = message.attributes.at(-1);
  if (last?.type === FINGERPRINT && !isFingerprint(last.value, bytes.subarray(0, bytes.length - last.value.length - 4)))
    throw fail("wrong fingerprint");
  return message;
}

/**
 * Without a cookie six types and a length that fits are all there is: few random datagrams have
 * that, but many an invented protocol (00 01 00 00 …). So there must be an attribute that RFC 3489 knows, none that breaks it, or a transaction
 * id that looks as random as it has to be.
 */
function isPlausible({ attributes, transactionId }: StunMessage): boolean {
  let known = false;
  for (const { type, value } of attributes) {
    const lengths = RFC3489_LENGTHS.get(type);
    if (lengths === undefined) continue;
    if (!lengths.includes(value.length)) return false;
    known = true;
  }
  return known || new Set(transactionId).size >= RANDOM_BYTES;
}
