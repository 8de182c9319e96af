import { expect, test } from "vitest";
import { ask, found, tcp, type Where } from "../../../test/support/observations.ts";
import { portRefused as rule } from "./port-refused.ts";

const refused = (options: NonNullable<Where["tcp"]>) =>
  tcp({ outcome: "refused", bytes: { fromClient: 0, fromServer: 0 }, tcp: { synAck: null, ...options } });
const RESET = { from: "server", frame: 2 } as const;
const ICMP = { type: 3, code: 13, from: "192.0.2.1" };

test.each([
  ["a reset", { reset: RESET }, "a reset (frame 2)", "tcp.flags.reset"],
  [
    "an ICMP error",
    { unreachable: { ...ICMP, frame: 2 } },
    "an ICMP error from 192.0.2.1 (type 3, code 13) (frame 2)",
    "icmp.type",
  ],
  [
    "both, the reset first",
    { reset: RESET, unreachable: { ...ICMP, frame: 5 } },
    "a reset (frame 2)",
    "tcp.flags.reset",
  ],
  [
    "both, the ICMP error first",
    { reset: { ...RESET, frame: 5 }, unreachable: { ...ICMP, frame: 2 } },
    "an ICMP error from 192.0.2.1 (type 3, code 13) (frame 2)",
    "icmp.type",
  ],
])("refused by %s", (_, options, words, path) => {
  const [finding] = found(rule, [refused(options)]);
  expect(finding).toMatchObject({ confidence: "proven", cause: "port-refused" });
  expect(finding?.what).toBe(`The SYN to 192.0.2.10:443 was answered with ${words}.`);
  expect(finding?.evidence[0]).toMatchObject({ frame: 2, path });
});

test("a connection that came up and was reset later is not refused", () => {
  expect(ask(rule, [tcp({ outcome: "reset", tcp: { reset: { from: "server", frame: 50 } } })])).toEqual({
    is: "clear",
    checked: 1,
  });
});

test("nothing was opened", () => {
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [tcp({ tcp: { syns: 0 } })])).toEqual({ is: "not-applicable" });
});
