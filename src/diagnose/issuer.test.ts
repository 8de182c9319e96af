/**
 * The 40 issuer names of test/vectors/issuer-dn.json, each with the product it must lead to, and the ways in which a
 * name must not lead to one. Ids are those of src/knowledge/interceptors.
 */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { INTERCEPTORS } from "../knowledge/interceptors/index.ts";
import type { InterceptorProduct } from "../knowledge/interceptors/product.ts";
import type { DistinguishedName, NameAttribute } from "../protocol/x509/certificate.ts";
import { matchIssuer } from "./issuer.ts";

interface Vector {
  readonly issuer: Readonly<Record<string, string>>;
  /** Product id, `ambiguous`, or null for a name that must not match. */
  readonly expect: string | null;
}

const vectors: readonly Vector[] = JSON.parse(
  readFileSync(new URL("../../test/vectors/issuer-dn.json", import.meta.url), "utf8"),
);

function nameOf(attributes: readonly NameAttribute[]): DistinguishedName {
  return { attributes, text: "", der: new Uint8Array() };
}

function name(attributes: Readonly<Record<string, string>>): DistinguishedName {
  return nameOf(Object.entries(attributes).map(([type, value]) => ({ type, value })));
}

function match(...issuers: readonly Readonly<Record<string, string>>[]) {
  return matchIssuer(issuers.map(name), INTERCEPTORS);
}

/** What a vector's `expect` says, read off a match. */
function outcome(found: ReturnType<typeof matchIssuer>): string | null {
  if (found === undefined) return null;
  return found.product?.id ?? found.strength;
}

describe("issuer names with a known answer", () => {
  test("there are 40, with negatives and one ambiguous", () => {
    expect(vectors).toHaveLength(40);
    expect(vectors.filter((vector) => vector.expect === null)).toHaveLength(8);
    expect(vectors.filter((vector) => vector.expect === "ambiguous")).toHaveLength(1);
  });

  test.each(vectors.map((vector) => [JSON.stringify(vector.issuer), vector] as const))("%s", (_, vector) => {
    const found = match(vector.issuer);
    expect(outcome(found)).toBe(vector.expect);
    if (found?.product !== undefined) expect(found.strength).toBe("strong");
    for (const { field, value } of found?.matched ?? []) expect(vector.issuer[field]).toBe(value);
  });

  test("neither the order of attributes nor that of products matters", () => {
    for (const vector of vectors) {
      const reversed = nameOf([...name(vector.issuer).attributes].reverse());
      expect(outcome(matchIssuer([reversed], [...INTERCEPTORS].reverse()))).toBe(vector.expect);
    }
  });
});

describe("what matched", () => {
  test("every pattern of the product is told, best confidence first", () => {
    const found = match({ O: "Zscaler Inc.", CN: "Zscaler Root CA", emailAddress: "support@zscaler.com" });
    expect(found?.matched.map(({ field, confidence }) => `${field} ${confidence}`)).toEqual([
      "CN observed",
      "emailAddress observed",
      "O curated-list",
    ]);
    expect(found?.candidates.map(({ id }) => id)).toEqual(["zscaler"]);
  });

  test("the issuer of a presented CA certificate counts as the leaf's issuer does", () => {
    const found = match(
      { CN: "Litware SubCA 7", O: "Litware" },
      { CN: "Websense Public Primary Certificate Authority" },
    );
    expect(found?.product?.id).toBe("forcepoint-content-gateway");
  });

  test("a chain that repeats a name gives one match per pattern", () => {
    const once = match({ CN: "mitmproxy", O: "mitmproxy" });
    expect(match({ CN: "mitmproxy", O: "mitmproxy" }, { CN: "mitmproxy", O: "mitmproxy" })).toEqual(once);
    expect(once?.matched).toHaveLength(2);
  });

  test("a FortiGate names its CA by serial number", () => {
    expect(match({ O: "Fortinet", CN: "FG100E4Q17012345" })?.product?.id).toBe("fortinet-fortigate");
  });
});

