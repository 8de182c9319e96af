/** Pairs of captures, made at both ends of a path with real tools between (test/compare/about.md). */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { analyze, compare, type Report } from "../src/index.ts";
import { reportSchema } from "../src/report/schema.ts";
import { concat, memorySource } from "./support/capture-writer.ts";

const roots = [readFileSync("test/compare/roots.pem", "utf8")];
const read = (name: string) => new Uint8Array(readFileSync(`test/compare/${name}.pcap`));

/** `ahead`: seconds by which the clock at the edge is made to differ. */
async function both(name: string, ahead = 0, edge = `${name}/edge`): Promise<Report> {
  const [near, far] = [read(`${name}/client`), shifted(read(edge), ahead)];
  const report = await compare([memorySource(near)], [memorySource(far)], { roots });
  expect(reportSchema.safeParse(report).error).toBeUndefined();
  return report;
}

/** The same packets at other times; whole seconds, little-endian files. */
function shifted(bytes: Uint8Array, seconds: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 24; at + 16 <= bytes.length; at += 16 + view.getUint32(at + 8, true))
    view.setUint32(at, view.getUint32(at, true) + seconds, true);
  return bytes;
}

const verdicts = ({ connections }: Report) =>
  connections.map(({ id, verdict }) => `${id} ${verdict.is}${"confidence" in verdict ? ` ${verdict.confidence}` : ""}`);
const pairs = ({ connections }: Report) =>
  connections.map(({ otherEnd }) => (otherEnd === undefined ? "none" : `${otherEnd.by} ${otherEnd.is}`));
const twoSided = ({ findings }: Report) => findings.filter(({ rule }) => rule === "two-sided-hello");
const answerOf = ({ rules }: Report) => rules.find(({ rule }) => rule === "two-sided-hello");

describe("through NAT", () => {
  test.each([0, 37, -86_400])("the same hellos: nothing intercepts; clocks %d s apart", async (ahead) => {
    for (const name of ["nat-tls12", "nat-tls13"]) {
      const report = await both(name, ahead);
      expect(report.input).toMatchObject({ kind: "comparison", comparison: { inBoth: 6, onlyHere: 0, onlyThere: 0 } });
      expect(report.input.comparison?.clockOffset).toBeCloseTo(ahead, 2);
      expect(report.verdict.is).toBe("clear");
      expect(new Set(pairs(report))).toEqual(new Set(["hello same"]));
      expect(new Set(report.connections.map(({ verdict }) => verdict.is))).toEqual(new Set(["genuine"]));
      expect(answerOf(report)).toEqual({ rule: "two-sided-hello", is: "clear", checked: 6 });
    }
  });

  test("without the other capture TLS 1.3 cannot be judged", async () => {
    const report = await analyze([memorySource(read("nat-tls13/client"))], { roots });
    expect(report.verdict.is).toBe("cannot-tell");
    expect(answerOf(report)).toEqual({
      rule: "two-sided-hello",
      is: "not-observed",
      missing: "a capture from the server's side",
    });
    expect(report.connections.some((connection) => "otherEnd" in connection)).toBe(false);
  });

  test("what each end shows is there, with the frames of its own file", async () => {
    const report = await both("nat-tls12");
    const [first] = report.connections;
    expect(report.input.files).toHaveLength(2);
    expect(first?.otherEnd).toMatchObject({ id: "tcp/0", file: 1, client: { ip: "192.0.2.1" } });
    expect(first?.client.ip).toBe("10.20.0.50");
    expect(first?.otherEnd?.clientHello.here).toMatch(/^[0-9a-f]{64}$/);
    expect(first?.otherEnd?.certificates[0]?.sha256).toBe(first?.certificates[0]?.sha256);
  });
});

test("QUIC: the same hellos", async () => {
  const [near, far] = [0, 1].map(() =>
    memorySource(new Uint8Array(readFileSync("test/captures/o03-quic/capture.pcap"))),
  );
  const report = await compare([near as never], [far as never], { roots });
  const quic = report.connections.filter(({ protocol, tls }) => protocol === "quic" && tls?.version !== undefined);
  expect(quic.length).toBeGreaterThan(0);
  for (const { otherEnd, verdict } of quic) {
    expect(otherEnd).toMatchObject({ by: "hello", is: "same", file: 1 });
    expect(verdict.is).toBe("genuine");
  }
});

