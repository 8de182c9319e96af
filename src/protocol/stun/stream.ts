/**
 * STUN and TURN in a stream, one direction: which of the three framings it has, and what is in its frames. Knows nothing of
 * TCP, of the other direction, or of what the messages ask for.
 *
 * bare: messages one after the other, ChannelData padded to four bytes (RFC 8489 section 6.2.2, RFC 8656 section 12.5).
 * rfc4571: a 16-bit length before every datagram (RFC 4571; RFC 6544 for ICE).
 * ms-turn: [MS-TURN] section 2.1.4, type 2 (control message) or 3 (data), a zero byte, a 16-bit length; Multiplexed TURN
 * (section 2.2.3) has its channel number in the place of the first two.
 */
import { ParseError } from "../../bytes/parse-error.ts";
import { MS_COOKIE, MULTIPLEXED, parseStun, STUN_HEADER, type StunMessage, stunLength } from "./message.ts";

export type TurnFraming = "bare" | "rfc4571" | "ms-turn";

/** How a direction that begins with `bytes` is framed, told by the STUN message that it begins with. */
export function turnFraming(bytes: Uint8Array): TurnFraming | "no" | "need-more" {
  const bare = stunLength(bytes);
  if (typeof bare === "number") return "bare";
  const framed = stunLength(bytes, 2);
  if (typeof framed === "number") return framed === u16(bytes, 0) ? "rfc4571" : "no";
  const found = beginsMsFrame(bytes);
  if (found === "yes") return "ms-turn";
  return bare === "need-more" || framed === "need-more" ? "need-more" : found;
}

/** Where in a frame its content begins. */
export const FRAME_HEADER: Readonly<Record<TurnFraming, number>> = { bare: 0, rfc4571: 2, "ms-turn": 4 };

/** What is handed over are views of memory that is used again. */
export interface TurnEvents {
  /** A valid message; `frame` carried its end. */
  message(message: StunMessage, framing: TurnFraming, frame: number): void;
  /** What is no message: the beginning of a datagram (`rfc4571`), or of what peers send each other. */
  data(bytes: Uint8Array, framing: TurnFraming, frame: number): void;
}

const CONTROL = 2;
const DATA = 3;

/** Type or channel, and length. */
const HEADER = 4;

/** Every frame has a 16-bit length, so this is all a frame can need: nothing of the capture can make it grow. */
const MAX_FRAME = HEADER + 0xffff + STUN_HEADER;

/** Of data, what is kept: more than a datagram that needs no fragments. */
const MAX_DATA = 2048;

/** Frames looked at: an allocation with its permissions has ten, ICE's checks through it some dozens, media shows itself in a few. */
const MAX_FRAMES = 256;

const FIRST_ALLOCATION = 256;

/** Session id of Multiplexed TURN. */
const SESSION = 8;

export class TurnStream {
  private framing: TurnFraming | undefined;
  private readonly events: TurnEvents;
  private finished = false;
  private frames = 0;
  /** The beginning of the frame at hand. */
  private kept: Uint8Array = new Uint8Array(FIRST_ALLOCATION);
  private length = 0;
  /** Bytes of it that are needed to go on: of the header, then of the whole. */
  private wanted: number;
  private inFrame = false;
  /** Bytes of the frame beyond the wanted ones; of a frame that was read, still to be passed over. */
  private beyond = 0;

  /** `framing` undefined: as the first bytes tell. */
  constructor(framing: TurnFraming | undefined, events: TurnEvents) {
    this.framing = framing;
    this.events = events;
    this.wanted = framing === undefined ? 1 : HEADER;
  }

  /** Nothing more can be learned: enough was seen, bytes are missing, or the bytes are not framed so. */
  get done(): boolean {
    return this.finished;
  }

  /** The next bytes of the direction, in order. Keeps no reference to `bytes`. */
  data(bytes: Uint8Array, start: number, end: number, frame: number): void {
    for (let at = start; at < end && !this.finished; ) {
      if (!this.inFrame && this.beyond > 0) {
        const passed = Math.min(this.beyond, end - at);
        this.beyond -= passed;
        at += passed;
        continue;
      }
      const stop = Math.min(end, at + this.wanted - this.length);
      this.keep(bytes.subarray(at, stop));
      at = stop;
      if (this.length === this.wanted) this.advance(frame);
    }
  }

  /** Bytes are missing: without a way to find the next frame the rest proves nothing. */
  gap(): void {
    this.finish();
  }

