/**
 * What every capture format must stand: whole, in pieces, cut anywhere, compressed, mutated. A format's test calls it with a
 * small file and what is in it.
 */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ParseError } from "../../src/bytes/parse-error.ts";
import { MAX_FRAME } from "../../src/capture/format.ts";
import type { CaptureProblem } from "../../src/capture/problem.ts";
import { type SeenFrame, walk } from "./capture-walk.ts";
import { concat, memorySource } from "./capture-writer.ts";
import { zstdStored } from "./compressed.ts";

/** A file in parts: headers and blocks (no frames), and records that hold one frame each. */
export type Part = { readonly bytes: Uint8Array; readonly frame?: SeenFrame };

/** `indexed`: the file ends with a table of its parts, so that it is damaged wherever it is cut. */
export function formatSuite(
  format: string,
  parts: readonly Part[],
  header: number,
  { title = format, indexed = false } = {},
): void {
  const bytes = concat(...parts.map((part) => part.bytes));
  const frames = parts.flatMap(({ frame }) => (frame === undefined ? [] : [frame]));

  describe(`${title}: every capture format`, () => {
    test("is read whole", async () => {
      expect(await walk(memorySource(bytes))).toEqual({
        format,
        frames,
        count: frames.length,
        problems: [],
        secrets: [],
      });
    });

    test.each([1, 2, 3, 7, 64])("is read the same %i bytes at a time, at once and later", async (piece) => {
      const whole = await walk(memorySource(bytes));
      expect(await walk(memorySource(bytes, { piece }))).toEqual(whole);
      expect(await walk(memorySource(bytes, { piece, later: true }))).toEqual(whole);
    });

    test.each([16, 100, 1000])("is read the same through a buffer that begins with %i bytes", async (size) => {
      expect(await walk(memorySource(bytes), size)).toEqual(await walk(memorySource(bytes)));
    });

    test("is read the same compressed", async () => {
      const whole = await walk(memorySource(bytes));
      expect(await walk(memorySource(gzipSync(bytes)))).toEqual({ ...whole, format: `${format}+gzip` });
      expect(await walk(memorySource(zstdStored(bytes)))).toEqual({ ...whole, format: `${format}+zstd` });
    });

    test("cut at every byte: the frames before it, and a problem unless it ends between two records", async () => {
      for (let cut = 0; cut < bytes.length; cut++) {
        const source = memorySource(bytes.subarray(0, cut));
        if (cut < header) {
          await expect(walk(source), `cut at ${cut}`).rejects.toBeInstanceOf(ParseError);
          continue;
        }
        const { before, clean } = partsBefore(parts, cut);
        const seen = await walk(source);
        expect(seen.frames, `cut at ${cut}`).toEqual(before);
        expect(seen.problems.map(kindAndFrame), `cut at ${cut}`).toEqual(
          clean && !indexed ? [] : [["truncated", before.length]],
        );
      }
    });

    test("mutated: returns, or throws ParseError from open; frames keep their bounds", async () => {
      const mutations = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 8,
      });
      await fc.assert(
        fc.asyncProperty(mutations, fc.nat(bytes.length), async (changes, cut) => {
          const hostile = bytes.slice(0, bytes.length - (cut % 40));
          for (const [at, value] of changes) if (at < hostile.length) hostile[at] = value;
          await survives(hostile);
        }),
        { numRuns: 1000 },
      );
    });

    test("its beginning followed by anything: returns or throws ParseError", async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length), fc.uint8Array({ maxLength: 300 }), (kept, noise) =>
          survives(concat(bytes.subarray(0, kept), noise)),
        ),
        { numRuns: 500 },
      );
    });
  });
}

/** Invariant: returns or throws ParseError. What it returns is bounded, numbered upwards, and the same in small pieces. */
export async function survives(bytes: Uint8Array): Promise<void> {
  const whole = await outcome(bytes, Number.POSITIVE_INFINITY);
  if (!(whole instanceof ParseError)) {
    let last = 0;
    for (const { number, data } of whole.frames) {
      expect(number).toBeGreaterThan(last);
      expect(data.length).toBeLessThanOrEqual(MAX_FRAME);
      last = number;
    }
    expect(whole.count).toBeGreaterThanOrEqual(last);
  }
  const pieces = await outcome(bytes, 5);
  if (whole instanceof ParseError) expect(pieces).toMatchObject({ kind: whole.kind, message: whole.message });
  else expect(pieces).toEqual(whole);
}

async function outcome(bytes: Uint8Array, piece: number) {
  try {
    return await walk(memorySource(bytes, { piece }));
  } catch (error) {
    if (error instanceof ParseError) return error;
    throw error;
  }
}

function partsBefore(parts: readonly Part[], cut: number): { before: SeenFrame[]; clean: boolean } {
  const before: SeenFrame[] = [];
  let end = 0;
  for (const { bytes, frame } of parts) {
    if (end + bytes.length > cut) break;
    end += bytes.length;
    if (frame !== undefined) before.push(frame);
  }
  return { before, clean: end === cut };
}

export function kindAndFrame(problem: CaptureProblem): [string, number] {
  return [problem.kind, problem.frame];
}
