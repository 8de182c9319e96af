/**
 * A thread that reads captures, of Node's worker_threads. Owns its start and its end, and both sides of what the two say to each
 * other beside the memory they share; knows nothing of captures. Worth its start (a twentieth of a second) where there is much to read.
 */
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import type { ByteSource } from "../capture/input.ts";
import { CaptureSet } from "../capture/set.ts";
import { type CourierMemory, courierMemory } from "../observe/courier.ts";
import type { Tally } from "../observe/from-capture.ts";
import { type CaptureThread, readInto, ThreadLost } from "../observe/from-thread.ts";
import { fileSource } from "./sources.ts";

/** What the thread runs: the command itself, which then calls `readForOther` (main.ts). */
const PROGRAM = join(import.meta.dirname, "main.js");

interface Task {
  readonly memory: CourierMemory;
  readonly files: readonly string[];
}

/** Thread → main: it is about to read; it has read everything. */
type Message = "reads" | Tally;

export class NodeCaptureThread implements CaptureThread {
  readonly memory = courierMemory();
  /** Resolves when it reads, or is lost. */
  readonly started: Promise<void>;
  private readonly worker: Worker;
  private readonly done: Promise<Tally>;
  private lost = false;

  /** Undefined where there is nothing to gain or where it cannot be: `sources` must be plain files, which can be opened again. */
  static start(sources: readonly ByteSource[]): NodeCaptureThread | undefined {
    const { availableParallelism } = process.getBuiltinModule("node:os");
    if (availableParallelism() < 2 || sources.some(({ rewind }) => rewind === undefined)) return undefined;
    return new NodeCaptureThread(sources.map(({ name }) => name));
  }

  private constructor(files: readonly string[]) {
    const { Worker } = process.getBuiltinModule("node:worker_threads");
    const task: Task = { memory: this.memory, files };
    // What it says of its own is said again where the files are read without it.
    const worker = new Worker(PROGRAM, { workerData: task, stdout: true, stderr: true });
    this.worker = worker;
    let start: () => void = () => {};
    this.started = new Promise((resolve) => {
      start = resolve;
    });
    this.done = new Promise((resolve, reject) => {
      const lose = (): void => {
        this.lost = true;
        start();
        reject(new ThreadLost());
      };
      worker.on("message", (message: Message) => {
        if (message === "reads") start();
        else resolve(message);
      });
      worker.on("error", lose);
      worker.on("exit", lose);
    });
    // Nobody may be asking any more.
    this.done.catch(() => {});
  }

  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.lost) throw new ThreadLost();
  }

  tally(): Promise<Tally> {
    return this.done;
  }

  /** Nobody waits for it any more. */
  end(): void {
    this.worker.unref();
    void this.worker.terminate();
  }
}

/** Runs in the thread. What goes wrong ends it. */
export async function readForOther(): Promise<void> {
  const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
  const { memory, files } = workerData as Task;
  const say = (message: Message): void => parentPort?.postMessage(message);
  say("reads");
  const set = await CaptureSet.open(files.map(fileSource));
  try {
    say(await readInto(memory, set));
  } finally {
    set.close();
  }
}
