import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressText } from "../bytes/address.ts";
import { ParseError } from "../bytes/parse-error.ts";
import { AddressIndex, parseBlock } from "./address-index.ts";

const lists = (...blocks: readonly (readonly string[])[]) =>
  new AddressIndex(blocks.map((each, i) => ({ blocks: each, name: `list ${i}` })));

describe("find", () => {
  test("the first address, the last one, and those beside the block", () => {
    const index = lists(["52.112.0.0/14", "10.0.0.8", "2603:1063::/38"]);
    for (const ip of [
      "52.112.0.0",
      "52.115.255.255",
      "10.0.0.8",
      "2603:1063::",
      "2603:1063:3ff:ffff:ffff:ffff:ffff:ffff",
    ])
      expect(index.find(ip)?.list.name, ip).toBe("list 0");
    for (const ip of ["52.111.255.255", "52.116.0.0", "10.0.0.7", "10.0.0.9", "2603:1063:400::", "2603:1062:ffff::"])
      expect(index.find(ip), ip).toBeUndefined();
  });

  test("behind a narrow block the wider one still holds", () => {
    const index = lists(["10.0.0.0/8", "10.1.0.0/16", "10.1.1.1"]);
    expect(index.find("10.1.1.1")?.block).toBe("10.1.1.1");
    expect(index.find("10.1.1.2")?.block).toBe("10.1.0.0/16");
    expect(index.find("10.200.0.0")?.block).toBe("10.0.0.0/8");
  });

  test("of several lists the first counts, even where another is narrower", () => {
    const index = lists(["10.0.0.0/8"], ["10.1.0.0/16", "11.0.0.0/8"], ["10.0.0.0/8"]);
    expect(index.find("10.1.0.1")).toMatchObject({ list: { name: "list 0" }, block: "10.0.0.0/8" });
    expect(index.find("11.0.0.1")?.list.name).toBe("list 1");
  });

  test("IPv4 and IPv6 are apart", () => {
    expect(lists(["0.0.0.0/0"]).find("::1")).toBeUndefined();
    expect(lists(["::/96"]).find("0.0.0.1")).toBeUndefined();
    expect(lists([]).find("192.0.2.1")).toBeUndefined();
  });

  test("the same as looking at every block of every list", () => {
    const word = fc.constantFrom(0, 1, 0x0a000000, 0x0a0000ff, 0x0a010000, 0xffffffff, 0x80000000);
    const block = fc.tuple(word, fc.integer({ min: 0, max: 32 })).map(([value, length]) => {
      const mask = length === 0 ? 0 : -1 << (32 - length);
      return `${addressText(4, 0, 0, 0xffff, value & mask)}/${length}`;
    });
    fc.assert(
      fc.property(fc.array(fc.array(block, { maxLength: 8 }), { maxLength: 4 }), word, (blocks, value) => {
        const ip = addressText(4, 0, 0, 0xffff, value);
        const holds = (each: string) => {
          const { words, bits } = parseBlock(each);
          return bits === 96 || (value >>> 0) >>> (128 - bits) === (words[3] as number) >>> (128 - bits);
        };
        const expected = blocks.findIndex((list) => list.some(holds));
        expect(lists(...blocks).find(ip)?.list.name).toBe(expected < 0 ? undefined : `list ${expected}`);
      }),
    );
  });
});

describe("parseBlock", () => {
  test.each([
    "",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "10.0.0.1/24",
    "::/129",
    "::1/64",
    "10.0.0/8",
  ])("%j is none", (block) => {
    expect(() => parseBlock(block)).toThrow(ParseError);
  });

  test("returns or throws ParseError, whatever the text", () => {
    const piece = fc.constantFrom("10.", "0", "/", ":", "::", "ffff", "255", ".", "8", "128", " ", "é");
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((parts) => parts.join("")),
        ),
        (text) => {
          try {
            const { bits } = parseBlock(text);
            expect(bits).toBeLessThanOrEqual(128);
          } catch (error) {
            expect(error).toBeInstanceOf(ParseError);
          }
        },
      ),
    );
  });
});
