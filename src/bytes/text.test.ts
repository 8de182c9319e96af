import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHex, toHex, toLatin1, toUtf8 } from "./text.ts";

test("hexadecimal is lower case, two digits a byte, and reads back", () => {
  expect(toHex(Uint8Array.of(0, 10, 255))).toBe("000aff");
  expect(toHex(new Uint8Array(0))).toBe("");
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString("hex"));
      expect(fromHex(toHex(bytes))).toEqual(bytes);
    }),
  );
});

test("hexadecimal with colons, white space and capitals is read; anything else is refused", () => {
  expect(fromHex("0A:ff 00\n1b")).toEqual(Uint8Array.of(10, 255, 0, 27));
  for (const wrong of ["0", "0g", "0x00", "00-11"]) expect(() => fromHex(wrong), wrong).toThrow(RangeError);
});

test("malformed UTF-8 becomes U+FFFD", () => {
  expect(toUtf8(new TextEncoder().encode("Zürich"))).toBe("Zürich");
  expect(toUtf8(Uint8Array.of(0x41, 0xff, 0x42))).toBe("A\ufffdB");
});

test("ISO 8859-1 keeps every byte", () => {
  const every = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect([...toLatin1(every)].map((character) => character.charCodeAt(0))).toEqual([...every]);
});
