/**
 * Whether a datagram is a DNS message (RFC 1035 section 4, multicast DNS of RFC 6762 included), by walking its whole
 * structure. Recognition only: names and records are not kept. Knows nothing of ports or of what is asked.
 */
import { Cursor } from "../bytes/cursor.ts";
import { ParseError } from "../bytes/parse-error.ts";

/** Opcodes in use: QUERY, IQUERY, STATUS, NOTIFY, UPDATE, DSO. */
const OPCODES: ReadonlySet<number> = new Set([0, 1, 2, 4, 5, 6]);

/** IN, CH, HS, NONE, ANY. The highest bit is multicast DNS's own (RFC 6762 sections 5.4 and 10.2). */
const CLASSES: ReadonlySet<number> = new Set([1, 3, 4, 254, 255]);
const MULTICAST_BIT = 0x8000;

/** OPT (RFC 6891) uses the class field for a size. */
const OPT = 41;

/** RFC 1035 section 2.3.4. */
const MAX_NAME = 255;

const HEADER = 12;

/** Root name, type and class: a question; a record has more. */
const SHORTEST_RECORD = 5;

/** The reserved bit of the flags; the two beside it became AD and CD (RFC 4035). */
const RESERVED = 0x0040;
const RESPONSE = 0x8000;
const TRUNCATED = 0x0200;

export function isDns(datagram: Uint8Array): boolean {
  if (datagram.length < HEADER + SHORTEST_RECORD) return false;
  const cursor = new Cursor(datagram, "dns");
  try {
    return walk(cursor);
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}

function walk(cursor: Cursor): boolean {
  cursor.u16("id");
  const flags = cursor.u16("flags");
  if (!OPCODES.has((flags >> 11) & 0xf) || (flags & RESERVED) !== 0) return false;
  const questions = cursor.u16("questions");
  const records = cursor.u16("answers") + cursor.u16("authorities") + cursor.u16("additional");
  if (questions === 0 && ((flags & RESPONSE) === 0 || records === 0)) return false;
  // A truncated answer may announce records that did not fit.
  const mayEndEarly = (flags & TRUNCATED) !== 0;
  if (!mayEndEarly && (questions + records) * SHORTEST_RECORD > cursor.remaining) return false;
  for (let i = 0; i < questions; i++) {
    if (!name(cursor)) return false;
    cursor.u16("type");
    if (!CLASSES.has(cursor.u16("class") & ~MULTICAST_BIT)) return false;
  }
  for (let i = 0; i < records && !(mayEndEarly && cursor.remaining === 0); i++) {
    if (!name(cursor)) return false;
    const type = cursor.u16("type");
    const kind = cursor.u16("class");
    if (type !== OPT && !CLASSES.has(kind & ~MULTICAST_BIT)) return false;
    cursor.u32("ttl");
    cursor.take(cursor.u16("length"), "data");
  }
  return cursor.remaining === 0;
}

/** Steps over a name; a compression pointer ends it and must point back (RFC 1035 section 4.1.4). */
function name(cursor: Cursor): boolean {
  const start = cursor.position;
  while (cursor.position - start <= MAX_NAME) {
    const length = cursor.u8("label");
    if (length === 0) return true;
    if (length >= 0xc0) return (((length & 0x3f) << 8) | cursor.u8("pointer")) < start;
    if (length > 63) return false;
    cursor.take(length, "label");
  }
  return false;
}
