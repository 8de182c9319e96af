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

interface Entry<T> {
  /** The key. */
  readonly view: DataView;
  readonly value: T;
}

export class ByteTable<T> {
  private readonly byHash = new Map<number, Entry<T>[]>();

  get(key: Uint8Array): T | undefined {
    const same = this.byHash.get(hashOf(key));
    if (same === undefined) return undefined;
    const view = viewOf(key);
    for (const entry of same) if (equal(entry.view, view)) return entry.value;
    return undefined;
  }

  /** `key` is kept, not copied, and must be new. False: there are too many like it, and the value was not kept. */
  add(key: Uint8Array, value: T): boolean {
    const hash = hashOf(key);
    const same = this.byHash.get(hash);
    const entry = { view: viewOf(key), value };
    if (same === undefined) this.byHash.set(hash, [entry]);
    else if (same.length < MAX_SAME_HASH) same.push(entry);
    else return false;
    return true;
  }

  delete(key: Uint8Array): void {
    const hash = hashOf(key);
    const view = viewOf(key);
    const rest = (this.byHash.get(hash) ?? []).filter((entry) => !equal(entry.view, view));
    if (rest.length === 0) this.byHash.delete(hash);
    else this.byHash.set(hash, rest);
  }
}

/** FNV-1a (32 bits) over the length and both ends. */
function hashOf(key: Uint8Array): number {
  const { length } = key;
  let hash = 0x811c9dc5 ^ length;
  const head = Math.min(length, HASHED);
  for (let i = 0; i < head; i++) hash = Math.imul(hash ^ (key[i] as number), 0x01000193);
  for (let i = Math.max(head, length - HASHED); i < length; i++) {
    hash = Math.imul(hash ^ (key[i] as number), 0x01000193);
  }
  return hash;
}

/** A certificate has over a thousand bytes: read through views, four at a time. */
function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function equal(one: DataView, other: DataView): boolean {
  const length = one.byteLength;
  if (other.byteLength !== length) return false;
  const words = length & ~3;
  for (let i = 0; i < words; i += 4) if (one.getInt32(i) !== other.getInt32(i)) return false;
  for (let i = words; i < length; i++) if (one.getUint8(i) !== other.getUint8(i)) return false;
  return true;
}
