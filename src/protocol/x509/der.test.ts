import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ascii, oid, tlv } from "../../../test/support/certificates.ts";
import { Cursor } from "../../bytes/cursor.ts";
import { ParseError } from "../../bytes/parse-error.ts";
import { fromHex, toHex } from "../../bytes/text.ts";
import {
  readAny,
  readBoolean,
  readElement,
  readInteger,
  readOid,
  readSmallInteger,
  readTime,
  stringValue,
} from "./der.ts";

const cursor = (bytes: Uint8Array | string) => new Cursor(typeof bytes === "string" ? fromHex(bytes) : bytes);
const text = (element: Uint8Array) => {
  const { tag, body } = readAny(cursor(element), "value");
  return stringValue(tag, body);
};

describe("lengths (X.690 section 8.1.3)", () => {
  test.each([
    ["short", "0403010203", "010203"],
    ["long", "048103010203", "010203"],
    ["in more bytes than needed, as OpenSSL reads it", "04840000000 3010203", "010203"],
  ])("%s", (_, hex, contents) => {
    expect(toHex(readElement(cursor(hex), 0x04, "x").rest())).toBe(contents);
  });

  test.each([
    ["indefinite", "048001020000", "malformed"],
    ["past the end", "040401", "truncated"],
    ["cut off", "0482", "truncated"],
    ["2 GiB", "048480000000", "malformed"],
    ["of 126 bytes", `04fe${"ff".repeat(126)}`, "malformed"],
    ["another tag", "050100", "malformed"],
    ["nothing", "", "truncated"],
  ])("refuses: %s", (_, hex, kind) => {
    expect(() => readElement(cursor(hex), 0x04, "x")).toThrow(expect.objectContaining({ kind }));
  });

  test("refuses tags of several bytes", () => {
    expect(() => readAny(cursor("1f8101 00"), "x")).toThrow(ParseError);
  });
});

describe("object identifiers", () => {
  test.each(["2.5.4.3", "2.5.29.17", "1.2.840.113549.1.1.11", "0.9.2342.19200300.100.1.25", "2.999.1", "2.5.200.1"])(
    "%s",
    (dotted) => {
      expect(readOid(cursor(oid(dotted)), "x")).toBe(dotted);
    },
  );

  test("arcs beyond 2^53, as UUIDs make them", () => {
    const dotted = "2.25.329800735698586629295641978511506172918";
    expect(readOid(cursor(oid(dotted)), "x")).toBe(dotted);
    expect(readOid(cursor(oid("2.329800735698586629295641978511506172918")), "x")).toBe(
      "2.329800735698586629295641978511506172918",
    );
  });

  test("any sequence of arcs reads back", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 0, max: 39 }),
        fc.array(fc.bigInt({ min: 0n, max: 2n ** 70n }), { maxLength: 4 }),
        (first, second, rest) => {
          const dotted = [first, second, ...rest].join(".");
          expect(readOid(cursor(oid(dotted)), "x")).toBe(dotted);
        },
      ),
    );
  });

  test.each([
    ["empty", "0600"],
    ["no end", "06022a86"],
    ["padded arc", "06032a8001"],
    ["65 bytes", `0641${"01".repeat(65)}`],
  ])("refuses: %s", (_, hex) => {
    expect(() => readOid(cursor(hex), "x")).toThrow(ParseError);
  });
});

describe("integers and booleans", () => {
  test("leading zeros are kept off, one stays", () => {
    expect(toHex(readInteger(cursor("02020080"), "x"))).toBe("80");
    expect(toHex(readInteger(cursor("02020000"), "x"))).toBe("00");
    expect(toHex(readInteger(cursor("0201ff"), "x"))).toBe("ff");
    expect(() => readInteger(cursor("0200"), "x")).toThrow(ParseError);
  });

  test("small ones", () => {
    expect(readSmallInteger(cursor("02047fffffff"), "x")).toBe(0x7fffffff);
    expect(() => readSmallInteger(cursor("02050080000000"), "x")).toThrow(ParseError);
    expect(() => readSmallInteger(cursor("0205 0100000000"), "x")).toThrow(ParseError);
  });

  test("any byte but zero is true", () => {
    expect(readBoolean(cursor("0101ff"), "x")).toBe(true);
    expect(readBoolean(cursor("010101"), "x")).toBe(true);
    expect(readBoolean(cursor("010100"), "x")).toBe(false);
    expect(() => readBoolean(cursor("01020000"), "x")).toThrow(ParseError);
    expect(() => readBoolean(cursor("0100"), "x")).toThrow(ParseError);
  });
});

