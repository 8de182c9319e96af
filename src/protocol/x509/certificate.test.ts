import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ALGORITHMS,
  altNames,
  ascii,
  authorityKeyId,
  caExtension,
  ecKeys,
  extension,
  keyUsage,
  makeCertificate,
  oid,
  rsaKeys,
  sequence,
  subjectKeyId,
  tlv,
} from "../../../test/support/certificates.ts";
import { ParseError } from "../../bytes/parse-error.ts";
import { fromHex, toHex } from "../../bytes/text.ts";
import { PUBLIC_ROOTS } from "../../knowledge/roots/index.ts";
import {
  assertsPublicPolicy,
  type Certificate,
  citesIssuerSerial,
  issuingRights,
  parseCertificate,
  rsaNumbers,
} from "./certificate.ts";
import { fromBase64, parsePem } from "./pem.ts";

const keys = ecKeys();
const make = (recipe: Partial<Parameters<typeof makeCertificate>[0]> = {}) =>
  makeCertificate({ subject: "leaf.example", issuer: "Example CA", signer: keys, ...recipe });
const parse = (recipe: Partial<Parameters<typeof makeCertificate>[0]> = {}) => parseCertificate(make(recipe));

const full = make({
  extensions: [
    altNames(ascii(0x82, "Leaf.Example"), ascii(0x81, "mail@example"), tlv(0x87, Uint8Array.of(192, 0, 2, 1))),
    authorityKeyId("0a0b"),
    subjectKeyId("0c"),
    caExtension(3),
    keyUsage(true),
  ],
});

/** Everything in which node:crypto and we must agree. */
function comparable(certificate: Certificate, node: X509Certificate): void {
  expect(certificate.notBefore).toBe(Date.parse(node.validFrom) / 1000);
  expect(certificate.notAfter).toBe(Date.parse(node.validTo) / 1000);
  // Node shows a negative serial with its sign, we show its bytes.
  const unsigned = BigInt.asUintN(
    certificate.serial.length * 4,
    BigInt(`0x${node.serialNumber.replace("-", "")}`) * (node.serialNumber.startsWith("-") ? -1n : 1n),
  );
  expect(BigInt(`0x${certificate.serial}`)).toBe(unsigned);
  expect(certificate.isCa).toBe(node.ca);
  const { asymmetricKeyType: kind, asymmetricKeyDetails: details } = node.publicKey;
  if (kind === "rsa") expect(certificate.key).toBe(`RSA ${details?.modulusLength}`);
  if (kind === "ec")
    expect(certificate.key).toBe(
      `EC ${{ prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" }[details?.namedCurve ?? ""]}`,
    );
  expect(toHex(certificate.spki)).toBe(node.publicKey.export({ type: "spki", format: "der" }).toString("hex"));
  // Values only: Node prints some types by other names, and escapes.
  const values = node.subject.split("\n").map((line) => line.slice(line.indexOf("=") + 1));
  if (!node.subject.includes("\\") && !node.subject.includes("+")) {
    expect(certificate.subject.attributes.map((attribute) => attribute.value)).toEqual(values);
  }
}

describe("against node:crypto", () => {
  test("every public root", () => {
    expect(PUBLIC_ROOTS.length).toBeGreaterThan(300);
    for (const root of PUBLIC_ROOTS) {
      const der = fromBase64(root.der) ?? new Uint8Array();
      comparable(parseCertificate(der), new X509Certificate(der));
    }
  });

  const chains = new URL("../../../../shared/captures/lab/chains/", import.meta.url);
  describe.skipIf(!existsSync(chains))("lab chains: needs ../shared (absent: skipped)", () => {
    test.each(existsSync(chains) ? readdirSync(chains) : [])("%s", (file) => {
      for (const der of parsePem(readFileSync(new URL(file, chains), "utf8"))) {
        const [certificate, node] = [parseCertificate(der), new X509Certificate(der)];
        comparable(certificate, node);
        const names = node.subjectAltName
          ?.split(", ")
          .flatMap((entry) => (/^(DNS|IP Address):/.test(entry) ? [entry.replace(/^[^:]*:/, "")] : []));
        expect(certificate.names).toEqual(names ?? []);
      }
    });
  });
});

