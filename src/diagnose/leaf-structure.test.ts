/** Leaves made by SSLsplit for servers of many kinds, and by what servers' own authorities are made with. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { INTERCEPTORS } from "../knowledge/interceptors/index.ts";
import { parseCertificate } from "../protocol/x509/certificate.ts";
import { structureOf } from "./leaf-structure.ts";

interface Row {
  readonly by: string;
  readonly how: string;
  readonly match: "no" | "build" | "build and exponent";
  readonly der: string;
}

const rows = JSON.parse(
  readFileSync(new URL("../../test/vectors/leaf-structures.json", import.meta.url), "utf8"),
) as Row[];
const SSLSPLIT = "sslsplit-sslproxy";

test.each(rows.map((row) => [row.by, row.how, row] as const))("%s, %s", (_by, _how, { match, der }) => {
  const found = structureOf(parseCertificate(Buffer.from(der, "base64")), INTERCEPTORS);
  expect(found?.product.id).toBe(match === "no" ? undefined : SSLSPLIT);
  expect(found?.ownExponent ?? false).toBe(match === "build and exponent");
});

describe("what is not the same", () => {
  const real = parseCertificate(Buffer.from(rows[0]?.der ?? "", "base64"));
  const { extensions } = real;
  const [first, second, ...others] = extensions as [(typeof extensions)[0], (typeof extensions)[0]];

  test.each([
    ["a day less", { notAfter: real.notAfter - 86_400 }],
    ["two seconds more", { notAfter: real.notAfter + 2 }],
    ["another order", { extensions: [second, first, ...others] }],
    [
      "one more at the end",
      { extensions: [...extensions, { oid: "1.3.6.1.5.5.7.1.1", critical: false, value: first.value }] },
    ],
    ["one less", { extensions: [first, ...others] }],
    ["a critical one that is not copied", { extensions: [{ ...first, critical: true }, second, ...others] }],
    [
      "another keyUsage",
      {
        extensions: extensions.map((extension) =>
          extension.oid === "2.5.29.15" ? { ...extension, value: Uint8Array.of(3, 2, 7, 128) } : extension,
        ),
      },
    ],
  ])("%s", (_, differs) => {
    expect(structureOf({ ...real, ...differs }, INTERCEPTORS)).toBeUndefined();
  });

  test("a second that passed between the two dates is no difference", () => {
    expect(structureOf({ ...real, notAfter: real.notAfter + 1 }, INTERCEPTORS)?.product.id).toBe(SSLSPLIT);
  });
});

test("whatever the key and the extensions hold, it is compared and nothing thrown", () => {
  const real = parseCertificate(Buffer.from(rows[0]?.der ?? "", "base64"));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 16 }), fc.nat(6), (spki, value, at) => {
      const extensions = real.extensions.map((extension, i) => (i === at ? { ...extension, value } : extension));
      expect(structureOf({ ...real, spki, extensions }, INTERCEPTORS)?.ownExponent ?? false).toBe(false);
    }),
  );
});
