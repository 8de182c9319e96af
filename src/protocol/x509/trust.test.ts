import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  ALGORITHMS,
  ascii,
  authorityKeyId,
  caExtension,
  ecKeys,
  type Keys,
  keyUsage,
  makeCertificate,
  oid,
  type Recipe,
  rsaKeys,
  sequence,
  subjectKeyId,
  tlv,
} from "../../../test/support/certificates.ts";
import { ParseError } from "../../bytes/parse-error.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { parsePem } from "./pem.ts";
import { judgeChain, MAX_HARD_CHAINS, nameKey, type PublicRoot, type TrustAnchors, TrustStore } from "./trust.ts";

const AT = Date.UTC(2020, 0, 1) / 1000;

/** A CA: its key and a certificate for it by whoever signs; self-signed without `by`. */
interface Ca {
  readonly name: string;
  readonly keys: Keys;
  readonly certificate: Certificate;
}

function ca(name: string, by?: Ca, bend: Partial<Recipe> = {}, keys: Keys = ecKeys()): Ca {
  const recipe = {
    subject: name,
    issuer: by?.name ?? name,
    signer: by?.keys ?? keys,
    keys,
    extensions: [caExtension()],
    ...bend,
  };
  return { name, keys, certificate: parseCertificate(makeCertificate(recipe)) };
}

/** The same CA under another issuer. */
const crossSigned = (one: Ca, by: Ca, bend: Partial<Recipe> = {}): Ca => ca(one.name, by, bend, one.keys);

function leaf(by: Ca, bend: Partial<Recipe> = {}): Certificate {
  return parseCertificate(
    makeCertificate({ subject: "www.example", issuer: by.name, signer: by.keys, keys: LEAF_KEYS, ...bend }),
  );
}

const LEAF_KEYS = ecKeys();
const publicRoot = (one: Ca, until?: string): PublicRoot => ({
  name: nameKey(one.certificate.subject),
  der: Buffer.from(one.certificate.der).toString("base64"),
  first: "list 1",
  last: "list 2",
  ...(until !== undefined && { until }),
});
const store = (anchors: Partial<TrustAnchors> = {}) => new TrustStore({ publicRoots: [], ...anchors });

const root = ca("Public Root");
const middle = ca("Public Intermediate", root);
const publicStore = store({ publicRoots: [publicRoot(root)] });
const judge = (presented: readonly Certificate[], one: TrustStore = publicStore, extra: readonly Certificate[] = []) =>
  judgeChain(presented, extra, AT, one);

const privateCa = ca("Private Root");

