import { describe, expect, test } from "vitest";
import { altNames, ascii, ecKeys, makeCertificate } from "../../../test/support/certificates.ts";
import { counted } from "../../../test/support/counted.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { certificateNames, speaksFor } from "./host-name.ts";

const keys = ecKeys();
const certificate = (names: readonly string[], cn?: string): Certificate =>
  parseCertificate(
    makeCertificate({
      subject: cn ?? [],
      issuer: "CA",
      signer: keys,
      ...(names.length > 0 && { extensions: [altNames(...names.map((name) => ascii(0x82, name)))] }),
    }),
  );

const HOSTS: readonly (readonly [name: string, host: string, speaks: boolean])[] = [
  ["www.fabrikam.example", "www.fabrikam.example", true],
  ["www.fabrikam.example", "WWW.Fabrikam.Example", true],
  ["WWW.fabrikam.example.", "www.fabrikam.example", true],
  ["www.fabrikam.example", "fabrikam.example", false],
  ["www.fabrikam.example", "www.fabrikam.example.", true],
  ["*.fabrikam.example", "www.fabrikam.example.", true],
  ["www.fabrikam.example", "www.fabrikam.example..", false],
  ["*.fabrikam.example", "www.fabrikam.example", true],
  ["*.fabrikam.example", "a.www.fabrikam.example", false],
  ["*.fabrikam.example", "fabrikam.example", false],
  ["*.fabrikam.example", ".fabrikam.example", false],
  ["w*.fabrikam.example", "www.fabrikam.example", false],
  ["*", "fabrikam", false],
  ["*.fabrikam.example", "*.fabrikam.example", true],
  [".fabrikam.example", ".fabrikam.example", true],
];

test.each(HOSTS)("%s speaks for %s: %s", (name, host, speaks) => {
  expect(speaksFor(certificate([name]), host)).toBe(speaks);
});

describe("one name of a thousand", () => {
  const others = Array.from({ length: 1000 }, (_, i) => `h${i}.northwind.example`);

  test.each(HOSTS)("%s speaks for %s: %s", (name, host, speaks) => {
    expect(speaksFor(certificate([...others, name]), host)).toBe(speaks);
  });

  test("they are looked through once, however often they are asked about", () => {
    const { list, reads } = counted(others);
    const many: Certificate = { ...certificate(["a.example"]), names: list };
    for (let i = 0; i < 1000; i++) expect(speaksFor(many, `h${i}.fabrikam.example`)).toBe(false);
    expect(speaksFor(many, "h999.northwind.example")).toBe(true);
    expect(reads()).toBeLessThan(10_000);
  });
});

describe("the name in the subject", () => {
  test("counts where there is no other", () => {
    expect(certificateNames(certificate([], "www.fabrikam.example"))).toEqual(["www.fabrikam.example"]);
    expect(speaksFor(certificate(["a.example"], "b.example"), "b.example")).toBe(false);
  });

  test("may be missing: then the certificate speaks for nobody", () => {
    expect(speaksFor(certificate([]), "www.fabrikam.example")).toBe(false);
    expect(speaksFor(certificate([]), "")).toBe(false);
  });
});
