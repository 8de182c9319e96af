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
  tls,
} from "../../../test/support/observations.ts";
import { publicServiceOnPrivateRoot as rule } from "./public-service-on-private-root.ts";

const service = (name: string, trust: Parameters<typeof tls>[0] = {}) =>
  tls({ name, chain: [certificate({ issuer: { O: "Contoso", CN: "Contoso Proxy CA" }, names: [name] })], ...trust });

describe("a name on the services list under a private root", () => {
  test.each([
    ["private root", PRIVATE],
    ["self-signed", SELF_SIGNED],
    ["a signature that is not its issuer's", { is: "invalid-signature" } as const],
    ["a private CA that was declared: it has no business with these names", DECLARED],
  ])("likely: %s", (_, trust) => {
    const [finding] = found(rule, [service("teams.microsoft.com", { trust }), service("us04web.zoom.us", { trust })]);
    expect(finding).toMatchObject({ confidence: "likely", cause: "tls-interception" });
    expect(idsOf(finding)).toEqual(["tcp/0", "tcp/1"]);
    expect(finding?.what).toBe(
      "teams.microsoft.com (192.0.2.10:443) and us04web.zoom.us (192.0.2.10:443) presented a certificate issued by “Contoso Proxy CA”, which leads to no public root.",
    );
    expect(finding?.fix).toContain("login page");
  });

  test.each([
    ["it has SCTs: the authority may be younger than the roots known here", { issuer: "Public CA 2031", scts: 2 }],
    [
      "an authority of the vendor's own",
      { issuer: { O: "Microsoft Corporation", CN: "Microsoft Secure Server CA 2011" }, scts: 0 },
    ],
  ])("possible: %s", (_, { issuer, scts }) => {
    const name = "eu.pipe.skype.com";
    const [finding] = found(rule, [
      tls({ name, trust: PRIVATE, chain: [certificate({ issuer, names: [name], scts })] }),
    ]);
    expect(finding).toMatchObject({ confidence: "possible", cause: "tls-interception" });
    expect(finding?.fix).toContain("Compare");
  });

  test.each([
    ["public root", PUBLIC],
    ["a chain whose top was not sent: it may be public", INCOMPLETE],
    ["a root that was public once", { is: "unknown", detail: "retired" } as const],
  ])("clear: %s", (_, trust) => {
    expect(ask(rule, [service("teams.microsoft.com", { trust })])).toEqual({ is: "clear", checked: 1 });
  });
});

test.each(["sip.fabrikam.example", "teams.microsoft.com.evil.example", "notzoom.us", ""])(
  "not a public service: %j",
  (name) => {
    expect(ask(rule, [service(name, { trust: PRIVATE })])).toEqual({ is: "not-applicable" });
  },
);

test("TLS 1.3 hides the certificate, but only a service's matters", () => {
  const hidden = { tls: { version: 0x0304 } };
  expect(ask(rule, [tls({ name: "teams.microsoft.com", ...hidden })])).toEqual({
    is: "not-observed",
    missing: "key log",
  });
  expect(ask(rule, [tls({ name: "www.fabrikam.example", ...hidden })])).toEqual({ is: "not-applicable" });
});