describe("parseCertificate", () => {
  test("fields and extensions", () => {
    const certificate = parseCertificate(full);
    expect(certificate).toMatchObject({
      serial: "01",
      notBefore: Date.UTC(2015, 0, 1) / 1000,
      notAfter: Date.UTC(2045, 0, 1) / 1000,
      names: ["leaf.example", "192.0.2.1"],
      key: "EC P-256",
      signature: "ecdsa-with-SHA256",
      isCa: true,
      authorityKeyId: "0a0b",
      subjectKeyId: "0c",
      embeddedScts: 0,
    });
    expect(certificate.subject.text).toBe("CN=leaf.example");
    expect(certificate.issuer.text).toBe("CN=Example CA");
    expect(certificate.extensions.map((one) => [one.oid, one.critical])).toEqual([
      ["2.5.29.17", false],
      ["2.5.29.35", false],
      ["2.5.29.14", false],
      ["2.5.29.19", true],
      ["2.5.29.15", false],
    ]);
    expect(issuingRights(certificate)).toEqual({ keyCertSign: true, pathLength: 3 });
    expect(issuingRights(parse())).toEqual({});
  });

  test("every proper prefix, and a trailing byte, throws ParseError", () => {
    for (let length = 0; length < full.length; length++) {
      expect(() => parseCertificate(full.subarray(0, length))).toThrow(ParseError);
    }
    expect(() => parseCertificate(Uint8Array.from([...full, 0]))).toThrow(ParseError);
  });

  test("names in wire order, text reversed and escaped so that a value cannot pass for attributes", () => {
    const attribute = (type: string, tag: number, value: string) => sequence(oid(type), ascii(tag, value));
    const { subject } = parse({
      subject: [
        tlv(0x31, attribute("2.5.4.6", 0x13, "US")),
        tlv(0x31, attribute("2.5.4.10", 0x0c, "Evil, CN=bank.example\n"), attribute("1.2.3.4", 0x0c, "#x ")),
        tlv(0x31, sequence(oid("2.5.4.3"), tlv(0x02, Uint8Array.of(7)))),
      ],
    });
    expect(subject.attributes).toEqual([
      { type: "C", value: "US" },
      { type: "O", value: "Evil, CN=bank.example\n" },
      { type: "1.2.3.4", value: "#x " },
      { type: "CN", value: "#020107" },
    ]);
    expect(subject.text).toBe("CN=\\#020107, 1.2.3.4=\\#x\\ , O=Evil\\, CN=bank.example\n, C=US");
    expect(parse({ subject: [] }).subject).toMatchObject({ attributes: [], text: "" });
    expect(toHex(parse({ subject: [] }).subject.der)).toBe("3000");
  });

  test.each([
    ["192.0.2.255", "c00002ff"],
    ["::", "00".repeat(16)],
    ["::1", `${"00".repeat(15)}01`],
    ["2001:db8::1:0:0:1", "20010db8000000000001000000000001"],
    ["2001:db8:0:1:1:1:1:1", "20010db8000000010001000100010001"],
    ["2001:0:0:10::1", "20010000000000100000000000000001"],
    ["1::", `0001${"00".repeat(14)}`],
    ["invalid(3132)", "3132"],
  ])("iPAddress %s", (shown, hex) => {
    expect(parse({ extensions: [altNames(tlv(0x87, fromHex(hex)))] }).names).toEqual([shown]);
  });

  test("keys", () => {
    const key = (...algorithm: Uint8Array[]) =>
      parse({ spki: sequence(sequence(...algorithm), tlv(0x03, Uint8Array.of(0, 1, 2))) }).key;
    expect(parse({ spki: undefined as never, keys: ecKeys("P-384") }).key).toBe("EC P-384");
    expect(parse({ keys: ecKeys("P-521") }).key).toBe("EC P-521");
    expect(parse({ keys: rsaKeys(1024), signer: keys }).key).toBe("RSA 1024");
    expect(parse({ keys: rsaKeys(2047), signer: keys }).key).toBe("RSA 2047");
    expect(key(oid("1.3.101.112"))).toBe("Ed25519");
    expect(key(oid("1.3.101.113"))).toBe("Ed448");
    expect(key(oid("2.16.840.1.101.3.4.3.17"))).toBe("ML-DSA-44");
    expect(key(oid("1.2.3"))).toBe("unknown(1.2.3)");
    expect(key(oid("1.2.840.10045.2.1"), oid("1.3.132.0.10"))).toBe("EC secp256k1");
    expect(key(oid("1.2.840.10045.2.1"), oid("1.2.3"))).toBe("EC unknown(1.2.3)");
    expect(key(oid("1.2.840.10045.2.1"), sequence())).toBe("EC explicit parameters");
    expect(key(oid("1.2.840.10040.4.1"), sequence(tlv(0x02, fromHex(`00${"80".repeat(128)}`))))).toBe("DSA 1024");
    expect(key(oid("1.2.840.10040.4.1"))).toBe("DSA");
    expect(() => key(oid("1.2.840.113549.1.1.1"), tlv(0x05))).toThrow(ParseError);
  });

  test("embedded SCTs are counted (RFC 6962 section 3.3)", () => {
    const scts = (hex: string) =>
      parse({ extensions: [extension("1.3.6.1.4.1.11129.2.4.2", tlv(0x04, fromHex(hex)))] }).embeddedScts;
    expect(scts("0007 0001aa 0002bbcc")).toBe(2);
    expect(scts("0000")).toBe(0);
    expect(scts("0007 0001aa 0003bbcc")).toBe(0);
    expect(scts("")).toBe(0);
  });

  test("what is tolerated", () => {
    expect(parse({ serial: Uint8Array.of(0xff) }).serial).toBe("ff");
    expect(parse({ serial: Uint8Array.of(0, 0) }).serial).toBe("00");
    expect(parse({ version: 0, extensions: [caExtension()] }).isCa).toBe(true);
    expect(parse({ version: 7 }).serial).toBe("01");
    expect(parse({ validity: [ascii(0x18, "20150101000000Z"), ascii(0x17, "4501010000Z")] }).notBefore).toBe(
      Date.UTC(2015, 0, 1) / 1000,
    );
    expect(parse({ extensions: [] }).extensions).toEqual([]);
    const twice = [altNames(ascii(0x82, "a.example")), altNames(ascii(0x82, "b.example"))];
    expect(parse({ extensions: twice }).names).toEqual(["a.example"]);
    const explicitDefault = sequence(
      oid("2.5.29.14"),
      tlv(0x01, Uint8Array.of(0)),
      tlv(0x04, tlv(0x04, Uint8Array.of(1))),
    );
    expect(parse({ extensions: [explicitDefault] }).subjectKeyId).toBe("01");
  });

  test("a known extension with malformed content counts as absent and stays readable", () => {
    const broken = (id: string) => extension(id, fromHex("3005ff"));
    const ids = ["2.5.29.17", "2.5.29.35", "2.5.29.14", "2.5.29.19", "1.3.6.1.4.1.11129.2.4.2", "2.5.29.15"];
    const certificate = parse({ extensions: ids.map(broken) });
    expect(certificate).toMatchObject({ names: [], isCa: false, embeddedScts: 0 });
    expect(certificate.authorityKeyId).toBeUndefined();
    expect(certificate.subjectKeyId).toBeUndefined();
    expect(certificate.extensions.map((one) => toHex(one.value))).toEqual(ids.map(() => "3005ff"));
    expect(issuingRights(certificate)).toEqual({});
  });

  test("algorithms without a name stay dotted", () => {
    const odd = { ...ALGORITHMS.ecdsaSha256, identifier: sequence(oid("1.2.3.4")) };
    expect(parse({ algorithm: odd }).signature).toBe("1.2.3.4");
  });
});

