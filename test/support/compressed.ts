/** Compressed data for tests: contents of several kinds, and what comes out of a decompressor with what it said. */
import { newNotes } from "../../src/capture/format.ts";
import { Input } from "../../src/capture/input.ts";
import type { CaptureProblem } from "../../src/capture/problem.ts";
import { Unzstd } from "../../src/capture/zstd.ts";
import { concat, ints, memorySource } from "./capture-writer.ts";

export interface Unpacked {
  readonly bytes: Uint8Array;
  readonly problems: readonly CaptureProblem[];
}

/** Everything that comes out of `packed`, delivered `piece` bytes at a time, taken `into` bytes at a time. */
export async function unzstd(
  packed: Uint8Array,
  { piece = Number.POSITIVE_INFINITY, into = 1 << 16 } = {},
): Promise<Unpacked> {
  const notes = newNotes();
  const source = new Unzstd(new Input(memorySource(packed, { piece }), 4096), notes);
  const taken: Uint8Array[] = [];
  const buffer = new Uint8Array(into);
  for (;;) {
    const count = await source.read(buffer);
    if (count === 0) return { bytes: concat(...taken), problems: notes.problems };
    taken.push(buffer.slice(0, count));
  }
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Text-like, repetitive, incompressible, mixed. Deterministic. */
export function content(kind: string, length: number): Uint8Array {
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 16;
  };
  const words = "frame segment record flight hello issuer relay candidate a of the and 0 1 2 443 3478 ".split(" ");
  let word = "";
  let next = 0;
  const of: Record<string, (i: number) => number> = {
    zeros: () => 0,
    "short period": (i) => (i * 7) % 13,
    random: () => random() & 255,
    skewed: () => 31 - Math.clz32((random() & 0xffff) | 1),
    mixed: (i) => ((i >> 12) & 1 ? random() & 255 : i % 251),
    text: () => {
      if (next === word.length) {
        word = `${words[random() % words.length]} `;
        next = 0;
      }
      return word.charCodeAt(next++);
    },
    // Like a capture: headers that differ little, then payload.
    records: (i) =>
      i % 90 < 40 ? (i % 90 === 7 ? (i / 90) & 255 : (i % 90) * 3) : i % 1700 < 500 ? random() & 255 : 0,
  };
  const make = of[kind] as (i: number) => number;
  return Uint8Array.from({ length }, (_, i) => make(i));
}

/** A block of zstd: 0 as it is, 1 one byte `size` times, 2 compressed. */
export function zstdBlock(kind: number, data: Uint8Array, { last = false, size = data.length } = {}): Uint8Array {
  return concat(ints(false, [(last ? 1 : 0) | (kind << 1) | ((size & 0x1fff) << 3), 2], [size >> 13, 1]), data);
}

interface FrameFields {
  /** Exponent of 2. */
  readonly window?: number;
  readonly descriptor?: number;
  /** Dictionary and content size. */
  readonly fields?: Uint8Array;
}

/** A frame of zstd without content size and checksum, unless the descriptor says otherwise. */
export function zstdFrame(
  blocks: readonly Uint8Array[],
  { window = 17, descriptor = 0, fields = new Uint8Array(0) }: FrameFields = {},
): Uint8Array {
  return concat(
    ints(false, [0xfd2fb528, 4], [descriptor, 1]),
    (descriptor & 0x20) !== 0 ? new Uint8Array(0) : Uint8Array.of((window - 10) << 3),
    fields,
    ...blocks,
  );
}

/** In frames of zstd, as it is: no tool is needed to write them. */
export function zstdStored(bytes: Uint8Array): Uint8Array {
  const frames: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += 100_000) {
    frames.push(zstdFrame([zstdBlock(0, bytes.subarray(at, at + 100_000), { last: true })]));
  }
  return concat(...frames);
}