describe("interception", () => {
  test.each([
    ["sslsplit-tls12", "proven"],
    ["explicit-tls12", "likely"],
  ])("%s: %s", async (name, confidence) => {
    const report = await both(name);
    const found = twoSided(report);
    expect(found.map((finding) => finding.confidence)).toEqual([confidence]);
    expect(found[0]?.connections).toEqual(report.connections.map(({ id }) => id));
    expect(report.verdict).toMatchObject({ is: "intercepted", confidence: "proven" });
    for (const { file, frame, value, expected } of found.flatMap(({ evidence }) => evidence)) {
      expect(file).toBe(0);
      expect(frame).toBeGreaterThan(0);
      expect(expected).not.toContain(value);
    }
  });

  test("certificates hidden by TLS 1.3 at both ends: likely, by their key and size", async () => {
    const report = await both("mitm-tls13");
    expect(new Set(verdicts(report).map((text) => text.slice(6)))).toEqual(new Set(["intercepted likely"]));
    expect(twoSided(report)[0]?.what).toContain("another key or size");
    expect(report.findings).toHaveLength(1);
  });

  test.each([0, 300])("one server exempted: it passes, the others do not; clocks %d s apart", async (ahead) => {
    const report = await both("mitm-bypass-tls12", ahead);
    const byName = new Map(
      report.connections.map((c) => [c.serverName, [c.verdict.is, c.otherEnd?.by, c.otherEnd?.is]]),
    );
    expect(Object.fromEntries(byName)).toEqual({
      "www.adatum.example": ["intercepted", "time", "different"],
      "cdn.northwind.example": ["genuine", "hello", "same"],
      "mail.litware.example": ["intercepted", "time", "different"],
    });
    expect(twoSided(report).map(({ confidence }) => confidence)).toEqual(["proven"]);
    expect(report.input.comparison?.clockOffset).toBeCloseTo(ahead, 1);
  });
});

/** A file of those of its records that `keeps` says, in order; twice where it says 2. */
function thinned(bytes: Uint8Array, keeps: (index: number) => number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts = [bytes.subarray(0, 24)];
  for (let at = 24, index = 0; at + 16 <= bytes.length; index++) {
    const end = at + 16 + view.getUint32(at + 8, true);
    for (let times = keeps(index); times > 0; times--) parts.push(bytes.subarray(at, end));
    at = end;
  }
  return concat(...parts);
}

test("whatever is missing or double at either end, nobody is accused where nothing intercepts", async () => {
  const frames = fc.array(fc.constantFrom(0, 1, 1, 1, 1, 2), { minLength: 120, maxLength: 120 });
  const names = fc.constantFrom("nat-tls12", "nat-tls13");
  await fc.assert(
    fc.asyncProperty(
      names,
      names,
      frames,
      frames,
      fc.integer({ min: -4, max: 4 }),
      async (one, other, here, there, by) => {
        const near = thinned(read(`${one}/client`), (index) => here[index] ?? 1);
        const far = shifted(
          thinned(read(`${other}/edge`), (index) => there[index] ?? 1),
          by,
        );
        const report = await compare([memorySource(near)], [memorySource(far)], { roots });
        expect(twoSided(report).filter(({ confidence }) => confidence !== "possible")).toEqual([]);
        expect(report.verdict.is).not.toBe("intercepted");
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

describe("look-alikes", () => {
  test.each(["front-tls12", "front-tls13"])("%s: a load balancer that ends TLS accuses nobody", async (name) => {
    const report = await both(name);
    expect(new Set(pairs(report))).toEqual(new Set(["time different"]));
    expect(new Set(report.findings.map(({ rule, confidence }) => `${rule} ${confidence}`))).toEqual(
      new Set(["two-sided-hello possible"]),
    );
    expect(report.verdict.is).toBe(name === "front-tls12" ? "clear" : "cannot-tell");
  });

  test("captures of different moments have nothing to do with each other", async () => {
    const report = await both("nat-tls13", 3600, "nat-tls12/edge");
    expect(new Set(pairs(report))).toEqual(new Set(["none"]));
    expect(report.input.comparison).toEqual({ inBoth: 0, onlyHere: 6, onlyThere: 6 });
    expect(answerOf(report)).toMatchObject({ is: "not-observed", missing: "a connection that is in both captures" });
    expect(report.verdict.is).toBe("cannot-tell");
  });

  test("in the other order the answer is the same where nothing intercepts", async () => {
    const [near, far] = [read("nat-tls13/edge"), read("nat-tls13/client")];
    expect((await compare([memorySource(near)], [memorySource(far)], { roots })).verdict.is).toBe("clear");
  });
});
