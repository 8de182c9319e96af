import { describe, expect, test } from "vitest";
import { altNames, ascii, caExtension, ecKeys, makeCertificate } from "../../test/support/certificates.ts";
import {
  certificate,
  DAY,
  DECLARED,
  IN_BASELINE,
  INCOMPLETE,
  INSPECTION,
  NOW,
  observations,
  PRIVATE,
  PUBLIC,
  pseudoTls,
  quic,
  realChain,
  SELF_SIGNED,
  type Spec,
  type TlsOptions,
  tcp,
  tls,
  tunnel,
  udp,
} from "../../test/support/observations.ts";
import type { ConnectionObservation } from "../observe/observations.ts";
import { parseCertificate } from "../protocol/x509/certificate.ts";
import { nameKey, TrustStore } from "../protocol/x509/trust.ts";
import { Context } from "./context.ts";
import { diagnose } from "./diagnose.ts";
import type { ConnectionVerdict, NumberedFinding } from "./diagnosis.ts";
import { leafWithIssuerKey } from "./rules/leaf-with-issuer-key.ts";
import { verdictOf } from "./verdict.ts";
import { CAUSES, type Cause, type Confidence } from "./vocabulary.ts";

const NAME = "www.fabrikam.example";
const LEAF = certificate({ issuer: "R3", names: [NAME] });
const good = (options: TlsOptions = {}) => tls({ name: NAME, chain: [LEAF], trust: PUBLIC, ...options });

/** Verdicts as the whole diagnosis gives them. */
const verdicts = (...specs: Spec[]): ConnectionVerdict[] =>
  diagnose(observations(specs)).connections.map(({ verdict }) => verdict);
const is = (...specs: Spec[]) => verdicts(...specs).map((verdict) => verdict.is);

test("connections beyond the limit are not judged, and what is missing says so", () => {
  const diagnosis = diagnose(observations([tcp({ undetailed: true, alike: 99 })]));
  expect(diagnosis.connections[0]?.verdict).toMatchObject({
    is: "cannot-tell",
    missing: ["the detail of connections beyond the limit"],
  });
  expect(diagnosis.verdict).toMatchObject({ is: "cannot-tell", notJudged: 100 });
  expect("next" in diagnosis.verdict && diagnosis.verdict.next).toContain("split the capture");
});

describe("which finding decides", () => {
  let count = 0;
  const finding = (cause: Cause, confidence: Confidence = "proven", product?: string): NumberedFinding => ({
    id: `f${++count}`,
    rule: leafWithIssuerKey,
    cause,
    confidence,
    connections: [],
    what: "",
    why: "",
    fix: "",
    evidence: [],
    ...(product === undefined ? {} : { interceptor: { id: product, name: product, named: "by-issuer" } }),
  });
  const decide = (...findings: NumberedFinding[]) => {
    const seen = observations([good()]);
    const [connection] = seen.connections;
    if (connection === undefined) throw new Error("no connection");
    return verdictOf(new Context(seen, findings), connection, findings);
  };

  test("of several causes the first in the contract's order, whichever was found first", () => {
    const causes = CAUSES.filter((cause) => cause !== "tls-interception" && cause !== "capture-incomplete");
    for (const [i, first] of causes.entries()) {
      for (const second of causes.slice(i)) {
        expect(decide(finding(second), finding(first))).toMatchObject({ is: "impaired", cause: first });
      }
    }
  });

  test("interception before everything else; its findings come first", () => {
    const [alert, forged] = [finding("captive-portal"), finding("tls-interception")];
    expect(decide(alert, forged)).toEqual({
      is: "intercepted",
      confidence: "proven",
      cause: "tls-interception",
      findings: [forged.id, alert.id],
    });
  });

  test.each([
    [["likely"], "likely"],
    [["likely", "likely"], "likely"],
    [["likely", "proven"], "proven"],
    [["possible", "likely"], "likely"],
  ] as const)("findings that are %j make it %s", (confidences, confidence) => {
    const findings = confidences.map((c) => finding("tls-interception", c));
    expect(decide(...findings)).toMatchObject({ is: "intercepted", confidence });
  });

  test("possible never decides, however often", () => {
    const possible = finding("tls-interception", "possible", "zscaler");
    expect(decide(possible, possible, finding("path-mtu-black-hole", "possible"))).toEqual({
      is: "genuine",
      findings: [possible.id, `f${count}`],
    });
  });

  test("the product comes from a finding that decides", () => {
    const named = finding("tls-interception", "proven", "zscaler");
    expect(decide(finding("tls-interception"), named)).toMatchObject({ interceptor: { id: "zscaler" } });
    const hinted = finding("tls-interception", "possible", "zscaler");
    expect(decide(finding("tls-interception"), hinted)).not.toHaveProperty("interceptor");
  });

  test("a likely failure stays likely", () => {
    expect(decide(finding("path-mtu-black-hole", "likely"))).toMatchObject({ is: "impaired", confidence: "likely" });
  });

  test("what the capture lacks does not undo what it shows", () => {
    expect(decide(finding("capture-incomplete"))).toMatchObject({ is: "genuine" });
  });
});

