import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  DAY,
  DECLARED,
  found,
  INCOMPLETE,
  NOW,
  PRIVATE,
  PUBLIC,
  SELF_SIGNED,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { refusedCertificate as rule } from "./refused-certificate.ts";

const NAME = "intranet.litware.example";
const LEAF = certificate({ issuer: { O: "Litware", CN: "Litware Issuing CA 01" }, names: [NAME] });
const refusing = (code: number, options: TlsOptions = {}) =>
  tls({
    name: NAME,
    chain: [LEAF],
    outcome: "alert",
    alerts: [{ from: "client", code, description: `alert_${code}` }],
    ...options,
  });

describe("the client refused what it was shown", () => {
  test.each([
    ["unknown_ca", 48, PRIVATE, "private-ca"],
    ["bad_certificate", 42, PRIVATE, "private-ca"],
    ["certificate_unknown", 46, INCOMPLETE, "private-ca"],
    ["unknown_ca", 48, SELF_SIGNED, "self-signed"],
    ["another reason than the issuer: revoked", 44, PRIVATE, "tls-alert"],
    ["another reason than the issuer: expired", 45, SELF_SIGNED, "tls-alert"],
    ["a signature that is not its issuer's", 48, { is: "invalid-signature" } as const, "tls-alert"],
    ["a chain that could not be checked", 48, { is: "unknown" } as const, "tls-alert"],
    ["a good certificate: an old root store, a pin, a clock", 48, PUBLIC, "tls-alert"],
    ["a declared CA that the client does not have", 48, DECLARED, "tls-alert"],
  ])("%s", (_, code, trust, cause) => {
    const [finding, ...more] = found(rule, [refusing(code, { trust })]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ confidence: "proven", cause });
  });

  test.each<[string, TlsOptions]>([
    ["another name", { name: "other.example" }],
    ["wrong dates", { chain: [certificate({ issuer: "CA", names: [NAME], notAfter: NOW - DAY })] }],
  ])("a chain that is not good is refused for its issuer first: %s", (_, options) => {
    expect(found(rule, [refusing(48, { trust: PRIVATE, ...options })])[0]?.cause).toBe("private-ca");
  });

  test.each([
    ["first", { notBefore: NOW }],
    ["last", { notAfter: NOW }],
  ])("refused in the %s second of its validity: not for its dates", (_, dates) => {
    const chain = [certificate({ issuer: "R3", names: [NAME], ...dates })];
    expect(found(rule, [refusing(48, { trust: PUBLIC, chain })])[0]?.cause).toBe("tls-alert");
  });

  test("in words", () => {
    const [ca] = found(rule, [refusing(48, { trust: PRIVATE })]);
    expect(ca?.what).toBe(
      "The client refused the certificate of intranet.litware.example (192.0.2.10:443) with alert_48 (frame 9); it was issued by “Litware Issuing CA 01”.",
    );
    const [self] = found(rule, [refusing(48, { trust: SELF_SIGNED })]);
    expect(self?.what).toMatch(/with alert_48 \(frame 9\); it is self-signed\.$/);
    expect(ca?.why).toContain("Nothing in this capture shows whether");
  });
});

test.each([
  [44, PRIVATE, "The client gives another reason than an unknown issuer. "],
  [48, { is: "invalid-signature" } as const, "Its signature is not that of the issuer it names. "],
  [48, { is: "unknown" } as const, "The chain could not be checked here. "],
])("why, for alert %i and %j", (code, trust, why) => {
  expect(found(rule, [refusing(code, { trust })])[0]?.why.startsWith(why)).toBe(true);
});

test.each<[string, TlsOptions]>([
  ["accepted", { alerts: [] }],
  ["the server's alert", { alerts: [{ from: "server", code: 48, description: "unknown_ca" }] }],
  ["an alert about something else", { alerts: [{ from: "client", code: 40, description: "handshake_failure" }] }],
  ["a good chain for another name: a cause of its own", { name: "other.example", trust: PUBLIC }],
  [
    "an expired good chain: a cause of its own",
    { trust: PUBLIC, chain: [certificate({ issuer: "R3", names: [NAME], notAfter: NOW - DAY })] },
  ],
])("no finding: %s", (_, options) => {
  expect(ask(rule, [refusing(48, { trust: PRIVATE, ...options })])).toEqual({ is: "clear", checked: 1 });
});

test("nothing to see", () => {
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [tls({ tls: { version: 0x0304 } })])).toEqual({ is: "not-observed", missing: "key log" });
});