describe("public-root", () => {
  const good = leaf(middle);
  const isPublic = { is: "public-root", anchor: "CN=Public Root" };

  test("with and without the root presented", async () => {
    expect(await judge([good, middle.certificate])).toEqual(isPublic);
    expect(await judge([good, middle.certificate, root.certificate])).toEqual(isPublic);
    expect(await judge([leaf(root)])).toEqual(isPublic);
  });

  test("whatever the order, with strangers and duplicates between", async () => {
    const strangers = [privateCa.certificate, leaf(privateCa), root.certificate, ca("Public Intermediate").certificate];
    expect(await judge([good, ...strangers, ...strangers, middle.certificate, middle.certificate])).toEqual(isPublic);
  });

  test("completed by an intermediate that another connection presented", async () => {
    expect(await judge([good], publicStore, [privateCa.certificate, middle.certificate])).toEqual(isPublic);
  });

  test("a presented root with the stored one's name and key counts as it, even reissued", async () => {
    const reissued = ca("Public Root", undefined, { dates: ["160101000000Z", "300101000000Z"] }, root.keys);
    expect(await judge([good, middle.certificate, reissued.certificate])).toEqual(isPublic);
  });

  test("names compare without regard to string type, case and space (RFC 5280 section 7.1)", async () => {
    const cn = (tag: number, text: string) => [tlv(0x31, sequence(oid("2.5.4.3"), ascii(tag, text)))];
    const odd = leaf(middle, { issuer: cn(0x13, " public  INTERMEDIATE") });
    expect(await judge([odd, middle.certificate])).toEqual(isPublic);
  });

  test("the leaf's dates are not looked at, nor is a wrong key identifier", async () => {
    const odd = leaf(middle, { dates: ["000101000000Z", "000102000000Z"], extensions: [authorityKeyId("aa")] });
    const other = crossSigned(middle, root, { extensions: [caExtension(), subjectKeyId("bb")] });
    expect(await judge([odd, other.certificate])).toEqual(isPublic);
  });

  test("an expired intermediate makes no accusation, and yields to a path without", async () => {
    const expired = crossSigned(middle, root, {
      dates: ["150101000000Z", "160101000000Z"],
      extensions: [caExtension()],
    });
    expect(await judge([good, expired.certificate])).toEqual({
      ...isPublic,
      detail: "CN=Public Intermediate had expired at the time",
      outdated: expired.certificate,
    });
    expect(await judge([good, expired.certificate, middle.certificate])).toEqual(isPublic);
    const later = crossSigned(middle, root, { dates: ["300101000000Z", "310101000000Z"], extensions: [caExtension()] });
    expect((await judge([good, later.certificate])).detail).toBe(
      "CN=Public Intermediate was not yet valid at the time",
    );
  });

  test("an expired root, as when AddTrust External CA Root expired, yields to the other cross-sign's root", async () => {
    const old = ca("Old Root", undefined, { dates: ["000101000000Z", "180101000000Z"] });
    const both = store({ publicRoots: [publicRoot(old), publicRoot(root)] });
    const byOld = crossSigned(middle, old);
    expect(await judge([good, byOld.certificate], both)).toEqual({
      is: "public-root",
      anchor: "CN=Old Root",
      detail: "CN=Old Root had expired at the time",
      outdated: expect.objectContaining({ serial: old.certificate.serial }),
    });
    expect(await judge([good, byOld.certificate, middle.certificate], both)).toEqual(isPublic);
  });

  test("a chain past a presented private cross-sign", async () => {
    const byPrivate = crossSigned(middle, privateCa);
    expect(await judge([good, byPrivate.certificate, privateCa.certificate, middle.certificate])).toEqual(isPublic);
  });

  test("a root given with --roots is named as declared; one that is public anyway is not", async () => {
    const given = store({ publicRoots: [publicRoot(root)], roots: [privateCa.certificate, root.certificate] });
    expect(await judge([leaf(privateCa)], given)).toEqual({
      is: "public-root",
      anchor: "CN=Private Root",
      declared: "roots",
    });
    expect(await judge([good, middle.certificate], given)).toEqual(isPublic);
  });

  test("v1 roots may be anchors", async () => {
    const v1 = ca("V1 Root", undefined, { version: 0, extensions: [] });
    expect((await judge([leaf(v1)], store({ publicRoots: [publicRoot(v1)] }))).is).toBe("public-root");
  });
});

