/**
 * Frames of an opened packet (RFC 9000 section 19): those that carry the handshake, and the one that closes. Owns how all others are
 * stepped over; knows nothing of TLS.
 */
import { Cursor } from "../../bytes/cursor.ts";
import { variableLength } from "./packet.ts";

export type QuicFrame = CryptoFrame | CloseFrame;

/** Bytes of the handshake, from `offset` on in their direction and space. */
export interface CryptoFrame {
  readonly type: "crypto";
  readonly offset: number;
  readonly data: Uint8Array;
}

export interface CloseFrame {
  readonly type: "close";
  /** RFC 9000 section 20.1: 0x100 and more is a TLS alert. */
  readonly error: number;
}

const ACK = 0x02;
const ACK_WITH_ECN = 0x03;
const CRYPTO = 0x06;
const NEW_TOKEN = 0x07;
const STREAM = 0x08;
const NEW_CONNECTION_ID = 0x18;
const CONNECTION_CLOSE = 0x1c;
const DATAGRAM = 0x30;

/** Frames of which only numbers follow, by type, and how many. PADDING, PING and HANDSHAKE_DONE have none. */
const NUMBERS: ReadonlyMap<number, number> = new Map([
  [0x00, 0],
  [0x01, 0],
  [0x04, 3],
  [0x05, 2],
  [0x10, 1],
  [0x11, 2],
  [0x12, 1],
  [0x13, 1],
  [0x14, 1],
  [0x15, 2],
  [0x16, 1],
  [0x17, 1],
  [0x19, 1],
  [0x1e, 0],
]);

/** The frames that are read, of an opened packet; a type that is not known ends them. Throws ParseError. */
export function* readFrames(bytes: Uint8Array): Generator<QuicFrame> {
  const cursor = new Cursor(bytes, "quic.frames");
  while (cursor.remaining > 0) {
    const type = variableLength(cursor, "frameType");
    const numbers = NUMBERS.get(type);
    if (numbers !== undefined) {
      for (let i = 0; i < numbers; i++) variableLength(cursor, "number");
    } else if (type === CRYPTO) {
      const offset = variableLength(cursor, "offset");
      yield { type: "crypto", offset, data: cursor.take(variableLength(cursor, "length"), "data") };
    } else if (type === CONNECTION_CLOSE) {
      yield { type: "close", error: variableLength(cursor, "error") };
      // Nothing follows that matters.
      return;
    } else if (!stepOver(cursor, type)) return;
  }
}

/** False for what ends the packet. */
function stepOver(cursor: Cursor, type: number): boolean {
  if (type === ACK || type === ACK_WITH_ECN) {
    variableLength(cursor, "largest");
    variableLength(cursor, "delay");
    const ranges = variableLength(cursor, "ranges");
    variableLength(cursor, "first");
    const numbers = 2 * ranges + (type === ACK_WITH_ECN ? 3 : 0);
    for (let i = 0; i < numbers; i++) variableLength(cursor, "range");
  } else if (type === NEW_TOKEN) cursor.take(variableLength(cursor, "length"), "token");
  else if (type >= STREAM && type < STREAM + 8) {
    variableLength(cursor, "stream");
    if ((type & 4) !== 0) variableLength(cursor, "offset");
    // Without a length it goes on to the end.
    if ((type & 2) === 0) return false;
    cursor.take(variableLength(cursor, "length"), "data");
  } else if (type === NEW_CONNECTION_ID) {
    variableLength(cursor, "sequence");
    variableLength(cursor, "retire");
    cursor.take(cursor.u8("length"), "connectionId");
    cursor.take(16, "token");
  } else if (type === 0x1a || type === 0x1b) cursor.take(8, "path");
  else if (type === DATAGRAM + 1) cursor.take(variableLength(cursor, "length"), "datagram");
  else return false;
  return true;
}
