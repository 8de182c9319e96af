/**
 * HTTP CONNECT: a client asks a proxy for a tunnel (RFC 9110 section 9.3.6). Owns request and answer, asked again after a demand
 * for authentication on the same connection; knows nothing of what the tunnel carries.
 */
import { toLatin1 } from "../../bytes/text.ts";
import { HANDSHAKE } from "../tls/record.ts";
import { Lines } from "./lines.ts";
import type { Prelude } from "./prelude.ts";

/** Header lines of one message; honest ones have some twenty. */
const MAX_HEADERS = 200;
/** Headers kept of one answer. */
const MAX_KEPT = 10;
/** Bytes of a header's value that are kept. */
const MAX_VALUE = 200;

/** Where a side is. */
const HEAD = 0;
const BODY = 1;
const BETWEEN = 2;

export class HttpConnect implements Prelude {
  readonly protocol = "http-connect";
  dead = false;
  /** As asked for last: `host:port`. */
  target: string | undefined;
  requestFrame = 0;
  /** Of the last answer; undefined before it. */
  status: number | undefined;
  statusFrame = 0;
  /** Headers of the last answer that tell who answered and what it wants: `Via`, `Server`, `Proxy-Authenticate`, … */
  headers: { readonly name: string; readonly value: string }[] = [];

  private readonly requestLines = new Lines();
  private readonly answerLines = new Lines();
  private request = HEAD;
  private requestHeaders = -1;
  private answer = HEAD;
  private answerHeaders = -1;
  /** Bytes of the answer's body still to come; -1 when its end is not known. */
  private body = 0;

  /** The proxy has granted the tunnel. */
  private get open(): boolean {
    return this.status !== undefined && this.status >= 200 && this.status < 300 && this.answer === BETWEEN;
  }

  data(fromClient: boolean, bytes: Uint8Array, start: number, end: number, frame: number): number {
    return fromClient ? this.fromClient(bytes, start, end, frame) : this.fromServer(bytes, start, end, frame);
  }

  isOver(fromClient: boolean): boolean {
    return this.open && (!fromClient || this.request === BETWEEN);
  }

  gap(fromClient: boolean, length: number): void {
    if (!fromClient && this.answer === BODY && length <= this.body) {
      this.body -= length;
      if (this.body === 0) this.expectAnswer();
      return;
    }
    (fromClient ? this.requestLines : this.answerLines).gap();
    // A header that is not whole may hide anything; what follows the gap is not found again.
    if (fromClient ? this.request === HEAD : this.answer !== BETWEEN) this.dead = true;
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
      this.target = flat(target);
      this.requestFrame = frame;
      this.requestHeaders = 0;
      // What was answered before was no answer to this.
      this.status = undefined;
      this.statusFrame = 0;
      this.headers = [];
    } else if (line === "") {
      this.request = BETWEEN;
      // The end of an answer that did not say how long it was is where the next one begins.
      if (this.answer === BODY && this.body < 0) this.expectAnswer();
    } else if (++this.requestHeaders > MAX_HEADERS) this.dead = true;
  }

  private fromServer(bytes: Uint8Array, start: number, end: number, frame: number): number {
    let at = start;
    while (at < end && !this.dead) {
      if (this.open) return at;
      if (this.answer === BODY) {
        if (this.body < 0) return end;
        const taken = Math.min(this.body, end - at);
        this.body -= taken;
        at += taken;
        if (this.body === 0) this.expectAnswer();
        continue;
      }
      at = this.answerLines.next(bytes, at, end);
      if (at < 0) return end;
      this.answerLine(this.answerLines.line, frame);
    }
    return end;
  }

  private answerLine(line: string, frame: number): void {
    if (this.answerHeaders < 0) {
      if (line === "") return;
      const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line)?.[1];
      if (status === undefined) {
        this.dead = true;
        return;
      }
      this.status = Number(status);
      this.statusFrame = frame;
      this.headers = [];
      this.answerHeaders = 0;
      this.body = -1;
    } else if (line === "") this.endOfAnswer();
    else if (++this.answerHeaders > MAX_HEADERS) this.dead = true;
    else this.header(line);
  }

  private header(line: string): void {
    const colon = line.indexOf(":");
    if (colon <= 0) return;
    const name = line.slice(0, colon).trim();
    const value = line
      .slice(colon + 1)
      .trim()
      .slice(0, MAX_VALUE);
    if (/^content-length$/i.test(name) && /^\d{1,9}$/.test(value)) this.body = Number(value);
    if (this.headers.length === MAX_KEPT) return;
    if (/^(via|server|proxy-authenticate|proxy-agent|x-[a-z0-9-]{1,60})$/i.test(name))
      this.headers.push({ name: flat(name), value: flat(value) });
  }

  private endOfAnswer(): void {
    const status = this.status ?? 0;
    if (status >= 200 && status < 300) this.answer = BETWEEN;
    else if (status < 200 || this.body === 0) this.expectAnswer();
    else this.answer = BODY;
  }

  private expectAnswer(): void {
    this.answer = HEAD;
    this.answerHeaders = -1;
  }
}

/** The text without the line it was cut from, which an engine would keep as long as the piece. */
function flat(text: string): string {
  return toLatin1(Uint8Array.from(text, (character) => character.charCodeAt(0)));
}