describe("retired roots", () => {
  const retired = store({ publicRoots: [publicRoot(root, "2019-12-31")] });
  const current = store({ publicRoots: [publicRoot(root, "2020-01-02")] });
  const chain = [leaf(middle), middle.certificate];

  test("public before the day, unknown from it on: never private-root, even presented", async () => {
    expect((await judge(chain, current)).is).toBe("public-root");
    const unknown = {
      is: "unknown",
      anchor: "CN=Public Root",
      detail: "root retired before this capture; last held by list 2",
    };
    expect(await judge(chain, retired)).toEqual(unknown);
    expect(await judge([...chain, root.certificate], retired)).toEqual(unknown);
    expect(await judge([...chain, crossSigned(middle, privateCa).certificate, privateCa.certificate], retired)).toEqual(
      unknown,
    );
    expect((await judge(chain, store({ publicRoots: [publicRoot(root, "2020-01-01")] }))).is).toBe("unknown");
  });

  test("where the time is not known, a retired root may have been public, and nobody is called expired", async () => {
    const judgeUntimed = (presented: readonly Certificate[], one: TrustStore) =>
      judgeChain(presented, [], undefined, one);
    for (const day of ["2019-12-31", "2030-01-01"])
      expect(await judgeUntimed(chain, store({ publicRoots: [publicRoot(root, day)] }))).toEqual({
        is: "unknown",
        anchor: "CN=Public Root",
        detail: "root retired, perhaps before this capture; last held by list 2",
      });
    const expired = crossSigned(middle, root, {
      dates: ["150101000000Z", "160101000000Z"],
      extensions: [caExtension()],
    });
    expect(await judgeUntimed([chain[0] as Certificate, expired.certificate], publicStore)).toEqual({
      is: "public-root",
      anchor: "CN=Public Root",
    });
  });

  test("declared again", async () => {
    const again = store({ publicRoots: [publicRoot(root, "2019-12-31")], roots: [root.certificate] });
    expect(await judge(chain, again)).toEqual({ is: "public-root", anchor: "CN=Public Root", declared: "roots" });
  });

  test("a cross-sign of the retired root leads on to a current one", async () => {
    const newer = ca("Newer Root");
    const both = store({ publicRoots: [publicRoot(root, "2019-12-31"), publicRoot(newer)] });
    expect(await judge([...chain, crossSigned(root, newer).certificate], both)).toEqual({
      is: "public-root",
      anchor: "CN=Newer Root",
    });
  });
});

describe("private-root", () => {
  test("presented, here or by another connection", async () => {
    const expected = { is: "private-root", anchor: "CN=Private Root" };
    expect(await judge([leaf(privateCa), privateCa.certificate])).toEqual(expected);
    expect(await judge([leaf(privateCa)], publicStore, [privateCa.certificate])).toEqual(expected);
    const sub = ca("Private Sub", privateCa);
    expect(await judge([leaf(sub), privateCa.certificate, sub.certificate])).toEqual(expected);
  });

  test("given with --private-ca, presented or not, root or issuing CA", async () => {
    const expected = { is: "private-root", anchor: "CN=Private Root", declared: "private-ca" };
    const declared = store({ publicRoots: [publicRoot(root)], privateCas: [privateCa.certificate] });
    expect(await judge([leaf(privateCa)], declared)).toEqual(expected);
    expect(await judge([leaf(privateCa), privateCa.certificate], declared)).toEqual(expected);
    const sub = ca("Private Sub", privateCa);
    expect(await judge([leaf(sub)], store({ privateCas: [sub.certificate] }))).toEqual({
      ...expected,
      anchor: "CN=Private Sub",
    });
  });

  test("given with --private-ca, the self-signed server certificate itself", async () => {
    const server = ca("server.example", undefined, { extensions: [] });
    expect(await judge([server.certificate], store({ privateCas: [server.certificate] }))).toMatchObject({
      is: "private-root",
      declared: "private-ca",
    });
  });

  test("given with --inspection-ca, presented or not, whatever it may issue", async () => {
    const expected = { is: "private-root", anchor: "CN=Private Root", declared: "inspection-ca" };
    const declared = store({ publicRoots: [publicRoot(root)], inspectionCas: [privateCa.certificate] });
    expect(await judge([leaf(privateCa)], declared)).toEqual(expected);
    expect(await judge([leaf(privateCa), privateCa.certificate], declared)).toEqual(expected);
    const sub = ca("Private Sub", privateCa);
    expect(await judge([leaf(sub), sub.certificate], declared)).toEqual(expected);
    const noCa = ca("No CA", undefined, { extensions: [] });
    expect(await judge([leaf(noCa)], store({ inspectionCas: [noCa.certificate] }))).toMatchObject({
      declared: "inspection-ca",
    });
  });

  test("an inspection CA's name with another key is not it", async () => {
    const other = ca("Private Root");
    const declared = store({ inspectionCas: [privateCa.certificate] });
    expect(await judge([leaf(other), other.certificate], declared)).not.toHaveProperty("declared");
    expect(await judge([leaf(other)], declared)).not.toHaveProperty("declared");
  });

  test("of an inspection CA and a private one, above each other, the nearer counts", async () => {
    const sub = ca("Private Sub", privateCa);
    const inspects = { privateCas: [privateCa.certificate], inspectionCas: [sub.certificate] };
    expect(await judge([leaf(sub), sub.certificate], store(inspects))).toMatchObject({ declared: "inspection-ca" });
    const signs = { privateCas: [sub.certificate], inspectionCas: [privateCa.certificate] };
    expect(await judge([leaf(sub), sub.certificate], store(signs))).toMatchObject({ declared: "private-ca" });
  });

  test("an inspection CA below a public root", async () => {
    const sub = ca("Public Sub", root);
    const declared = store({ publicRoots: [publicRoot(root)], inspectionCas: [sub.certificate] });
    expect(await judge([leaf(sub), sub.certificate], declared)).toMatchObject({ declared: "inspection-ca" });
  });

  test("an interceptor that copies a public root's name and presents its own", async () => {
    const forged = ca("Public Root");
    expect(await judge([leaf(forged), forged.certificate])).toEqual({
      is: "private-root",
      anchor: "CN=Public Root",
      detail: "bears the name of a public root, and another key",
    });
  });

  test("a private CA that may not issue is a private CA all the same", async () => {
    const v1 = ca("Appliance", undefined, { version: 0, extensions: [] });
    expect(await judge([leaf(v1), v1.certificate])).toEqual({
      is: "private-root",
      anchor: "CN=Appliance",
      detail: "CN=Appliance is no CA",
    });
  });
});

