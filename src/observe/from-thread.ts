/**
 * A capture that another thread reads → what was seen in it. Owns both ends of that: one thread finds the frames, tells connections
 * apart and counts bulk data, the other works on the connections. The result is that of one thread (from-capture.ts). Knows
 * nothing of how threads are made.
 */
import type { CaptureSet } from "../capture/set.ts";
import { loadCiphers } from "../protocol/ciphers.ts";
import { KeyLog } from "../protocol/tls/key-log.ts";
import { Courier, type CourierMemory, Recipient } from "./courier.ts";
import { Desk } from "./desk.ts";
import { type Collected, type Tally, tell, together, type Watcher } from "./from-capture.ts";
import type { Keeper } from "./keeper.ts";

/** Records worked on between two looks at anything else. */
const AT_ONCE = 4096;
/** How often it is looked whether there is more, before sleeping: waking takes as long. */
const LOOKS = 2000;
/** Milliseconds that whoever reads the capture sleeps when it is too far ahead: the other one takes longer for what is in the ring. */
const NAP = 1;
/** Milliseconds of sleep after which it is asked whether the other thread is still there. */
const PATIENCE = 20;

/**
 * Bytes of a capture for each of its connections up to which it is left to another thread to read it: a handshake has some 7 kB. Where
 * there are more, most are bulk data, which need only be counted, and telling somebody else of the rest costs more than doing it.
 */
const DENSE = 32 * 1024;
/** Bytes read before that is asked. */
const BEGINNING = 1024 * 1024;

/** A thread that reads a capture. */
export interface CaptureThread {
  readonly memory: CourierMemory;
  /** It waits for `begin`. Asked again and again beside other work. */
  readonly isReady: boolean;
  begin(): void;
  /** Nobody waits for it any more. */
  end(): void;
  /** Resolves soon. Throws ThreadLost when the thread has ended before its time. */
  pause(): Promise<void>;
  /** What the thread's `readInto` answered. Throws ThreadLost. */
  tally(): Promise<Tally>;
}

/** The thread came to nothing, whatever the reason: the capture has to be read without it. */
export class ThreadLost extends Error {}

/** What was read is for nothing: the other thread is to begin. */
export class Left extends Error {}

/** Watches over what is read here until the thread is there. Throws Left if there is much to work on beside reading. */
export class Trial implements Watcher {
  private readonly watcher: Watcher;
  private thread: CaptureThread | undefined;

  constructor(watcher: Watcher, thread: CaptureThread) {
    this.watcher = watcher;
    this.thread = thread;
  }

  progress(frames: number, bytesRead: number, connections: number): boolean {
    const { thread } = this;
    if (bytesRead >= BEGINNING && thread?.isReady === true) {
      // Asked once: a capture is alike from its beginning on, and the later it is left the more was for nothing.
      this.thread = undefined;
      if (bytesRead < connections * DENSE) throw new Left();
      thread.end();
    }
    return this.watcher.progress(frames, bytesRead, connections);
  }
}

/**
 * Works on what the other thread finds. Nothing can be opened with secrets: a capture that has some is lost to it. `progress` is told how
 * far it is; nothing stops it.
 */
export async function collectFrom(
  thread: CaptureThread,
  keeper: Keeper,
  progress: (frames: number, bytesRead: number) => void,
): Promise<Collected> {
  const recipient = new Recipient(thread.memory);
  const desk = new Desk(keeper, new KeyLog(), recipient.tcp, recipient.udp);
  for (let looks = 0; ; ) {
    const left = recipient.read(desk, AT_ONCE);
    if (desk.needsCiphers) await loadCiphers();
    if (left === "end") break;
    if (left === "more") {
      looks = 0;
      progress(recipient.frames, recipient.bytesRead);
    } else if (++looks > LOOKS) {
      looks = 0;
      if (!recipient.sleep(PATIENCE)) await thread.pause();
    }
  }
  return together(desk.gather(), await thread.tally());
}

/** The other thread: reads the whole set, and waits where it is too fast. */
export async function readInto(memory: CourierMemory, set: CaptureSet, wait = sleep): Promise<Tally> {
  const courier = new Courier(memory, wait);
  const watcher = {
    progress(_frames: number, bytesRead: number): boolean {
      courier.bytesRead = bytesRead;
      courier.tell();
      return false;
    },
  };
  const tally = await tell(set, courier, courier.tcp, courier.udp, watcher, courier);
  courier.end();
  return tally;
}

function sleep(courier: Courier): void {
  courier.sleep(NAP);
}
