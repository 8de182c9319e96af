import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat } from "../../test/support/capture-writer.ts";
import { fromHex } from "../bytes/text.ts";
import { type Opening, Openings } from "./opening.ts";

/** A TCP header of a SYN with these options, filled up with zeros. */
function header(options: Uint8Array, window = 64240): Uint8Array {
  const words = Math.ceil(options.length / 4);
  const bytes = new Uint8Array(20 + 4 * words);
  bytes[12] = (5 + words) << 4;
  bytes[13] = 2;
  bytes[14] = window >> 8;
  bytes[15] = window & 0xff;
  bytes.set(options, 20);
  return bytes;
}

function read(options: string, ttl = 64, openings = new Openings()): Opening | undefined {
  const bytes = header(fromHex(options));
  // Something before and behind it, so that reading past it shows.
  const around = concat(new Uint8Array(3).fill(0xff), bytes, new Uint8Array(40).fill(0xff));
  return openings.read(around, 3, 3 + bytes.length, ttl);
}

describe("options as tcpdump writes them", () => {
  test.each([
    ["Linux", "020405b40402080a1122334400000000" + "01030307", "mss 1460,sackOK,TS,nop,wscale 7"],
    ["Windows", "020405b40103030801010402", "mss 1460,nop,wscale 8,nop,nop,sackOK"],
    [
      "macOS, filled up behind the end of the list",
      "020405b4010303060101080a1122334400000000040200ff",
      "mss 1460,nop,wscale 6,nop,nop,TS,sackOK,eol",
    ],
    ["none", "", ""],
    ["fast open and multipath", `22021e0c${"00".repeat(10)}0101`, "tfo,mptcp,nop,nop"],
    ["a kind that nobody registered", "c804dead", "unknown(200)"],
    ["a value of another length is not read", "0205010203010101", "mss,nop,nop,nop"],
    ["longer than what is left", "0101080a", "nop,nop,TS damaged"],
    ["shorter than itself", "01080101", "nop,TS damaged"],
    ["a kind alone", "01010102", "nop,nop,nop,mss damaged"],
  ])("%s", (_, options, text) => {
    expect(read(options)).toEqual({ ttl: 64, window: 64240, options: text, number: 1 });
  });
});

test("what differs from SYN to SYN of one system makes no difference, all else does", () => {
  const openings = new Openings();
  const numbers = [
    ["080a00000001000000000101", 64],
    ["080affffffff123456780101", 64],
    ["080a00000001000000000101", 63],
    ["080a00000001000000000100", 64],
    ["020405b4", 64],
    ["020405b0", 64],
    ["03030701", 64],
    ["03030801", 64],
    ["080aff01", 64],
  ].map(([options, ttl]) => read(options as string, ttl as number, openings)?.number);
  expect(numbers).toEqual([1, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(openings.read(header(new Uint8Array(0), 1), 0, 20, 64)?.number).toBe(9);
});

test("a header that was not captured whole, or is shorter than a header, tells nothing", () => {
  const bytes = header(fromHex("020405b40402080a112233440000000001030307"));
  for (let end = 0; end < bytes.length; end++) expect(new Openings().read(bytes, 0, end, 64)).toBeUndefined();
  expect(new Openings().read(bytes, 0, bytes.length, 64)).toBeDefined();
  expect(new Openings().read(new Uint8Array(40), 0, 40, 64)).toBeUndefined();
});

test("returns, never throws, and what is equal has the same number, in whatever order", () => {
  const option = fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.constantFrom("01", "00", "0204", "020405b4", "030307", "0402", "080a", "ff", "08").map(fromHex),
  );
  const options = fc.array(option, { maxLength: 8 }).map((parts) => concat(...parts).subarray(0, 40));
  fc.assert(
    fc.property(fc.array(options, { maxLength: 30 }), (all) => {
      const openings = new Openings();
      const texts = new Map<number, string>();
      for (const one of all) {
        const bytes = header(one);
        const opening = openings.read(bytes, 0, bytes.length, 64) as Opening;
        expect(opening).toEqual({ ...new Openings().read(bytes, 0, bytes.length, 64), number: opening.number });
        expect(texts.get(opening.number) ?? opening.options).toBe(opening.options);
        texts.set(opening.number, opening.options);
      }
    }),
  );
});

test("of more kinds than are remembered each is one of its own", () => {
  const openings = new Openings();
  const numbers = new Set<number | undefined>();
  for (let round = 0; round < 2; round++) {
    for (let window = 0; window < 3000; window++)
      numbers.add(openings.read(header(new Uint8Array(0), window), 0, 20, 64)?.number);
  }
  // The first 1 024 twice the same.
  expect(numbers.size).toBe(6000 - 1024);
});
