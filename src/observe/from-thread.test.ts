import { describe, expect, test } from "vitest";
import { concat, memorySource, pcapRecord } from "../../test/support/capture-writer.ts";
import { REAL_CAPTURES, type RealCapture, rebuilt } from "../../test/support/real-captures.ts";
import { CaptureSet } from "../capture/set.ts";
import { analyze } from "../index.ts";
import { courierMemory } from "./courier.ts";
import type { Tally } from "./from-capture.ts";
import { type CaptureThread, readInto, ThreadLost } from "./from-thread.ts";

/** Real connections, each of many clients, one after the other: dense enough for a thread. */
function manyOf(clients: number): Uint8Array {
  const records = Array.from({ length: clients }, (_, number) =>
    source.records.map((given) => {
      const record: Uint8Array = given.slice();
      const view = new DataView(record.buffer);
      view.setUint32(0, view.getUint32(0, true) + number, true);
      for (const at of [ADDRESS_FROM, ADDRESS_TO])
        if (String(record.subarray(at, at + 4)) === client) record.set([number >> 8, number & 0xff], at + 2);
      return record;
    }),
  );
  return rebuilt(source, records.flat());
}

const source = REAL_CAPTURES.find(({ header, records }) => header[20] === 1 && records.length < 40) as RealCapture;
/** In a record of Ethernet and IPv4. */
const ADDRESS_FROM = 16 + 14 + 12;
const ADDRESS_TO = ADDRESS_FROM + 4;
const client = String((source.records[0] as Uint8Array).subarray(ADDRESS_FROM, ADDRESS_FROM + 4));
const dense = manyOf(700);

/** In this thread after all: it reads everything at the first pause, which needs a ring that has room for all of it. */
class Pretended implements CaptureThread {
  readonly memory = courierMemory(1 << 25);
  isReady = true;
  begun = false;
  ended = false;
  private readonly bytes: Uint8Array;
  /** Its last words come to nothing. */
  private readonly dies: boolean;
  private result: Promise<Tally> | undefined;

  constructor(bytes: Uint8Array, dies = false) {
    this.bytes = bytes;
    this.dies = dies;
  }

  begin(): void {
    this.begun = true;
  }

  end(): void {
    this.ended = true;
  }

  async pause(): Promise<void> {
    expect(this.begun).toBe(true);
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

const whole = (bytes: Uint8Array) => [memorySource(bytes, { name: "a.pcap" })];
const half = dense.subarray(0, dense.length / 2);

describe("a capture that another thread reads", () => {
  test("gives the same Report, and is left at its beginning", async () => {
    const thread = new Pretended(dense);
    expect(await analyze(whole(dense), {}, thread)).toEqual(await analyze(whole(dense)));
    expect(thread.begun).toBe(true);
  });

  test("is read here when the thread is lost, whatever it said before", async () => {
    expect(await analyze(whole(dense), {}, new Pretended(half, true))).toEqual(await analyze(whole(dense)));
  });

  test("what is wrong with our own program is not hidden by reading again", async () => {
    const thread = new Pretended(dense);
    thread.pause = () => Promise.reject(new TypeError("a defect"));
    await expect(analyze(whole(dense), {}, thread)).rejects.toThrow("a defect");
  });
});

describe("a capture that is read here", () => {
  const expectHere = async (bytes: Uint8Array, options = {}, isReady = true) => {
    const thread = new Pretended(half);
    thread.isReady = isReady;
    expect(await analyze(whole(bytes), options, thread)).toEqual(await analyze(whole(bytes), options));
    expect(thread.begun).toBe(false);
    return thread;
  };

  test("has secrets", async () => {
    await expectHere(dense, { keyLogs: [`CLIENT_RANDOM ${"0".repeat(64)} ${"0".repeat(96)}\n`] });
  });

  test("has been read when the thread is there", async () => {
    await expectHere(dense, {}, false);
  });

  test("is small", async () => {
    await expectHere(manyOf(2));
  });

  test("has few connections for its size", async () => {
    const bulk = Array.from({ length: 5000 }, () => pcapRecord(new Uint8Array(1500)));
    expect((await expectHere(concat(manyOf(1), ...bulk))).ended).toBe(true);
  });
});
