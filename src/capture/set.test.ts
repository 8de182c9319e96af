import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { drain } from "../../test/support/capture-walk.ts";
import {
  block,
  concat,
  enhancedPacket,
  interfaceDescription,
  type MemorySource,
  memorySource,
  payload,
  pcapHeader,
  pcapRecord,
  sectionHeader,
  simplePacket,
} from "../../test/support/capture-writer.ts";
import type { ByteSource } from "./input.ts";
import { CaptureSet } from "./set.ts";

/** A pcap whose frames have the given times in seconds and all the length `tag`, by which a test knows them again. */
function file(name: string, tag = 0, ...seconds: readonly number[]): MemorySource {
  return memorySource(concat(pcapHeader(), ...seconds.map((at) => pcapRecord(payload(tag), { seconds: at }))), {
    name,
  });
}

/** A pipe: what it holds, once. */
function pipe(source: MemorySource): ByteSource {
  return {
    name: source.name,
    size: undefined,
    read: (into) => source.read(into),
    close: () => source.close(),
  };
}

async function merged(...sources: readonly ByteSource[]) {
  const set = await CaptureSet.open(sources);
  const origins: string[] = [];
  const frames = await drain(set, () => origins.push(set.files[set.currentFile]?.name ?? "?"));
  return {
    set,
    order: frames.map(({ time, data }, i) => `${origins[i]}:${data.length}@${Number(time)}`),
    numbers: frames.map(({ number }) => number),
  };
}

