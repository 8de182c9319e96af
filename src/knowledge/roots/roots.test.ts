import { describe, expect, test } from "vitest";
import { parseCertificate } from "../../protocol/x509/certificate.ts";
import { fromBase64 } from "../../protocol/x509/pem.ts";
import { nameKey } from "../../protocol/x509/trust.ts";
import { PUBLIC_ROOTS } from "./index.ts";

const roots = PUBLIC_ROOTS.map((root) => ({
  ...root,
  certificate: parseCertificate(fromBase64(root.der) ?? new Uint8Array()),
}));

const named = (text: string) => roots.filter((root) => root.certificate.subject.text.includes(text));

describe("public roots", () => {
  test("each once; those without a last day are the current ones", () => {
    expect(new Set(roots.map((root) => root.der)).size).toBe(roots.length);
    for (const root of roots) if (root.until !== undefined) expect(root.until).toMatch(/^20\d\d-\d\d-\d\d$/);
    const newest = named("ISRG Root X1")[0]?.last;
    const inNewest = roots.filter((root) => root.last === newest);
    expect(inNewest.length).toBeGreaterThan(100);
    expect(inNewest.filter((root) => root.until !== undefined)).toEqual([]);
    // A maintenance release may hold a few that the newest list has lost.
    expect(roots.filter((root) => root.until === undefined).length).toBeLessThan(inNewest.length + 5);
  });

  test("each under its own name, by which it is found", () => {
    for (const root of roots) expect(root.name).toBe(nameKey(root.certificate.subject));
  });

  // Days on which Mozilla's own list lost them, or later: the list errs on the side of trust.
  test.each([
    ["Baltimore CyberTrust Root", "2025"],
    ["OU=Equifax Secure Certificate Authority", "2016"],
    ["GTE CyberTrust Global Root", "2015"],
    ["Thawte Premium Server CA", "2015"],
    ["OU=Class 3 Public Primary Certification Authority, O=VeriSign", "2015"],
    ["DST Root CA X3", "2021"],
    ["AddTrust External CA Root", "2020"],
    ["GeoTrust Global CA, O", "2020"],
    ["ValiCert Class 2 Policy Validation Authority", "2015"],
  ])("retired, with a day: %s", (text, year) => {
    const found = named(text);
    expect(found.length).toBeGreaterThan(0);
    for (const root of found) expect((root.until ?? "9999").slice(0, 4) >= year).toBe(true);
    expect(found.some((root) => root.until !== undefined)).toBe(true);
  });

  test("current ones", () => {
    for (const text of ["ISRG Root X1", "DigiCert Global Root G2", "GTS Root R1", "USERTrust RSA"]) {
      expect(named(text).some((root) => root.until === undefined)).toBe(true);
    }
  });

  test("nothing that Mozilla listed in order to distrust it", () => {
    expect(
      roots.filter((root) => /MD5 Collisions|Distrust|DigiNotar|MITM/i.test(root.certificate.subject.text)),
    ).toEqual([]);
  });
});