describe("genuine: something was checked that interception would have failed", () => {
  test.each<[string, number, string, string, string]>([
    ["beside the server", 64, "bb", "bb", "genuine"],
    ["behind its firewall", 126, "bb", "bb", "genuine"],
    ["far from the server", 52, "bb", "bb", "cannot-tell"],
    ["another answer", 64, "bb", "cc", "cannot-tell"],
  ])("the same hellos at both ends, the other one %s", (_, ttl, here, there, expected) => {
    const hidden = tls({ name: "www.fabrikam.example", tls: { version: 0x0304 }, tcp: { server: { ttl } } });
    const traced = (serverRandom: string): Spec => ({
      certificates: [],
      build: (index, id) => ({ ...hidden.build(index, id), trace: { clientRandom: "aa", serverRandom } }),
    });
    const near = observations([traced(here)], { far: observations([traced(there)]) });
    const [connection] = near.connections as [ConnectionObservation];
    expect(verdictOf(new Context(near, []), connection, []).is).toBe(expected);
  });

  test("the very certificate of the baseline, whatever its chain and its name", () => {
    const chain = [certificate({ issuer: "Own CA", names: ["else.example"] })];
    expect(verdicts(tls({ name: "www.fabrikam.example", trust: IN_BASELINE, chain }))).toMatchObject([
      { is: "genuine" },
    ]);
    expect(verdicts(tls({ name: "www.fabrikam.example", trust: INSPECTION, chain }))).toMatchObject([
      { is: "cannot-tell" },
    ]);
  });

  test("what is likely does not stand against the baseline, what is proven does", () => {
    const seen = observations([tls({ name: NAME, trust: IN_BASELINE, chain: [certificate({ issuer: "Own CA" })] })]);
    const [connection] = seen.connections as [ConnectionObservation];
    const judged = (confidence: Confidence) => {
      const finding = {
        id: "f1",
        rule: leafWithIssuerKey,
        cause: "tls-interception",
        confidence,
        connections: [connection],
      };
      const rest = { what: "", why: "", fix: "", evidence: [] };
      return verdictOf(new Context(seen, []), connection, [{ ...finding, ...rest } as NumberedFinding]).is;
    };
    expect([judged("possible"), judged("likely"), judged("proven")]).toEqual(["genuine", "genuine", "intercepted"]);
  });

  test("real certificates, verified to a public root, to a declared CA, or to neither", async () => {
    const [rootKeys, leafKeys] = [ecKeys(), ecKeys()];
    const root = makeCertificate({
      subject: "Root R1",
      issuer: "Root R1",
      signer: rootKeys,
      extensions: [caExtension()],
    });
    const recipe = { subject: NAME, issuer: "Root R1", keys: leafKeys, extensions: [altNames(ascii(0x82, NAME))] };
    const leaf = makeCertificate({ ...recipe, signer: rootKeys });
    const copied = makeCertificate({ ...recipe, signer: ecKeys() });
    const der = Buffer.from(root).toString("base64");
    const name = nameKey(parseCertificate(root).subject);
    const stores = {
      public: new TrustStore({ publicRoots: [{ name, der, first: "", last: "" }] }),
      retired: new TrustStore({ publicRoots: [{ name, der, first: "", last: "", until: "2020-01-01" }] }),
      declared: new TrustStore({ publicRoots: [], privateCas: [parseCertificate(root)] }),
      nobody: new TrustStore({ publicRoots: [] }),
    };
    const judge = async (ders: Uint8Array[], store: TrustStore) =>
      is(tls({ name: NAME, ...(await realChain(ders, store)) }));
    expect(await judge([leaf, root], stores.public)).toEqual(["genuine"]);
    expect(await judge([leaf], stores.public)).toEqual(["genuine"]);
    expect(await judge([leaf, root], stores.declared)).toEqual(["genuine"]);
    expect(await judge([leaf, root], stores.retired)).toEqual(["cannot-tell"]);
    expect(await judge([leaf, root], stores.nobody)).toEqual(["cannot-tell"]);
    // The name of a public authority with a signature that is not its own.
    expect(await judge([copied, root], stores.public)).toEqual(["cannot-tell"]);
  });

  test.each([
    ["first", { notBefore: NOW }],
    ["last", { notAfter: NOW }],
  ])("in the %s second of its validity", (_, dates) => {
    expect(is(good({ chain: [certificate({ issuer: "R3", names: [NAME], ...dates })] }))).toEqual(["genuine"]);
  });

  test("without a server name the chain is enough", () => {
    expect(is(tls({ chain: [LEAF], trust: PUBLIC }))).toEqual(["genuine"]);
  });

  test.each<[string, Spec, Partial<ConnectionVerdict>]>([
    [
      "a wrong name is a cause of its own",
      good({ name: "sip.fabrikam.example" }),
      { is: "impaired", cause: "name-mismatch" },
    ],
    [
      "an expired certificate",
      good({ chain: [certificate({ issuer: "R3", names: [NAME], notAfter: NOW - 1 })] }),
      { is: "impaired", cause: "certificate-expired" },
    ],
    [
      "one that is not valid yet",
      good({ chain: [certificate({ issuer: "R3", names: [NAME], notBefore: NOW + DAY })] }),
      { is: "impaired", cause: "certificate-not-yet-valid" },
    ],
    ["a root retired at the time", good({ trust: { is: "unknown", detail: "retired root" } }), { is: "cannot-tell" }],
    ["a private CA nobody declared", good({ trust: PRIVATE }), { is: "cannot-tell" }],
    ["a private CA that was declared", good({ trust: DECLARED }), { is: "genuine" }],
    [
      "a declared CA whose signature could not be checked",
      good({ trust: { is: "unknown", anchor: "CN=Contoso Root", declared: "private-ca" } }),
      { is: "cannot-tell" },
    ],
    [
      "a declared CA's certificate for another name",
      good({ name: "a.example", trust: DECLARED }),
      { is: "impaired", cause: "name-mismatch" },
    ],
    [
      "a good certificate that the client refused",
      good({ alerts: [{ from: "client", code: 48, description: "unknown_ca" }] }),
      { is: "impaired", cause: "tls-alert" },
    ],
  ])("%s", (_, spec, expected) => {
    expect(verdicts(spec)[0]).toMatchObject(expected);
  });

  describe("a resumed session", () => {
    const resumed = (options: TlsOptions = {}) =>
      tls({ name: NAME, ...options, tls: { resumed: true, offeredSessions: ["4:aabb"], ...options.tls } });
    const issuing = (options: TlsOptions = {}) => good({ ...options, tls: { issuedSessions: ["4:aabb"] } });

    test.each<[string, Spec[], string]>([
      ["tied to a genuine connection", [issuing(), resumed()], "genuine"],
      ["tied to a later one in the input", [resumed(), issuing()].reverse(), "genuine"],
      ["tied to nothing", [good(), resumed()], "cannot-tell"],
      [
        "tied to another server's, whose certificate does not cover the name",
        [issuing(), resumed({ name: "a.example" })],
        "cannot-tell",
      ],
      ["tied to one that cannot be judged", [issuing({ trust: PRIVATE }), resumed()], "cannot-tell"],
      ["offered, but a full handshake was made", [issuing(), resumed({ tls: { resumed: false } })], "cannot-tell"],
    ])("%s", (_, specs, expected) => {
      expect(is(...specs)[1]).toBe(expected);
    });

    test("tied to an intercepted connection", () => {
      const forged = tls({
        name: NAME,
        chain: [certificate({ issuer: "Proxy CA", names: [NAME] })],
        trust: PRIVATE,
        signing: { ownKey: true },
        tls: { issuedSessions: ["4:aabb"] },
      });
      expect(is(forged, resumed())).toEqual(["intercepted", "intercepted"]);
    });
  });

  test.each([
    ["documented, then TURN", "documented", { server: 8 }, "genuine"],
    ["documented, then nothing of the server", "documented", { client: 8 }, "cannot-tell"],
    ["a good certificate: that is no documented answer", "certificate", {}, "impaired"],
    ["TURN without the documented answer", "not-captured", { server: 8 }, "cannot-tell"],
  ] as const)("pseudo-TLS: %s", (_, answer, framedTurn, expected) => {
    expect(is(pseudoTls(answer, { pseudo: { framedTurn }, chain: [LEAF], trust: PUBLIC }))).toEqual([expected]);
  });
});

