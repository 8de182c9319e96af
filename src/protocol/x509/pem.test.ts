import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ParseError } from "../../bytes/parse-error.ts";
import { parsePem } from "./pem.ts";

const block = (base64: string, label = "CERTIFICATE") =>
  `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;

describe("parsePem", () => {
  test("certificates in order, with text and other blocks between", () => {
    const text = `\ufeffBag Attributes: x\r\n${block("AQID").replaceAll("\n", "\r\n")}${block("/w==", "PRIVATE KEY")}# note\n${block(" BA\n UG", "X509 CERTIFICATE")}`;
    expect(parsePem(text)).toEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)]);
  });

  test.each([
    ["nothing", "", "malformed"],
    ["only a key", block("AQID", "PRIVATE KEY"), "malformed"],
    ["DER instead", "0\u0082\u0001", "malformed"],
    ["no end", "-----BEGIN CERTIFICATE-----\nAQID\n", "truncated"],
    ["broken base64", block("A*ID"), "malformed"],
    ["empty", block(""), "malformed"],
    ["one good, one broken", block("AQID") + block("!"), "malformed"],
  ])("refuses: %s", (_, text, kind) => {
    expect(() => parsePem(text)).toThrow(expect.objectContaining({ name: "ParseError", kind }));
  });

  test("returns or throws ParseError", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "AQID", "\n"),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        try {
          expect(parsePem(pieces.join("")).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError);
        }
      }),
    );
  });
});
