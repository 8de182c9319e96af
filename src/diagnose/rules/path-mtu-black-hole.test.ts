import { describe, expect, test } from "vitest";
import { ask, found, type TlsOptions, tls } from "../../../test/support/observations.ts";
import { pathMtuBlackHole as rule } from "./path-mtu-black-hole.ts";

type Tcp = NonNullable<TlsOptions["tcp"]>;
const stuck = (tcp: Tcp, options: TlsOptions = {}) =>
  tls({ name: "www.fabrikam.example", outcome: "stalled", lasts: 9, tcp, ...options });
const SERVER: Tcp = { server: { lost: 2896, largestSegment: 90 } };
/** In frame 12, half a second after the beginning. */
const segment = { frame: 12, size: 1460, repeats: 4, at: 0.5, heard: 1 };
const repeated = (changes: Partial<typeof segment> = {}): Tcp => ({ client: { stuck: { ...segment, ...changes } } });
const opening = (options: string) => ({ opening: { ttl: 57, window: 65535, options, number: 1 } });
const TIMESTAMPS = { client: opening("mss 1460,sackOK,TS,nop,wscale 7"), server: opening("mss 1460,nop,nop,TS") };

describe("full-size segments never pass", () => {
  test("from the server", () => {
    const [finding] = found(rule, [stuck(SERVER)]);
    expect(finding).toMatchObject({ confidence: "likely", cause: "path-mtu-black-hole" });
    expect(finding?.what).toBe(
      "2896 bytes of the answer from www.fabrikam.example (192.0.2.10:443) never arrived, while smaller packets did (frame 6).",
    );
    expect(finding?.evidence[0]?.value).toBe("largest server segment that passed: 90 bytes; lost: 2896 bytes");
  });

  test.each([
    ["client", "The client's full-size packets to www.fabrikam.example (192.0.2.10:443)"],
    ["server", "The full-size packets from www.fabrikam.example (192.0.2.10:443)"],
  ] as const)("from the %s, where its packets were captured before they were lost", (side, whose) => {
    const [finding, ...more] = found(rule, [stuck({ [side]: { stuck: segment } })]);
    expect(more).toEqual([]);
    expect(finding?.what).toBe(`${whose} were sent again and again and never acknowledged (frame 12).`);
    expect(finding?.evidence[0]?.value).toBe(
      "first segment of 1460 bytes: sent again 4 times, never acknowledged; all before it was smaller, and was",
    );
  });
});

test.each<[string, Tcp, TlsOptions]>([
  ["a full-size segment passed: ordinary loss", { server: { lost: 2896, largestSegment: 1448 } }, {}],
  [
    "a small one was lost as well, when every other was full: ordinary loss",
    { server: { lost: 2148, largestSegment: 90 } },
    {},
  ],
  ["what was lost is small", { server: { lost: 1199, largestSegment: 90 } }, {}],
  ["what is not acknowledged is small: not its size", repeated({ size: 517 }), {}],
  ["one retransmission", repeated({ repeats: 1 }), {}],
  ["not a word after it: a filter that swallows it", repeated({ heard: 0 }), {}],
])("clear: %s", (_, tcp, options) => {
  expect(ask(rule, [stuck(tcp, options)])).toEqual({ is: "clear", checked: 1 });
});

describe("at the boundary", () => {
  test.each<[string, Tcp, TlsOptions, number]>([
    ["1200 bytes of the server, segments below 1200", { server: { lost: 1200, largestSegment: 1199 } }, {}, 1],
    ["a segment of 1200 passed", { server: { lost: 1200, largestSegment: 1200 } }, {}, 0],
    [
      "all that is lost is larger than what passed, as behind a VPN",
      { server: { lost: 1448, largestSegment: 1233 } },
      {},
      1,
    ],
    ["nothing is larger", { server: { lost: 1448, largestSegment: 1448 } }, {}, 0],
    [
      "three of 1448 and timestamps",
      { ...TIMESTAMPS, server: { ...TIMESTAMPS.server, lost: 4344, largestSegment: 1443 } },
      {},
      1,
    ],
    [
      "the same where a SYN says 1400",
      { client: opening("mss 1400,sackOK,TS"), server: { ...TIMESTAMPS.server, lost: 4344, largestSegment: 90 } },
      {},
      0,
    ],
    ["a segment of 1200, sent three times, a word after it", repeated({ size: 1200, repeats: 2 }), {}, 1],
    ["of 1199", repeated({ size: 1199 }), {}, 0],
  ])("%s", (_, tcp, options, findings) => {
    expect(found(rule, [stuck(tcp, options)])).toHaveLength(findings);
  });

  test.each([
    [3, 1],
    [2, 0],
  ])("the capture ends after %i s", (seconds, findings) => {
    expect(found(rule, [stuck(SERVER, { lasts: 0.5 })], { seconds })).toHaveLength(findings);
  });
});

test("the capture must go on for long enough behind what is stuck", () => {
  expect(found(rule, [stuck(repeated({ at: 100 }), { lasts: 102.9 })], { seconds: 100 })).toEqual([]);
  expect(found(rule, [stuck(repeated({ at: 100 }), { lasts: 103 })], { seconds: 100 })).toHaveLength(1);
});

test("a capture that ends too soon, or a client that gave up, shows no black hole", () => {
  expect(found(rule, [stuck(SERVER, { lasts: 0.5 })], { seconds: 2 })).toEqual([]);
  expect(found(rule, [stuck({ ...SERVER, client: { fin: 20 } }, { lasts: 0.5 })])).toEqual([]);
});

test("not judged: TCP did not come up, or nothing was said", () => {
  expect(ask(rule, [stuck({ ...SERVER, synAck: null })])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
});