describe("a pseudo-TLS hello that got something else", () => {
  const alert = pseudoTls("alert", { alerts: [{ from: "server", code: 40, description: "handshake_failure" }] });

  test("alone it failed, by the cause that fits", () => {
    expect(verdicts(alert)).toEqual([{ is: "impaired", confidence: "proven", cause: "tls-alert", findings: ["f1"] }]);
  });

  test("another rule's possible sign does not make a documented dialogue fail", () => {
    const seen = observations([pseudoTls("documented", { pseudo: { framedTurn: { server: 8 } } })]);
    const possible = { ...diagnose(observations([alert])).findings[0], rule: leafWithIssuerKey } as NumberedFinding;
    const verdict = seen.connections.map((connection) =>
      verdictOf(new Context(seen, [possible]), connection, [possible]),
    );
    expect(verdict).toEqual([{ is: "genuine", findings: ["f1"] }]);
  });

  test("with a second sign it is intercepted, likely", () => {
    expect(verdicts(alert, udp())[0]).toMatchObject({ is: "intercepted", confidence: "likely" });
  });

  test("a client that gave up first cannot tell", () => {
    const gaveUp = pseudoTls("fin", { tcp: { client: { fin: 5 }, server: { fin: 6 } } });
    expect(verdicts(gaveUp, udp())[0]).toEqual({ is: "cannot-tell", missing: ["the server's answer"], findings: [] });
  });
});

