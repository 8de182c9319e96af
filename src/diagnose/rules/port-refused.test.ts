import { expect, test } from "vitest";
import { ask, found, tcp, type Where } from "../../../test/support/observations.ts";
import { portRefused as rule } from "./port-refused.ts";

const refused = ({ tcp: options, ...rest }: Where) =>
  tcp({ outcome: "refused", bytes: { fromClient: 0, fromServer: 0 }, ...rest, tcp: { synAck: null, ...options } });
const RESET = { from: "server", frame: 2 } as const;
const ICMP = { type: 3, code: 13, from: "192.0.2.1" };

test.each([
  ["a reset", { tcp: { reset: RESET } }, "a reset (frame 2)", "tcp.flags.reset"],
  [
    "an ICMP error",
    { unreachable: { ...ICMP, frame: 2 } },
    "an ICMP error from 192.0.2.1: administratively prohibited (type 3, code 13) (frame 2)",
    "icmp.type",
  ],
  [
    "both, the reset first",
    { tcp: { reset: RESET }, unreachable: { ...ICMP, frame: 5 } },
    "a reset (frame 2)",
    "tcp.flags.reset",
  ],
  [
    "both, the ICMP error first",
    { tcp: { reset: { ...RESET, frame: 5 } }, unreachable: { ...ICMP, frame: 2 } },
    "an ICMP error from 192.0.2.1: administratively prohibited (type 3, code 13) (frame 2)",
    "icmp.type",
  ],
])("refused by %s", (_, options, words, path) => {
  const [finding] = found(rule, [refused(options)]);
  expect(finding).toMatchObject({ confidence: "proven", cause: "port-refused" });
  expect(finding?.what).toBe(`The SYN to 192.0.2.10:443 was answered with ${words}.`);
  expect(finding?.evidence[0]).toMatchObject({ frame: 2, path });
});

test.each([
  ["192.0.2.1", 11, 0, "time to live exceeded in transit", "go in circles"],
  ["192.0.2.1", 3, 1, "host unreachable", "Check that 192.0.2.10 is the right address and up"],
  ["192.0.2.1", 3, 200, "it cannot get there", "allow TCP 443 to it on the firewall; the error comes from 192.0.2.1"],
  ["2001:db8::1", 3, 0, "hop limit exceeded in transit", "Look at the routes to 192.0.2.10, from 2001:db8::1 on"],
  ["2001:db8::1", 1, 1, "administratively prohibited", "Allow TCP 443 to 192.0.2.10 on 2001:db8::1"],
])("what the error of %s says: type %i, code %i", (from, type, code, name, advice) => {
  const [finding] = found(rule, [refused({ unreachable: { from, type, code, frame: 2 } })]);
  expect(finding?.what).toContain(`from ${from}: ${name} (type ${type}, code ${code})`);
  expect(`${finding?.why} ${finding?.fix}`).toContain(advice);
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