describe("self-signed and incomplete", () => {
  test("a leaf under its own key", async () => {
    const self = ca("www.example", undefined, { extensions: [] });
    expect(await judge([self.certificate])).toEqual({ is: "self-signed", anchor: "CN=www.example" });
    expect(await judge([self.certificate, self.certificate, privateCa.certificate])).toMatchObject({
      is: "self-signed",
    });
  });

  test("nobody presents the issuer", async () => {
    expect(await judge([leaf(privateCa)])).toEqual({ is: "incomplete", anchor: "CN=Private Root" });
    const sub = ca("Private Sub", privateCa);
    expect(await judge([leaf(sub), sub.certificate])).toEqual({ is: "incomplete", anchor: "CN=Private Root" });
  });

  test("a CA of the same default name elsewhere in the capture is no evidence", async () => {
    const appliance = ca("Appliance CA");
    const namesake = ca("Appliance CA");
    expect((await judge([leaf(appliance)], publicStore, [namesake.certificate])).is).toBe("incomplete");
  });

  test("self-issued, but signed by a CA of its own name", async () => {
    const self = leaf(privateCa, { subject: "Private Root" });
    expect((await judge([self])).is).toBe("incomplete");
    expect((await judge([self, privateCa.certificate])).is).toBe("private-root");
  });

  test("an empty issuer name gives no anchor", async () => {
    expect(await judge([leaf(privateCa, { issuer: [] })])).toEqual({ is: "incomplete" });
  });

  test("no certificate at all", async () => {
    expect((await judge([])).is).toBe("unknown");
  });
});

describe("invalid-signature", () => {
  test("a public root's name without its signature, nothing presented", async () => {
    const forged = ca("Public Root");
    expect(await judge([leaf(forged)])).toEqual({
      is: "invalid-signature",
      anchor: "CN=Public Root",
      detail: "signature of CN=www.example does not verify under the public root of that name",
    });
  });

  test("a public intermediate presented with a leaf that it did not sign", async () => {
    const forged = ca("Public Intermediate");
    const marked = leaf(forged, { extensions: [authorityKeyId("aa")] });
    const other = crossSigned(middle, root, { extensions: [caExtension(), subjectKeyId("bb")] });
    expect(await judge([marked, other.certificate, root.certificate])).toEqual({
      is: "invalid-signature",
      anchor: "CN=Public Intermediate",
      detail:
        "signature of CN=www.example does not verify under the presented issuer, whose key identifier is not the one it names either",
    });
  });

  test("one damaged byte of a genuine chain", async () => {
    const good = leaf(middle);
    const der = good.der.slice();
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    expect((await judge([parseCertificate(der), middle.certificate])).is).toBe("invalid-signature");
  });
});

