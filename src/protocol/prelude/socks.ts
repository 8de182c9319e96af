/**
 * SOCKS: a client asks a proxy for a tunnel: version 4 and 4a (Leech; Lee), version 5 (RFC 1928) with its authentication by name and
 * password (RFC 1929), which are stepped over and kept nowhere, and by GSS-API (RFC 1961). Owns what is asked and answered; knows
 * nothing of what the tunnel carries.
 */
import { addressText } from "../../bytes/address.ts";
import { toLatin1 } from "../../bytes/text.ts";
import type { Prelude } from "./prelude.ts";

/** First byte of a TLS handshake record: what a client sends that got its tunnel. */
const TLS_HANDSHAKE = 22;
/** Methods that a client offers; honest ones have up to five. */
const MAX_METHODS = 16;
/** Longest message put together: a request with a name of 255 bytes; of SOCKS 4 two texts, which nothing bounds. */
const MAX_MESSAGE = 600;

/** Methods. */
const NO_LOGIN = 0;
const GSS_API = 1;
const PASSWORD = 2;
const NO_METHOD = 0xff;
/** Messages of GSS-API: 1 logs in, 2 agrees on the protection of what follows, 255 gives up. */
const GSS_PROTECTION = 2;
const GSS_ABORT = 0xff;
/** Commands. */
const CONNECT = 1;
const BIND = 2;
/** Types of address in version 5. */
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;
/** Where the user's name begins in a request of version 4. */
const USER_4 = 8;
/** Reply codes: of version 5, and of version 4, where 91 to 93 refuse. */
const SUCCEEDED = 0;
const GRANTED = 90;
const LAST_REFUSAL = 93;

/**
 * What a side says next. `opening`: the client its greeting or, in version 4, its request; the proxy what answers it. `login`: what
 * the method asks for, then request and reply. `password`: its length (RFC 1929).
 */
type Next = "opening" | "login" | "password" | "nothing";

interface Side {
  next: Next;
  message: number[];
  /** Bytes of a login still to be stepped over. */
  skip: number;
}

/** Can these be the first bytes of a client of SOCKS? A request of version 4 has to be whole. */
export function beginsSocks(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] === 4) {
    const length = requestLength(bytes.subarray(start, end));
    return length > 0 && (length === end - start || bytes[start + length] === TLS_HANDSHAKE);
  }
  const count = bytes[start + 1] as number;
  if (bytes[start] !== 5 || count === 0 || count > MAX_METHODS) return false;
  const methods = bytes.subarray(start + 2, Math.min(end, start + 2 + count));
  if (new Set(methods).size < methods.length || methods.includes(NO_METHOD)) return false;
  // A client that does not wait says its name and password, or what it wants, at once.
  const next = bytes[start + 2 + count];
  return end <= start + 2 + count || next === 5 || next === 1;
}

export class Socks implements Prelude {
  readonly protocol = "socks";
  dead = false;
  version: "4" | "4a" | "5" | undefined = undefined;
  /** `host:port`; undefined before it, and when the client asks for something else than a tunnel. */
  target: string | undefined = undefined;
  /** Of the request; before it of the greeting. */
  requestFrame = 0;
  /** Reply code of the version; before there is one undefined. */
  status: number | undefined = undefined;
  /** Frame in which the proxy granted or refused. */
  statusFrame = 0;
  granted: boolean | undefined = undefined;
  /** The proxy takes none of the ways to log in that the client offers, or refused the login. */
  loginRefused = false;
  /** Both sides spoke SOCKS, or one side in two steps. */
  confirmed = false;

  private readonly client: Side = { next: "opening", message: [], skip: 0 };
  private readonly server: Side = { next: "opening", message: [], skip: 0 };
  private methods: readonly number[] = [];
  private method: number | undefined = undefined;

  data(fromClient: boolean, bytes: Uint8Array, start: number, end: number, frame: number): number {
    const side = fromClient ? this.client : this.server;
    let at = start;
    while (at < end && !this.dead) {
      if (side.next === "nothing") {
        if (fromClient && bytes[at] === TLS_HANDSHAKE) this.confirmed = true;
        return at;
      }
      if (side.skip > 0) {
        const taken = Math.min(side.skip, end - at);
        side.skip -= taken;
        at += taken;
        continue;
      }
      side.message.push(bytes[at++] as number);
      const length = this.lengthOf(side);
      if (length < 0 || side.message.length > MAX_MESSAGE) this.dead = true;
      else if (side.message.length === length) {
        const { message } = side;
        side.message = [];
        this.take(side, message, frame);
      }
    }
    return this.dead ? end : at;
  }

  isOver(fromClient: boolean): boolean {
    return this.granted === true && (fromClient ? this.client : this.server).next === "nothing";
  }

  gap(fromClient: boolean): void {
    if ((fromClient ? this.client : this.server).next !== "nothing") this.dead = true;
  }

  /** Length of the message that begins so: 0 when more has to be seen, negative when there is none such. */
  private lengthOf(side: Side): number {
    const { message, next } = side;
    const [first, second] = message;
    if (next === "password") return 1;
    if (first === 5) {
      if (next === "login") return addressedLength(message);
      if (side === this.server) return 2;
      return second === undefined ? 0 : 2 + second;
    }
    if (next === "login") return first === 1 ? this.loginLength(side) : -1;
    if (side === this.server) return first === 0 && this.version !== "5" ? 8 : -1;
    if (first !== 4) return -1;
    return message.at(-1) === 0 ? requestLength(message) : 0;
  }

