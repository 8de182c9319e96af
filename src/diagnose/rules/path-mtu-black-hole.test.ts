import { describe, expect, test } from "vitest";
import { ask, found, type TlsOptions, tls } from "../../../test/support/observations.ts";
import { pathMtuBlackHole as rule } from "./path-mtu-black-hole.ts";

type Tcp = NonNullable<TlsOptions["tcp"]>;
const stuck = (tcp: Tcp, options: TlsOptions = {}) =>
  tls({ name: "www.fabrikam.example", outcome: "stalled", lasts: 9, tcp, ...options });
const SERVER: Tcp = { server: { lost: 2896, largestSegment: 90 } };
const CLIENT: Tcp = {
  client: { unacknowledged: 1800, largestSegment: 1460, retransmissions: 4 },
  server: { frames: 3 },
};
const opening = (options: string) => ({ opening: { ttl: 57, window: 65535, options, number: 1 } });
const TIMESTAMPS = { client: opening("mss 1460,sackOK,TS,nop,wscale 7"), server: opening("mss 1460,nop,nop,TS") };
const NO_ANSWER: TlsOptions = { bytes: { fromClient: 1800, fromServer: 0 } };

describe("full-size segments never pass", () => {
  test("from the server", () => {
    const [finding] = found(rule, [stuck(SERVER)]);
    expect(finding).toMatchObject({ confidence: "likely", cause: "path-mtu-black-hole" });
    expect(finding?.what).toBe(
      "2896 bytes of the answer from www.fabrikam.example (192.0.2.10:443) never arrived, while smaller packets did (frame 6).",
    );
    expect(finding?.evidence[0]?.value).toBe("largest server segment that passed: 90 bytes; lost: 2896 bytes");
  });

  test("from the client", () => {
    const [finding] = found(rule, [stuck(CLIENT, NO_ANSWER)]);
    expect(finding?.what).toBe(
      "The client's full-size packets to www.fabrikam.example (192.0.2.10:443) were sent again and again and never acknowledged (frame 4).",
    );
    expect(finding?.evidence[0]?.value).toBe("largest client segment that passed: 0 bytes; lost: 1800 bytes");
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
  [
    "the hello is small: not its size",
    { client: { ...CLIENT.client, unacknowledged: 517, largestSegment: 517 } },
    NO_ANSWER,
  ],
  ["one retransmission", { ...CLIENT, client: { ...CLIENT.client, retransmissions: 1 } }, NO_ANSWER],
  ["a filter that swallows the hello: not a word after the SYN-ACK", { ...CLIENT, server: { frames: 1 } }, NO_ANSWER],
  ["the server answered", CLIENT, {}],
])("clear: %s", (_, tcp, options) => {
  expect(ask(rule, [stuck(tcp, options)])).toEqual({ is: "clear", checked: 1 });
});

describe("at the boundary", () => {
  const client = { unacknowledged: 1200, largestSegment: 1200, retransmissions: 2 };
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
    [
      "1200 bytes of the client, sent three times, to a server that spoke twice",
      { client, server: { frames: 2 } },
      NO_ANSWER,
      1,
    ],
    ["1199 bytes of the client", { client: { ...client, unacknowledged: 1199 }, server: { frames: 2 } }, NO_ANSWER, 0],
    ["segments of 1199", { client: { ...client, largestSegment: 1199 }, server: { frames: 2 } }, NO_ANSWER, 0],
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

test("a capture that ends too soon, or a client that gave up, shows no black hole", () => {
  expect(found(rule, [stuck(SERVER, { lasts: 0.5 })], { seconds: 2 })).toEqual([]);
  expect(found(rule, [stuck({ ...SERVER, client: { fin: 20 } }, { lasts: 0.5 })])).toEqual([]);
});

test("not judged: TCP did not come up, or nothing was said", () => {
  expect(ask(rule, [stuck({ ...SERVER, synAck: null })])).toEqual({ is: "not-applicable" });
  expect(ask(rule, [])).toEqual({ is: "not-applicable" });
});
