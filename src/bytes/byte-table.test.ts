import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteTable } from "./byte-table.ts";

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);

describe("a byte table", () => {
  test("finds what was added under these bytes, wherever they stand, and nothing else", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.uint8Array({ maxLength: 300 }), { selector: String, maxLength: 8 }), (keys) => {
        const table = new ByteTable<number>();
        for (const [i, key] of keys.entries()) {
          expect(table.get(key)).toBeUndefined();
          expect(table.add(key, i)).toBe(true);
        }
        for (const [i, key] of keys.entries()) {
          const inside = new Uint8Array(key.length + 3);
          inside.set(key, 3);
          expect(table.get(inside.subarray(3))).toBe(i);
          expect(table.get(inside, 3, 3 + key.length)).toBe(i);
        }
      }),
    );
  });

  test("tells keys apart that differ in the middle alone, where no hash looks", () => {
    const table = new ByteTable<string>();
    table.add(bytes(1000, 7), "one");
    for (const at of [64, 500, 935]) {
      const other = bytes(1000, 7);
      other[at] = 8;
      expect(table.get(other)).toBeUndefined();
    }
  });

  test("of too many keys with one hash the last are not kept", () => {
    const table = new ByteTable<number>();
    const keys = Array.from({ length: 20 }, (_, i) => {
      const key = bytes(1000, 0);
      key[500] = i;
      return key;
    });
    expect(keys.map((key, i) => table.add(key, i))).toEqual(keys.map((_, i) => i < 16));
    expect(keys.map((key) => table.get(key))).toEqual(keys.map((_, i) => (i < 16 ? i : undefined)));
  });

  test("with a limit keeps no more keys, and takes another when one is gone", () => {
    const table = new ByteTable<number>(2);
    expect([1, 2, 3].map((fill) => table.add(bytes(4, fill), fill))).toEqual([true, true, false]);
    expect(table.get(bytes(4, 3))).toBeUndefined();
    table.delete(bytes(4, 9), 9);
    expect(table.add(bytes(4, 3), 3)).toBe(false);
    expect(table.isFull).toBe(true);
    table.delete(bytes(4, 1), 1);
    expect(table.isFull).toBe(false);
    expect(table.add(bytes(4, 3), 3)).toBe(true);
  });

  test("forgets a key, and only that", () => {
    const table = new ByteTable<number>();
    table.add(bytes(4, 1), 1);
    table.add(bytes(4, 2), 2);
    table.delete(bytes(4, 1), 1);
    table.delete(bytes(4, 2), 7);
    table.delete(bytes(4, 3), 3);
    expect([table.get(bytes(4, 1)), table.get(bytes(4, 2))]).toEqual([undefined, 2]);
  });

  test.each([0, 1, 2, 3, 4])("forgets one of several with one hash: the %ith", (gone) => {
    const table = new ByteTable<number>();
    const keys = Array.from({ length: 5 }, (_, i) => {
      const key = bytes(1000, 0);
      key[500] = i;
      return key;
    });
    for (const [i, key] of keys.entries()) table.add(key, i);
    table.delete(keys[gone] as Uint8Array, gone);
    expect(keys.map((key) => table.get(key))).toEqual(keys.map((_, i) => (i === gone ? undefined : i)));
  });
});