describe("hostile input", () => {
  // Invariant of each: returns a certificate or throws ParseError.
  const holds = (bytes: Uint8Array) => {
    try {
      const certificate = parseCertificate(bytes);
      expect(certificate.subject.text).toBeTypeOf("string");
      citesIssuerSerial(certificate);
      issuingRights(certificate);
    } catch (error) {
      expect(error).toBeInstanceOf(ParseError);
    }
  };

  test("random bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), holds));
  });

  test("mutated certificates", () => {
    const mutation = fc.tuple(fc.nat(full.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const bytes = full.slice();
        for (const [at, value] of mutations) bytes[at] = value;
        holds(bytes);
      }),
      { numRuns: 5000 },
    );
  });

  test("every single byte set to every value that begins a tag or a length", () => {
    for (let at = 0; at < full.length; at++) {
      for (const value of [0x00, 0x02, 0x30, 0x7f, 0x80, 0x81, 0x84, 0xa0, 0xa3, 0xff]) {
        const bytes = full.slice();
        bytes[at] = value;
        holds(bytes);
      }
    }
  });
});

describe("policies", () => {
  const policies = (...oids: readonly string[]) =>
    parseCertificate(make({ extensions: [extension("2.5.29.32", sequence(...oids.map((id) => sequence(oid(id)))))] }));

  test.each([
    ["domain validated", ["2.23.140.1.2.1"], true],
    ["behind a policy of the authority's own", ["1.3.6.1.4.1.44947.1.1.1", "2.23.140.1.2.2"], true],
    ["any policy", ["2.5.29.32.0"], false],
    ["another arc that begins alike", ["2.23.140.11.1"], false],
    ["none", [], false],
  ])("%s", (_, oids, expected) => {
    expect(assertsPublicPolicy(policies(...oids))).toBe(expected);
  });

  test("malformed ones count as absent", () => {
    const broken = make({ extensions: [extension("2.5.29.32", Uint8Array.of(0x30, 5, 1))] });
    expect(assertsPublicPolicy(parseCertificate(broken))).toBe(false);
  });
});

