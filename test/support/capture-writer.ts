/**
 * Writes small captures for tests, sound or deliberately broken, and serves them in pieces of any size.
 * Independent of src/capture on purpose: a shared mistake would hide itself.
 */
import type { ByteSource } from "../../src/capture/input.ts";

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Unsigned integers one after the other: `[value, bytes]`. */
export function ints(big: boolean, ...fields: readonly (readonly [number | bigint, 1 | 2 | 4 | 8])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, size]) => sum + size, 0)));
  let at = 0;
  for (const [value, size] of fields) {
    if (size === 1) view.setUint8(at, Number(value));
    else if (size === 2) view.setUint16(at, Number(value), !big);
    else if (size === 4) view.setUint32(at, Number(value), !big);
    else view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), !big);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

/** Recognisable content: byte i is (seed + i) mod 256. */
export function payload(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => seed + i);
}

export function pcapHeader(
  options: { big?: boolean; nanos?: boolean; magic?: number; link?: number; major?: number; minor?: number } = {},
): Uint8Array {
  const { big = false, nanos = false, link = 1, major = 2, minor = 4 } = options;
  return ints(
    big,
    [options.magic ?? (nanos ? 0xa1b23c4d : 0xa1b2c3d4), 4],
    [major, 2],
    [minor, 2],
    [0, 4],
    [0, 4],
    [262144, 4],
    [link, 4],
  );
}

export function pcapRecord(
  data: Uint8Array,
  options: {
    big?: boolean;
    seconds?: number;
    fraction?: number;
    captured?: number;
    original?: number;
    /** Of the record header, behind the lengths. */
    rest?: Uint8Array;
  } = {},
): Uint8Array {
  const { big = false, seconds = 0, fraction = 0, captured = data.length, original = data.length } = options;
  return concat(
    ints(big, [seconds, 4], [fraction, 4], [captured, 4], [original, 4]),
    options.rest ?? new Uint8Array(0),
    data,
  );
}

/** A pcapng block around `body`, which is padded; `second` replaces the length at the end. */
export function block(big: boolean, type: number, body: Uint8Array, second?: number): Uint8Array {
  const padding = new Uint8Array(-body.length & 3);
  const length = 12 + body.length + padding.length;
  return concat(ints(big, [type, 4], [length, 4]), body, padding, ints(big, [second ?? length, 4]));
}

export function sectionHeader(big = false, minor = 0, ...options: readonly Uint8Array[]): Uint8Array {
  const fields = ints(big, [0x1a2b3c4d, 4], [1, 2], [minor, 2], [0xffffffffffffffffn, 8]);
  return block(big, 0x0a0d0d0a, concat(fields, ...options));
}

/** A record of a name resolution block: an address of 4 or 16 bytes, then names, each ended by a zero byte. */
export function nameRecord(big: boolean, address: Uint8Array, ...names: readonly string[]): Uint8Array {
  const ended = names.map((name) => new TextEncoder().encode(`${name}\0`));
  return option(big, address.length === 4 ? 1 : 2, concat(address, ...ended));
}

export function interfaceStatistics(big: boolean, on: number, ...options: readonly Uint8Array[]): Uint8Array {
  return block(big, 5, concat(ints(big, [on, 4], [0, 8]), ...options));
}

/** A process as Apple's tcpdump writes it. */
export function appleProcess(big: boolean, pid: number, name: string): Uint8Array {
  return block(big, 0x80000001, concat(ints(big, [pid, 4]), option(big, 2, new TextEncoder().encode(name))));
}

export function option(big: boolean, code: number, value: Uint8Array): Uint8Array {
  return concat(ints(big, [code, 2], [value.length, 2]), value, new Uint8Array(-value.length & 3));
}

export function interfaceDescription(
  options: { big?: boolean; link?: number; snap?: number; resolution?: number; offset?: bigint; fcsBits?: number } = {},
): Uint8Array {
  const { big = false, link = 1, snap = 0, resolution, offset, fcsBits } = options;
  return block(
    big,
    1,
    concat(
      ints(big, [link, 2], [0, 2], [snap, 4]),
      ...(resolution === undefined ? [] : [option(big, 9, ints(big, [resolution, 1]))]),
      ...(fcsBits === undefined ? [] : [option(big, 13, ints(big, [fcsBits, 1]))]),
      ...(offset === undefined ? [] : [option(big, 14, ints(big, [offset, 8]))]),
      option(big, 0, new Uint8Array(0)),
    ),
  );
}

export function enhancedPacket(
  data: Uint8Array,
  options: {
    big?: boolean;
    on?: number;
    time?: bigint;
    captured?: number;
    original?: number;
    trailer?: Uint8Array;
  } = {},
): Uint8Array {
  const {
    big = false,
    on = 0,
    time = 0n,
    captured = data.length,
    original = data.length,
    trailer = new Uint8Array(0),
  } = options;
  return block(
    big,
    6,
    concat(
      ints(big, [on, 4], [time >> 32n, 4], [time & 0xffffffffn, 4], [captured, 4], [original, 4]),
      data,
      new Uint8Array(-data.length & 3),
      trailer,
    ),
  );
}

export function simplePacket(data: Uint8Array, original = data.length, big = false): Uint8Array {
  return block(big, 3, concat(ints(big, [original, 4]), data));
}

export function obsoletePacket(
  data: Uint8Array,
  options: { big?: boolean; on?: number; time?: bigint; original?: number } = {},
): Uint8Array {
  const { big = false, on = 0, time = 0n, original = data.length } = options;
  const header = ints(big, [on, 2], [7, 2], [time >> 32n, 4], [time & 0xffffffffn, 4], [data.length, 4], [original, 4]);
  return block(big, 2, concat(header, data));
}

/** "TLSK" in a decryption secrets block: an NSS key log. */
export const TLS_KEY_LOG = 0x544c534b;

/** A decryption secrets block; `size`: what it says of the length of the secrets. */
export function secretsBlock(secrets: Uint8Array, kind = TLS_KEY_LOG, size = secrets.length): Uint8Array {
  return block(false, 10, concat(ints(false, [kind, 4], [size, 4]), secrets));
}

/** Serves `bytes` in pieces of at most `piece`, at once or each after a turn of the event loop; can be rewound. */
export function memorySource(
  bytes: Uint8Array,
  options: { name?: string; piece?: number; later?: boolean } = {},
): MemorySource {
  return new MemorySource(
    bytes,
    options.name ?? "memory",
    options.piece ?? Number.POSITIVE_INFINITY,
    options.later ?? false,
  );
}

export class MemorySource implements ByteSource {
  readonly name: string;
  readonly size: number;
  /** How often reading began at the first byte. */
  opened = 0;
  isOpen = false;
  private readonly bytes: Uint8Array;
  private readonly piece: number;
  private readonly later: boolean;
  private at = 0;

  constructor(bytes: Uint8Array, name: string, piece: number, later: boolean) {
    this.bytes = bytes;
    this.name = name;
    this.size = bytes.length;
    this.piece = piece;
    this.later = later;
  }

  read(into: Uint8Array): number | Promise<number> {
    if (this.at === 0) this.opened++;
    this.isOpen = true;
    const count = Math.min(into.length, this.piece, this.bytes.length - this.at);
    into.set(this.bytes.subarray(this.at, this.at + count));
    this.at += count;
    return this.later ? new Promise((resolve) => setImmediate(() => resolve(count))) : count;
  }

  close(): void {
    this.isOpen = false;
  }

  rewind(): void {
    this.isOpen = false;
    this.at = 0;
  }

  seek(offset: number): void {
    this.at = Math.min(offset, this.bytes.length);
  }
}
