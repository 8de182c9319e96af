import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  DAY,
  DECLARED,
  found,
  NOW,
  PRIVATE,
  PUBLIC,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { certificateDates as rule } from "./certificate-dates.ts";
import { refusedCertificate } from "./refused-certificate.ts";

const NAME = "old.wingtip.example";
const ISSUER = { O: "Sample Trust", CN: "Sample TLS CA 6" };
const OLD = certificate({ subject: ISSUER, issuer: "Sample Root", isCa: true, notAfter: NOW - 3 * DAY });
const LEAF = certificate({ issuer: ISSUER, names: [NAME] });
const outdated = (options: TlsOptions = {}, by = OLD) =>
  tls({ name: NAME, chain: [LEAF, by], trust: { ...PUBLIC, outdated: by.observed.certificate }, ...options });
const REFUSED: TlsOptions = {
  outcome: "alert",
  alerts: [{ from: "client", code: 45, description: "certificate_expired" }],
};

describe("an intermediate certificate out of its time", () => {
  test("refused by the client", () => {
    const [finding, ...more] = found(rule, [outdated(REFUSED)]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ confidence: "proven", cause: "certificate-expired" });
    expect(finding?.what).toBe(
      "The certificate of the authority “Sample TLS CA 6”, by which that of old.wingtip.example (192.0.2.10:443) reaches a root, expired on 2026-11-19 12:00:00 UTC; the capture is of 2026-11-22 12:00:00 UTC; the client refused it with certificate_expired (frame 9).",
    );
    expect(finding?.evidence[0]).toMatchObject({ frame: 7, path: "tls.certificate[1].validity.notAfter" });
  });

  test("accepted: told, and no cause", () => {
    const [finding] = found(rule, [outdated({ tls: { applicationData: { client: true, server: true } } })]);
    expect(finding?.confidence).toBe("possible");
    expect(finding?.why).toContain("This client did not refuse it");
  });

  test("not valid yet, and not presented in this connection", () => {
    const early = certificate({ subject: ISSUER, issuer: "Sample Root", isCa: true, notBefore: NOW + DAY });
    const [finding] = found(rule, [outdated({ ...REFUSED, chain: [LEAF] }, early)]);
    expect(finding?.cause).toBe("certificate-not-yet-valid");
    expect(finding?.what).toContain("is valid only from 2026-11-23 12:00:00 UTC");
    expect(finding?.evidence[0]?.path).toBe("tls.certificate[issuer].validity.notBefore");
  });

  test("the refusal is explained by it", () => {
    expect(found(refusedCertificate, [outdated(REFUSED)])).toEqual([]);
    expect(found(refusedCertificate, [outdated({ ...REFUSED, trust: PUBLIC })])).toHaveLength(1);
  });
});

test.each<[string, TlsOptions]>([
  ["all in time", { trust: PUBLIC }],
  ["a declared CA", { trust: DECLARED }],
])("clear: %s", (_, options) => {
  expect(ask(rule, [outdated({ ...REFUSED, ...options })])).toEqual({ is: "clear", checked: 1 });
});

test.each([
  ["expired", { notAfter: NOW - DAY }],
  ["not valid yet", { notBefore: NOW + DAY }],
])("a leaf that is %s itself is told alone", (_, dates) => {
  const [finding, ...more] = found(rule, [outdated({ chain: [certificate({ issuer: ISSUER, ...dates }), OLD] })]);
  expect(more).toEqual([]);
  expect(finding?.evidence[0]?.path).toContain("tls.certificate[0].");
});

test("a chain that is not good is not judged", () => {
  expect(ask(rule, [outdated({ ...REFUSED, trust: PRIVATE })])).toEqual({ is: "not-applicable" });
});
