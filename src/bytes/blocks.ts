/**
 * Blocks: byte arrays of one size, lent and given back. Thousands of messages are put together from pieces and read at once;
 * a new array for each would cost more than reading it. Knows nothing of what is in them.
 */

/** Enough for most certificate chains. */
export const BLOCK_SIZE = 4096;
/** Blocks kept for the next borrower: more are in use at once only when a capture has hundreds of handshakes side by side. */
const MAX_FREE = 256;

export class Blocks {
  private readonly free: Uint8Array[] = [];

  /** A block with anything in it. */
  take(): Uint8Array {
    return this.free.pop() ?? new Uint8Array(BLOCK_SIZE);
  }

  /** Takes back what `take` lent; nothing refers to it any more. */
  give(block: Uint8Array): void {
    if (this.free.length < MAX_FREE) this.free.push(block);
  }
}
