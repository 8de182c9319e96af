import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  found,
  INCOMPLETE,
  idsOf,
  PRIVATE,
  PUBLIC,
  SELF_SIGNED,
  type TlsOptions,
  tls,
  tunnel,
} from "../../../test/support/observations.ts";
import { contradictedCertificate as rule } from "./contradicted-certificate.ts";

const NAME = "shop.adatum.example";
const genuine = (options: TlsOptions = {}) =>
  tls({ name: NAME, trust: PUBLIC, chain: [certificate({ issuer: "R3", names: [NAME] })], ...options });
const other = (options: TlsOptions = {}, scts = 0) =>
  tls({ name: NAME, trust: PRIVATE, chain: [certificate({ issuer: "Box CA", names: [NAME], scts })], ...options });

test("likely, with both certificates as evidence, whichever came first", () => {
  const [finding, ...more] = found(rule, [other(), genuine(), other()]);
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ confidence: "likely", cause: "tls-interception" });
  expect(idsOf(finding)).toEqual(["tcp/0", "tcp/2"]);
  expect(finding?.what).toBe(
    "shop.adatum.example (192.0.2.10:443) presented a certificate issued by “Box CA”; on another connection (tcp/1) the same server has one of “R3”, which verifies.",
  );
  expect(finding?.evidence.map(({ frame, value, expected }) => [frame, value, expected])).toEqual([
    [7, "CN=Box CA", "CN=R3"],
    [107, "CN=R3", undefined],
  ]);
});

describe("not the same server, or no private authority", () => {
  test.each([
    ["another address", other({ to: "192.0.2.11" })],
    ["another port", other({ port: 8443 })],
    ["another name", other({ name: "www.adatum.example" })],
    ["without a name", tls({ trust: PRIVATE, chain: [certificate({ issuer: "Box CA", names: [NAME] })] })],
    ["through a proxy", other({ through: tunnel("192.0.2.10:443") })],
    ["self-signed, as machines come", other({ trust: SELF_SIGNED })],
    ["the intermediate forgotten", other({ trust: INCOMPLETE }, 2)],
    ["an authority younger than the roots known", other({}, 2)],
  ])("%s", (_, spec) => {
    expect(ask(rule, [genuine(), spec])).toMatchObject({ is: "clear" });
  });

  test("only private certificates: nothing to compare with", () => {
    expect(ask(rule, [other(), other()])).toEqual({ is: "clear", checked: 2 });
  });
});