  private take(side: Side, message: readonly number[], frame: number): void {
    const fromClient = side === this.client;
    const [first, second = 0] = message;
    if (side.next === "password") {
      side.skip = first as number;
      side.next = "login";
    } else if (first === 1 && side.next === "login") this.login(side, message, frame);
    else if (first === 0 || (first === 5 && !fromClient && side.next === "login")) this.reply(second, frame);
    else if (first === 5 && side.next === "opening") {
      side.next = "login";
      if (fromClient) this.greeting(message, frame);
      else this.chosen(second, frame);
    } else this.request(message, frame);
  }

  // --- logging in

  private greeting(message: readonly number[], frame: number): void {
    this.version = "5";
    this.requestFrame = frame;
    this.methods = message.slice(2);
    // It may be stored behind its answer.
    if (this.method !== undefined && !this.methods.includes(this.method)) this.dead = true;
  }

  private chosen(method: number, frame: number): void {
    if (method === NO_METHOD) {
      this.confirmed = true;
      this.refuseLogin(frame);
      return;
    }
    this.method = method;
    const known = method === NO_LOGIN || method === PASSWORD || method === GSS_API;
    if (!known || (this.version === "5" && !this.methods.includes(method))) this.dead = true;
    else this.confirmed = true;
  }

  private loginLength({ message: [, second, third, fourth] }: Side): number {
    if (second === undefined) return this.method === NO_LOGIN ? -1 : 0;
    if (!this.isGssApi || second === GSS_ABORT) return 2;
    // RFC 1961 sections 3 and 4. What is protected (3) cannot be read.
    if (second > GSS_PROTECTION) return -1;
    return third === undefined || fourth === undefined ? 0 : 4;
  }

  private login(side: Side, message: readonly number[], frame: number): void {
    const [, second = 0, third = 0, fourth = 0] = message;
    if (this.isGssApi) {
      if (second === GSS_ABORT) this.refuseLogin(frame);
      else side.skip = third * 256 + fourth;
    } else if (side === this.client) {
      side.skip = second;
      side.next = "password";
    } else if (second !== 0) this.refuseLogin(frame);
  }

  /** A client need not wait for what the proxy chooses. */
  private get isGssApi(): boolean {
    if (this.method !== undefined) return this.method === GSS_API;
    return this.methods.includes(GSS_API) && !this.methods.includes(PASSWORD);
  }

  private refuseLogin(frame: number): void {
    this.loginRefused = true;
    this.granted = false;
    this.statusFrame = frame;
    this.dead = true;
  }

  // --- request and reply

  private request(message: readonly number[], frame: number): void {
    this.client.next = "nothing";
    const isFour = message[0] === 4;
    if (isFour) this.version = isNamed(message) ? "4a" : "4";
    else this.confirmed = true;
    if (message[1] !== CONNECT) return;
    this.target = isFour ? targetOf4(message) : targetOf5(message);
    this.requestFrame = frame;
  }

  private reply(code: number, frame: number): void {
    const isFive = this.version === "5";
    this.server.next = "nothing";
    if (!isFive && (code < GRANTED || code > LAST_REFUSAL)) {
      this.dead = true;
      return;
    }
    this.confirmed = true;
    this.status = code;
    this.statusFrame = frame;
    this.granted = code === (isFive ? SUCCEEDED : GRANTED);
    // What was granted without a target is no tunnel: a port to be called on, or datagrams.
    this.dead = !this.granted || (this.target === undefined && this.client.next === "nothing");
  }
}

// --- messages

/** Length of a request of version 4 or 4a; 0 when more has to be seen, negative when it is none. */
function requestLength(message: Uint8Array | readonly number[]): number {
  const [, command] = message;
  if (command !== undefined && command !== CONNECT && command !== BIND) return -1;
  const user = message.length > USER_4 ? message.indexOf(0, USER_4) : -1;
  if (user < 0 || !isNamed(message)) return user + 1;
  return message.indexOf(0, user + 1) + 1;
}

/** Version 4a: an address that cannot be stands for a name at the end. */
function isNamed(message: Uint8Array | readonly number[]): boolean {
  return message[4] === 0 && message[5] === 0 && message[6] === 0 && message[7] !== 0;
}

function targetOf4(message: readonly number[]): string {
  const host = isNamed(message)
    ? toLatin1(Uint8Array.from(message.slice(message.indexOf(0, USER_4) + 1, -1)))
    : message.slice(4, 8).join(".");
  return at(host, message[2], message[3]);
}

/** Length of a request or reply of version 5; 0 when more has to be seen, negative when it is none. */
function addressedLength(message: readonly number[]): number {
  const [, , reserved = 0, type, first] = message;
  if (reserved !== 0) return -1;
  if (type === undefined || first === undefined) return 0;
  if (type === IPV4) return 10;
  if (type === IPV6) return 22;
  return type === NAME ? 7 + first : -1;
}

function targetOf5(message: readonly number[]): string {
  const bytes = Uint8Array.from(message);
  const view = new DataView(bytes.buffer);
  const [high, low] = message.slice(-2);
  switch (message[3]) {
    case IPV4:
      return at(message.slice(4, 8).join("."), high, low);
    case IPV6: {
      const [w0, w1, w2, w3] = [4, 8, 12, 16].map((index) => view.getInt32(index)) as [number, number, number, number];
      return at(addressText(6, w0, w1, w2, w3), high, low);
    }
    default:
      return at(toLatin1(bytes.subarray(5, -2)), high, low);
  }
}

function at(host: string, high = 0, low = 0): string {
  return `${host.includes(":") ? `[${host}]` : host}:${high * 256 + low}`;
}
