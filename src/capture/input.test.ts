import { describe, expect, test } from "vitest";
import { memorySource, payload } from "../../test/support/capture-writer.ts";
import { type ByteSource, Input, MAX_KEPT } from "./input.ts";

const BYTES = payload(250);

/** What comes once, in its order. */
function pipe(bytes: Uint8Array): ByteSource {
  const source = memorySource(bytes, { piece: 30 });
  return { name: "-", size: undefined, read: (into) => source.read(into), close: () => source.close() };
}

/** The unread byte at `offset`, or undefined behind the end. */
function byteAt(input: Input, offset: number): number | undefined {
  input.seek(offset);
  while (input.end === input.start && !input.ended) {
    input.want(1);
    input.fill();
  }
  return input.end > input.start ? input.bytes[input.start] : undefined;
}

describe("seeking", () => {
  const places = [0, 5, 240, 6, 0, 249, 100, 101, 99, 249, 250, 7];

  test.each([
    ["a source that can", () => new Input(memorySource(BYTES, { piece: 30 }), 64)],
    [
      "a pipe that is kept",
      () => {
        const input = new Input(pipe(BYTES), 64);
        input.keep();
        return input;
      },
    ],
  ])("%s: any byte, in any order", (_, make) => {
    const input = make();
    for (const place of places) expect(byteAt(input, place), `byte ${place}`).toBe(BYTES[place]);
  });

  test("tells when the source had to be read anew", () => {
    const input = new Input(memorySource(BYTES), 64);
    expect(byteAt(input, 0)).toBe(0);
    expect([input.seek(63), input.seek(0), input.seek(200), input.seek(0)]).toEqual([false, false, true, true]);
    expect(input.offset).toBe(0);
  });

  test("back in a pipe that is not kept is refused, not wrong", () => {
    const input = new Input(pipe(BYTES), 64);
    expect(byteAt(input, 200)).toBe(200);
    expect(() => input.seek(0)).toThrow(RangeError);
  });

  test("what is kept has a limit: there the input ends", () => {
    const endless: ByteSource = { name: "-", size: undefined, read: (into) => into.length, close: () => {} };
    const input = new Input(endless, 1 << 20);
    input.keep();
    expect(byteAt(input, MAX_KEPT - 1)).toBe(0);
    expect(byteAt(input, MAX_KEPT)).toBeUndefined();
    expect(input.bytes.length).toBe(MAX_KEPT);
  });
});
