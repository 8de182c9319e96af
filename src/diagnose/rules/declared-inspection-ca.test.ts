import { expect, test } from "vitest";
import {
  ask,
  certificate,
  DECLARED,
  found,
  INSPECTION,
  idsOf,
  PRIVATE,
  PUBLIC,
  type TlsOptions,
  tls,
} from "../../../test/support/observations.ts";
import { declaredInspectionCa as rule } from "./declared-inspection-ca.ts";

const declared = { inspectionDeclared: true } as const;
const NAME = "shop.adatum.example";
const shown = (issuer: string, trust: TlsOptions["trust"]) =>
  tls({ name: NAME, chain: [certificate({ issuer, names: [NAME] })], ...(trust !== undefined && { trust }) });

test("proven for what the declared CA signed, and named by the declaration", () => {
  const [finding, ...more] = found(rule, [shown("Box CA", INSPECTION), shown("R3", PUBLIC)], declared);
  expect(more).toEqual([]);
  expect(finding).toMatchObject({
    confidence: "proven",
    cause: "tls-interception",
    interceptor: { id: "declared-inspection-ca", name: "Box CA", named: "declared" },
  });
  expect(idsOf(finding)).toEqual(["tcp/0"]);
});

test("a product where the CA bears its name", () => {
  const [finding] = found(rule, [shown("mitmproxy", INSPECTION)], declared);
  expect(finding?.interceptor).toEqual({ id: "mitmproxy", name: "mitmproxy", named: "declared" });
});

test("its name on what it did not sign accuses nobody", () => {
  const answer = ask(rule, [shown("Box CA", PRIVATE), shown("Box CA", DECLARED), shown("Box CA", PUBLIC)], declared);
  expect(answer).toEqual({ is: "clear", checked: 3 });
});

test("a signature that could not be checked", () => {
  expect(ask(rule, [shown("Box CA", { ...INSPECTION, is: "unknown" })], declared)).toMatchObject({ is: "clear" });
});

test("none declared", () => {
  expect(ask(rule, [shown("R3", PUBLIC)])).toEqual({ is: "not-applicable" });
});