describe("patterns that do not decide alone", () => {
  test.each([
    ["Cisco as organisation, without the product's CN", { O: "Cisco", CN: "Cisco Internal TLS CA" }],
    ["the OU of a FortiGate, without its O", { OU: "Certificate Authority", O: "Litware" }],
    ["a FortiGate serial number, without its O", { CN: "FG100E4Q17012345", O: "Litware" }],
    ["the OU of a Sophos firewall, without its O", { OU: "NSG", O: "Litware" }],
    ["WatchGuard as organisation, without OU Fireware", { O: "WatchGuard", OU: "IT" }],
    ["Arista as organisation, without OU Security", { O: "Arista", CN: "Arista Web CA" }],
    ["Security Certificate, not of Kazakhstan", { CN: "Security Certificate", C: "DE" }],
    ["a tenant id of Netskope's form", { OU: "4041384f6cf271449fd95a453221f0d9", CN: "Litware CA" }],
  ])("%s", (_, issuer) => {
    expect(match(issuer)).toBeUndefined();
  });

  test.each([
    ["cisco-umbrella-sig-secure-access", { O: "Cisco", CN: "Cisco Umbrella Root CA" }, ["CN", "O"]],
    ["watchguard-fireware-https-proxy", { O: "WatchGuard_Technologies", OU: "Fireware" }, ["O"]],
    ["kazakhstan-2019", { CN: "Security Certificate", C: "KZ" }, ["CN"]],
    [
      "netskope",
      { OU: "4041384f6cf271449fd95a453221f0d9", emailAddress: "certadmin@netskope.com" },
      ["emailAddress", "OU"],
    ],
  ])("%s with what they need", (id, issuer, fields) => {
    const found = match(issuer);
    expect(found?.product?.id).toBe(id);
    expect(found?.matched.map(({ field }) => field)).toEqual(fields);
  });

  test("what is needed must be in the same name", () => {
    expect(match({ O: "Arista", CN: "Litware Sub CA" }, { O: "Litware", OU: "Security" })).toBeUndefined();
    expect(match({ CN: "Security Certificate", C: "DE" }, { CN: "Litware", C: "KZ" })).toBeUndefined();
  });
});

describe("no product is named", () => {
  test("by a vendor's name in any attribute: a hint", () => {
    const found = match({ CN: "Litware Palo Alto decryption", O: "Litware" });
    expect(found).toMatchObject({ strength: "hint", matched: [{ field: "CN", confidence: "vendor-name-heuristic" }] });
    expect(found?.product).toBeUndefined();
    expect(found?.candidates.map(({ id }) => id)).toEqual(["palo-alto-networks-ngfw-prisma-access"]);
  });

  test("by a pattern for any attribute, though it was observed", () => {
    expect(match({ O: "iboss" })).toMatchObject({
      strength: "hint",
      matched: [{ confidence: "vendor-name-heuristic" }],
    });
  });

  test("when two products match equally well", () => {
    const found = match({ CN: "Cato Networks Root CA" }, { CN: "Forcepoint Cloud CA" });
    expect(found?.strength).toBe("ambiguous");
    expect(found?.product).toBeUndefined();
    expect(found?.candidates.map(({ id }) => id)).toEqual(["forcepoint-web-security-cloud", "cato-sase"]);
  });

  test("by a name that a public CA carries too", () => {
    const found = match({ CN: "Go Daddy Secure Certificate Authority - G2", L: "Scottsdale" });
    expect(found).toMatchObject({ strength: "ambiguous", candidates: [{ id: "bettercap-https-proxy" }] });
    expect(found?.product).toBeUndefined();
  });

  test("by nothing", () => {
    expect(matchIssuer([], INTERCEPTORS)).toBeUndefined();
    expect(match({})).toBeUndefined();
    expect(matchIssuer([name({ CN: "mitmproxy" })], [])).toBeUndefined();
  });

  test.each([
    ["case", { CN: "MITMPROXY", O: "MitmProxy" }],
    ["white space", { CN: " mitmproxy", O: "mitmproxy " }],
    ["another attribute", { OU: "mitmproxy" }],
  ])("by a name that differs in %s", (_, issuer) => {
    expect(match(issuer)).toBeUndefined();
  });
});

