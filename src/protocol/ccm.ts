/**
 * AES-CCM (RFC 3610, NIST SP 800-38C), opening only: the AEAD of two TLS 1.3 suites that the library of ciphers has not. Owns how
 * its two modes of AES go together; AES itself is the library's.
 */

/** AES as a library has it, in the two modes that CCM is made of. */
export interface AesModes {
  /** Counter mode; `counter` is the first block, counted up as one big-endian number. */
  readonly ctr: (key: Uint8Array, counter: Uint8Array, data: Uint8Array) => Uint8Array;
  /** CBC with a first block of zeros. `data`: whole blocks. */
  readonly cbc: (key: Uint8Array, data: Uint8Array) => Uint8Array;
}

const BLOCK = 16;
/** RFC 3610 section 2: bytes of the message's length in a block, what a nonce of 12 bytes leaves. */
const LENGTH_BYTES = 3;

/** `nonce`: 12 bytes. `header`: 1 to 65 279 bytes. Throws when the tag, of `tagLength` bytes, does not fit. */
export function openCcm(
  { ctr, cbc }: AesModes,
  tagLength: number,
  key: Uint8Array,
  nonce: Uint8Array,
  header: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  const length = sealed.length - tagLength;
  if (length < 0) throw new Error("shorter than its tag");
  // Section 2.3: block 0 of the key stream covers the tag, the others the message.
  const counter = new Uint8Array(BLOCK);
  counter[0] = LENGTH_BYTES - 1;
  counter.set(nonce, 1);
  const covered = new Uint8Array(BLOCK + length);
  covered.set(sealed.subarray(length));
  covered.set(sealed.subarray(0, length), BLOCK);
  const uncovered = ctr(key, counter, covered);
  const message = uncovered.subarray(BLOCK);
  const tag = authenticate(cbc, tagLength, key, nonce, header, message);
  for (let i = 0; i < tagLength; i++) if (tag[i] !== uncovered[i]) throw new Error("the tag does not fit");
  return message;
}

/** Section 2.2: the CBC-MAC over a block of parameters, the header with its length, and the message, each filled up with zeros. */
function authenticate(
  cbc: AesModes["cbc"],
  tagLength: number,
  key: Uint8Array,
  nonce: Uint8Array,
  header: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  const messageAt = BLOCK + wholeBlocks(2 + header.length);
  const blocks = new Uint8Array(messageAt + wholeBlocks(message.length));
  blocks[0] = 0x40 | (((tagLength - 2) / 2) << 3) | (LENGTH_BYTES - 1);
  blocks.set(nonce, 1);
  const view = new DataView(blocks.buffer);
  view.setUint8(BLOCK - 3, message.length >>> 16);
  view.setUint16(BLOCK - 2, message.length & 0xffff);
  view.setUint16(BLOCK, header.length);
  blocks.set(header, BLOCK + 2);
  blocks.set(message, messageAt);
  return cbc(key, blocks).subarray(-BLOCK);
}

function wholeBlocks(length: number): number {
  return Math.ceil(length / BLOCK) * BLOCK;
}
