/**
 * CryptoStream: the handshake messages of one direction in one packet number space, from pieces in any order (RFC 9000 section 7.5).
 * Owns their order and the bounds on what waits; knows nothing of what the messages say.
 */

/** Message header: type and length. */
const HEADER = 4;
/** Pieces that wait for what goes before them; Chrome sends a hello in some ten, a long chain comes in some thirty. */
const MAX_PIECES = 128;

export interface CryptoMessage {
  readonly type: number;
  /** A copy. */
  readonly body: Uint8Array;
  /** Frames that carried a part of it, ascending. */
  readonly frames: readonly number[];
}

interface Piece {
  readonly offset: number;
  readonly data: Uint8Array;
  readonly frame: number;
}

export class CryptoStream {
  /** Bytes from the beginning that are read, or may wait. */
  private readonly limit: number;
  /** In the order of their offsets. */
  private pieces: Piece[] = [];
  private waiting = 0;
  private consumed = 0;
  private done = false;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** The messages that are complete with this piece; `data` is copied. */
  add(offset: number, data: Uint8Array, frame: number): CryptoMessage[] {
    const end = offset + data.length;
    if (this.done || end <= this.consumed || end > this.limit) return [];
    // Sent again.
    if (this.pieces.some((piece) => piece.offset === offset && piece.data.length >= data.length)) return [];
    this.waiting += data.length;
    if (this.waiting > this.limit || this.pieces.length === MAX_PIECES) {
      this.giveUp();
      return [];
    }
    // Not slice(): on a Buffer that would be a view of the caller's reused memory.
    this.pieces.push({ offset, data: new Uint8Array(data), frame });
    this.pieces.sort((one, other) => one.offset - other.offset);
    const messages: CryptoMessage[] = [];
    for (let next = this.next(); next !== undefined; next = this.next()) messages.push(next);
    return messages;
  }

  private next(): CryptoMessage | undefined {
    const start = this.consumed;
    const available = this.contiguousEnd();
    if (available < start + HEADER) return undefined;
    const [type = 0, high = 0, middle = 0, low = 0] = this.read(start, start + HEADER);
    const end = start + HEADER + high * 0x10000 + middle * 0x100 + low;
    if (end > this.limit) this.giveUp();
    if (this.done || available < end) return undefined;
    const body = this.read(start + HEADER, end);
    const carriers = this.pieces.filter((piece) => piece.offset < end && piece.offset + piece.data.length > start);
    const frames = [...new Set(carriers.map(({ frame }) => frame))].sort((one, other) => one - other);
    this.consumed = end;
    this.pieces = this.pieces.filter((piece) => piece.offset + piece.data.length > end);
    this.waiting = this.pieces.reduce((sum, { data }) => sum + data.length, 0);
    return { type, body, frames };
  }

  private contiguousEnd(): number {
    let end = this.consumed;
    for (const { offset, data } of this.pieces) if (offset <= end) end = Math.max(end, offset + data.length);
    return end;
  }

  /** `[start, end)` must be there. */
  private read(start: number, end: number): Uint8Array {
    const bytes = new Uint8Array(end - start);
    for (const { offset, data } of this.pieces) {
      const from = Math.max(start, offset);
      const to = Math.min(end, offset + data.length);
      if (from < to) bytes.set(data.subarray(from - offset, to - offset), from - start);
    }
    return bytes;
  }

  /** Nothing more is waited for. */
  private giveUp(): void {
    this.done = true;
    this.pieces = [];
  }
}
