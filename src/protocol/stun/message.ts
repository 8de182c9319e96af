/**
 * STUN messages in their three dialects, and TURN's ChannelData: header, class, method and the attributes in wire order.
 * Owns the structure; verifies neither fingerprint nor integrity, and knows nothing of transports, allocations or verdicts.
 *
 * Sources: RFC 8489 sections 5 and 14 (RFC 5389 alike), RFC 3489 section 11, [MS-TURN] sections 2.2.1 and 2.2.2.8, RFC 8656 section 12.4.
 */
import { Cursor } from "../../bytes/cursor.ts";
import { ParseError } from "../../bytes/parse-error.ts";

/** By magic cookie: in the header (RFC 5389 and later), as first attribute ([MS-TURN]), or none (RFC 3489). */
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
  /** 12 bytes after the cookie, else 16. View of the input. */
  readonly transactionId: Uint8Array;
  /** Wire order, MS-TURN's magic cookie included. */
  readonly attributes: readonly StunAttribute[];
}

export const ALLOCATE = 3;

export const STUN_HEADER = 20;

const COOKIE = 0x2112a442;

/** [MS-TURN] section 2.2.2.8: the first attribute of every message: type, length and value. */
export const MS_COOKIE: readonly number[] = [0x00, 0x0f, 0x00, 0x04, 0x72, 0xc6, 0x4b, 0xc6];

/** [MS-TURN] section 2.2.1. Data Indication has bits that RFC 8489 reads as an error response. */
const MS_TYPES: ReadonlySet<number> = new Set([0x0003, 0x0103, 0x0113, 0x0004, 0x0115, 0x0006, 0x0106, 0x0116]);
const MS_DATA_INDICATION = 0x0115;

/** RFC 3489 section 11.1: Binding and Shared Secret. Without a cookie nothing else is believed. */
const RFC3489_TYPES: ReadonlySet<number> = new Set([0x0001, 0x0101, 0x0111, 0x0002, 0x0102, 0x0112]);

const CLASSES: readonly StunClass[] = ["request", "indication", "success", "error"];

/**
 * One whole message: a datagram, or the content of one frame of a stream. Throws ParseError: `truncated` when bytes are
 * missing at the end, `malformed` when it is no STUN message or something follows it.
 */
export function parseStun(bytes: Uint8Array): StunMessage {
  const cursor = new Cursor(bytes, "stun");
  const type = cursor.u16("type");
  if (type >= 0x4000) throw cursor.fail("malformed", "type", "the two highest bits are not zero");
  const length = cursor.u16("length");
  const hasCookie = cursor.u32("cookie") === COOKIE;
  if (!hasCookie) cursor.position -= 4;
  const transactionId = cursor.take(hasCookie ? 12 : 16, "transactionId");
  const body = cursor.sub(length, "attributes");
  cursor.end();
  const header = { type, class: classOf(type), method: methodOf(type), transactionId };
  if (hasCookie) return { ...header, dialect: "rfc5389", attributes: attributes(body, true) };
  if (MS_TYPES.has(type) && beginsWithMsCookie(body)) {
    const kind = type === MS_DATA_INDICATION ? "indication" : header.class;
    return { ...header, class: kind, dialect: "ms-turn", attributes: attributes(body, false) };
  }
  if (!RFC3489_TYPES.has(type)) throw cursor.fail("malformed", "type", "no magic cookie, and not a type of RFC 3489");
  return { ...header, dialect: "rfc3489", attributes: attributes(body, false) };
}

/** Whether a message belongs to TURN rather than to STUN alone: every method but Binding and the Shared Secret of RFC 3489. */
export function isTurn({ dialect, method }: StunMessage): boolean {
  return dialect === "ms-turn" || method > 2;
}

/**
 * Bytes of the RFC 8489 message that `bytes[at..]` begins, header included: for streams, where only the length field says
 * where a message ends. Looks at type, length and cookie.
 */
export function stunLength(bytes: Uint8Array, at = 0): number | "no" | "need-more" {
  const byte = (index: number) => bytes[at + index];
  const type = byte(0);
  const low = byte(3);
  if (type === undefined) return "need-more";
  if (type >= 0x40) return "no";
  if (low === undefined) return "need-more";
  if (low % 4 !== 0) return "no";
  for (let i = 0; i < 4; i++) {
    const value = byte(4 + i);
    if (value === undefined) return "need-more";
    if (value !== COOKIE_BYTES[i]) return "no";
  }
  return STUN_HEADER + (((byte(2) as number) << 8) | low);
}

export interface ChannelData {
  /** 0x4000–0x7fff (RFC 5766 section 11); RFC 8656 leaves 0x4000–0x4fff. */
  readonly channel: number;
  /** Bytes of application data. */
  readonly length: number;
}

/**
 * One ChannelData message (RFC 8656 section 12.4), padding to four bytes allowed. Throws ParseError. It has no cookie: believe
 * it only beside other TURN.
 */
export function parseChannelData(bytes: Uint8Array): ChannelData {
  const cursor = new Cursor(bytes, "channelData");
  const channel = cursor.u16("channel");
  if (channel < 0x4000 || channel > 0x7fff) throw cursor.fail("malformed", "channel", "outside 0x4000–0x7fff");
  const length = cursor.u16("length");
  cursor.take(length, "data");
  if (cursor.remaining > 0 && cursor.remaining !== padding(length)) cursor.end();
  return { channel, length };
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
 * RFC 8489 pads every attribute to four bytes. RFC 3489 and [MS-TURN] do not say so: Lync does not pad, other
 * implementations of the dialect do. Either is accepted, as long as the whole message fits it.
 */
function attributes(body: Cursor, padded: boolean): StunAttribute[] {
  if (padded) return walk(body, true);
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
