import { describe, expect, test } from "vitest";
import { authority, ecKeys, makeCertificate } from "../../../test/support/certificates.ts";
import { counted } from "../../../test/support/counted.ts";
import {
  ask,
  certificate,
  DECLARED,
  found,
  INCOMPLETE,
  idsOf,
  PUBLIC,
  realChain,
  SELF_SIGNED,
  tls,
} from "../../../test/support/observations.ts";
import { TrustStore } from "../../protocol/x509/trust.ts";
import { leafWithIssuerKey as rule } from "./leaf-with-issuer-key.ts";

const NOBODY = new TrustStore({ publicRoots: [] });
const OWN = { ownKey: true };

describe("real certificates", () => {
  const { keys: proxy, certificate: ca, leaf } = authority("Contoso Gateway CA");
  const host = ecKeys();
  const leafFor = (name: string, keys = proxy) => leaf(name, { keys });

  test("a leaf on the CA's key is proof, with or without the CA's certificate", async () => {
    const alone = await realChain([leafFor("www.fabrikam.example")], NOBODY);
    const whole = await realChain([leafFor("cdn.northwind.example"), ca], NOBODY);
    const [finding, ...more] = found(rule, [
      tls({ name: "www.fabrikam.example", ...alone }),
      tls({ name: "cdn.northwind.example", to: "192.0.2.44", ...whole }),
    ]);
    expect(more).toEqual([]);
    expect(finding?.confidence).toBe("proven");
    expect(idsOf(finding)).toEqual(["tcp/0", "tcp/1"]);
    expect(finding?.what).toBe(
      "www.fabrikam.example (192.0.2.10:443) and cdn.northwind.example (192.0.2.44:443) presented a certificate that names “Contoso Gateway CA” as its issuer, but is signed with the very key it carries.",
    );
  });

  test("a leaf with a key of its own under the same CA is not", async () => {
    const honest = await realChain([leafFor("www.fabrikam.example", host), ca], NOBODY);
    expect(ask(rule, [tls(honest)])).toEqual({ is: "clear", checked: 1 });
  });

  test("an honest self-signed certificate is not", async () => {
    const self = await realChain([makeCertificate({ subject: "nas", issuer: "nas", signer: host })], NOBODY);
    expect(self.signing.ownKey).toBe(true);
    expect(ask(rule, [tls(self)])).toEqual({ is: "clear", checked: 1 });
  });
});

describe("self-signed in all but form: devices that make their own certificates", () => {
  test.each([
    ["issuer without a name", { issuer: {}, subject: "nas.local" }],
    ["issuer with empty values", { issuer: { O: " ", CN: "" }, subject: "nas.local" }],
    ["other case", { issuer: "NAS.local", subject: "nas.local" }],
    ["other order", { issuer: { CN: "nas", O: "Acme" }, subject: { O: "Acme", CN: "nas" } }],
    ["fewer attributes", { issuer: "nas", subject: { C: "US", O: "Acme", CN: "nas" } }],
    ["issuer is the subject's CN", { issuer: "nas", subject: { O: "Acme", CN: "nas" }, names: ["10.0.0.2"] }],
    ["issuer is one of its names", { issuer: "nas.acme.example", subject: {}, names: ["nas.acme.example"] }],
    ["issuer is covered by its wildcard", { issuer: "nas.acme.example", subject: {}, names: ["*.acme.example"] }],
  ])("%s", (_, recipe) => {
    const spec = tls({ chain: [certificate(recipe)], trust: SELF_SIGNED, signing: OWN });
    expect(ask(rule, [spec])).toEqual({ is: "clear", checked: 1 });
  });

  test("issuer is the name the client asked for", () => {
    const chain = [certificate({ issuer: "nas.acme.example", subject: "default" })];
    expect(ask(rule, [tls({ name: "nas.acme.example", chain, signing: OWN })])).toEqual({ is: "clear", checked: 1 });
  });
});

