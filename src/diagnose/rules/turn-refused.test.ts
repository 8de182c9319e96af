import { describe, expect, test } from "vitest";
import { ask, found, observations, tcp, udp } from "../../../test/support/observations.ts";
import type { AllocationObservation } from "../../observe/observations.ts";
import { diagnose } from "../diagnose.ts";
import { turnRefused as rule } from "./turn-refused.ts";

const asked = (allocation: Partial<AllocationObservation>, where: Parameters<typeof udp>[0] = {}) =>
  udp({
    ...where,
    stun: { allocated: allocation.is === "allocated", allocation: { is: "refused", frame: 8, ...allocation } },
  });
const refused = (code: number, reason = "", where: Parameters<typeof udp>[0] = {}) =>
  asked({ error: { code, reason } }, where);

describe("refused", () => {
  test.each([
    [401, "password"],
    [403, "policy"],
    [437, "address and port"],
    [441, "password"],
    [486, "quota"],
    [508, "no room"],
    [442, "answer is no"],
    [500, "answer is no"],
  ])("%i: says why, and that it is the server", (code, why) => {
    const [finding, ...more] = found(rule, [refused(code, "Said So")]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      confidence: "proven",
      what: `198.51.100.30:3478 refused the client a relay: ${code} Said So (frame 8).`,
    });
    expect(finding?.why).toContain(why);
    expect(finding).not.toHaveProperty("cause");
  });

  test("without a code", () => {
    expect(found(rule, [asked({})])[0]?.what).toContain("an error without a code");
  });

  test("decides nothing: no verdict has a cause for it, and it breaks the feature", () => {
    const { verdict, connections, features } = diagnose(observations([refused(486)]));
    expect(verdict.is).toBe("cannot-tell");
    expect(connections[0]?.verdict).toEqual({ is: "not-judged", findings: ["f1"] });
    expect(features).toContainEqual(
      expect.objectContaining({
        feature: "audio-video",
        status: "at-risk",
        because: expect.stringContaining("198.51.100.30:3478 (udp/0) refused the client a relay."),
        findings: ["f1"],
      }),
    );
  });
});

describe("clear", () => {
  test.each<[string, Partial<AllocationObservation>]>([
    ["allocated", { is: "allocated" }],
    ["a client that only asked", { is: "challenged", error: { code: 401, reason: "" } }],
    ["another server", { is: "redirected", error: { code: 300, reason: "" } }],
    ["no answer, which is another rule's", { is: "unanswered" }],
    ["no IPv6, which the client asks for besides", { error: { code: 440, reason: "" } }],
  ])("%s", (_, allocation) => {
    expect(ask(rule, [asked(allocation)])).toEqual({ is: "clear", checked: 1 });
  });

  test("the same client has a relay of the same server", () => {
    const granted = asked({ is: "allocated" });
    expect(found(rule, [refused(486), granted])).toEqual([]);
    expect(found(rule, [granted, refused(437)])).toEqual([]);
    expect(found(rule, [refused(486), asked({ is: "allocated" }, { to: "192.0.2.9" })])).toHaveLength(1);
    expect(found(rule, [refused(486), asked({ is: "allocated" }, { client: "10.20.0.51" })])).toHaveLength(1);
  });
});

test("not applicable where no relay was asked for", () => {
  expect(ask(rule, [tcp(), udp({ protocol: "stun" })])).toEqual({ is: "not-applicable" });
});