describe("authorityKeyIdentifier (RFC 5280 section 4.2.1.1)", () => {
  const keyId = tlv(0x80, new Uint8Array(20));
  const issuer = tlv(0xa1, tlv(0xa4, sequence()));
  const serial = tlv(0x82, Uint8Array.of(7));

  test.each([
    ["key, issuer and serial number", [keyId, issuer, serial], true],
    ["issuer and serial number", [issuer, serial], true],
    ["the key alone", [keyId], false],
    ["an issuer without its serial number", [keyId, issuer], false],
    ["nothing", [], false],
  ])("%s", (_, fields, cites) => {
    expect(citesIssuerSerial(parse({ extensions: [extension("2.5.29.35", sequence(...fields))] }))).toBe(cites);
  });

  test("none, or a malformed one", () => {
    expect(citesIssuerSerial(parse())).toBe(false);
    expect(citesIssuerSerial(parse({ extensions: [extension("2.5.29.35", Uint8Array.of(0x30, 9))] }))).toBe(false);
  });
});

describe("an RSA key's numbers", () => {
  test.each([3, 65537])("exponent %i", (publicExponent) => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 1024, publicExponent });
    const numbers = rsaNumbers(parse({ keys: rsa }));
    const { n = "", e = "" } = rsa.publicKey.export({ format: "jwk" });
    expect(numbers).toEqual({
      modulus: Uint8Array.from(Buffer.from(n, "base64url")),
      exponent: Uint8Array.from(Buffer.from(e, "base64url")),
    });
  });

  test("none of another key", () => {
    expect(rsaNumbers(parse())).toBeUndefined();
  });
});