test.each([
  ["a public root", PUBLIC],
  [
    "a CA declared legitimate, run by somebody with one key for everything",
    { is: "private-root", anchor: "CN=Home CA", declared: "private-ca" } as const,
  ],
])("a chain to %s is not accused", (_, trust) => {
  const chain = [certificate({ issuer: "Home CA", names: ["nas.acme.example"] })];
  expect(ask(rule, [tls({ chain, trust, signing: OWN })])).toEqual({ is: "clear", checked: 1 });
});

test("an authority below a CA declared legitimate, as a company's for inspection, is accused", () => {
  const chain = [certificate({ issuer: "Contoso Inspection CA", names: ["www.fabrikam.example"] })];
  expect(found(rule, [tls({ chain, trust: DECLARED, signing: OWN })])).toHaveLength(1);
});

test.each([
  ["for no name anybody could register", ["esx7.corp"], 0],
  ["for a name somebody registered", ["www.fabrikam.example"], 1],
])("a device in the own network %s", (_, names, findings) => {
  const chain = [certificate({ issuer: "Installer", names })];
  const specs = [tls({ to: "10.67.0.2", chain, trust: INCOMPLETE, signing: OWN })];
  expect(found(rule, specs)).toHaveLength(findings);
});

test("one finding per issuer", () => {
  const specs = ["A", "B", "A"].map((issuer, i) =>
    tls({
      chain: [certificate({ issuer: `CA ${issuer}`, names: [`h${i}.example.com`] })],
      trust: INCOMPLETE,
      signing: OWN,
    }),
  );
  expect(found(rule, specs).map(idsOf)).toEqual([["tcp/0", "tcp/2"], ["tcp/1"]]);
});

describe("nothing to see", () => {
  test("no TLS: not applicable", () => {
    expect(ask(rule, [])).toEqual({ is: "not-applicable" });
  });

  test("TLS 1.3 hides the certificate", () => {
    expect(ask(rule, [tls({ tls: { version: 0x0304 } })])).toEqual({ is: "not-observed", missing: "key log" });
  });

  test("a resumed session shows none", () => {
    expect(ask(rule, [tls({ tls: { resumed: true } })])).toMatchObject({ is: "not-observed" });
  });

  test("a handshake that failed before the certificate: not applicable", () => {
    expect(ask(rule, [tls({ messages: [["client", "ClientHello", 4]] })])).toEqual({ is: "not-applicable" });
  });
});

test("a finding keeps its evidence short", () => {
  const specs = Array.from({ length: 50 }, (_, i) =>
    tls({ chain: [certificate({ issuer: "CA", names: [`h${i}.example.com`] })], signing: OWN }),
  );
  const [finding] = found(rule, specs);
  expect(finding?.connections).toHaveLength(50);
  expect(finding?.evidence).toHaveLength(20);
});

test("an issuer and a subject of hundreds of names are looked through once, not each name for each, nor for every connection", () => {
  const commonNames = (prefix: string) =>
    counted(Array.from({ length: 300 }, (_, i) => ({ type: "CN", value: `${prefix} ${i}` })));
  const [issuer, subject] = [commonNames("issuer"), commonNames("subject")];
  const made = certificate({ issuer: "CA", names: ["www.fabrikam.example"] });
  const plain = made.observed.certificate;
  const leaf = {
    ...plain,
    issuer: { ...plain.issuer, attributes: issuer.list },
    subject: { ...plain.subject, attributes: subject.list },
  };
  const chain = [{ ...made, observed: { ...made.observed, certificate: leaf } }];
  const specs = Array.from({ length: 20 }, (_, i) => tls({ name: `h${i}.example.com`, chain, signing: OWN }));
  expect(found(rule, specs).map(({ connections }) => connections.length)).toEqual([20]);
  expect(subject.reads()).toBeLessThan(10_000);
  expect(issuer.reads()).toBeLessThan(10_000);
});
