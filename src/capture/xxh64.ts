/**
 * XXH64, the checksum of zstd's frames (github.com/Cyan4973/xxHash, doc/xxhash_spec.md; seed 0), of which zstd keeps the lower
 * half. Owns the arithmetic: 64 bits in two halves, because BigInt takes ten times as long. Knows nothing of what it sums up.
 */

/** The five primes, upper and lower half. */
const P1H = 0x9e3779b1 | 0;
const P1L = 0x85ebca87 | 0;
const P2H = 0xc2b2ae3d | 0;
const P2L = 0x27d4eb4f | 0;
const P3H = 0x165667b1 | 0;
const P3L = 0x9e3779f9 | 0;
const P4H = 0x85ebca77 | 0;
const P4L = 0xc2b2ae63 | 0;
const P5H = 0x27d4eb2f | 0;
const P5L = 0x165667c5 | 0;

const STRIPE = 32;

/** A number of 64 bits that is worked on. */
interface Wide {
  high: number;
  low: number;
}

export class Xxh64 {
  private readonly lanes: readonly Wide[];
  /** What has not filled a stripe yet. */
  private readonly rest = new Uint8Array(STRIPE);
  private readonly restView = new DataView(this.rest.buffer);
  private length = 0;

  constructor() {
    const start: Wide = { high: P1H, low: P1L };
    add(start, P2H, P2L);
    const last: Wide = { high: 0, low: 0 };
    add(last, ~P1H, ~P1L);
    add(last, 0, 1);
    this.lanes = [start, { high: P2H, low: P2L }, { high: 0, low: 0 }, last];
  }

  /** Takes in `bytes[start … end)`. */
  update(bytes: Uint8Array, start: number, end: number): void {
    const { rest } = this;
    let at = start;
    const waiting = this.length % STRIPE;
    this.length += end - start;
    if (waiting > 0) {
      const taken = Math.min(STRIPE - waiting, end - at);
      rest.set(bytes.subarray(at, at + taken), waiting);
      at += taken;
      if (waiting + taken < STRIPE) return;
      this.stripes(this.restView, 0, STRIPE);
    }
    const whole = at + (end - at - ((end - at) % STRIPE));
    if (whole > at) this.stripes(new DataView(bytes.buffer, bytes.byteOffset), at, whole);
    rest.set(bytes.subarray(whole, end));
  }

  /** The lower 32 bits of the checksum, as an unsigned number. */
  low32(): number {
    const { lanes, length, restView } = this;
    const sum: Wide = { high: P5H, low: P5L };
    if (length >= STRIPE) {
      sum.high = sum.low = 0;
      for (const [index, { high, low }] of lanes.entries()) {
        const turned = { high, low };
        rotate(turned, [1, 7, 12, 18][index] as number);
        add(sum, turned.high, turned.low);
      }
      for (const { high, low } of lanes) {
        const lane: Wide = { high: 0, low: 0 };
        round(lane, high, low);
        sum.high ^= lane.high;
        sum.low ^= lane.low;
        multiply(sum, P1H, P1L);
        add(sum, P4H, P4L);
      }
    }
    add(sum, Math.floor(length / 2 ** 32), length | 0);
    const left = length % STRIPE;
    let at = 0;
    for (; at + 8 <= left; at += 8) {
      const lane: Wide = { high: 0, low: 0 };
      round(lane, restView.getInt32(at + 4, true), restView.getInt32(at, true));
      sum.high ^= lane.high;
      sum.low ^= lane.low;
      rotate(sum, 27);
      multiply(sum, P1H, P1L);
      add(sum, P4H, P4L);
    }
    if (at + 4 <= left) {
      const word: Wide = { high: 0, low: restView.getInt32(at, true) };
      multiply(word, P1H, P1L);
      sum.high ^= word.high;
      sum.low ^= word.low;
      rotate(sum, 23);
      multiply(sum, P2H, P2L);
      add(sum, P3H, P3L);
      at += 4;
    }
    for (; at < left; at++) {
      const byte: Wide = { high: 0, low: restView.getUint8(at) };
      multiply(byte, P5H, P5L);
      sum.high ^= byte.high;
      sum.low ^= byte.low;
      rotate(sum, 11);
      multiply(sum, P1H, P1L);
    }
    // xor with itself shifted right by 33, 29 and 32, between multiplications.
    sum.low ^= sum.high >>> 1;
    multiply(sum, P2H, P2L);
    const { high } = sum;
    sum.low ^= (sum.low >>> 29) | (high << 3);
    sum.high ^= high >>> 29;
    multiply(sum, P3H, P3L);
    return (sum.low ^ sum.high) >>> 0;
  }

  private stripes(view: DataView, from: number, end: number): void {
    const [one, two, three, four] = this.lanes as [Wide, Wide, Wide, Wide];
    for (let at = from; at < end; at += STRIPE) {
      round(one, view.getInt32(at + 4, true), view.getInt32(at, true));
      round(two, view.getInt32(at + 12, true), view.getInt32(at + 8, true));
      round(three, view.getInt32(at + 20, true), view.getInt32(at + 16, true));
      round(four, view.getInt32(at + 28, true), view.getInt32(at + 24, true));
    }
  }
}

/** lane = rotate(lane + word · P2, 31) · P1 */
function round(lane: Wide, high: number, low: number): void {
  const productLow = Math.imul(low, P2L);
  const productHigh = (Math.imul(high, P2L) + Math.imul(low, P2H) + upperHalf(low, P2L)) | 0;
  const sumLow = (lane.low + productLow) | 0;
  const sumHigh = (lane.high + productHigh + (sumLow >>> 0 < productLow >>> 0 ? 1 : 0)) | 0;
  // By 31 to the left is by 1 to the right with the halves exchanged.
  const turnedHigh = (sumLow >>> 1) | (sumHigh << 31);
  const turnedLow = (sumHigh >>> 1) | (sumLow << 31);
  lane.low = Math.imul(turnedLow, P1L);
  lane.high = (Math.imul(turnedHigh, P1L) + Math.imul(turnedLow, P1H) + upperHalf(turnedLow, P1L)) | 0;
}

function add(sum: Wide, high: number, low: number): void {
  const result = (sum.low + low) | 0;
  sum.high = (sum.high + high + (result >>> 0 < low >>> 0 ? 1 : 0)) | 0;
  sum.low = result;
}

function multiply(value: Wide, high: number, low: number): void {
  const { high: h, low: l } = value;
  value.low = Math.imul(l, low);
  value.high = (Math.imul(h, low) + Math.imul(l, high) + upperHalf(l, low)) | 0;
}

/** By 1 to 31 bits to the left. */
function rotate(value: Wide, bits: number): void {
  const { high, low } = value;
  value.high = (high << bits) | (low >>> (32 - bits));
  value.low = (low << bits) | (high >>> (32 - bits));
}

/** The upper 32 bits of the product of two unsigned numbers, made of products of their halves. */
function upperHalf(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = (Math.imul(a1, b0) >>> 0) + (Math.imul(a0, b0) >>> 16);
  const other = (Math.imul(a0, b1) >>> 0) + (middle & 0xffff);
  return (Math.imul(a1, b1) + (middle >>> 16) + (other >>> 16)) | 0;
}
