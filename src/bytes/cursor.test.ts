import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cursor } from "./cursor.ts";
import { ParseError } from "./parse-error.ts";

const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);

/** The ParseError that `act` throws; fails when it throws none. */
function errorOf(act: () => unknown): ParseError {
  try {
    act();
  } catch (error) {
    if (error instanceof ParseError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("fields", () => {
  test("are big-endian and follow one another", () => {
    const cursor = new Cursor(bytes);
    expect(cursor.u8("a")).toBe(0x01);
    expect(cursor.u16("b")).toBe(0x0203);
    expect(cursor.u24("c")).toBe(0x040506);
    expect(cursor.u32("d")).toBe(0x0708090a);
    expect(cursor.remaining).toBe(0);
    cursor.end();
  });

  test("with the highest bit set are positive", () => {
    const high = new Uint8Array(10).fill(0xff);
    const cursor = new Cursor(high);
    expect([cursor.u8(""), cursor.u16(""), cursor.u24(""), cursor.u32("")]).toEqual([
      0xff, 0xffff, 0xffffff, 0xffffffff,
    ]);
  });

  test.each([
    ["u8", 1],
    ["u16", 2],
    ["u24", 3],
    ["u32", 4],
  ] as const)("%s that is cut by any number of bytes is truncated, and the position stays", (read, size) => {
    for (let left = 0; left < size; left++) {
      const cursor = new Cursor(bytes, "record", 10 - left);
      const error = errorOf(() => cursor[read]("length"));
      expect(error).toMatchObject({ kind: "truncated", path: "record.length", offset: 10 - left });
      expect(cursor.position).toBe(10 - left);
    }
  });
});

describe("pieces", () => {
  test("take is a view, rest is the whole rest", () => {
    const cursor = new Cursor(bytes);
    const piece = cursor.take(4, "head");
    expect(piece).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(piece.buffer).toBe(bytes.buffer);
    expect(cursor.rest()).toEqual(bytes.subarray(4));
    expect(cursor.rest()).toEqual(new Uint8Array(0));
  });

  test("a length of nothing is a value, one too many is truncated", () => {
    const cursor = new Cursor(bytes);
    expect(cursor.take(0, "none").length).toBe(0);
    expect(errorOf(() => cursor.take(11, "all")).kind).toBe("truncated");
    expect(cursor.take(10, "all")).toEqual(bytes);
  });

  test.each([-1, Number.NaN, Number.NEGATIVE_INFINITY])("a length of %s never steps back", (length) => {
    const cursor = new Cursor(bytes, "", 5);
    expect(errorOf(() => cursor.take(length, "x")).kind).toBe("malformed");
    expect(errorOf(() => cursor.sub(length, "x")).kind).toBe("malformed");
    expect(cursor.position).toBe(5);
  });

  test("a sub-cursor cannot read past its container though there are bytes behind it", () => {
    const outer = new Cursor(bytes, "outer", 2);
    const inner = outer.sub(3, "inner");
    expect(outer.u8("next")).toBe(6);
    expect(inner.u16("x")).toBe(0x0304);
    const error = errorOf(() => inner.u16("y"));
    expect(error).toMatchObject({ kind: "truncated", path: "outer.inner.y", offset: 4 });
    expect(inner.rest()).toEqual(Uint8Array.of(5));
  });

  test("end notices bytes left over, and names the container", () => {
    const inner = new Cursor(bytes, "outer").sub(3, "inner");
    inner.u8("x");
    expect(errorOf(() => inner.end())).toMatchObject({ kind: "malformed", path: "outer.inner", offset: 1 });
  });

  test("offsets count from the outermost input", () => {
    const cursor = new Cursor(bytes, "message", 0, bytes.length, 1000);
    cursor.u32("x");
    expect(cursor.offset).toBe(1004);
    expect(errorOf(() => cursor.sub(6, "body").take(7, "y")).offset).toBe(1004);
  });
});

test("invariant: returns or throws ParseError, and never leaves its bounds", () => {
  const step = fc.tuple(fc.constantFrom("u8", "u16", "u24", "u32", "take", "sub"), fc.integer({ min: -2, max: 12 }));
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(10),
      fc.array(step, { maxLength: 20 }),
      (data, start, steps) => {
        const limit = Math.max(start, data.length - 2);
        let cursor = new Cursor(data, "", start, limit);
        for (const [act, length] of steps) {
          const before = cursor.position;
          try {
            if (act === "take") cursor.take(length, "x");
            else if (act === "sub") cursor = cursor.sub(length, "x");
            else cursor[act]("x");
          } catch (error) {
            expect(error).toBeInstanceOf(ParseError);
            expect(cursor.position).toBe(before);
          }
          expect(cursor.position).toBeGreaterThanOrEqual(before);
          expect(cursor.position).toBeLessThanOrEqual(cursor.limit);
          expect(cursor.limit).toBeLessThanOrEqual(limit);
        }
      },
    ),
  );
});
