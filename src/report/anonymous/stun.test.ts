import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, ints } from "../../../test/support/capture-writer.ts";
import { ParseError } from "../../bytes/parse-error.ts";
import { fromHex } from "../../bytes/text.ts";
import { AddressMap } from "../../packet/address-map.ts";
import { errorCode, mappedAddress, realm, relayedAddress, software } from "../../protocol/stun/attributes.ts";
import { parseStun } from "../../protocol/stun/message.ts";
import { anonymousStun } from "./stun.ts";

const map = new AddressMap(new Uint8Array(32).fill(5));
const { vectors } = JSON.parse(readFileSync("test/vectors/rfc5769.json", "utf8")) as {
  vectors: { name: string; message: string }[];
};

describe("the messages of RFC 5769", () => {
  test.each(vectors)("$name: valid again, of the same length, with another address and nobody's name", (vector) => {
    const bytes = fromHex(vector.message);
    const changed = anonymousStun(bytes, map);
    expect(changed).toHaveLength(bytes.length);
    const [before, after] = [parseStun(bytes), parseStun(changed)];
    expect(after.attributes.map(({ type }) => type)).toEqual(before.attributes.map(({ type }) => type));
    const was = mappedAddress(before);
    if (was !== undefined) expect(mappedAddress(after)).toEqual({ ip: map.text(was.ip), port: was.port });
    expect(software(after)).toBe(software(before));
    const text = Buffer.from(changed).toString("latin1");
    expect(text).not.toMatch(/evtj|h6vY|example\.org/);
  });
});

const attribute = (type: number, value: Uint8Array): Uint8Array =>
  concat(ints(true, [type, 2], [value.length, 2]), value, new Uint8Array(-value.length & 3));

function message(type: number, ...attributes: readonly Uint8Array[]): Uint8Array {
  const body = concat(...attributes);
  return concat(ints(true, [type, 2], [body.length, 2], [0x2112a442, 4]), fromHex("0102030405060708090a0b0c"), body);
}

test("a refusal: the code stays, the realm is there and says nothing, what is unknown becomes zeros", () => {
  const text = (value: string) => new TextEncoder().encode(value);
  const refusal = message(
    0x0113,
    attribute(0x0009, concat(Uint8Array.of(0, 0, 4, 1), text("Unauthorized 10.9.8.7"))),
    attribute(0x0014, text("contoso.example")),
    attribute(0xc0de, fromHex("c0000201")),
  );
  const changed = anonymousStun(refusal, map);
  const parsed = parseStun(changed);
  expect(errorCode(parsed)?.code).toBe(401);
  expect(errorCode(parsed)?.reason).toMatch(/^Unauthorized 10\./);
  expect(realm(parsed)).toBe("x".repeat(15));
  expect(parsed.attributes[2]?.value).toEqual(new Uint8Array(4));
});

test("a relay of IPv6, XORed", () => {
  // 2001:db8:1234:5678:11:2233:4455:6677 in RFC 5769 section 2.3.
  const value = fromHex("0002a147 0113a9fa a5d3f179bc25f4b5bed2b9d9");
  const key = concat(fromHex("2112a442"), fromHex("b7e7a701bc34d686fa87dfae"));
  const parsed = { ...parseStun(message(0x0103, attribute(0x0016, value))), key };
  const was = relayedAddress(parsed)?.ip ?? "";
  expect(was).toBe("2001:db8:1234:5678:11:2233:4455:6677");
  const changed = message(0x0103, attribute(0x0016, value));
  changed.set(key.subarray(4), 8);
  expect(relayedAddress(parseStun(anonymousStun(changed, map)))?.ip).toBe(map.text(was));
});

test("returns or throws ParseError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      try {
        expect(anonymousStun(bytes, map)).toHaveLength(bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError);
      }
    }),
  );
});
