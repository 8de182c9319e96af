import { describe, expect, test } from "vitest";
import { ask, found, tcp, udp, type Where } from "../../../test/support/observations.ts";
import { portBlocked as rule } from "./port-blocked.ts";

const NOTHING = { fromClient: 0, fromServer: 0 };
const silent = (syns: number, options: Where = {}) =>
  tcp({ outcome: "unanswered", bytes: NOTHING, ...options, tcp: { syns, synAck: null, server: { frames: 0 } } });
const OTHER = tcp();

test("SYNs that nobody answers, while others are answered", () => {
  const [finding, ...more] = found(rule, [silent(3), OTHER]);
  expect(more).toEqual([]);
  expect(finding).toMatchObject({
    confidence: "proven",
    cause: "port-blocked",
    what: "3 SYNs to 192.0.2.10:443 got no answer at all (first in frame 1).",
    fix: "Check that 192.0.2.10 is the right address and up; allow TCP 443 to it on the firewall.",
  });
});

test("two SYNs in three seconds are enough", () => {
  expect(found(rule, [silent(2), OTHER], { seconds: 3 })).toHaveLength(1);
});

test("an answer over UDP shows that answers were captured", () => {
  expect(found(rule, [silent(3), udp()])[0]?.confidence).toBe("proven");
  expect(found(rule, [silent(3), udp({ stun: { responses: 0 } })])[0]?.confidence).toBe("likely");
});

test("likely only, when nothing at all was answered: the capture may lack a direction", () => {
  expect(found(rule, [silent(3)])[0]?.confidence).toBe("likely");
});

describe("not blocked", () => {
  test.each([
    ["one SYN", silent(1), 3600],
    ["a capture that ends two seconds later", silent(2), 2],
    ["answered", OTHER, 3600],
  ])("%s", (_, spec, seconds) => {
    expect(ask(rule, [spec, OTHER], { seconds })).toEqual({ is: "clear", checked: 2 });
  });
});

test("one direction only: cannot be seen", () => {
  const oneWay = tcp({ tcp: { synAck: null, server: { frames: 0 } }, bytes: { fromClient: 500, fromServer: 0 } });
  expect(ask(rule, [oneWay, silent(3)])).toEqual({ is: "not-observed", missing: "the other direction" });
});

test("packets without a time do not show how long nobody answered", () => {
  const untimed = silent(4, { untimed: true });
  expect(ask(rule, [untimed, OTHER])).toEqual({ is: "not-observed", missing: "the time of the packets" });
  expect(ask(rule, [OTHER, tcp({ untimed: true })])).toEqual({ is: "clear", checked: 2 });
});

test("nothing was opened", () => {
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [tcp({ tcp: { syns: 0 } })])).toEqual({ is: "not-applicable" });
});
