import { readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  certificate,
  DAY,
  NOW,
  observations,
  pseudoTls,
  type Spec,
  tcp,
  tls,
  udp,
} from "../../../test/support/observations.ts";
import { diagnose } from "../diagnose.ts";
import { CAUSES, CONFIDENCES } from "../vocabulary.ts";
import { RULES } from "./index.ts";

const SENTENCE = 1500;

describe("the list of rules", () => {
  const files = readdirSync(import.meta.dirname).filter((file) => /^[a-z-]+\.ts$/.test(file));

  test("ids are the names of files, each once", () => {
    const ids = RULES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(files).toEqual(expect.arrayContaining(ids.map((id) => `${id}.ts`)));
  });

  test("every rule has its tests", () => {
    const tests = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".test.ts"));
    expect(tests).toEqual(expect.arrayContaining(RULES.map(({ id }) => `${id}.test.ts`)));
  });

  test("a rule that needs a second sign stands after those that give it", () => {
    const at = (id: string) => RULES.findIndex((rule) => rule.id === id);
    const givers = ["certificate-in-pseudo-tls", "leaf-with-issuer-key", "known-interceptor-issuer", "shared-forger"];
    for (const giver of [
      ...givers,
      "shared-leaf-key",
      "shared-leaf",
      "public-service-on-private-root",
      "minted-on-demand",
      "forged-leaf-structure",
    ]) {
      expect(at(giver)).toBeLessThan(at("resumed-interception"));
      expect(at(giver)).toBeLessThan(at("undocumented-pseudo-tls-answer"));
    }
  });

  test("every rule is documented: how sure it can be, and what looks alike unless nothing does", () => {
    for (const { id, doc } of RULES) {
      for (const text of [doc.about, doc.advice]) expect(text, id).toMatch(/^[A-Z].*\.$/s);
      const confidences = CONFIDENCES.filter((confidence) => doc.finds[confidence] !== undefined);
      expect(confidences.length, id).toBeGreaterThan(0);
      expect(Object.keys(doc.finds), `${id}: best first`).toEqual(confidences);
      // What is never more than possible is so because of them.
      if (confidences[0] === "possible") expect(doc.innocent.length, id).toBeGreaterThan(0);
      for (const text of [...Object.values(doc.finds), ...doc.innocent])
        expect(text, id).not.toMatch(/\.$|^[A-Z][a-z]/);
    }
  });

  test.each(RULES.map((rule) => [rule.id, rule] as const))("%s: nothing in, not applicable out", (_, rule) => {
    expect(rule.references.length).toBeGreaterThan(0);
    const [result] = diagnose(observations([])).rules.filter(({ rule: id }) => id === rule.id);
    expect(result).toEqual({ rule: rule.id, is: "not-applicable" });
  });
});

// Hostile input

const text = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    ".",
    "*",
    "*.",
    "..",
    "com",
    "a..b",
    "xn--",
    "10.0.0.1",
    "\u0000\u001b[31m",
    "www.fabrikam.example",
  ),
  fc.string({ maxLength: 20 }),
  fc.constant("x".repeat(10_000)),
);
const address = fc.constantFrom("192.0.2.1", "198.51.100.30", "10.0.0.1", "2001:db8::1", "::1");
const seconds = fc.oneof(fc.integer({ min: NOW - DAY, max: NOW + DAY }), fc.constantFrom(-1e15, -1, 0, 1e15));
const names = fc.record({ CN: text, O: text }, { requiredKeys: [] });
const leaf = fc
  .record({
    issuer: names,
    subject: names,
    names: fc.array(text, { maxLength: 4 }),
    notBefore: seconds,
    notAfter: seconds,
    scts: fc.nat(2),
    key: text,
    isCa: fc.boolean(),
  })
  .map(certificate);
