import { describe, expect, test } from "vitest";
import {
  ask,
  certificate,
  found,
  idsOf,
  observations,
  type Spec,
  type TlsOptions,
  tcp,
  tls,
  udp,
} from "../../../test/support/observations.ts";
import type { CaptureProblem } from "../../capture/problem.ts";
import { Context } from "../context.ts";
import { captureIncomplete as rule } from "./capture-incomplete.ts";

const MID = { syns: 0, synAck: null } as const;
const CHAIN = { chain: [certificate({ issuer: "CA" })] };

describe("what a capture lacks", () => {
  test.each<[string, TlsOptions, string]>([
    ["no frame of the server", { tcp: { server: { frames: 0 } } }, "the other direction"],
    ["no frame of the client", { tcp: { client: { frames: 0 } } }, "the other direction"],
    ["begins after the hello", { tcp: MID, messages: [] }, "the start of the connection"],
    [
      "begins after the ClientHello",
      { tcp: MID, messages: [["server", "ServerHello", 6]] },
      "the start of the connection",
    ],
    ["cut frames of the server", { tcp: { server: { missing: 1000 } } }, "whole packets"],
    ["cut frames of the client", { tcp: { client: { missing: 1 } } }, "whole packets"],
    [
      "cut and one-sided: the first that applies",
      { tcp: { server: { frames: 0, missing: 5 } } },
      "the other direction",
    ],
  ])("%s", (_, options, missing) => {
    const [finding, ...more] = found(rule, [tls(options)]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ confidence: "proven", cause: "capture-incomplete" });
    expect(finding?.evidence[0]).toMatchObject({ frame: 1, value: `missing: ${missing}` });
  });

  test("an unknown protocol from the middle on", () => {
    expect(found(rule, [tcp({ tcp: MID })])[0]?.what).toBe("On 192.0.2.10:443 the capture began after the connection.");
  });
});

test.each([
  ["all of it", tls()],
  ["a handshake that was seen whole though the SYN was not", tls({ tcp: MID })],
  ["bytes missing after the certificate", tls({ ...CHAIN, tcp: { server: { missing: 5000 } } })],
  [
    "a SYN that nobody answered is no missing direction",
    tcp({ bytes: { fromClient: 0, fromServer: 0 }, tcp: { synAck: null, server: { frames: 0 } } }),
  ],
])("complete: %s", (_, spec) => {
  expect(ask(rule, [spec])).toEqual({ is: "clear", checked: 1 });
});

describe("a damaged file", () => {
  const asked = (kind: CaptureProblem["kind"], spec: Spec) => {
    const seen = observations([spec]);
    const files = seen.files.map((file) => ({ ...file, problems: [{ kind, frame: 9, detail: "" }] }));
    return rule.check(new Context({ ...seen, files }, []));
  };

  test.each(["truncated", "malformed"] as const)("(%s) may have had more, though all there is is whole", (kind) => {
    for (const spec of [tls(), udp()])
      expect(asked(kind, spec)).toEqual({ is: "not-observed", missing: "the whole file" });
  });

  test("lacks what its connections lack", () => {
    expect(asked("truncated", tls({ tcp: { client: { frames: 0 } } }))).toMatchObject({ is: "finding", checked: 1 });
  });

  test("is not one with a block that is not read", () => {
    expect(asked("unsupported", tls())).toEqual({ is: "clear", checked: 1 });
  });
});

describe("packets lost while capturing", () => {
  const asked = (spec: Spec, dropped = 7) => {
    const seen = observations([spec, spec]);
    const files = seen.files.map((file) => ({ ...file, dropped }));
    return rule.check(new Context({ ...seen, files }, []));
  };

  test("are evidence, once, where bytes are missing", () => {
    const answer = asked(tls({ tcp: { server: { missing: 1000 } } }));
    expect(answer.is === "finding" && answer.findings[0]?.evidence).toEqual([
      { file: 0, frame: 1, path: "capture.dropped", value: "7 lost while capturing" },
      { file: 0, frame: 1, path: "capture", value: "missing: whole packets" },
      { file: 0, frame: 101, path: "capture", value: "missing: whole packets" },
    ]);
  });

  test("say nothing about a beginning that was not captured", () => {
    const answer = asked(tls({ tcp: MID, messages: [] }));
    expect(answer.is === "finding" && answer.findings[0]?.evidence.map(({ path }) => path)).toEqual([
      "capture",
      "capture",
    ]);
  });

  test("keep the rule from calling the capture complete", () => {
    expect(asked(tls())).toEqual({ is: "not-observed", missing: "the packets that were lost while capturing" });
    expect(asked(tls(), 0)).toEqual({ is: "clear", checked: 2 });
  });
});

test("one finding for each lack, with ten rows of evidence", () => {
  const specs = Array.from({ length: 30 }, (_, i) =>
    tls({ tcp: i % 2 === 0 ? MID : { server: { frames: 0 } }, messages: [] }),
  );
  const findings = found(rule, specs);
  expect(findings.map((finding) => idsOf(finding).length)).toEqual([15, 15]);
  expect(findings.map(({ evidence }) => evidence.length)).toEqual([10, 10]);
});

test("UDP has no beginning", () => {
  expect(ask(rule, [udp()])).toEqual({ is: "not-applicable" });
});
