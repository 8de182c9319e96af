import { describe, expect, test } from "vitest";
import { memorySource } from "../../test/support/capture-writer.ts";
import { REAL_CAPTURES, type RealCapture, rebuilt } from "../../test/support/real-captures.ts";
import { CaptureSet } from "../capture/set.ts";
import { analyze } from "../index.ts";
import { courierMemory } from "./courier.ts";
import type { Tally } from "./from-capture.ts";
import { type CaptureThread, readInto, ThreadLost } from "./from-thread.ts";

const capture = REAL_CAPTURES[0] as RealCapture;

/** In this thread after all: it reads everything at the first pause, which needs a ring that has room for all of it. */
class Pretended implements CaptureThread {
  readonly memory = courierMemory(1 << 24);
  private readonly bytes: Uint8Array;
  /** Its last words come to nothing. */
  private readonly dies: boolean;
  private result: Promise<Tally> | undefined;

  constructor(bytes: Uint8Array, dies = false) {
    this.bytes = bytes;
    this.dies = dies;
  }

  async pause(): Promise<void> {
    if (this.dies && this.result !== undefined) throw new ThreadLost();
    this.result ??= CaptureSet.open([memorySource(this.bytes, { name: "a.pcap" })]).then((set) =>
      readInto(this.memory, set),
    );
    await this.result;
  }

  async tally(): Promise<Tally> {
    if (this.dies) throw new ThreadLost();
    return this.result as Promise<Tally>;
  }
}

const whole = () => [memorySource(capture.bytes, { name: "a.pcap" })];
const half = rebuilt(capture, capture.records.slice(0, capture.records.length / 2));

describe("a capture that another thread reads", () => {
  test("gives the same Report", async () => {
    const sources = whole();
    expect(await analyze(sources, {}, new Pretended(capture.bytes))).toEqual(await analyze(whole()));
    expect(sources[0]?.opened).toBe(0);
  });

  test("is read here when the thread is lost, whatever it said before", async () => {
    expect(await analyze(whole(), {}, new Pretended(half, true))).toEqual(await analyze(whole()));
  });

  test("is read here when there are secrets", async () => {
    const keyLogs = [`CLIENT_RANDOM ${"0".repeat(64)} ${"0".repeat(96)}\n`];
    expect(await analyze(whole(), { keyLogs }, new Pretended(half))).toEqual(await analyze(whole(), { keyLogs }));
  });

  test("what is wrong with our own program is not hidden by reading again", async () => {
    const thread = new Pretended(capture.bytes);
    thread.pause = () => Promise.reject(new TypeError("a defect"));
    await expect(analyze(whole(), {}, thread)).rejects.toThrow("a defect");
  });
});