const trust = fc.record({
  is: fc.constantFrom("public-root", "private-root", "self-signed", "incomplete", "invalid-signature", "unknown"),
  anchor: text,
} as const);
const frame = fc.nat(99);
const where = {
  to: address,
  port: fc.constantFrom(443, 3478, 5061),
  outcome: fc.constantFrom("open", "closed", "reset", "alert", "stalled", "refused", "unanswered"),
  bytes: fc.record({ fromClient: fc.nat(2), fromServer: fc.nat(2) }),
  lasts: fc.constantFrom(0, 0.5, 100),
  timing: fc.record(
    { tcpRtt: fc.double({ min: 0, max: 10, noNaN: true }), hello: fc.double({ min: 0, max: 10, noNaN: true }) },
    { requiredKeys: [] },
  ),
  head: fc.record({ server: fc.uint8Array({ maxLength: 4 }) }, { requiredKeys: [] }),
  tcp: fc.record(
    {
      syns: fc.nat(4),
      synAck: fc.option(frame),
      client: fc.record(
        { fin: frame, missing: fc.nat(1), unacknowledged: fc.nat(3000), retransmissions: fc.nat(4), frames: fc.nat(3) },
        { requiredKeys: [] },
      ),
      server: fc.record(
        { fin: frame, missing: fc.nat(1), lost: fc.nat(3000), frames: fc.nat(3), largestSegment: fc.nat(1500) },
        { requiredKeys: [] },
      ),
      reset: fc.record({ from: fc.constantFrom("client", "server"), frame }),
    },
    { requiredKeys: [] },
  ),
} as const;
const overTls = fc.record(
  {
    ...where,
    name: text,
    chain: fc.array(leaf, { maxLength: 3 }),
    trust,
    signing: fc.record({ ownKey: fc.boolean(), issuerKey: text }, { requiredKeys: ["ownKey"] }),
    alerts: fc.array(
      fc.record({
        from: fc.constantFrom("client", "server"),
        code: fc.constantFrom(0, 40, 42, 48, 70, 255),
        description: fc.constant("alert_name"),
      }),
      { maxLength: 2 },
    ),
    messages: fc.array(
      fc.tuple(
        fc.constantFrom("client", "server"),
        fc.constantFrom("ClientHello", "ServerHello", "Certificate", "CertificateRequest"),
      ),
      { maxLength: 4 },
    ),
    tls: fc.record(
      {
        resumed: fc.boolean(),
        certificateRequested: fc.boolean(),
        clientCertificates: fc.nat(1),
        issuedSessions: fc.array(text, { maxLength: 2 }),
        offeredSessions: fc.array(text, { maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
  } as const,
  { requiredKeys: [] },
);
const answers = fc.constantFrom(
  "documented",
  "certificate",
  "server-hello",
  "alert",
  "other-bytes",
  "reset",
  "fin",
  "silence",
  "not-captured",
);
const spec: fc.Arbitrary<Spec> = fc.oneof(
  overTls.map((options) => tls(options)),
  fc.tuple(answers, overTls).map(([answer, options]) => pseudoTls(answer, options)),
  fc.record(where, { requiredKeys: [] }).map((options) => tcp(options)),
  fc
    .record({ to: address, stun: fc.record({ requests: fc.nat(5), responses: fc.nat(2) }) }, { requiredKeys: [] })
    .map((options) => udp(options)),
);

test("whatever was captured: every rule answers, no rule fails, sentences stay short and verdicts keep to the lists", () => {
  fc.assert(
    fc.property(fc.array(spec, { maxLength: 6 }), fc.nat(3600), (specs, ends) => {
      const { rules, findings, connections, verdict } = diagnose(observations(specs, { seconds: ends }));
      expect(rules.map(({ rule }) => rule)).toEqual(RULES.map(({ id }) => id));
      expect(rules.filter(({ is }) => is === "failed")).toEqual([]);
      for (const { what, why, fix, cause, confidence, connections: members, evidence, rule } of findings) {
        // `sightline explain` promises these.
        expect(Object.keys(rule.doc.finds)).toContain(confidence);
        if (cause !== undefined) expect(rule.doc.causes).toContain(cause);
        for (const sentence of [what, why, fix]) {
          expect(sentence).toMatch(/[.!]$/);
          expect(sentence.length).toBeLessThan(SENTENCE);
          expect(sentence).not.toMatch(/undefined|NaN|\[object/);
        }
        expect(CAUSES).toContain(cause);
        expect(CONFIDENCES).toContain(confidence);
        expect(members.length).toBeGreaterThan(0);
        expect(evidence.length).toBeLessThanOrEqual(20);
      }
      for (const { connection, verdict: of } of connections) {
        // Only findings accuse, and only of the connections that they are about.
        const accusing = findings.filter(
          (finding) =>
            finding.cause === "tls-interception" &&
            finding.confidence !== "possible" &&
            finding.connections.includes(connection),
        );
        expect(of.is === "intercepted").toBe(accusing.length > 0);
      }
      expect(verdict.headline.length).toBeLessThan(SENTENCE);
    }),
    { numRuns: 300 },
  );
});