describe("several files as one capture", () => {
  test("overlapping files are merged by time, whatever their order", async () => {
    const make = () => [file("a", 1, 1, 4, 5), file("b", 2, 2, 3, 9), file("c", 3, 0, 6)];
    const wanted = ["c:3@0", "a:1@1", "b:2@2", "b:2@3", "a:1@4", "a:1@5", "c:3@6", "b:2@9"];
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]) {
      const given = make();
      const { set, order: got, numbers } = await merged(...order.map((i) => given[i] as MemorySource));
      expect(got).toEqual(wanted);
      expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(set.files.map(({ name, frames }) => [name, frames])).toEqual([
        ["c", 2],
        ["a", 3],
        ["b", 3],
      ]);
      expect([set.frames, set.bytesRead]).toEqual([8, given.reduce((sum, { size }) => sum + size, 0)]);
      expect(given.map(({ isOpen }) => isOpen)).toEqual([false, false, false]);
    }
  });

  test("a rotated set is read one file after the other, none held open before its turn", async () => {
    const sources = [file("r2", 2, 4, 5, 6), file("r3", 3, 7, 8), file("r1", 1, 1, 2, 3)];
    const set = await CaptureSet.open(sources);
    let most = 0;
    const frames = await drain(set, () => {
      most = Math.max(most, sources.filter(({ isOpen }) => isOpen).length);
    });
    expect(frames.map(({ data }) => data.length)).toEqual([1, 1, 1, 2, 2, 2, 3, 3]);
    expect(most).toBe(1);
    expect(sources.map(({ opened }) => opened)).toEqual([2, 2, 2]);
  });

  test("frames of one file stay in its order, even where time runs backwards", async () => {
    const { order } = await merged(file("a", 1, 5, 1, 6), file("b", 2, 2, 7));
    expect(order).toEqual(["b:2@2", "a:1@5", "a:1@1", "a:1@6", "b:2@7"]);
  });

  test("equal times: by name, then by size", async () => {
    const make = () => [file("b", 1, 1, 2), file("a", 2, 1, 2), file("a", 3, 1, 2)];
    const wanted = ["a:2@1", "a:3@1", "b:1@1", "a:2@2", "a:3@2", "b:1@2"];
    expect((await merged(...make())).order).toEqual(wanted);
    expect((await merged(...make().reverse())).order).toEqual(wanted);
  });

  test("nanoseconds decide", async () => {
    const nano = (name: string, fraction: number) =>
      memorySource(concat(pcapHeader({ nanos: true }), pcapRecord(payload(1), { seconds: 1, fraction })), { name });
    expect((await merged(nano("a", 2), nano("b", 1))).order).toEqual(["b:1@1.000000001", "a:1@1.000000002"]);
  });

  test("a frame without a time comes at once", async () => {
    const start = concat(sectionHeader(), interfaceDescription());
    const at = (seconds: number) => enhancedPacket(payload(1), { time: BigInt(seconds) * 1_000_000n });
    const untimed = memorySource(concat(start, at(3), simplePacket(payload(2)), at(5)), { name: "u" });
    expect((await merged(untimed, file("a", 9, 2, 4))).order).toEqual(["a:9@2", "u:1@3", "u:2@0", "a:9@4", "u:1@5"]);
  });

  test("records that are numbered but hold no frame count in the whole", async () => {
    const custom = block(false, 0xbad, payload(8));
    const start = concat(sectionHeader(), interfaceDescription());
    const at = (seconds: number) => enhancedPacket(payload(1), { time: BigInt(seconds) * 1_000_000n });
    const source = memorySource(concat(start, at(1), custom, at(5), custom), { name: "n" });
    const { set, numbers, order } = await merged(source, file("a", 9, 2, 6));
    expect(order).toEqual(["n:1@1", "a:9@2", "n:1@5", "a:9@6"]);
    expect(numbers).toEqual([1, 2, 4, 6]);
    expect(set.frames).toBe(6);
  });

  test("files without frames go last; they are part of the set", async () => {
    const { set, order } = await merged(file("empty"), file("b", 1, 2));
    expect(order).toEqual(["b:1@2"]);
    expect(set.files.map(({ name }) => name)).toEqual(["b", "empty"]);
  });

  test("formats, compression and pipes mix; a pipe is read once", async () => {
    const packed = memorySource(gzipSync(concat(pcapHeader(), pcapRecord(payload(2), { seconds: 2 }))), { name: "z" });
    const piped = file("-", 3, 1, 3);
    const start = concat(sectionHeader(), interfaceDescription());
    const ng = memorySource(concat(start, enhancedPacket(payload(4), { time: 4_000_000n })), {
      name: "ng",
      piece: 1,
      later: true,
    });
    const { set, order } = await merged(ng, packed, pipe(piped));
    expect(order).toEqual(["-:3@1", "z:2@2", "-:3@3", "ng:4@4"]);
    expect(set.files.map(({ format }) => format)).toEqual(["pcap", "pcap+gzip", "pcapng"]);
    expect(piped.opened).toBe(1);
  });

  test("damage in one file does not end the others", async () => {
    const cut = memorySource(concat(pcapHeader(), pcapRecord(payload(50), { seconds: 1 }), new Uint8Array(5)), {
      name: "a",
    });
    const { set, order } = await merged(cut, file("b", 2, 2, 4));
    expect(order).toEqual(["a:50@1", "b:2@2", "b:2@4"]);
    expect(set.files.map(({ problems }) => problems.map(({ kind }) => kind))).toEqual([["truncated"], []]);
  });

  test("a file that is no capture is fatal, by name, and all are closed", async () => {
    const sources = [
      file("a", 1, 1),
      memorySource(new TextEncoder().encode("hello"), { name: "notes.txt" }),
      file("b", 1, 2),
    ];
    await expect(CaptureSet.open(sources)).rejects.toMatchObject({ path: "notes.txt", kind: "unsupported" });
    expect(sources.map(({ isOpen }) => isOpen)).toEqual([false, false, false]);
  });

  test("one file alone is opened once", async () => {
    const only = file("a", 1, 3, 1, 2);
    const { set, order, numbers } = await merged(only);
    expect(order).toEqual(["a:1@3", "a:1@1", "a:1@2"]);
    expect(numbers).toEqual([1, 2, 3]);
    expect([only.opened, set.frames, set.bytesRead]).toEqual([1, 3, only.size]);
  });

  test("closing closes what is open", async () => {
    const sources = [file("a", 1, 1, 2), file("b", 1, 1, 2)];
    const set = await CaptureSet.open(sources);
    set.close();
    expect(sources.map(({ isOpen }) => isOpen)).toEqual([false, false]);
  });
});