describe("confidence", () => {
  const product = (id: string, confidence: "observed" | "curated-list" | "recalled"): InterceptorProduct => ({
    id,
    name: id,
    vendor: id,
    kind: "ngfw",
    issuerPatterns: [{ field: "CN", pattern: /^Shared CA$/, confidence, source: "this test" }],
  });

  test("the better one wins", () => {
    const products = [product("b", "recalled"), product("a", "observed"), product("c", "curated-list")];
    const found = matchIssuer([name({ CN: "Shared CA" })], products);
    expect(found).toMatchObject({ product: { id: "a" }, strength: "strong" });
    expect(found?.candidates).toHaveLength(1);
  });

  test("equal ones are ambiguous", () => {
    const products = [product("a", "recalled"), product("b", "recalled")];
    expect(matchIssuer([name({ CN: "Shared CA" })], products)).toMatchObject({
      strength: "ambiguous",
      candidates: [{ id: "a" }, { id: "b" }],
    });
  });

  test("what is only recalled is told as such", () => {
    expect(match({ O: "BullGuard Ltd." })).toMatchObject({ product: { id: "bullguard" }, strength: "recalled" });
  });
});

describe("hostile names", () => {
  test("a value longer than any real one is passed over, not cut", () => {
    expect(match({ CN: `Zscaler Root CA ${"x".repeat(240)}` })?.product?.id).toBe("zscaler");
    expect(match({ CN: `Zscaler Root CA ${"x".repeat(10_000)}` })).toBeUndefined();
    expect(match({ CN: `${"x".repeat(10_000)} Zed Attack Proxy Root CA` })).toBeUndefined();
  });

  test("attributes and names beyond the limits are not looked at", () => {
    const filler = Array.from({ length: 64 }, (_, i) => ({ type: "OU", value: `filler ${i}` }));
    const known = { type: "CN", value: "mitmproxy" };
    expect(matchIssuer([nameOf([...filler.slice(1), known])], INTERCEPTORS)?.product?.id).toBe("mitmproxy");
    expect(matchIssuer([nameOf([...filler, known])], INTERCEPTORS)).toBeUndefined();
    const names = Array.from({ length: 32 }, (_, i) => name({ CN: `CA ${i}` }));
    expect(matchIssuer([...names.slice(1), nameOf([known])], INTERCEPTORS)?.product?.id).toBe("mitmproxy");
    expect(matchIssuer([...names, nameOf([known])], INTERCEPTORS)).toBeUndefined();
  });

  // Star height one: with no repetition inside a repetition, a backtracking matcher cannot take exponential time.
  test("no pattern repeats a group", () => {
    const patterns = INTERCEPTORS.flatMap(({ id, issuerPatterns }) =>
      issuerPatterns.flatMap(({ pattern, needs }) =>
        [pattern, ...(needs ? [needs.pattern] : [])].map((p) => [id, p.source]),
      ),
    );
    expect(patterns.length).toBeGreaterThan(157);
    expect(/\)[*+{]/.test("(?:a+)+")).toBe(true);
    expect(patterns.filter(([, source]) => /\)[*+{]/.test(source ?? ""))).toEqual([]);
  });

  test("any name: no exception, and a product is named exactly when the strength allows it", () => {
    const real = vectors.flatMap(({ issuer }) => Object.values(issuer));
    const value = fc.oneof(fc.constantFrom(...real), fc.string({ unit: "binary", maxLength: 300 }));
    const type = fc.constantFrom("CN", "O", "OU", "C", "emailAddress", "1.2.3", "*", "__proto__");
    const issuer = fc.array(fc.record({ type, value }), { maxLength: 8 }).map(nameOf);
    fc.assert(
      fc.property(fc.array(issuer, { maxLength: 4 }), (issuers) => {
        const found = matchIssuer(issuers, INTERCEPTORS);
        if (found === undefined) return;
        const named = found.strength === "strong" || found.strength === "recalled";
        expect(found.product).toBe(named ? found.candidates[0] : undefined);
        if (named) expect(found.candidates).toHaveLength(1);
        for (const { product } of found.matched) expect(found.candidates).toContain(product);
        expect(new Set(found.matched.map(({ product }) => product)).size).toBe(found.candidates.length);
      }),
    );
  });
});
