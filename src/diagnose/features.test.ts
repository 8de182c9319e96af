import { describe, expect, test } from "vitest";
import {
  certificate,
  observations,
  PRIVATE,
  PUBLIC,
  pseudoTls,
  type Spec,
  type TlsOptions,
  tls,
  udp,
} from "../../test/support/observations.ts";
import type { FeaturePath } from "../knowledge/services/service.ts";
import { diagnose } from "./diagnose.ts";
import type { ConnectionVerdict, JudgedConnection } from "./diagnosis.ts";
import { featureStatus } from "./features.ts";

const path = (role: string, use: FeaturePath["use"]): FeaturePath => ({
  role,
  transport: "tcp",
  ports: [443, [5000, 5010]],
  use,
  reason: `It takes ${role}.`,
  basis: "documented",
  source: "",
});

const VERDICTS = {
  genuine: { is: "genuine", findings: [] },
  intercepted: { is: "intercepted", confidence: "proven", cause: "tls-interception", findings: ["f1"] },
  impaired: { is: "impaired", confidence: "proven", cause: "tls-alert", findings: ["f2"] },
  "cannot-tell": { is: "cannot-tell", missing: ["key log"], findings: [] },
  "not-judged": { is: "not-judged", findings: [] },
} as const satisfies Record<string, ConnectionVerdict>;
const DATA = { tls: { applicationData: { client: true, server: true } } };

/** Connections of the roles with these verdicts, in order. */
function members(
  ...given: readonly (readonly [role: string, verdict: keyof typeof VERDICTS, options?: TlsOptions])[]
): JudgedConnection[] {
  const { connections } = observations(given.map(([, , options]) => tls(options)));
  return connections.map((connection, i) => {
    const [role, verdict] = given[i] ?? ["", "genuine"];
    return { connection, verdict: VERDICTS[verdict], service: { id: "lync", role, because: "" } };
  });
}

const status = (paths: readonly FeaturePath[], judged: readonly JudgedConnection[]) =>
  featureStatus("lync", "audio-video", paths, judged, () => false);

describe("one required path", () => {
  const paths = [path("edge", "required")];

  test.each([
    ["genuine", {}, "working"],
    ["not-judged", {}, "working"],
    ["not-judged", { bytes: { fromClient: 1, fromServer: 0 } }, "not-seen"],
    ["cannot-tell", {}, "not-seen"],
    ["impaired", {}, "broken"],
    ["intercepted", {}, "broken"],
    ["intercepted", DATA, "at-risk"],
    ["impaired", DATA, "at-risk"],
    ["intercepted", { tls: { applicationData: { client: true, server: false } } }, "broken"],
    ["intercepted", { tls: { applicationData: { client: false, server: true } } }, "broken"],
  ] as const)("%s %j: %s", (verdict, options, expected) => {
    expect(status(paths, members(["edge", verdict, options])).status).toBe(expected);
  });

  test("the state comes first, then why it matters", () => {
    const edges = members(["edge", "intercepted"]);
    expect(status(paths, edges)).toEqual({
      service: "lync",
      feature: "audio-video",
      status: "broken",
      because: "192.0.2.10:443 (tcp/0) is intercepted. It takes edge.",
      findings: ["f1"],
      by: edges[0]?.connection,
    });
    expect(status(paths, members(["edge", "impaired"])).because).toBe("192.0.2.10:443 (tcp/0) failed. It takes edge.");
    const [edge] = members(["edge", "impaired", DATA]) as [JudgedConnection];
    const expired = { ...VERDICTS.impaired, cause: "certificate-expired" } as const;
    expect(status(paths, [{ ...edge, verdict: expired }]).because).toBe(
      "192.0.2.10:443 (tcp/0) is used in spite of a fault. It takes edge.",
    );
    expect(status(paths, members(["edge", "genuine"]))).toMatchObject({
      because: "192.0.2.10:443 (tcp/0) works. It takes edge.",
      findings: [],
    });
  });

  test("where the capture ends with the handshake, nobody knows whether the client goes on", () => {
    const cut = (verdict: keyof typeof VERDICTS) =>
      featureStatus("lync", "audio-video", paths, members(["edge", verdict]), () => true);
    expect(cut("intercepted")).toMatchObject({
      status: "at-risk",
      because:
        "192.0.2.10:443 (tcp/0) is intercepted; the capture ends before it shows whether the client goes on. It takes edge.",
    });
    expect(cut("impaired").because).toMatch(/ has a fault; the capture ends before/);
    expect(cut("genuine").because).toMatch(/ works\. /);
  });

  test("the latest state is the one the person has", () => {
    expect(status(paths, members(["edge", "intercepted"], ["edge", "genuine"])).status).toBe("working");
    expect(status(paths, members(["edge", "genuine"], ["edge", "impaired"])).status).toBe("broken");
  });

  test.each<[string, TlsOptions, string]>([
    ["443", {}, "working"],
    ["first of the range", { port: 5000 }, "working"],
    ["last of the range", { port: 5010 }, "working"],
    ["beyond it", { port: 5011 }, "not-seen"],
  ])("port %s", (_, options, expected) => {
    expect(status(paths, members(["edge", "genuine", options])).status).toBe(expected);
  });

  test("another role, or nothing at all, is not seen", () => {
    expect(status(paths, members(["web", "genuine"]))).toEqual({
      service: "lync",
      feature: "audio-video",
      status: "not-seen",
      findings: [],
    });
    expect(status(paths, []).status).toBe("not-seen");
  });
});

