/**
 * Blocks: byte arrays of one size, lent and given back. Thousands of messages are put together from pieces and read at once;
 * a new array for each would cost more than reading it. Knows nothing of what is in them.
 */

/** Enough for most certificate chains. */
export const BLOCK_SIZE = 4096;
/** Blocks in one piece of memory: whoever looks through views at what they hold needs few of them. */
const AT_ONCE = 64;
/** Blocks kept for the next borrower: more are in use at once only when a capture has hundreds of handshakes side by side. */
const MAX_FREE = 256;

export class Blocks {
  private readonly free: Uint8Array[] = [];

  /** A block with anything in it. */
  take(): Uint8Array {
    const block = this.free.pop();
    if (block !== undefined) return block;
    const memory = new ArrayBuffer(AT_ONCE * BLOCK_SIZE);
    for (let i = 1; i < AT_ONCE; i++) this.free.push(new Uint8Array(memory, i * BLOCK_SIZE, BLOCK_SIZE));
    return new Uint8Array(memory, 0, BLOCK_SIZE);
  }

  /** Takes back what `take` lent; nothing refers to it any more. */
  give(block: Uint8Array): void {
    if (this.free.length < MAX_FREE) this.free.push(block);
  }
}
