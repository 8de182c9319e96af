/**
 * What the attributes of STUN and TURN messages say: addresses, errors, lifetimes, names. Owns the numbers of attributes in each
 * dialect and the layout of their values; knows nothing of transports, of which message answers which, or of verdicts.
 *
 * Sources: RFC 8489 section 14, RFC 8656 section 18, RFC 3489 section 11.2, [MS-TURN] section 2.2.2. Every function answers
 * undefined when the message has no such attribute, and throws ParseError when it has one that is malformed.
 */
import { addressText } from "../../bytes/address.ts";
import { Cursor } from "../../bytes/cursor.ts";
import { toUtf8 } from "../../bytes/text.ts";
import { MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256, type StunMessage } from "./message.ts";

/** A transport address. */
export interface StunAddress {
  readonly ip: string;
  readonly port: number;
}

export interface StunError {
  /** 300 to 699. */
  readonly code: number;
  /** As sent, or the name of the code when the server sent none; empty when it has neither. */
  readonly reason: string;
}

/** What an allocation is for ([MS-TURN] section 2.2.2.22, MS-Service Quality). */
export type StreamType = "audio" | "video" | "supplemental-video" | "data";

/** The client's address as the server saw it: outside of all NATs. */
export function mappedAddress(message: StunMessage): StunAddress | undefined {
  // In [MS-TURN] MAPPED-ADDRESS is the relay's.
  const plain = message.dialect === "ms-turn" ? undefined : MAPPED_ADDRESS;
  return addressOf(message, [XOR_MAPPED_ADDRESS, EARLY_XOR_MAPPED_ADDRESS], plain);
}

/** The address at which the server relays for the client. */
export function relayedAddress(message: StunMessage): StunAddress | undefined {
  if (message.dialect !== "ms-turn") return addressOf(message, [XOR_RELAYED_ADDRESS], undefined);
  return addressOf(message, [], MAPPED_ADDRESS) ?? addressOf(message, [], MS_ALTERNATE_MAPPED_ADDRESS);
}

/** The server to ask instead. */
export function alternateServer(message: StunMessage): StunAddress | undefined {
  return addressOf(message, [], message.dialect === "ms-turn" ? MS_ALTERNATE_SERVER : ALTERNATE_SERVER);
}

export function errorCode(message: StunMessage): StunError | undefined {
  const cursor = read(message, ERROR_CODE, "errorCode");
  if (cursor === undefined) return undefined;
  cursor.u16("reserved");
  const hundreds = cursor.u8("class") & 7;
  const number = cursor.u8("number");
  if (hundreds < 3 || hundreds > 6 || number > 99) throw cursor.fail("malformed", "", "no code from 300 to 699");
  const code = 100 * hundreds + number;
  return { code, reason: textOf(cursor.rest()) || (ERROR_NAMES[code] ?? "") };
}

/** Seconds. */
export function lifetime(message: StunMessage): number | undefined {
  return read(message, LIFETIME, "lifetime")?.u32("seconds");
}

/** The program that sent the message. */
export function software(message: StunMessage): string | undefined {
  return textAt(message, SOFTWARE);
}

/** What the client's name and password are for. [MS-TURN] puts it in quotation marks; they are left out. */
export function realm(message: StunMessage): string | undefined {
  return textAt(message, message.dialect === "ms-turn" ? MS_REALM : REALM)?.replace(/^"(.*)"$/, "$1");
}

/** View of the message. */
export function nonce(message: StunMessage): Uint8Array | undefined {
  return read(message, message.dialect === "ms-turn" ? MS_NONCE : NONCE, "nonce")?.rest();
}

/** The sender shows that it knows the password. */
export function isAuthenticated({ attributes }: StunMessage): boolean {
  return attributes.some(({ type }) => type === MESSAGE_INTEGRITY || type === MESSAGE_INTEGRITY_SHA256);
}

/** What goes to or comes from a peer, in a Send or Data indication ([MS-TURN]: Send request). View of the message. */
export function peerData(message: StunMessage): Uint8Array | undefined {
  return read(message, DATA, "data")?.rest();
}

export function streamType(message: StunMessage): StreamType | undefined {
  if (message.dialect !== "ms-turn") return undefined;
  const value = read(message, MS_SERVICE_QUALITY, "serviceQuality")?.u16("streamType");
  return value === undefined ? undefined : STREAM_TYPES[value];
}

