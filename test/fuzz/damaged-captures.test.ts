/**
 * Invariant: whatever happened to a capture file, `analyze` answers a valid Report that renders as text, or throws ParseError;
 * no other exception, and no end without an answer.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { analyze, ParseError, type Report } from "../../src/index.ts";
import { reportSchema } from "../../src/report/schema.ts";
import { renderText } from "../../src/report/text.ts";
import { concat, memorySource } from "../support/capture-writer.ts";
import { LAB_KEY_LOGS, LAB_ROOTS, REAL_CAPTURES, type RealCapture, rebuilt } from "../support/real-captures.ts";

/** The whole folder stays under a minute with this; raise it for a night's run. */
const RUNS = Number(process.env["SIGHTLINE_FUZZ_RUNS"] ?? 3) * 40;

const FOLDER = join(import.meta.dirname, "../captures");
/** As stored, pcapng and compressed ones too. */
const FILES: readonly Uint8Array[] = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => readdirSync(join(FOLDER, name)).map((file) => join(FOLDER, name, file)))
  .filter((path) => /\/capture\.[^/]*$/.test(path))
  .map((path) => new Uint8Array(readFileSync(path)));

const file = fc.constantFrom(...FILES);
const capture = fc.constantFrom<RealCapture[]>(...REAL_CAPTURES);
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

async function survives(...files: readonly Uint8Array[]): Promise<Report | undefined> {
  let report: Report;
  try {
    report = await analyze(
      files.map((bytes, i) => memorySource(bytes, { name: `${i}.cap`, piece: 5000 })),
      { roots: [LAB_ROOTS], keyLogs: LAB_KEY_LOGS },
    );
  } catch (error) {
    expect(error).toBeInstanceOf(ParseError);
    return undefined;
  }
  reportSchema.parse(report);
  expect(report.rules.filter(({ is }) => is === "failed")).toEqual([]);
  const text = renderText(report, { columns: 80, color: false, unicode: true });
  expect(text.length).toBeGreaterThan(0);
  expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  return report;
}

test("whole files are read", async () => {
  expect(FILES.length).toBeGreaterThan(REAL_CAPTURES.length);
  expect(await survives(FILES[0] as Uint8Array)).toBeDefined();
});

test("bytes flipped anywhere", async () => {
  await fc.assert(
    fc.asyncProperty(
      file,
      fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 60 }),
      async (bytes, flips) => {
        const copy = bytes.slice();
        for (const [at, value] of flips) copy[Math.floor(at * copy.length)] = value;
        await survives(copy);
      },
    ),
    { numRuns: RUNS },
  );
});

test("bytes flipped inside frames, the file around them sound", async () => {
  await fc.assert(
    fc.asyncProperty(
      capture,
      fc.array(fc.tuple(place, place, fc.nat(255)), { minLength: 1, maxLength: 200 }),
      async (real, flips) => {
        const records = real.records.map((record) => record.slice());
        for (const [which, at, value] of flips) {
          const record = records[Math.floor(which * records.length)];
          if (record !== undefined) record[16 + Math.floor(at * (record.length - 16))] = value;
        }
        expect((await survives(rebuilt(real, records)))?.totals.frames).toBe(records.length);
      },
    ),
    { numRuns: RUNS },
  );
});

test("cut anywhere: what was before the cut is read, and the damage named", async () => {
  await fc.assert(
    fc.asyncProperty(capture, place, async (real, at) => {
      const end = Math.floor(at * real.bytes.length);
      const report = await survives(real.bytes.subarray(0, end));
      if (end < 24) {
        expect(report).toBeUndefined();
        return;
      }
      let whole = 24;
      const frames = real.records.filter((record) => {
        whole += record.length;
        return whole <= end;
      });
      expect(report?.totals.frames).toBe(frames.length);
      const clean = end === 24 + frames.reduce((sum, record) => sum + record.length, 0);
      expect(report?.input.files[0]?.problems.map(({ kind }) => kind)).toEqual(clean ? [] : ["truncated"]);
    }),
    { numRuns: RUNS },
  );
});

test("pieces of several files behind one another", async () => {
  const piece = fc.tuple(file, place, place).map(([bytes, one, other]) => {
    const [from, to] = one < other ? [one, other] : [other, one];
    return bytes.subarray(Math.floor(from * bytes.length), Math.floor(to * bytes.length));
  });
  await fc.assert(
    fc.asyncProperty(file, place, fc.array(piece, { maxLength: 3 }), async (first, to, rest) => {
      await survives(concat(first.subarray(0, Math.floor(to * first.length)), ...rest));
    }),
    { numRuns: RUNS },
  );
});

test("frames of several captures mixed, doubled and in any order", async () => {
  await fc.assert(
    fc.asyncProperty(capture, capture, fc.array(place, { minLength: 1, maxLength: 150 }), async (one, other, picks) => {
      const all = [...one.records, ...other.records];
      fc.pre(all.length > 0);
      await survives(
        rebuilt(
          one,
          picks.map((pick) => all[Math.floor(pick * all.length)] as Uint8Array),
        ),
      );
    }),
    { numRuns: RUNS },
  );
});

test("two damaged files as one capture", async () => {
  await fc.assert(
    fc.asyncProperty(file, file, place, place, async (one, other, to, flip) => {
      const copy = other.slice();
      copy[Math.floor(flip * copy.length)] = 0xff;
      await survives(one.subarray(0, Math.floor(to * one.length)), copy);
    }),
    { numRuns: RUNS / 2 },
  );
});

const MALFORMED = join(import.meta.dirname, "../../../shared/captures/malformed");
const present = existsSync(MALFORMED);
const title = present ? "hostile captures" : "hostile captures (needs ../shared: absent, SKIPPED)";

describe.skipIf(!present)(title, () => {
  test("each is read to its end, or to a named problem", async () => {
    const names = readdirSync(MALFORMED).filter((name) => !name.endsWith(".md"));
    expect(names.length).toBeGreaterThan(200);
    for (const name of names) {
      try {
        const report = await survives(new Uint8Array(readFileSync(join(MALFORMED, name))));
        // None of them holds an interception.
        expect(report?.verdict.is).not.toBe("intercepted");
      } catch (error) {
        throw new Error(`${name}: ${error}`, { cause: error });
      }
    }
  });
});