describe("relays and media", () => {
  const relayed = (...specs: Spec[]) =>
    diagnose(observations(specs)).features.find(({ feature }) => feature === "audio-video");
  const both = { client: 5, server: 6 };
  const allocation = { is: "allocated", frame: 4 } as const;

  test("media both ways over UDP is the feature, whichever way it takes", () => {
    const call = udp({ port: 51_234, protocol: "stun", media: both });
    expect(relayed(udp({ stun: { requests: 3, responses: 0 } }), call)).toMatchObject({
      status: "working",
      because: "198.51.100.30:51234 (udp/1) works: media flowed both ways.",
      findings: [],
    });
  });

  test("media one way, or of a shared desktop, is not", () => {
    const silent = udp({ stun: { requests: 3, responses: 0 } });
    for (const spec of [
      udp({ port: 51_234, protocol: "stun", media: { client: 5 } }),
      udp({ port: 51_234, protocol: "stun", media: both, stun: { allocation: { ...allocation, stream: "data" } } }),
    ])
      expect(relayed(silent, spec)).toMatchObject({
        status: "at-risk",
        because: expect.stringContaining("UDP 3478 of 198.51.100.30 (udp/0) gets no answer."),
      });
  });

  test("a relay works when it was granted", () => {
    expect(relayed(udp({ stun: { allocation, allocated: true } }))).toMatchObject({ status: "working" });
    for (const is of ["challenged", "redirected", "unanswered"] as const) {
      const spec = udp({ stun: { allocation: { ...allocation, is }, allocated: false } });
      expect(relayed(spec), is).toMatchObject({ status: "not-seen" });
    }
  });
});

describe("a preferred path and its fallback", () => {
  const paths = [path("udp", "preferred"), path("tcp", "fallback")];

  test.each([
    ["genuine", "genuine", "working", "tcp/0"],
    ["genuine", "intercepted", "working", "tcp/0"],
    ["impaired", "genuine", "working", "tcp/1"],
    ["intercepted", "intercepted", "broken", "tcp/1"],
    ["cannot-tell", "intercepted", "broken", "tcp/1"],
    ["genuine", "cannot-tell", "working", "tcp/0"],
  ] as const)("%s and %s: %s by %s", (preferred, fallback, expected, decided) => {
    const found = status(paths, members(["udp", preferred], ["tcp", fallback]));
    expect(found.status).toBe(expected);
    expect(found.because).toContain(`(${decided})`);
  });

  test("read along on one and broken on the other: it goes on", () => {
    expect(status(paths, members(["udp", "intercepted", DATA], ["tcp", "intercepted"])).status).toBe("at-risk");
    expect(status(paths, members(["udp", "intercepted"], ["tcp", "intercepted", DATA])).status).toBe("at-risk");
  });

  test("a fallback that was not tried may still do", () => {
    const found = status(paths, members(["udp", "impaired"]));
    expect(found).toMatchObject({ status: "at-risk", findings: ["f2"] });
    expect(found.because).toMatch(/ Its fallback was not tried in this capture\.$/);
  });

  test("what failed before is told, and is to be mended too; what is worse than the way taken is not", () => {
    expect(status(paths, members(["udp", "impaired"], ["tcp", "intercepted"]))).toMatchObject({
      status: "broken",
      because: "192.0.2.10:443 (tcp/0) failed. 192.0.2.10:443 (tcp/1) is intercepted. It takes tcp.",
      findings: ["f1", "f2"],
    });
    expect(status(paths, members(["udp", "impaired"], ["tcp", "genuine"]))).toMatchObject({
      status: "working",
      because: "192.0.2.10:443 (tcp/0) failed. 192.0.2.10:443 (tcp/1) works. It takes tcp.",
      findings: [],
    });
    expect(status(paths, members(["udp", "genuine"], ["tcp", "intercepted"])).because).toBe(
      "192.0.2.10:443 (tcp/0) works. It takes udp.",
    );
  });

  test("a preferred path that was not tried does not save the fallback", () => {
    expect(status(paths, members(["tcp", "intercepted"])).status).toBe("broken");
  });
});

