/**
 * HelloShape: a hello without what is new in every connection: the bytes that fingerprints are made of, and where the rest
 * stands. A capture has thousands of hellos and a handful of programs that send them, so that a hello need be parsed in full
 * only when its shape is new.
 *
 * One reused slot that nothing is allocated for. Owns no meaning: what it passes over unread, `messages.ts` checks once per
 * shape. Layout: RFC 8446 sections 4.1.2 and 4.1.3, the same since TLS 1.0.
 */

import { isEarlyTls13, offeredTicket } from "./messages.ts";

/** Longest shape; Chrome's hello has about 250 bytes of one. */
const MAX_SHAPE = 2048;

const SERVER_NAME = 0;
const SUPPORTED_GROUPS = 10;
const EC_POINT_FORMATS = 11;
const SIGNATURE_ALGORITHMS = 13;
const ALPN = 16;
const SESSION_TICKET = 35;
const PRE_SHARED_KEY = 41;
const SUPPORTED_VERSIONS = 43;
const KEY_SHARE = 51;

/** Kinds of shape: the first byte. */
const CLIENT = 0;
const SERVER = 1;

const RANDOM_END = 2 + 32;
const MAX_SESSION_ID = 32;

export class HelloShape {
  /** `bytes[0..length)` is the shape. */
  readonly bytes = new Uint8Array(MAX_SHAPE);
  length = 0;
  /** Data of server_name, session_ticket and pre_shared_key, in the body; start and end alike when there is none. */
  nameStart = 0;
  nameEnd = 0;
  ticketStart = 0;
  ticketEnd = 0;
  pskStart = 0;
  pskEnd = 0;

  /** False: the body is not laid out as a hello, or not usually enough; only the parser knows. */
  clientHello(body: Uint8Array): boolean {
    const suites = this.begin(body, CLIENT);
    if (suites < 0 || suites + 2 > body.length) return false;
    const suitesEnd = suites + 2 + u16(body, suites);
    if (suitesEnd + 1 > body.length || !this.take(body, suites, suitesEnd)) return false;
    return this.extensions(body, suitesEnd + 1 + (body[suitesEnd] as number));
  }

  /** As `clientHello`, for a ServerHello. A HelloRetryRequest has the shape of one; its random tells. */
  serverHello(body: Uint8Array): boolean {
    if (isEarlyTls13(body)) return false;
    const suite = this.begin(body, SERVER);
    if (suite < 0 || suite + 3 > body.length || !this.take(body, suite, suite + 2)) return false;
    return this.extensions(body, suite + 3);
  }

  /** Something to resume with besides the session id. */
  get hasTickets(): boolean {
    return this.ticketEnd > this.ticketStart || this.pskEnd > this.pskStart;
  }

  /** What is offered to resume with, of the body last taken in: views of it. */
  tickets(body: Uint8Array): Uint8Array[] {
    const ticket = offeredTicket(SESSION_TICKET, body.subarray(this.ticketStart, this.ticketEnd));
    const identity = offeredTicket(PRE_SHARED_KEY, body.subarray(this.pskStart, this.pskEnd));
    return [ticket, identity].filter((one) => one !== undefined);
  }

  /** Version and session id; `kind` keeps the shapes of both sides apart. The index behind it, or -1. */
  private begin(body: Uint8Array, kind: number): number {
    this.nameStart = this.nameEnd = this.ticketStart = this.ticketEnd = this.pskStart = this.pskEnd = 0;
    if (body.length < RANDOM_END + 1) return -1;
    const idLength = body[RANDOM_END] as number;
    this.bytes[0] = kind;
    this.bytes[1] = body[0] as number;
    this.bytes[2] = body[1] as number;
    this.length = 3;
    return idLength > MAX_SESSION_ID ? -1 : RANDOM_END + 1 + idLength;
  }

  private extensions(body: Uint8Array, start: number): boolean {
    const end = body.length;
    if (start === end) return true;
    if (start + 2 > end || start + 2 + u16(body, start) !== end) return false;
    let at = start + 2;
    while (at < end) {
      if (at + 4 > end) return false;
      const type = u16(body, at);
      const data = at + 4;
      const next = data + u16(body, at + 2);
      if (next > end || !this.extension(body, type, at, data, next)) return false;
      at = next;
    }
    return true;
  }

  private extension(body: Uint8Array, type: number, at: number, data: number, end: number): boolean {
    switch (type) {
      case SUPPORTED_GROUPS:
      case EC_POINT_FORMATS:
      case SIGNATURE_ALGORITHMS:
      case ALPN:
      case SUPPORTED_VERSIONS:
        return this.take(body, at, end);
      case SERVER_NAME:
        if (this.nameEnd > 0) return false;
        this.nameStart = data;
        this.nameEnd = end;
        break;
      case SESSION_TICKET:
        if (this.ticketEnd > 0) return false;
        this.ticketStart = data;
        this.ticketEnd = end;
        break;
      case PRE_SHARED_KEY:
        if (this.pskEnd > 0) return false;
        this.pskStart = data;
        this.pskEnd = end;
        break;
      case KEY_SHARE:
        // Of a server's the group; a client's are new in every hello.
        if (this.bytes[0] === SERVER) return data + 2 <= end && this.take(body, at, data + 2);
        break;
    }
    return this.take(body, at, at + 2);
  }

  private take(body: Uint8Array, start: number, end: number): boolean {
    if (end > body.length || this.length + end - start > MAX_SHAPE) return false;
    const { bytes } = this;
    let to = this.length;
    for (let at = start; at < end; at++) bytes[to++] = body[at] as number;
    this.length = to;
    return true;
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
