import { expect, test } from "vitest";
import { ask, found, tcp, tunnel } from "../../../test/support/observations.ts";
import type { Tunnel } from "../../observe/observations.ts";
import { proxyRefused as rule } from "./proxy-refused.ts";

const asked = (status?: number, headers: Tunnel["headers"] = []) =>
  tcp({ port: 3128, through: tunnel("av.fabrikam.example:443", { ...(status !== undefined && { status }), headers }) });

test.each([
  [407, "proxy-auth-required"],
  [403, "proxy-denied"],
  [302, "proxy-denied"],
  [404, "proxy-denied"],
  [502, "proxy-upstream-failed"],
  [504, "proxy-upstream-failed"],
])("%i: %s", (status, cause) => {
  const [finding] = found(rule, [asked(status)]);
  expect(finding).toMatchObject({ confidence: "proven", cause });
  expect(finding?.what).toBe(
    `The proxy 192.0.2.10:3128 answered the request for a tunnel to av.fabrikam.example:443 with ${status} (frame 6).`,
  );
  expect(finding?.evidence[0]).toMatchObject({ frame: 6, path: "http.response.code", value: `${status}` });
});

test("what the proxy wants is said", () => {
  const headers = [
    { name: "Via", value: "1.1 proxy" },
    { name: "Proxy-Authenticate", value: "NTLM" },
    { name: "proxy-authenticate", value: 'Basic realm="x"' },
  ];
  const [finding] = found(rule, [asked(407, headers)]);
  expect(finding?.why).toContain('(NTLM, Basic realm="x")');
  expect(finding?.evidence[0]?.value).toBe(
    '407; Via: 1.1 proxy; Proxy-Authenticate: NTLM; proxy-authenticate: Basic realm="x"',
  );
});

test("a tunnel that was granted, or not answered yet, is none", () => {
  expect(ask(rule, [asked(200), asked()])).toEqual({ is: "clear", checked: 2 });
});

test("without a proxy there is nothing to ask", () => {
  expect(ask(rule, [tcp()])).toEqual({ is: "not-applicable" });
});
