/** The first payload bytes of one direction, kept for recognition by content and for showing. Knows nothing of protocols. */

/** Long enough for the longest fixed hello (ssltcp: 79 and [MS-TURN]: 83 bytes), a request line and a status line. */
export const HEAD_BYTES = 256;

export class Head {
  private buffer: Uint8Array | undefined = undefined;
  /** Bytes held. */
  length = 0;
  /** A part of the beginning was not captured: what is here ends before it. */
  broken = false;

  append(bytes: Uint8Array, start: number, end: number): void {
    if (this.broken || this.length === HEAD_BYTES) return;
    const take = Math.min(end - start, HEAD_BYTES - this.length);
    this.buffer ??= new Uint8Array(HEAD_BYTES);
    this.buffer.set(bytes.subarray(start, start + take), this.length);
    this.length += take;
  }

  /** A view of what is held. */
  get bytes(): Uint8Array {
    return this.buffer === undefined ? new Uint8Array(0) : this.buffer.subarray(0, this.length);
  }
}