const MAPPED_ADDRESS = 0x0001;
const ERROR_CODE = 0x0009;
const LIFETIME = 0x000d;
const MS_ALTERNATE_SERVER = 0x000e;
const DATA = 0x0013;
const REALM = 0x0014;
const NONCE = 0x0015;
// [MS-TURN] has these two the other way round.
const MS_NONCE = 0x0014;
const MS_REALM = 0x0015;
const XOR_RELAYED_ADDRESS = 0x0016;
const XOR_MAPPED_ADDRESS = 0x0020;
/** Of the drafts after RFC 3489, and of [MS-TURN]. */
const EARLY_XOR_MAPPED_ADDRESS = 0x8020;
const SOFTWARE = 0x8022;
const ALTERNATE_SERVER = 0x8023;
const MS_SERVICE_QUALITY = 0x8055;
/** IPv6, beside an IPv4 address in MAPPED-ADDRESS. */
const MS_ALTERNATE_MAPPED_ADDRESS = 0x8090;

const STREAM_TYPES: Readonly<Record<number, StreamType>> = {
  1: "audio",
  2: "video",
  3: "supplemental-video",
  4: "data",
};

/** RFC 8489 section 14.8, RFC 8656 section 19, RFC 6062 section 6.3; 430 to 436 and 600 from the drafts that [MS-TURN] follows. */
const ERROR_NAMES: Readonly<Record<number, string>> = {
  300: "Try Alternate",
  400: "Bad Request",
  401: "Unauthenticated",
  403: "Forbidden",
  420: "Unknown Attribute",
  430: "Stale Credentials",
  431: "Integrity Check Failure",
  432: "Missing Username",
  434: "Missing Realm",
  435: "Missing Nonce",
  436: "Unknown User",
  437: "Allocation Mismatch",
  438: "Stale Nonce",
  440: "Address Family not Supported",
  441: "Wrong Credentials",
  442: "Unsupported Transport Protocol",
  443: "Peer Address Family Mismatch",
  446: "Connection Already Exists",
  447: "Connection Timeout or Failure",
  486: "Allocation Quota Reached",
  487: "Role Conflict",
  500: "Server Error",
  508: "Insufficient Capacity",
  600: "Global Failure",
};

/** RFC 8489 sections 14.8 and 14.14: texts have fewer than 128 characters. */
const MAX_TEXT = 128;

/** The first of its type counts (RFC 8489 section 14), and none behind the integrity but the fingerprint (section 14.5). */
function read({ attributes }: StunMessage, wanted: number, field: string): Cursor | undefined {
  for (const { type, value } of attributes) {
    if (type === wanted) return new Cursor(value, `stun.${field}`);
    if (type === MESSAGE_INTEGRITY || type === MESSAGE_INTEGRITY_SHA256) return undefined;
  }
  return undefined;
}

function textAt(message: StunMessage, type: number): string | undefined {
  const text = read(message, type, "text");
  return text === undefined ? undefined : textOf(text.rest());
}

/** UTF-8; some senders end it with a zero byte. */
function textOf(bytes: Uint8Array): string {
  return toUtf8(bytes.subarray(0, 4 * MAX_TEXT))
    .replace(/\0+$/, "")
    .slice(0, MAX_TEXT);
}

/** The first of `xored`, else `plain`. */
function addressOf(message: StunMessage, xored: readonly number[], plain: number | undefined): StunAddress | undefined {
  for (const type of xored) {
    const value = read(message, type, "xorAddress");
    if (value !== undefined) return readAddress(value, message.key);
  }
  const value = plain === undefined ? undefined : read(message, plain, "address");
  return value && readAddress(value, undefined);
}

/** RFC 8489 section 14.2: with `key` port and address are XORed with its first bytes. */
function readAddress(cursor: Cursor, key: Uint8Array | undefined): StunAddress {
  cursor.u8("reserved");
  const family = cursor.u8("family");
  if (family !== 1 && family !== 2) throw cursor.fail("malformed", "family", "neither IPv4 nor IPv6");
  const mask = key === undefined ? undefined : new Cursor(key);
  const port = cursor.u16("port") ^ (mask?.u16("") ?? 0);
  if (mask !== undefined) mask.position = 0;
  const word = () => (cursor.u32("address") ^ (mask?.u32("") ?? 0)) | 0;
  const ip = family === 1 ? addressText(4, 0, 0, 0xffff, word()) : addressText(6, word(), word(), word(), word());
  cursor.end();
  return { ip, port };
}