describe("unknown", () => {
  test("a signature that cannot be checked, whatever stands above", async () => {
    const rsa = rsaKeys();
    const old = ca("Old CA", undefined, { algorithm: ALGORITHMS.rsaMd5 }, rsa);
    const oldLeaf = leaf(old, { algorithm: ALGORITHMS.rsaMd5 });
    const detail = "signature not checkable: md5WithRSAEncryption under RSA 2048";
    expect(await judge([oldLeaf, old.certificate])).toEqual({ is: "unknown", anchor: "CN=Old CA", detail });
    const held = store({ publicRoots: [publicRoot(old)] });
    expect(await judge([oldLeaf], held)).toEqual({ is: "unknown", anchor: "CN=Old CA", detail });
    // A valid signature under a root whose own MD5 signature nobody needs.
    expect(await judge([leaf(old, { algorithm: ALGORITHMS.rsaSha256 })], held)).toEqual({
      is: "public-root",
      anchor: "CN=Old CA",
    });
    // The same root presented, and not on the list: it may be anyone's.
    expect((await judge([leaf(old, { algorithm: ALGORITHMS.rsaSha256 }), old.certificate])).is).toBe("unknown");
  });

  test("a public CA's customer is no CA", async () => {
    const customer = ca("customer.example", middle, { extensions: [] });
    expect(await judge([leaf(customer), customer.certificate, middle.certificate])).toEqual({
      is: "unknown",
      anchor: "CN=Public Root",
      detail: "CN=customer.example is no CA",
    });
    const signer = ca("customer.example", middle, { extensions: [caExtension(), keyUsage(false)] });
    expect((await judge([leaf(signer), signer.certificate, middle.certificate])).detail).toBe(
      "CN=customer.example may not sign certificates",
    );
    const fine = ca("Sub", middle, { extensions: [caExtension(), keyUsage(true)] });
    expect((await judge([leaf(fine), fine.certificate, middle.certificate])).is).toBe("public-root");
  });

  test("path lengths", async () => {
    const zero = ca("Zero", root, { extensions: [caExtension(0)] });
    const below = ca("Below", zero);
    expect((await judge([leaf(zero), zero.certificate])).is).toBe("public-root");
    expect(await judge([leaf(below), below.certificate, zero.certificate])).toEqual({
      is: "unknown",
      anchor: "CN=Public Root",
      detail: "CN=Zero allows 0 CA(s) below it, not 1",
    });
    const one = ca("One", root, { extensions: [caExtension(1)] });
    const under = ca("Under", one);
    expect((await judge([leaf(under), under.certificate, one.certificate])).is).toBe("public-root");
  });
});

