import { describe, expect, test } from "vitest";
import { ask, found, type Spec, tcp, tunnel, type Where } from "../../../test/support/observations.ts";
import type { Tunnel } from "../../observe/observations.ts";
import { proxyRefused as rule } from "./proxy-refused.ts";

const through = (status?: number, headers: Tunnel["headers"] = []) =>
  tunnel("av.fabrikam.example:443", { ...(status !== undefined && { status }), headers });
const asked = (through: Tunnel) => tcp({ port: 3128, through });

test.each([
  [407, "proxy-auth-required"],
  [403, "proxy-denied"],
  [302, "proxy-denied"],
  [404, "proxy-denied"],
  [502, "proxy-upstream-failed"],
  [504, "proxy-upstream-failed"],
])("%i: %s", (status, cause) => {
  const [finding] = found(rule, [asked(through(status))]);
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
  const [finding] = found(rule, [asked(through(407, headers))]);
  expect(finding?.why).toContain('(NTLM, Basic realm="x")');
  expect(finding?.evidence[0]?.value).toBe(
    '407; Via: 1.1 proxy; Proxy-Authenticate: NTLM; proxy-authenticate: Basic realm="x"',
  );
});

test("the title of its page is said", () => {
  const [finding] = found(rule, [asked({ ...through(403), title: "Blocked" })]);
  expect(finding?.what).toContain(" with 403 “Blocked” (frame 6).");
});

describe("a demand for credentials that is met later is no refusal", () => {
  const later = (through: Tunnel, options: Where = {}) => tcp({ port: 3128, ...options, through });
  const demand = through(407);

  test("through the same proxy, for the same target, by the same client", () => {
    const granted = { ...through(200), target: "AV.fabrikam.example:443" };
    expect(ask(rule, [later(demand), later(demand), later(granted)])).toEqual({ is: "clear", checked: 3 });
  });

  test.each<[string, Spec[]]>([
    ["granted before", [later(through(200)), later(demand)]],
    ["another target", [later(demand), later({ ...through(200), target: "www.fabrikam.example:443" })]],
    ["another proxy", [later(demand), later(through(200), { to: "192.0.2.11" })]],
    ["another port of it", [later(demand), later(through(200), { port: 8080 })]],
    ["another client", [later(demand), later(through(200), { client: "10.20.0.99" })]],
    ["no answer to it", [later(demand), later(through())]],
    ["a denial, which credentials do not change", [later(through(403)), later(through(200))]],
  ])("not: %s", (_, specs) => {
    expect(found(rule, specs)).toHaveLength(1);
  });
});

describe("SOCKS", () => {
  const socks = (status: number | undefined, rest: Partial<Tunnel> = {}): Tunnel => ({
    kind: "socks",
    version: "5",
    target: "av.fabrikam.example:443",
    requestFrame: 4,
    ...(status !== undefined && { status }),
    statusFrame: 6,
    granted: false,
    headers: [],
    ...rest,
  });

  test.each<[number, Partial<Tunnel>, string, string]>([
    [1, {}, "proxy-upstream-failed", "SOCKS reply 1 (general failure)"],
    [2, {}, "proxy-denied", "SOCKS reply 2 (not allowed by the rules)"],
    [4, {}, "proxy-upstream-failed", "SOCKS reply 4 (host unreachable)"],
    [8, {}, "proxy-denied", "SOCKS reply 8 (address type not supported)"],
    [77, {}, "proxy-denied", "SOCKS reply 77 (unassigned)"],
    [91, { version: "4" }, "proxy-denied", "SOCKS reply 91 (rejected or failed)"],
    [93, { version: "4a" }, "proxy-auth-required", "SOCKS reply 93 (rejected: identd names another user)"],
  ])("reply %i", (status, rest, cause, words) => {
    const [finding] = found(rule, [asked(socks(status, rest))]);
    expect(finding).toMatchObject({ confidence: "proven", cause });
    expect(finding?.what).toBe(
      `The proxy 192.0.2.10:3128 answered the request for a tunnel to av.fabrikam.example:443 with ${words} (frame 6).`,
    );
    expect(finding?.evidence).toEqual([
      { file: 0, frame: 6, path: "socks.results", value: words, expected: "granted" },
    ]);
  });

  test("a login that is refused: nobody knows what for", () => {
    const { target: _, ...untold } = socks(undefined, { login: "refused" });
    const [finding] = found(rule, [asked(untold)]);
    expect(finding?.cause).toBe("proxy-auth-required");
    expect(finding?.what).toBe(
      "The SOCKS proxy 192.0.2.10:3128 takes none of the client's ways to log in, or refused its login (frame 6).",
    );
    expect(finding?.fix).toContain("Let the server pass the proxy without authentication");
    expect(found(rule, [asked(untold), asked({ ...socks(0), granted: true })])).toEqual([]);
  });
});

test("a tunnel that was granted, or not answered yet, is none", () => {
  expect(ask(rule, [asked(through(200)), asked(through())])).toEqual({ is: "clear", checked: 2 });
});

test("without a proxy there is nothing to ask", () => {
  expect(ask(rule, [tcp()])).toEqual({ is: "not-applicable" });
});