describe("several required paths, and those that only some take", () => {
  test.each([
    ["genuine", "genuine", "working"],
    ["genuine", "intercepted", "broken"],
    ["intercepted", "genuine", "broken"],
  ] as const)("%s and %s: %s", (one, other, expected) => {
    const paths = [path("a", "required"), path("b", "required")];
    expect(status(paths, members(["a", one], ["b", other])).status).toBe(expected);
  });

  test("an alternative that works does not replace what is required", () => {
    const paths = [path("a", "required"), path("b", "preferred")];
    expect(status(paths, members(["a", "intercepted"], ["b", "genuine"])).status).toBe("broken");
  });

  test.each(["genuine", "intercepted"] as const)("`sometimes` decides nothing: %s", (verdict) => {
    const paths = [path("a", "required"), path("b", "sometimes")];
    expect(status(paths, members(["b", verdict])).status).toBe("not-seen");
    expect(status(paths, members(["a", "genuine"], ["b", verdict])).status).toBe("working");
  });
});

describe("the services in the input", () => {
  const rows = (...specs: Spec[]) => diagnose(observations(specs)).features;
  const of = (feature: string, ...specs: Spec[]) => rows(...specs).find((row) => row.feature === feature)?.status;
  const av = (to = "198.51.100.30") => pseudoTls("documented", { to, pseudo: { framedTurn: { server: 8 } } });

  test("no service, no rows; every feature of one that is there", () => {
    expect(rows(tls({ name: "www.fabrikam.example" }))).toEqual([]);
    expect(new Set(rows(tls({ name: "www.fabrikam.example" }), av()).map(({ service }) => service))).toEqual(
      new Set(["lync"]),
    );
  });

  test("the story: desktop sharing is broken, audio and video go on over UDP", () => {
    const forged = pseudoTls("certificate", { chain: [certificate({ issuer: "Proxy CA" })], trust: PRIVATE });
    expect(of("desktop-sharing", udp(), forged)).toBe("broken");
    expect(of("audio-video", udp(), forged)).toBe("working");
    expect(of("desktop-sharing", udp(), forged, av())).toBe("working");
  });

  test("pseudo-TLS that got a certificate is broken, whenever the capture ends", () => {
    const forged = pseudoTls("certificate", { chain: [certificate({ issuer: "Proxy CA" })], trust: PRIVATE });
    const { features } = diagnose(observations([udp(), forged], { seconds: 0 }));
    expect(features.find(({ feature }) => feature === "desktop-sharing")?.status).toBe("broken");
  });

  test("UDP blocked: audio and video fall back", () => {
    const blocked = udp({ stun: { requests: 5, responses: 0 } });
    expect(of("audio-video", blocked, av())).toBe("working");
    expect(of("audio-video", blocked)).toBe("at-risk");
  });

  test("a client that accepted the forged certificate goes on, read along", () => {
    const name = "sip.fabrikam.example";
    const accepted = (options: TlsOptions) =>
      tls({
        name,
        chain: [certificate({ issuer: "Proxy CA", names: [name] })],
        trust: PRIVATE,
        signing: { ownKey: true },
        ...options,
      });
    expect(of("sign-in", av(), accepted(DATA))).toBe("at-risk");
    expect(of("sign-in", av(), accepted({}))).toBe("broken");
    for (const outcome of ["open", "stalled"] as const) {
      const specs = [av(), accepted({ outcome })];
      const status = (seconds: number) =>
        diagnose(observations(specs, { seconds })).features.find(({ feature }) => feature === "sign-in")?.status;
      expect([0, 4, 5].map(status)).toEqual(["at-risk", "at-risk", "broken"]);
    }
    expect(
      diagnose(observations([av(), accepted({ outcome: "reset" })], { seconds: 0 })).features.find(
        ({ feature }) => feature === "sign-in",
      )?.status,
    ).toBe("broken");
    expect(
      of("sign-in", av(), tls({ name, chain: [certificate({ issuer: "R3", names: [name] })], trust: PUBLIC })),
    ).toBe("working");
  });
});