describe("loops and mazes end", () => {
  test("two CAs that sign each other", async () => {
    const a = ca("A");
    const b = ca("B", a);
    const aByB = crossSigned(a, b);
    expect(await judge([leaf(b), b.certificate, aByB.certificate])).toEqual({ is: "incomplete", anchor: "CN=B" });
    expect((await judge([leaf(b), b.certificate, aByB.certificate, a.certificate])).is).toBe("private-root");
    const held = store({ publicRoots: [publicRoot(a)] });
    expect((await judge([leaf(b), b.certificate, aByB.certificate], held)).is).toBe("public-root");
  });

  test("a mesh of cross-signs without a root stops at the bound, and accuses nobody", async () => {
    const cas = Array.from({ length: 6 }, (_, i) => ca(`Mesh ${i}`));
    const mesh = cas.flatMap((one) => cas.filter((by) => by !== one).map((by) => crossSigned(one, by).certificate));
    const [first = privateCa] = cas;
    expect(await judge([leaf(first), ...mesh])).toEqual({
      is: "unknown",
      detail: "too many certificates of one name to follow them all",
    });
  });

  test("two hundred certificates of one name", async () => {
    const keys = ecKeys();
    const many = Array.from(
      { length: 200 },
      (_, i) => ca("Private Root", undefined, { serial: Uint8Array.of(1, i) }, keys).certificate,
    );
    expect((await judge([leaf(privateCa), ...many])).is).toBe("unknown");
    // The anchors are tried first, so decoys cannot hide a genuine chain.
    expect((await judge([leaf(root), ...many])).is).toBe("public-root");
  });

  test("hard chains are followed to the end only so often: then they are unknown, and easy ones are not", async () => {
    const keys = ecKeys();
    const middle = ca("Middle", root);
    const decoys = Array.from(
      { length: 30 },
      (_, i) => ca("Middle", undefined, { serial: Uint8Array.of(2, i) }, keys).certificate,
    );
    const patient = store({ publicRoots: [publicRoot(root)] });
    const hard = [leaf(middle), ...decoys, middle.certificate];
    for (let i = 0; i < MAX_HARD_CHAINS; i++) expect((await judge(hard, patient)).is).toBe("public-root");
    expect((await judge(hard, patient)).is).toBe("unknown");
    expect((await judge([leaf(middle), middle.certificate], patient)).is).toBe("public-root");
  });

  test("a chain of twenty", async () => {
    const chain = [root];
    for (let i = 0; i < 20; i++) chain.push(ca(`Level ${i}`, chain.at(-1)));
    const presented = chain
      .slice(1)
      .reverse()
      .map((one) => one.certificate);
    expect((await judge([leaf(chain.at(-1) ?? root), ...presented])).is).toBe("unknown");
    const short = chain.slice(0, 11);
    expect((await judge([leaf(short.at(-1) ?? root), ...presented])).is).toBe("public-root");
  });
});

test("a broken public root is fatal, not an empty list", async () => {
  const root = { name: nameKey(privateCa.certificate.subject), der: "AAAA", first: "a", last: "b" };
  await expect(judge([leaf(privateCa)], store({ publicRoots: [root] }))).rejects.toThrow(ParseError);
  await expect(judge([leaf(privateCa)], store({ publicRoots: [{ ...root, der: "*" }] }))).rejects.toThrow(ParseError);
});

const chains = new URL("../../../../shared/captures/lab/chains/", import.meta.url);
describe.skipIf(!existsSync(chains))("lab chains: needs ../shared (absent: skipped)", () => {
  const read = (file: string) =>
    parsePem(readFileSync(new URL(file, chains), "utf8")).map((der) => parseCertificate(der));
  const at = Date.UTC(2026, 10, 20) / 1000;

  test.each([
    ["www", "public-root", "CN=Example Public Root R1, O=Example Public Trust Services LLC, C=US"],
    ["ecc", "public-root", "CN=Example Public Root E1, O=Example Public Trust Services LLC, C=US"],
    ["cdn2", "public-root", "CN=Example Global Trust Root G2, OU=Root CA, O=Example Global Trust NV, C=BE"],
    ["expired", "public-root", "CN=Example Public Root R1, O=Example Public Trust Services LLC, C=US"],
    ["portal", "public-root", "CN=Example Public Root R1, O=Example Public Trust Services LLC, C=US"],
    ["selfsigned", "self-signed", "CN=selfsigned.litware.example, O=Litware Inc, C=US"],
    ["intranet", "incomplete", "CN=Litware Corp Root CA, O=Litware Inc"],
  ])("%s", async (name, is, anchor) => {
    const presented = read(`${name}.chain.pem`);
    const lab = store({ roots: read("roots.pem") });
    const declared = is === "public-root" ? { declared: "roots" } : {};
    expect(await judgeChain(presented, [], at, lab)).toEqual({ is, anchor, ...declared });
    if (is !== "public-root") return;
    // Without --roots nothing of the lab is public.
    const presentsRoot = presented.some((one) => one.subject.text === anchor);
    expect((await judgeChain(presented, [], at, store())).is).toBe(presentsRoot ? "private-root" : "incomplete");
  });

  test("intranet with --private-ca", async () => {
    const lab = store({ privateCas: read("private-root.pem") });
    expect(await judgeChain(read("intranet.chain.pem"), [], at, lab)).toMatchObject({
      is: "private-root",
      declared: "private-ca",
    });
  });
});
