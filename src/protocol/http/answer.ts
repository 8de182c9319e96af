/**
 * HttpAnswer: one answer of an HTTP/1.x server or proxy (RFC 9112), fed in pieces: its status, the headers that are asked for, the
 * title of its page, and where it ends. Owns the framing of the message; knows nothing of what was asked.
 */
import { toLatin1 } from "../../bytes/text.ts";
import { Lines } from "../lines.ts";
import { Title } from "./title.ts";

/** Header lines of one message; honest ones have some twenty. */
const MAX_HEADERS = 200;
/** Headers kept of one answer. */
const MAX_KEPT = 10;
/** Characters of a header's value that are kept. */
const MAX_VALUE = 200;

export interface HttpHeader {
  readonly name: string;
  readonly value: string;
}

/** Which headers are kept, by their names. */
type Kept = Pick<RegExp, "test">;

/** `head`: being read. `sized`, `chunk`: bytes that are counted. `size`, `behind-chunk`, `trailer`: lines of a chunked body. */
type State = "head" | "sized" | "size" | "chunk" | "behind-chunk" | "trailer" | "to-the-end" | "over" | "broken";

const BEGINNING = "HTTP/1.";

/** Whether `bytes[start..end)` can be the first bytes of an answer. */
export function beginsAnswer(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = 0; i < BEGINNING.length && start + i < end; i++) {
    if (bytes[start + i] !== BEGINNING.charCodeAt(i)) return false;
  }
  return start < end;
}

export class HttpAnswer {
  /** Undefined before it. Of interim answers (1xx) none is kept. */
  status: number | undefined = undefined;
  /** Frame of the status line. */
  frame = 0;
  /** In the order of the wire. */
  readonly headers: HttpHeader[] = [];

  private readonly keeps: Kept;
  private readonly tunnels: boolean;
  private readonly lines = new Lines();
  private state: State = "head";
  private headerLines = -1;
  /** Bytes to come of the body, or of its chunk; -1 when the end of the connection is its end. */
  private remaining = -1;
  private chunked = false;
  private encoded = false;
  private type = "";
  private page: Title | undefined = undefined;

  /** `keeps`: names of headers to keep. `tunnels`: it answers CONNECT, whose success has no body (RFC 9110 section 9.3.6). */
  constructor(keeps: Kept, tunnels = false) {
    this.keeps = keeps;
    this.tunnels = tunnels;
  }

  get title(): string | undefined {
    return this.page?.text;
  }

  /** Its last byte was read. */
  get isOver(): boolean {
    return this.state === "over";
  }

  /** It is none, or cannot be followed. */
  get isBroken(): boolean {
    return this.state === "broken";
  }

  /** It ends with the connection. */
  get isEndless(): boolean {
    return this.state === "to-the-end";
  }

  get inHead(): boolean {
    return this.state === "head";
  }

  /** Nothing more will be known of it. */
  get isSettled(): boolean {
    return this.isOver || this.isBroken || (!this.inHead && this.page?.settled !== false);
  }

  /** Value of the first header of this name (lower case), when it is kept. */
  header(name: string): string | undefined {
    return this.headers.find((header) => header.name.toLowerCase() === name)?.value;
  }

  /** Takes what is its own of `bytes[start..end)`, carried by `frame`; answers the index behind it. */
  data(bytes: Uint8Array, start: number, end: number, frame: number): number {
    let at = start;
    while (at < end && this.state !== "over" && this.state !== "broken") {
      if (this.state === "to-the-end") {
        this.page?.data(bytes, at, end);
        return end;
      }
      if (this.state === "sized" || this.state === "chunk") {
        const stop = Math.min(end, at + this.remaining);
        this.page?.data(bytes, at, stop);
        this.remaining -= stop - at;
        at = stop;
        if (this.remaining === 0) this.state = this.state === "sized" ? "over" : "behind-chunk";
        continue;
      }
      at = this.lines.next(bytes, at, end);
      if (at < 0) return end;
      this.line(this.lines.line, frame);
    }
    return at;
  }

  /** `length` bytes were never captured. */
  gap(length: number): void {
    this.page?.end();
    if (this.state === "to-the-end") return;
    if ((this.state === "sized" || this.state === "chunk") && length <= this.remaining) {
      this.remaining -= length;
      if (this.remaining === 0) this.state = this.state === "sized" ? "over" : "behind-chunk";
    } else if (this.state !== "over") this.state = "broken";
  }

  private line(line: string, frame: number): void {
    switch (this.state) {
      case "head":
        if (this.headerLines < 0) this.statusLine(line, frame);
        else if (line === "") this.endHead();
        else if (++this.headerLines > MAX_HEADERS) this.state = "broken";
        else this.headerLine(line);
        return;
      case "size":
        this.chunkSize(line);
        return;
      case "behind-chunk":
        this.state = line === "" ? "size" : "broken";
        return;
      default:
        // Fields behind the last chunk (RFC 9112 section 7.1.2).
        if (line === "") this.state = "over";
        else if (++this.headerLines > MAX_HEADERS) this.state = "broken";
    }
  }

  private statusLine(line: string, frame: number): void {
    // RFC 9112 section 2.2: an empty line before a message is passed over.
    if (line === "") return;
    const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line)?.[1];
    if (status === undefined) {
      this.state = "broken";
      return;
    }
    this.status = Number(status);
    this.frame = frame;
    this.headerLines = 0;
  }

  private headerLine(line: string): void {
    const colon = line.indexOf(":");
    if (colon <= 0) return;
    const name = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (/^content-length$/i.test(name)) this.remaining = /^\d{1,15}$/.test(value) ? Number(value) : -1;
    else if (/^transfer-encoding$/i.test(name)) this.chunked = /\bchunked$/i.test(value);
    else if (/^content-encoding$/i.test(name)) this.encoded = !/^(identity)?$/i.test(value);
    else if (/^content-type$/i.test(name)) this.type = value.slice(0, MAX_VALUE);
    if (this.headers.length < MAX_KEPT && this.keeps.test(name))
      this.headers.push({ name: flat(name), value: flat(value.slice(0, MAX_VALUE)) });
  }

  private endHead(): void {
    const status = this.status ?? 0;
    // 101 changes the protocol: what follows is no HTTP.
    if (status < 200 && status !== 101) {
      this.status = undefined;
      this.frame = 0;
      this.headers.length = 0;
      this.headerLines = this.remaining = -1;
      this.chunked = this.encoded = false;
      this.type = "";
      return;
    }
    const bodiless = status === 101 || status === 204 || status === 304 || (this.tunnels && status < 300);
    if (bodiless || (!this.chunked && this.remaining === 0)) {
      this.state = "over";
      return;
    }
    this.state = this.chunked ? "size" : this.remaining < 0 ? "to-the-end" : "sized";
    if (this.encoded || !/^($|text\/html|application\/xhtml)/i.test(this.type)) return;
    this.page = new Title(/charset="?([\w-]{1,40})/i.exec(this.type)?.[1] ?? "utf-8");
  }

  private chunkSize(line: string): void {
    const size = /^([0-9a-f]{1,12})\s*(?:;|$)/i.exec(line)?.[1];
    if (size === undefined) {
      this.state = "broken";
      return;
    }
    this.remaining = Number.parseInt(size, 16);
    this.state = this.remaining === 0 ? "trailer" : "chunk";
    this.headerLines = 0;
  }
}

/** A query may hold what is the client's own. */
export function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/, "");
}

/** The text without the line it was cut from, which an engine would keep as long as the piece. */
export function flat(text: string): string {
  return toLatin1(Uint8Array.from(text, (character) => character.charCodeAt(0)));
}
