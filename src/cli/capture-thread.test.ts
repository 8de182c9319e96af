import { EventEmitter } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { ThreadLost } from "../observe/from-thread.ts";
import { NodeCaptureThread } from "./capture-thread.ts";

/** A worker that does nothing. */
let worker: EventEmitter;
class Idle extends EventEmitter {
  constructor() {
    super();
    worker = this;
  }
}

afterEach(() => vi.restoreAllMocks());

function started(): NodeCaptureThread {
  const builtin = process.getBuiltinModule.bind(process);
  vi.spyOn(process, "getBuiltinModule").mockImplementation(((name: string) =>
    name === "node:worker_threads"
      ? { Worker: Idle }
      : { ...builtin("node:os"), availableParallelism: () => 2 }) as never);
  return NodeCaptureThread.start([]) as NodeCaptureThread;
}

test("a thread that has said all is not lost when it ends: what it said may still be on the way", async () => {
  const thread = started();
  worker.emit("message", "tally");
  worker.emit("error", new Error("too late"));
  worker.emit("exit", 1);
  await thread.pause();
  expect(await thread.tally()).toBe("tally");
});

test("one that ends before is lost", async () => {
  const thread = started();
  await thread.pause();
  worker.emit("exit", 0);
  await expect(thread.pause()).rejects.toThrow(ThreadLost);
  await expect(thread.tally()).rejects.toThrow(ThreadLost);
});
