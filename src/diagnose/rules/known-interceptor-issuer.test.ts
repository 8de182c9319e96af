import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  DECLARED,
  found,
  INCOMPLETE,
  idsOf,
  PRIVATE,
  PUBLIC,
  SELF_SIGNED,
  type Spec,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { knownInterceptorIssuer as rule } from "./known-interceptor-issuer.ts";

const FORTINET = { C: "US", O: "Fortinet", CN: "FortiGate CA" };
const ZSCALER = { O: "Zscaler Inc.", CN: "Zscaler Intermediate Root CA (zscaler.net)" };

const under = (issuer: Record<string, string>, options: TlsOptions & { subject?: Record<string, string> } = {}) => {
  const { subject, name = "www.fabrikam.example", trust = PRIVATE, ...rest } = options;
  const leaf = certificate({ issuer, names: [name], ...(subject === undefined ? {} : { subject }) });
  return tls({ name, trust, chain: [leaf], ...rest });
};

describe("a forged certificate that bears the vendor's name itself", () => {
  const subject = { O: "Zscaler Inc.", OU: "Zscaler Inc." };

  test.each([
    ["beside the site's", under(ZSCALER, { subject: { ...subject, CN: "www.fabrikam.example" } })],
    ["beside a wildcard", under(ZSCALER, { subject: { ...subject, CN: "*.fabrikam.example" } })],
    ["and no other", under(ZSCALER, { subject })],
  ])("%s", (_, spec) => {
    expect(found(rule, [spec])[0]).toMatchObject({ confidence: "proven", interceptor: { id: "zscaler" } });
  });

  test("for a site of the vendor's that has a public certificate elsewhere", () => {
    const issuer = { CN: "Microsoft Forefront TMG HTTPS Inspection Certification Authority" };
    const name = "login.microsoft.com";
    const spec = under(issuer, { name, subject: { O: "Microsoft Corporation", CN: name } });
    expect(found(rule, [spec])).toHaveLength(1);
  });
});

describe("a product's issuer on a chain that reaches no public root", () => {
  test("names the product, proven", () => {
    const [finding] = found(rule, [under(ZSCALER), under(ZSCALER, { name: "cdn.northwind.example" })]);
    expect(finding).toMatchObject({
      confidence: "proven",
      cause: "tls-interception",
      interceptor: { id: "zscaler", named: "by-issuer" },
      what: "www.fabrikam.example (192.0.2.10:443) and cdn.northwind.example (192.0.2.10:443) presented a certificate issued by “Zscaler Intermediate Root CA (zscaler.net)”, the issuer of Zscaler Internet Access.",
      fix: "Exempt www.fabrikam.example and cdn.northwind.example from TLS inspection on Zscaler Internet Access.",
    });
    expect(idsOf(finding)).toEqual(["tcp/0", "tcp/1"]);
    expect(finding?.evidence[0]?.value).toBe("CN=Zscaler Intermediate Root CA (zscaler.net), O=Zscaler Inc.");
  });

  test("also when the issuer's own certificate was not sent", () => {
    expect(found(rule, [under(ZSCALER, { trust: INCOMPLETE })])[0]?.confidence).toBe("proven");
  });

  test("found on a CA certificate sent with it", () => {
    const leaf = certificate({ issuer: "Contoso Proxy", names: ["www.fabrikam.example"] });
    const ca = certificate({ issuer: ZSCALER, subject: "Contoso Proxy", isCa: true });
    const [finding] = found(rule, [tls({ chain: [leaf, ca], trust: PRIVATE })]);
    expect(finding?.interceptor?.id).toBe("zscaler");
    const notCa = certificate({ issuer: ZSCALER, subject: "Contoso Proxy" });
    expect(found(rule, [tls({ chain: [leaf, notCa], trust: PRIVATE })])).toEqual([]);
  });

  test("says which attribute matched when it is not the name shown", () => {
    const [finding] = found(rule, [under({ ...ZSCALER, CN: "Contoso CA" })]);
    expect(finding?.what).toMatch(/“Contoso CA”, the issuer of Zscaler Internet Access \(O “Zscaler Inc\.”\)\.$/);
  });

  test("a name from memory is only likely", () => {
    expect(found(rule, [under({ O: "EasyTech" })])[0]).toMatchObject({
      confidence: "likely",
      interceptor: { id: "easytech" },
    });
  });

  test.each([
    ["a vendor's name somewhere", { O: "Contoso", CN: "Check Point of Contoso" }],
    ["a public authority's name that a product copies", { CN: "Go Daddy Secure Certificate Authority - G2" }],
  ])("%s accuses nobody, and says so", (_, issuer) => {
    const [finding] = found(rule, [under(issuer)]);
    expect(finding).toMatchObject({ confidence: "possible" });
    expect(finding).not.toHaveProperty("interceptor");
    expect(finding?.why).toContain("proves nothing by itself");
    expect(finding?.fix).toMatch(/^Compare with the certificate/);
  });
});

