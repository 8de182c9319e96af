/**
 * ByteTable: values by byte strings, compared byte for byte, so that no two keys are ever taken for one. Owns hashing and
 * the bound on keys with one hash value; knows nothing of what the bytes mean.
 *
 * Made to be asked much more often than written to.
 */

/** Keys with one hash value that are looked through; hostile input could make thousands. Beyond: not kept. */
const MAX_SAME_HASH = 16;
/** Bytes hashed at each end of a key: of a certificate serial, names and the signature, which differ when anything does. */
const HASHED = 64;

interface Memory {
  readonly buffer: ArrayBufferLike;
  readonly view: DataView;
}

const NOTHING = new ArrayBuffer(0);
const NO_VIEW: Memory = { buffer: NOTHING, view: new DataView(NOTHING) };

interface Entry<T> {
  /** The key. */
  readonly view: DataView;
  readonly value: T;
  /** Of the same hash value. */
  next: Entry<T> | undefined;
}

export class ByteTable<T> {
  private readonly byHash = new Map<number, Entry<T>>();
  private readonly limit: number;
  private size = 0;
  /** Of the two memories last asked for: messages are in the buffer at hand or in the blocks they were put together in. */
  private latest = NO_VIEW;
  private other = NO_VIEW;

  /** `limit`: keys kept at most. */
  constructor(limit = Number.POSITIVE_INFINITY) {
    this.limit = limit;
  }

  /** The value of the key `bytes[start..end)`. */
  get(bytes: Uint8Array, start = 0, end = bytes.length): T | undefined {
    const view = this.viewOf(bytes.buffer);
    const from = bytes.byteOffset + start;
    const length = end - start;
    let entry = this.byHash.get(hashOf(view, from, length));
    while (entry !== undefined && !equal(entry.view, view, from, length)) entry = entry.next;
    return entry?.value;
  }

  /** `key` is kept, not copied, and must be new. False: there are too many, or too many like it, and the value was not kept. */
  add(key: Uint8Array, value: T): boolean {
    if (this.isFull) return false;
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    const hash = hashOf(view, 0, key.length);
    const first = this.byHash.get(hash);
    let count = 0;
    for (let entry = first; entry !== undefined; entry = entry.next) count++;
    if (count >= MAX_SAME_HASH) return false;
    this.byHash.set(hash, { view, value, next: first });
    this.size++;
    return true;
  }

  /** Nothing more can be added. */
  get isFull(): boolean {
    return this.size >= this.limit;
  }

  /** Lets a value go that was added under this key, if it was kept. */
  delete(key: Uint8Array, value: T): void {
    const hash = hashOf(this.viewOf(key.buffer), key.byteOffset, key.length);
    let before: Entry<T> | undefined;
    let entry = this.byHash.get(hash);
    while (entry !== undefined && entry.value !== value) {
      before = entry;
      entry = entry.next;
    }
    if (entry === undefined) return;
    this.size--;
    if (before !== undefined) before.next = entry.next;
    else if (entry.next !== undefined) this.byHash.set(hash, entry.next);
    else this.byHash.delete(hash);
  }

  /** A certificate has over a thousand bytes: read through views, many at a time. */
  private viewOf(buffer: ArrayBufferLike): DataView {
    if (this.latest.buffer !== buffer) {
      const { latest, other } = this;
      this.latest = other.buffer === buffer ? other : { buffer, view: new DataView(buffer) };
      this.other = latest;
    }
    return this.latest.view;
  }
}

/** As FNV-1a (32 bits), over the length and both ends, four bytes at a time. */
function hashOf(view: DataView, start: number, length: number): number {
  const end = start + length;
  let hash = mixed(0x811c9dc5, length);
  let at = start;
  for (const head = Math.min(end, start + HASHED); at + 4 <= head; at += 4) hash = mixed(hash, view.getInt32(at, true));
  for (at = Math.max(at, end - HASHED); at + 4 <= end; at += 4) hash = mixed(hash, view.getInt32(at, true));
  for (; at < end; at++) hash = mixed(hash, view.getUint8(at));
  return hash;
}

/** A product says nothing of the upper bits of its factors in its lower ones: these are given some. */
function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x01000193);
  return product ^ (product >>> 15);
}

/** Whether `length` bytes of `other` from `start` on are those of `one`. */
function equal(one: DataView, other: DataView, start: number, length: number): boolean {
  if (one.byteLength !== length) return false;
  let i = 0;
  for (; i + 16 <= length; i += 16) {
    const at = start + i;
    const differs =
      (one.getInt32(i, true) ^ other.getInt32(at, true)) |
      (one.getInt32(i + 4, true) ^ other.getInt32(at + 4, true)) |
      (one.getInt32(i + 8, true) ^ other.getInt32(at + 8, true)) |
      (one.getInt32(i + 12, true) ^ other.getInt32(at + 12, true));
    if (differs !== 0) return false;
  }
  for (; i < length; i++) if (one.getUint8(i) !== other.getUint8(start + i)) return false;
  return true;
}