  /** Nothing more is wanted. */
  finish(): void {
    this.finished = true;
    this.kept = new Uint8Array(0);
  }

  /** The wanted bytes are there. */
  private advance(frame: number): void {
    if (this.framing === undefined && !this.decide()) return;
    if (!this.inFrame && this.length >= HEADER && !this.beginFrame()) {
      this.finish();
      return;
    }
    if (this.inFrame && this.length >= this.wanted) this.endFrame(frame);
  }

  /** False while the framing is not known. */
  private decide(): boolean {
    const found = turnFraming(this.kept.subarray(0, this.length));
    if (found === "need-more") this.wanted = this.length + 1;
    else if (found === "no") this.finish();
    else {
      this.framing = found;
      return true;
    }
    return false;
  }

  /** The header is there: how long is the frame? False when it is none. */
  private beginFrame(): boolean {
    const total = this.frameLength();
    if (total === 0) return false;
    this.inFrame = true;
    this.wanted = this.isWhole() ? total : Math.min(total, HEADER + MAX_DATA);
    this.beyond = total - this.wanted;
    return true;
  }

  /** Of the frame in `kept`, whose header is complete; 0 when it is none. */
  private frameLength(): number {
    const { kept } = this;
    const [first, length] = [u16(kept, 0), u16(kept, 2)];
    switch (this.framing) {
      case "ms-turn":
        return first === CONTROL << 8 || first === DATA << 8 || first === MULTIPLEXED ? HEADER + length : 0;
      case "rfc4571":
        // Shorter ones than the four bytes read here are no datagram of any protocol we know.
        return first < 2 ? 0 : 2 + first;
      default:
        if (first < 0x4000) return STUN_HEADER + length;
        return first < 0x8000 ? HEADER + 4 * Math.ceil(length / 4) : 0;
    }
  }

  /** A message has to be read as a whole. */
  private isWhole(): boolean {
    const [first = 0, , third = 0] = this.kept;
    return this.framing === "ms-turn" ? first === CONTROL : (this.framing === "bare" ? first : third) < 0x40;
  }

  private endFrame(frame: number): void {
    const bytes = this.kept.subarray(0, this.length);
    this.inFrame = false;
    this.length = 0;
    this.wanted = HEADER;
    if (!this.read(bytes, frame) || ++this.frames === MAX_FRAMES) this.finish();
  }

  /** False: the bytes are not framed so. */
  private read(bytes: Uint8Array, frame: number): boolean {
    const framing = this.framing as TurnFraming;
    const [first = 0] = bytes;
    const content = bytes.subarray(FRAME_HEADER[framing]);
    if (framing === "ms-turn" ? first === CONTROL : (content[0] as number) < 0x40) {
      const message = parsed(content);
      if (message !== undefined && (framing !== "ms-turn" || message.dialect === "ms-turn")) {
        this.events.message(message, framing, frame);
        return true;
      }
      if (framing !== "rfc4571") return false;
    }
    if (framing === "rfc4571") this.events.data(content, framing, frame);
    else if (framing === "ms-turn")
      this.events.data(first === DATA ? content : content.subarray(SESSION), framing, frame);
    else this.events.data(bytes.subarray(HEADER, Math.min(HEADER + u16(bytes, 2), bytes.length)), framing, frame);
    return true;
  }

  private keep(bytes: Uint8Array): void {
    const wanted = this.length + bytes.length;
    if (wanted > this.kept.length) {
      const grown = new Uint8Array(Math.min(MAX_FRAME, Math.max(wanted, this.kept.length * 2)));
      grown.set(this.kept.subarray(0, this.length));
      this.kept = grown;
    }
    this.kept.set(bytes, this.length);
    this.length = wanted;
  }
}

function parsed(bytes: Uint8Array): StunMessage | undefined {
  try {
    return parseStun(bytes);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

/** A control frame whose message begins with the magic cookie attribute. */
function beginsMsFrame(bytes: Uint8Array): "yes" | "no" | "need-more" {
  const cookie = HEADER + STUN_HEADER;
  const fits = (at: number, value: number) => bytes[at] === undefined || bytes[at] === value;
  if (!fits(0, CONTROL) || !fits(1, 0)) return "no";
  if (bytes.length >= 8 && u16(bytes, 2) !== u16(bytes, 6) + STUN_HEADER) return "no";
  if (!MS_COOKIE.every((value, i) => fits(cookie + i, value))) return "no";
  return bytes.length < cookie + MS_COOKIE.length ? "need-more" : "yes";
}

/** Bytes must be there. */
function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
