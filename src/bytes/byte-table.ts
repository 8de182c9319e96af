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
    let entry = this.byHash.get(hashOf(bytes, start, end));
    if (entry === undefined) return undefined;
    const view = this.viewOf(bytes.buffer);
    while (entry !== undefined && !equal(entry.view, view, bytes.byteOffset + start, end - start)) entry = entry.next;
    return entry?.value;
  }

  /** `key` is kept, not copied, and must be new. False: there are too many, or too many like it, and the value was not kept. */
  add(key: Uint8Array, value: T): boolean {
    if (this.isFull) return false;
    const hash = hashOf(key, 0, key.length);
    const first = this.byHash.get(hash);
    let count = 0;
    for (let entry = first; entry !== undefined; entry = entry.next) count++;
    if (count >= MAX_SAME_HASH) return false;
    this.byHash.set(hash, { view: new DataView(key.buffer, key.byteOffset, key.length), value, next: first });
    this.size++;
    return true;
  }

  /** Nothing more can be added. */
  get isFull(): boolean {
    return this.size >= this.limit;
  }

  /** Lets a value go that was added under this key, if it was kept. */
  delete(key: Uint8Array, value: T): void {
    const hash = hashOf(key, 0, key.length);
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

  /** A certificate has over a thousand bytes: read through views, four at a time. */
  private viewOf(buffer: ArrayBufferLike): DataView {
    if (this.latest.buffer !== buffer) {
      const { latest, other } = this;
      this.latest = other.buffer === buffer ? other : { buffer, view: new DataView(buffer) };
      this.other = latest;
    }
    return this.latest.view;
  }
}

/** FNV-1a (32 bits) over the length and both ends. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let hash = 0x811c9dc5 ^ length;
  const head = start + Math.min(length, HASHED);
  for (let i = start; i < head; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  for (let i = Math.max(head, end - HASHED); i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash;
}

/** Whether `length` bytes of `other` from `start` on are those of `one`. */
function equal(one: DataView, other: DataView, start: number, length: number): boolean {
  if (one.byteLength !== length) return false;
  const words = length & ~3;
  for (let i = 0; i < words; i += 4) if (one.getInt32(i, true) !== other.getInt32(start + i, true)) return false;
  for (let i = words; i < length; i++) if (one.getUint8(i) !== other.getUint8(start + i)) return false;
  return true;
}