describe("who is not accused", () => {
  test.each([
    ["a public chain with a product-like name", under(ZSCALER, { trust: PUBLIC })],
    ["a CA declared legitimate", under(ZSCALER, { trust: DECLARED })],
    ["a chain that could not be checked", under(ZSCALER, { trust: { is: "unknown", detail: "md5" } })],
    ["a self-signed certificate", under(ZSCALER, { trust: SELF_SIGNED })],
    ["a leaf whose subject, not issuer, is the vendor's", under({ CN: "Contoso CA" }, { subject: ZSCALER })],
    ["an appliance's admin page under its factory CA", under(FORTINET, { subject: { O: "Fortinet", CN: "FGT60E" } })],
    [
      "the vendor's own site",
      under(FORTINET, { name: "support.fortinet.com", subject: { CN: "support.fortinet.com" } }),
    ],
  ])("%s", (_, spec) => {
    expect(ask(rule, [spec])).toEqual({ is: "clear", checked: 1 });
  });

  test.each(["paloaltonetworks.com", "palo-alto-networks.com"])(
    "a vendor of several words on its own domain: %s",
    (domain) => {
      const issuer = { O: "Palo Alto Networks", CN: "Palo Alto Networks Inc-Root-CA" };
      expect(found(rule, [under(issuer, { name: `live.${domain}`, subject: { CN: `live.${domain}` } })])).toEqual([]);
    },
  );

  test.each([
    ["a vendor's other domain", { CN: "Zscaler Intermediate Root CA (x)", O: "Zscaler Inc." }, "broker.prod.zpath.net"],
    ["a site under its own authority", { CN: "ca.contoso.goskope.com" }, "addon-contoso.goskope.com"],
  ])("%s", (_, issuer, name) => {
    expect(found(rule, [under(issuer, { name, subject: { CN: name } })])).toEqual([]);
  });

  test("one of several vendors that the name may mean, on its own site", () => {
    const issuer = { CN: "Check Point and Barracuda" };
    expect(found(rule, [under(issuer)])).toHaveLength(1);
    expect(found(rule, [under(issuer, { subject: { O: "Barracuda Networks", CN: "BAR-WF-310" } })])).toEqual([]);
  });

  test.each<[string, readonly Spec[], string]>([
    ["a box in the own network under a name of the customer's", [under(FORTINET, { to: "10.0.0.1" })], "possible"],
    [
      "two owners' hosts there",
      [under(FORTINET, { to: "10.0.0.1" }), under(FORTINET, { to: "10.0.0.2", name: "cdn.northwind.example" })],
      "proven",
    ],
    ["a portal under a CA that signs the product's own pages", [under({ CN: "Default_CA_C1234" })], "possible"],
    [
      "that CA for another owner too",
      [under({ CN: "Default_CA_C1234" }), under({ CN: "Default_CA_C1234" }, { name: "cdn.northwind.example" })],
      "proven",
    ],
  ])("%s: %s", (_, specs, confidence) => {
    const [finding] = found(rule, specs);
    expect(finding?.confidence).toBe(confidence);
    if (confidence === "possible") expect(finding?.interceptor).toBeUndefined();
  });

  test("a box in the own network that answers for its address only", () => {
    const page = certificate({ issuer: FORTINET, subject: "10.0.0.1", names: ["10.0.0.1"] });
    expect(found(rule, [tls({ to: "10.0.0.1", chain: [page], trust: PRIVATE })])).toEqual([]);
    // The same certificate at a public address, or a public name at a private one, is no admin page.
    expect(found(rule, [tls({ to: "192.0.2.10", chain: [page], trust: PRIVATE })])).toHaveLength(1);
    expect(found(rule, [under(FORTINET, { to: "10.0.0.1" })])).toHaveLength(1);
  });
});

describe("other answers", () => {
  test("nothing to look at", () => {
    expect(ask(rule, [])).toEqual({ is: "not-applicable" });
    expect(ask(rule, [tls({ tls: { version: 0x0304 } })])).toEqual({ is: "not-observed", missing: "key log" });
    expect(ask(rule, [under({ CN: "Contoso CA" })])).toEqual({ is: "clear", checked: 1 });
  });

  test("a leaf that does not parse is not replaced by the next certificate", () => {
    const ca = certificate({ issuer: ZSCALER, subject: ZSCALER, isCa: true });
    const spec = tls({ chain: [ca], trust: PRIVATE });
    const unreadable = { sha256: "00", frame: 7 };
    const bent = {
      ...spec,
      build: (index: number, id: string) => {
        const connection = spec.build(index, id);
        const shown = connection.tls;
        if (shown === undefined) return connection;
        return { ...connection, tls: { ...shown, certificates: [unreadable, ...shown.certificates] } };
      },
    };
    expect(ask(rule, [bent])).toEqual({ is: "not-applicable" });
  });

  test("empty and 10 kB names", () => {
    expect(found(rule, [under({}), under({ O: "", CN: "" })])).toEqual([]);
    const [finding] = found(rule, [
      under({ ...ZSCALER, CN: "x".repeat(10_000) }, { name: `${"a".repeat(10_000)}.example` }),
    ]);
    expect(finding?.what.length).toBeLessThan(500);
    expect(finding?.fix.length).toBeLessThan(300);
  });
});
