/**
 * Times of pcapng: a 64-bit count of units whose length each interface chooses, to whole seconds and nanoseconds.
 * Owns the arithmetic, which is exact; finer than nanoseconds is truncated. Knows nothing of blocks.
 *
 * The per-frame fast path: no BigInt, hence no allocation, for every resolution from 1 s to 1 ns in decimal and 2^-30 s in binary.
 */
export interface Clock {
  /** Units per second when they fit the fast path, else 0. */
  readonly units: number;
  /** Nanoseconds are `rest * times / over`, exact in 53 bits for every `rest` below `units`. */
  readonly times: number;
  readonly over: number;
  /** Units per second, whatever their number. */
  readonly exactUnits: bigint;
  /** Seconds to add, negative too. */
  readonly offset: number;
}

/**
 * The clock of an interface from if_tsresol (bit 7: power of 2 instead of 10; bits 6–0: negative exponent) and if_tsoffset in
 * seconds, draft-ietf-opsawg-pcapng section 4.2.
 */
export function clockOf(resolution: number, offset: bigint): Clock {
  const exponent = resolution & 0x7f;
  const exactUnits = (resolution & 0x80) === 0 ? 10n ** BigInt(exponent) : 1n << BigInt(exponent);
  // 10^9 = 2^9 · 5^9: taking the common power of 2 out keeps rest · times below 2^30 · 2^21.
  const common = (resolution & 0x80) === 0 ? exactUnits : 1n << BigInt(Math.min(exponent, 9));
  const fast = exactUnits <= 1n << 30n;
  return {
    units: fast ? Number(exactUnits) : 0,
    times: fast ? Number(NANOS / common) : 0,
    over: fast ? Number(exactUnits / common) : 0,
    exactUnits,
    offset: Number(offset),
  };
}

/** A frame, or a slot for its time alone. */
export interface Moment {
  seconds: number;
  nanos: number;
}

/** Sets seconds and nanos of `frame` from the two halves of a timestamp; exact below 2^53 seconds (285 million years). */
export function setTime(frame: Moment, clock: Clock, high: number, low: number): void {
  const units = clock.units;
  if (units === 0) {
    setTimeExactly(frame, clock, high, low);
    return;
  }
  // Long division in base 2^16: every step stays below units · 2^16 ≤ 2^46, so that the quotient in floating point is exact.
  const q0 = Math.floor(high / units);
  let rest = (high - q0 * units) * 0x10000 + (low >>> 16);
  const q1 = Math.floor(rest / units);
  rest = (rest - q1 * units) * 0x10000 + (low & 0xffff);
  const q2 = Math.floor(rest / units);
  rest -= q2 * units;
  frame.seconds = q0 * 0x100000000 + q1 * 0x10000 + q2 + clock.offset;
  frame.nanos = Math.floor((rest * clock.times) / clock.over);
}

const NANOS = 1_000_000_000n;

function setTimeExactly(frame: Moment, clock: Clock, high: number, low: number): void {
  const count = (BigInt(high) << 32n) | BigInt(low);
  frame.seconds = Number(count / clock.exactUnits) + clock.offset;
  frame.nanos = Number(((count % clock.exactUnits) * NANOS) / clock.exactUnits);
}
