/**
 * A thread that reads captures, of Node's worker_threads. Owns its start and its end, and what the two say to each other beside
 * the memory they share; knows nothing of captures. Worth its start (a twentieth of a second) where there is much to read.
 */
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import type { ByteSource } from "../capture/input.ts";
import { type CourierMemory, courierMemory } from "../observe/courier.ts";
import type { Tally } from "../observe/from-capture.ts";
import { type CaptureThread, ThreadLost } from "../observe/from-thread.ts";

/** What the thread runs (reader.ts). */
const PROGRAM = join(import.meta.dirname, "reader.js");

export interface Task {
  readonly memory: CourierMemory;
  readonly files: readonly string[];
  /** One word: how far the two are with each other. */
  readonly state: SharedArrayBuffer;
}

/** The thread has loaded its program and waits; then it may read. */
export const READY = 1;
const BEGUN = 2;

export class NodeCaptureThread implements CaptureThread {
  readonly memory = courierMemory();
  private readonly state = new Int32Array(new SharedArrayBuffer(4));
  private readonly worker: Worker;
  private readonly done: Promise<Tally>;
  private lost = false;

  /**
   * Undefined where there is nothing to gain or where it cannot be: `sources` must be plain files, which can be opened again.
   */
  static start(sources: readonly ByteSource[]): NodeCaptureThread | undefined {
    const { availableParallelism } = process.getBuiltinModule("node:os");
    if (availableParallelism() < 2 || sources.some(({ rewind }) => rewind === undefined)) return undefined;
    return new NodeCaptureThread(sources.map(({ name }) => name));
  }

  private constructor(files: readonly string[]) {
    const { Worker } = process.getBuiltinModule("node:worker_threads");
    const task: Task = { memory: this.memory, files, state: this.state.buffer as SharedArrayBuffer };
    // What it says of its own is said again where the files are read without it.
    const worker = new Worker(PROGRAM, { workerData: task, stdout: true, stderr: true });
    this.worker = worker;
    this.done = new Promise((resolve, reject) => {
      let isDone = false;
      const lose = (): void => {
        // All that it had to tell is in the memory they share: that it ends is no loss.
        if (isDone) return;
        this.lost = true;
        reject(new ThreadLost());
      };
      worker.on("message", (tally: Tally) => {
        isDone = true;
        resolve(tally);
      });
      worker.on("error", lose);
      worker.on("exit", lose);
    });
    // Nobody may be asking any more.
    this.done.catch(() => {});
  }

  get isReady(): boolean {
    return Atomics.load(this.state, 0) === READY;
  }

  begin(): void {
    Atomics.store(this.state, 0, BEGUN);
    Atomics.notify(this.state, 0);
  }

  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.lost) throw new ThreadLost();
  }

  tally(): Promise<Tally> {
    return this.done;
  }

  end(): void {
    this.worker.unref();
    void this.worker.terminate();
  }
}