describe("what is missing", () => {
  const PRIVATE_LEAF = { chain: [certificate({ issuer: "CA" })] };
  test.each<[string, Spec, string]>([
    ["TLS 1.3", tls({ tls: { version: 0x0304 } }), "key log"],
    ["a draft of TLS 1.3", tls({ tls: { version: 0x7f1c } }), "key log"],
    ["QUIC without its keys", quic({ tls: { version: 0x0304 } }), "key log"],
    [
      "QUIC of which the server's side is missing",
      quic({ messages: [["client", "ClientHello", 1]] }),
      "the whole handshake",
    ],
    ["QUIC whose hellos are missing", udp({ protocol: "quic", port: 443 }), "TLS over TCP instead of QUIC"],
    [
      "QUIC of another version",
      udp({ protocol: "quic", quic: { version: 0xff00001d, retry: false } }),
      "TLS over TCP instead of QUIC",
    ],
    [
      "TLS 1.3 that resumes",
      tls({ tls: { version: 0x0304, resumed: true } }),
      "the full handshake that this connection resumes",
    ],
    ["a resumed session", tls({ tls: { resumed: true } }), "the full handshake that this connection resumes"],
    [
      "a full handshake without a certificate",
      tls({
        messages: [
          ["client", "ClientHello", 4],
          ["server", "ServerHello", 6],
          ["server", "ServerKeyExchange", 6],
          ["server", "ServerHelloDone", 6],
        ],
        tls: { resumed: false },
      }),
      "a connection that presents a certificate (this one is anonymous, or goes by a key that both sides had before)",
    ],
    ["a private root", tls({ ...PRIVATE_LEAF, trust: PRIVATE }), "a baseline or --private-ca"],
    ["self-signed", tls({ ...PRIVATE_LEAF, trust: SELF_SIGNED }), "a baseline or --private-ca"],
    [
      "an issuer that was not sent",
      tls({ ...PRIVATE_LEAF, trust: INCOMPLETE }),
      "the certificate of CN=Somebody, or a baseline or --private-ca",
    ],
    [
      "an unnamed issuer that was not sent",
      tls({ ...PRIVATE_LEAF, trust: { is: "incomplete" } }),
      "the certificate of the issuer, or a baseline or --private-ca",
    ],
    [
      "a signature that cannot be checked",
      tls({ ...PRIVATE_LEAF, trust: { is: "unknown", detail: "md5" } }),
      "md5: a baseline or --private-ca",
    ],
    [
      "one direction",
      tls({ messages: [["client", "ClientHello", 4]], tcp: { server: { frames: 0 } } }),
      "the other direction",
    ],
    ["the middle of a connection", tcp({ tcp: { syns: 0, synAck: null } }), "the start of the connection"],
    ["cut frames", tls({ tcp: { server: { missing: 9 } } }), "whole packets"],
    ["a handshake without an end", tls({ outcome: "open" }), "the whole handshake"],
    [
      "a handshake that the client reset",
      tls({ tcp: { reset: { from: "client", frame: 9 } } }),
      "a handshake that goes on to the certificate",
    ],
    [
      "a tunnel with nothing in it",
      tcp({ protocol: "http-connect", through: tunnel("a.example:443") }),
      "the whole handshake",
    ],
    [
      "pseudo-TLS that ends with the documented answer",
      pseudoTls("documented"),
      "the TURN messages after the pseudo-TLS hello",
    ],
    [
      "silence of unknown length: a SYN",
      tcp({ outcome: "unanswered", untimed: true, bytes: { fromClient: 0, fromServer: 0 }, tcp: { synAck: null } }),
      "the time of the packets",
    ],
    ["the same over UDP", udp({ untimed: true, stun: { requests: 5, responses: 0 } }), "the time of the packets"],
    [
      "the same after a hello",
      tls({
        outcome: "stalled",
        untimed: true,
        bytes: { fromClient: 500, fromServer: 0 },
        messages: [["client", "ClientHello", 4]],
      }),
      "the time of the packets",
    ],
    [
      "pseudo-TLS in one direction",
      pseudoTls("not-captured", { tcp: { server: { frames: 0 } } }),
      "the other direction",
    ],
  ])("%s", (_, spec, missing) => {
    expect(verdicts(spec)[0]).toMatchObject({ is: "cannot-tell", missing: [missing] });
  });

  test("an issuer of 10 kB is cut", () => {
    const trust = { is: "incomplete", anchor: "x".repeat(10_000) } as const;
    const [verdict] = verdicts(tls({ ...PRIVATE_LEAF, trust }));
    expect(JSON.stringify(verdict).length).toBeLessThan(300);
  });

  test("a capture that lacks something says so as the cause", () => {
    expect(verdicts(tls({ tcp: { server: { missing: 9 } } }))[0]).toMatchObject({ cause: "capture-incomplete" });
    expect(verdicts(tls({ tls: { version: 0x0304 } }))[0]).not.toHaveProperty("cause");
  });
});

test.each<[string, Spec]>([
  ["DNS", udp({ protocol: "dns", port: 53 })],
  ["HTTP", tcp({ protocol: "http", port: 80 })],
  ["answered STUN", udp({ protocol: "stun" })],
  ["unknown, seen from its SYN on", tcp()],
])("the question does not arise: %s", (_, spec) => {
  expect(is(spec)).toEqual(["not-judged"]);
});
