/**
 * HTTP CONNECT: a client asks a proxy for a tunnel (RFC 9110 section 9.3.6). Owns request and answer, asked again after a demand
 * for authentication on the same connection; knows nothing of what the tunnel carries.
 */
import { flat, HttpAnswer, type HttpHeader, withoutQuery } from "../http/answer.ts";
import { Lines } from "../lines.ts";
import { HANDSHAKE } from "../tls/record.ts";
import type { Prelude } from "./prelude.ts";

/** Header lines of one message; honest ones have some twenty. */
const MAX_HEADERS = 200;

/** Headers by which a proxy says what it is and what it wants (RFC 9110, RFC 9209), and those of filters that do not begin with `X-`. */
const TOLD =
  /^(?:via|server|location|proxy-(?:authenticate|agent|status)|barracuda|edgewave-proxy|x-[a-z0-9_-]{1,60})$/i;
/** Of these, those that name the person or the machine that asks. */
const PERSONAL = /user|client-?ip|cliip|forwarded|real-?ip|session|cookie/i;
/** They say who answered and what it wants, and nothing of who asked. */
export const IMPERSONAL_HEADERS = { test: (name: string): boolean => TOLD.test(name) && !PERSONAL.test(name) };

/** Where the client is. */
const HEAD = 0;
const BETWEEN = 1;

export class HttpConnect implements Prelude {
  readonly protocol = "http-connect";
  dead = false;
  /** As asked for last: `host:port`. */
  target: string | undefined;
  requestFrame = 0;

  private readonly requestLines = new Lines();
  private request = HEAD;
  private requestHeaders = -1;
  private answer = new HttpAnswer(IMPERSONAL_HEADERS, true);
  /** What was answered was no answer to the last request. */
  private stale = false;

  /** The last answer; undefined before it. */
  get answered(): HttpAnswer | undefined {
    return this.stale || this.answer.status === undefined ? undefined : this.answer;
  }

  /** Headers of the last answer that tell who answered and what it wants: `Via`, `Server`, `Proxy-Authenticate`, … */
  get headers(): readonly HttpHeader[] {
    return this.answered?.headers.map(impersonal) ?? [];
  }

  /** The proxy has granted the tunnel. */
  private get open(): boolean {
    return isSuccess(this.answer.status) && this.answer.isOver;
  }

  data(fromClient: boolean, bytes: Uint8Array, start: number, end: number, frame: number): number {
    return fromClient ? this.fromClient(bytes, start, end, frame) : this.fromServer(bytes, start, end, frame);
  }

  isOver(fromClient: boolean): boolean {
    return this.open && (!fromClient || this.request === BETWEEN);
  }

  gap(fromClient: boolean, length: number): void {
    if (fromClient) {
      this.requestLines.gap();
      if (this.request === HEAD) this.dead = true;
    } else if (!this.open) {
      this.answer.gap(length);
      // A header that is not whole may hide anything; what follows the gap is not found again.
      if (this.answer.isBroken) this.dead = true;
    }
  }

  private fromClient(bytes: Uint8Array, start: number, end: number, frame: number): number {
    let at = start;
    while (at < end && !this.dead) {
      if (this.request === BETWEEN) {
        // TLS begins where the tunnel was granted; the answer may be stored behind what it allows.
        if (this.open || bytes[at] === HANDSHAKE) return at;
        this.request = HEAD;
        this.requestHeaders = -1;
      }
      at = this.requestLines.next(bytes, at, end);
      if (at < 0) return end;
      this.requestLine(this.requestLines.line, frame);
    }
    return end;
  }

  private requestLine(line: string, frame: number): void {
    if (this.requestHeaders < 0) {
      // RFC 9112 section 2.2: an empty line before a message is passed over.
      if (line === "") return;
      const target = /^CONNECT (\S{1,300}) HTTP\/1\.[01]$/.exec(line)?.[1];
      if (target === undefined) {
        this.dead = true;
        return;
      }
      // What was answered before was no answer to this; before the first request nothing was.
      this.stale = this.target !== undefined && this.answer.status !== undefined;
      this.target = flat(target);
      this.requestFrame = frame;
      this.requestHeaders = 0;
    } else if (line === "") {
      this.request = BETWEEN;
      // The end of an answer that did not say how long it was is where the next one begins.
      if (this.answer.isEndless) this.expectAnswer();
    } else if (++this.requestHeaders > MAX_HEADERS) this.dead = true;
  }

  private fromServer(bytes: Uint8Array, start: number, end: number, frame: number): number {
    let at = start;
    while (at < end && !this.dead) {
      if (this.open) return at;
      if (this.answer.isOver) this.expectAnswer();
      at = this.answer.data(bytes, at, end, frame);
      if (this.answer.isBroken) this.dead = true;
    }
    return end;
  }

  private expectAnswer(): void {
    this.answer = new HttpAnswer(IMPERSONAL_HEADERS, true);
    this.stale = false;
  }
}

export function isSuccess(status = 0): boolean {
  return status >= 200 && status < 300;
}

/** Of a challenge not what was computed for this client alone (NTLM and Negotiate carry half a kilobyte of it), of a redirect no query. */
function impersonal({ name, value }: HttpHeader): HttpHeader {
  switch (name.toLowerCase()) {
    case "proxy-authenticate":
      return { name, value: /^([A-Za-z0-9-]{1,60}) +[A-Za-z0-9._~+/-]{16,}=*$/.exec(value)?.[1] ?? value };
    case "location":
      return { name, value: withoutQuery(value) };
    default:
      return { name, value };
  }
}
