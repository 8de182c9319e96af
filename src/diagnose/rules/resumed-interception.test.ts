import { expect, test } from "vitest";
import { ask, certificate, idsOf, observations, PRIVATE, type Spec, tls } from "../../../test/support/observations.ts";
import { Context } from "../context.ts";
import type { Finding } from "../finding.ts";
import type { Confidence } from "../vocabulary.ts";
import { resumedInterception as rule } from "./resumed-interception.ts";

const full = (session: string, to = "192.0.2.10") =>
  tls({ to, trust: PRIVATE, chain: [certificate({ issuer: "CA" })], tls: { issuedSessions: [session] } });
const resumed = (session: string, options: Parameters<typeof tls>[0] = {}) =>
  tls({ name: "www.fabrikam.example", ...options, tls: { resumed: true, offeredSessions: [session] } });

/** What the rule says when an earlier one has found the first connection intercepted. */
function after(specs: readonly Spec[], ...confidences: Confidence[]): readonly Finding[] {
  const seen = observations(specs);
  const earlier = confidences.map(
    (confidence): Finding => ({
      confidence,
      cause: "tls-interception",
      connections: seen.connections.slice(0, 1),
      what: "",
      why: "",
      fix: "",
      evidence: [],
      interceptor: { id: "zscaler", name: `Zscaler (${confidence})`, named: "by-issuer" },
    }),
  );
  const answer = rule.check(new Context(seen, earlier));
  return answer.is === "finding" ? answer.findings : [];
}

test("inherits confidence and product of the connection whose session it resumes", () => {
  const [finding] = after([full("\xaa\x0b"), resumed("\xaa\x0b")], "likely");
  expect(finding).toMatchObject({
    confidence: "likely",
    interceptor: { id: "zscaler" },
    what: "www.fabrikam.example (192.0.2.10:443) resumes the session of tcp/0 to 192.0.2.10:443, which is very likely intercepted.",
  });
  expect(idsOf(finding)).toEqual(["tcp/1"]);
  expect(finding?.evidence[0]).toMatchObject({ frame: 104, value: "aa0b" });
});

test("of two findings the better one counts", () => {
  const [finding] = after([full("4:aabb"), resumed("4:aabb")], "likely", "proven");
  expect(finding).toMatchObject({ confidence: "proven", interceptor: { name: "Zscaler (proven)" } });
});

test("the server's address does not matter, the session does", () => {
  expect(after([full("4:aabb"), resumed("4:aabb", { to: "198.51.100.9" })], "proven")).toHaveLength(1);
});

test.each([
  ["another session", [full("4:aabb"), resumed("4:aacc")]],
  [
    "a session that was offered and not taken",
    [full("4:aabb"), tls({ tls: { resumed: false, offeredSessions: ["4:aabb"] } })],
  ],
  ["no session at all", [full("4:aabb"), tls({ tls: { resumed: true } })]],
])("nobody is accused for %s", (_, specs) => {
  expect(after(specs, "proven")).toEqual([]);
});

test("a possible interception is not inherited", () => {
  expect(after([full("4:aabb"), resumed("4:aabb")], "possible")).toEqual([]);
});

test("a session of a genuine connection is not accused", () => {
  expect(ask(rule, [full("4:aabb"), resumed("4:aabb")])).toEqual({ is: "clear", checked: 1 });
});

test("without a resumed session it does not apply", () => {
  expect(ask(rule, [full("4:aabb")])).toEqual({ is: "not-applicable" });
});

test("a ticket of any length is shown short", () => {
  const ticket = `2000:${"ab".repeat(5000)}`;
  expect(after([full(ticket), resumed(ticket)], "proven")[0]?.evidence[0]?.value.length).toBeLessThan(100);
});
