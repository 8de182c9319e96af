/**
 * What the thread runs that reads a capture (capture-thread.ts). A program of its own: loading the whole one would take the thread
 * longer than everything else about its start.
 */
import { parentPort, workerData } from "node:worker_threads";
import { CaptureSet } from "../capture/set.ts";
import { readInto } from "../observe/from-thread.ts";
import { READY, type Task } from "./capture-thread.ts";
import { fileSource } from "./sources.ts";

void read(workerData as Task);

/** What goes wrong ends the thread. */
async function read({ memory, files, state }: Task): Promise<void> {
  const word = new Int32Array(state);
  Atomics.store(word, 0, READY);
  Atomics.wait(word, 0, READY);
  const set = await CaptureSet.open(files.map(fileSource));
  try {
    parentPort?.postMessage(await readInto(memory, set));
  } finally {
    set.close();
  }
}
