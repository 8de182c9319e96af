/**
 * What follows a pseudo-TLS dialogue, one direction: framed TURN, in the clear. Finds the first message that proves TURN;
 * knows nothing of TCP, of the other direction, or of what the message asks for.
 *
 * ms-turn: [MS-TURN] section 2.1.4, type 2 (control message) or 3 (data), a zero byte, a 16-bit length.
 * ssltcp: STUN in RFC 4571 frames (a 16-bit length), or bare as in RFC 8489 section 6.2.2.
 */
import { ParseError } from "../../bytes/parse-error.ts";
import { parseStun, STUN_HEADER, stunLength } from "../stun/message.ts";
import type { PseudoTlsDialect } from "./hello.ts";

const CONTROL = 2;
const DATA = 3;

/** Type, reserved, length. */
const MS_HEADER = 4;

/** Every frame has a 16-bit length, so this is all a frame can need: nothing of the capture can make it grow. */
const MAX_FRAME = MS_HEADER + 0xffff + STUN_HEADER;

const FIRST_ALLOCATION = 256;

export class TurnFraming {
  private readonly dialect: PseudoTlsDialect;
  private readonly found: (frame: number) => void;
  private finished = false;
  /** The beginning of the frame at hand. */
  private kept: Uint8Array = new Uint8Array(FIRST_ALLOCATION);
  private length = 0;
  /** Bytes of a data frame still to be passed over. */
  private skip = 0;

  /** `found` is called once, with the frame that completes the first valid STUN or TURN message. */
  constructor(dialect: PseudoTlsDialect, found: (frame: number) => void) {
    this.dialect = dialect;
    this.found = found;
  }

  /** Nothing more can be learned: a message was found, bytes are missing, or the bytes are not framed so. */
  get done(): boolean {
    return this.finished;
  }

  /** The next bytes of the direction, in order. Keeps no reference to `bytes`. */
  data(bytes: Uint8Array, start: number, end: number, frame: number): void {
    for (let at = start; at < end && !this.finished; ) {
      if (this.skip > 0) {
        const passed = Math.min(this.skip, end - at);
        this.skip -= passed;
        at += passed;
        continue;
      }
      const wanted = this.wanted();
      const stop = Math.min(end, at + wanted - this.length);
      this.keep(bytes.subarray(at, stop));
      at = stop;
      if (this.length === wanted) this.advance(frame);
    }
  }

  /** Bytes are missing: without a way to find the next frame the rest proves nothing. */
  gap(): void {
    this.finish();
  }

  private finish(): void {
    this.finished = true;
    this.kept = new Uint8Array(0);
  }

  /** How many bytes are needed to go on: a header, or the whole frame that a complete header announces. */
  private wanted(): number {
    const header = this.dialect === "ms-turn" ? MS_HEADER : STUN_HEADER;
    return this.length < header ? header : this.frameLength();
  }

  /** Of the frame in `kept`, whose header is complete; 0 when it is none. */
  private frameLength(): number {
    const [first = 0, second = 0, third = 0, fourth = 0] = this.kept;
    if (this.dialect === "ms-turn")
      return second === 0 && (first === CONTROL || first === DATA) ? MS_HEADER + third * 256 + fourth : 0;
    const bare = stunLength(this.kept.subarray(0, this.length));
    if (typeof bare === "number") return bare;
    const framed = first * 256 + second;
    return framed >= STUN_HEADER ? 2 + framed : 0;
  }

  /** The header, or the whole frame, is there. */
  private advance(frame: number): void {
    const total = this.frameLength();
    if (total < this.length) this.finish();
    else if (this.dialect === "ms-turn" && this.kept[0] === DATA) this.pass(total - this.length);
    else if (total === this.length) this.judge(frame);
  }

  private pass(count: number): void {
    this.skip = count;
    this.length = 0;
  }

  private judge(frame: number): void {
    const bytes = this.kept.subarray(0, this.length);
    try {
      if (this.dialect === "ms-turn") {
        if (parseStun(bytes.subarray(MS_HEADER)).dialect === "ms-turn") this.found(frame);
      } else {
        parseStun(typeof stunLength(bytes) === "number" ? bytes : bytes.subarray(2));
        this.found(frame);
      }
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
    this.finish();
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
