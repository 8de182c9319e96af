/**
 * RDP's way to TLS: an X.224 connection request in a TPKT (RFC 1006) that offers it, and the confirm that takes it ([MS-RDPBCGR]
 * sections 2.2.1.1 and 2.2.1.2). Owns when both sides have agreed; the user's name in the request is kept nowhere.
 */
import type { Prelude } from "./prelude.ts";

/** First byte of a TLS handshake record. */
const TLS_HANDSHAKE = 22;
/** TPKT: version 3, a reserved byte, the length. X.224: its length, a code, two references, a class. */
const TPKT = 3;
const TPKT_HEADER = 4;
const X224_END = 11;
/** Longest message: a cookie or token, RDP_NEG_REQ of 8 bytes and RDP_NEG_CORRELATION_INFO of 36. */
const MAX_MESSAGE = 512;

const CONNECTION_REQUEST = 0xe0;
const CONNECTION_CONFIRM = 0xd0;

const NEG_LENGTH = 8;
const NEG_REQUEST = 1;
const NEG_RESPONSE = 2;
const CORRELATION = 6;
const CORRELATION_LENGTH = 36;
/** PROTOCOL_SSL, PROTOCOL_HYBRID, PROTOCOL_RDSTLS, PROTOCOL_HYBRID_EX, PROTOCOL_RDSAAD: all of them go on in TLS. */
const IN_TLS = 0x1f;

/** Can these be the first bytes of a client of RDP that offers TLS? The request has to be whole. */
export function beginsRdp(bytes: Uint8Array, start: number, end: number): boolean {
  const message = bytes.subarray(start, end);
  const length = messageLength(message);
  return length > 0 && length <= message.length && offers(message.subarray(0, length));
}

export class RdpUpgrade implements Prelude {
  readonly protocol = "rdp";
  dead = false;

  private readonly messages: { client: number[]; server: number[] } = { client: [], server: [] };
  private asked = false;
  private accepted = false;

  data(fromClient: boolean, bytes: Uint8Array, start: number, end: number): number {
    if (this.accepted) return start;
    // What the confirm allows may be stored before it.
    if (fromClient && this.asked && bytes[start] === TLS_HANDSHAKE) return start;
    const message = fromClient ? this.messages.client : this.messages.server;
    for (let at = start; at < end && !this.dead; at++) {
      message.push(bytes[at] as number);
      const length = messageLength(message);
      if (length < 0) this.dead = true;
      else if (length === message.length) {
        this.take(fromClient, Uint8Array.from(message));
        message.length = 0;
        if (this.accepted || (this.asked && fromClient)) return at + 1;
      }
    }
    return end;
  }

  isOver(): boolean {
    return this.accepted;
  }

  gap(): void {
    this.dead = !this.accepted;
  }

  private take(fromClient: boolean, message: Uint8Array): void {
    if (fromClient) this.asked = offers(message);
    else this.accepted = accepts(message);
    if (fromClient ? !this.asked : !this.accepted) this.dead = true;
  }
}

/** Length of a TPKT; 0 when more has to be seen, negative when it is none of ours. */
function messageLength(message: Uint8Array | readonly number[]): number {
  const [version, , high, low] = message;
  if (version !== TPKT) return -1;
  if (high === undefined || low === undefined) return 0;
  const length = high * 256 + low;
  return length < X224_END || length > MAX_MESSAGE ? -1 : length;
}

/** A connection request whose negotiation, behind the cookie or token, asks for TLS. */
function offers(message: Uint8Array): boolean {
  if (!isX224(message, CONNECTION_REQUEST)) return false;
  const tail = message.length - CORRELATION_LENGTH;
  const correlated = tail >= X224_END && message[tail] === CORRELATION && message[tail + 2] === CORRELATION_LENGTH;
  return negotiates(message, correlated ? tail : message.length, NEG_REQUEST);
}

function accepts(message: Uint8Array): boolean {
  return isX224(message, CONNECTION_CONFIRM) && negotiates(message, message.length, NEG_RESPONSE);
}

function isX224(message: Uint8Array, code: number): boolean {
  return message[TPKT_HEADER] === message.length - TPKT_HEADER - 1 && message[TPKT_HEADER + 1] === code;
}

/** The eight bytes before `end`: type, flags, length, protocols, the lower byte first. */
function negotiates(message: Uint8Array, end: number, type: number): boolean {
  const start = end - NEG_LENGTH;
  if (start < X224_END || message[start] !== type || message[start + 2] !== NEG_LENGTH || message[start + 3] !== 0)
    return false;
  return ((message[start + 4] as number) & IN_TLS) !== 0;
}