describe("times (RFC 5280 section 4.1.2.5)", () => {
  const utc = (value: string) => readTime(cursor(ascii(0x17, value)), "x");
  const generalized = (value: string) => readTime(cursor(ascii(0x18, value)), "x");

  test("years of two digits are 1950 to 2049", () => {
    expect(utc("491231235959Z")).toBe(Date.UTC(2049, 11, 31, 23, 59, 59) / 1000);
    expect(utc("500101000000Z")).toBe(Date.UTC(1950, 0, 1) / 1000);
  });

  test("every day has the number that Date gives it", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true }),
        (date) => {
          const digits = date.toISOString().replace(/[-:T]/g, "").slice(0, 14);
          expect(generalized(`${digits}Z`)).toBe(Math.floor(date.getTime() / 1000));
        },
      ),
    );
  });

  test("tolerated forms", () => {
    expect(utc("0001020304Z")).toBe(Date.UTC(2000, 0, 2, 3, 4) / 1000);
    expect(utc("000102030405+0130")).toBe(Date.UTC(2000, 0, 2, 1, 34, 5) / 1000);
    expect(utc("000102030405-0130")).toBe(Date.UTC(2000, 0, 2, 4, 34, 5) / 1000);
    expect(generalized("20000102030405.678Z")).toBe(Date.UTC(2000, 0, 2, 3, 4, 5) / 1000);
    expect(generalized("200001020304Z")).toBe(Date.UTC(2000, 0, 2, 3, 4) / 1000);
  });

  test.each(["000229000000Z", "960229000000Z", "200229000000Z"])("leap day %s", (value) => {
    expect(() => utc(value)).not.toThrow();
  });

  test.each([
    "010229000000Z",
    "001301000000Z",
    "000001000000Z",
    "000100000000Z",
    "000431000000Z",
    "000101240000Z",
    "000101006000Z",
    "000101000060Z",
    "",
    "0",
    "00010100000Z",
    "0001010000001",
    "00010100000:Z",
    "000101000000",
    "\u0660\u0660",
  ])("refuses %j", (value) => {
    expect(() => utc(value)).toThrow(ParseError);
  });

  test("1900 was no leap year, 2000 was", () => {
    expect(() => generalized("19000229000000Z")).toThrow(ParseError);
    expect(generalized("20000229000000Z")).toBe(Date.UTC(2000, 1, 29) / 1000);
  });

  test("refuses other types", () => {
    expect(() => readTime(cursor(ascii(0x0c, "000101000000Z")), "x")).toThrow(ParseError);
  });
});

describe("character strings", () => {
  test.each([
    ["UTF8String", 0x0c, "c3bc", "ü"],
    ["UTF8String, malformed", 0x0c, "ff41", "\ufffdA"],
    ["PrintableString", 0x13, "41", "A"],
    ["PrintableString with UTF-8", 0x13, "c3bc", "ü"],
    ["IA5String with Latin-1", 0x16, "fc", "ü"],
    ["TeletexString is Latin-1", 0x14, "c3bc", "Ã¼"],
    ["BMPString", 0x1e, "004100fc4e2d", "Aü中"],
    ["UniversalString", 0x1c, "0001f600000000fc", "😀ü"],
    ["UniversalString beyond Unicode", 0x1c, "00110000", "\ufffd"],
    ["control characters stay", 0x0c, "1b5b324a00", "\u001b[2J\u0000"],
    ["empty", 0x13, "", ""],
    ["no string", 0x02, "01", undefined],
  ])("%s", (_, tag, hex, value) => {
    expect(text(tlv(tag as number, fromHex(hex as string)))).toBe(value);
  });

  test("refuses wide strings of a broken length", () => {
    expect(() => text(tlv(0x1e, fromHex("0041fc")))).toThrow(ParseError);
    expect(() => text(tlv(0x1c, fromHex("00004100fc")))).toThrow(ParseError);
  });
});
