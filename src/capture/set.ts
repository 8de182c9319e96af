/**
 * Several capture files as one, merged by time as mergecap does. Owns the order of files and frames, and which files are open;
 * knows nothing of formats.
 *
 * Order depends on the files alone, not on how they were given: a rotated set is simply consecutive, captures of several
 * points interleave. Within a file frames stay in file order, even where their times run backwards.
 */
import { END, FRAME, Frame, MORE, type Skimmer, type Step } from "./frame.ts";
import { CaptureFile } from "./index.ts";
import type { ByteSource } from "./input.ts";

/**
 * Buffer of each file of a set: of a thousand files that overlap, all are open at once. Sources that can be rewound are
 * closed between the look at their first frame and their turn.
 */
const SET_BUFFER = 256 * 1024;

interface Member {
  readonly source: ByteSource;
  /** The open file; for one that waits its turn, what the look at its first frame left. */
  file: CaptureFile;
  /** Its next frame when `loaded`; the first one while the file waits its turn. */
  readonly head: Frame;
  loaded: boolean;
  /** `file.frames` up to the last frame handed out: numbered records without a frame come with the frame after them. */
  counted: number;
  /** Place by name, then size: decides between equal times. */
  rank: number;
}

export class CaptureSet {
  /** Index into `files` of the last frame. */
  currentFile = 0;
  private count = 0;
  /** In the order of their first frames. */
  private readonly members: readonly Member[];
  /** Members from here on wait their turn. */
  private admitted = 0;
  private active: Member[] = [];
  /** Whose frame was handed out last: its bytes must stay until the next call. */
  private last: Member | undefined;
  /** What `fill` has to read before `next` can answer: more of an open file, or a file whose turn has come. */
  private starving: CaptureFile | undefined;
  private due: Member | undefined;

  private constructor(members: readonly Member[]) {
    this.members = members;
  }

  /**
   * Opens all `sources` as one capture. A source without `rewind` stays open from now on; the others are looked into and opened
   * again when their time comes. Throws ParseError, its path the name of the file, when one of them is no capture we read;
   * then all are closed.
   */
  static async open(sources: readonly ByteSource[]): Promise<CaptureSet> {
    const members: Member[] = [];
    try {
      for (const source of sources) members.push(await look(source, sources.length === 1));
    } catch (error) {
      for (const source of sources) source.close();
      throw error;
    }
    members.sort((a, b) => compare(a.source.name, b.source.name) || compare(a.source.size ?? 0, b.source.size ?? 0));
    members.forEach((member, rank) => {
      member.rank = rank;
    });
    return new CaptureSet(members.sort(earlier));
  }

  /** In the order of their first frames, then of names and sizes. Counts and problems are final after END. */
  get files(): readonly CaptureFile[] {
    return this.members.map((member) => member.file);
  }

  /** Frames so far, numbered as Wireshark does in the merged capture. */
  get frames(): number {
    return this.count;
  }

  /** TLS key logs that the file of the last frame has carried so far. */
  get secrets(): readonly Uint8Array[] {
    return (this.members[this.members.length === 1 ? 0 : this.currentFile] as Member).file.secrets;
  }

  /** Bytes taken from the files so far, as stored (compressed). */
  get bytesRead(): number {
    return this.members.reduce((sum, { file }, index) => sum + (index < this.admitted ? file.bytesRead : 0), 0);
  }

  /** FRAME: `frame` is filled, its bytes valid until the next call. MORE: call `fill`, await it, call again. */
  next(frame: Frame): Step {
    if (this.members.length === 1) return this.nextOfOne(frame);
    if (this.last !== undefined) this.last.loaded = false;
    this.last = undefined;
    for (let index = this.active.length - 1; index >= 0; index--) {
      const member = this.active[index] as Member;
      if (!member.loaded && this.load(member) === MORE) return MORE;
    }
    let first: Member | undefined;
    for (const member of this.active) if (first === undefined || earlier(member, first) < 0) first = member;
    const waiting = this.members[this.admitted];
    if (waiting !== undefined && (first === undefined || earlier(waiting, first) < 0)) {
      this.due = waiting;
      return MORE;
    }
    if (first === undefined) return END;
    this.handOut(first, frame);
    return FRAME;
  }

  /** As CaptureFile.skim. Several files are merged frame by frame, which leaves nothing to skim. */
  skim(skimmer: Skimmer): void {
    if (this.members.length !== 1) return;
    const { file } = this.members[0] as Member;
    file.skim(skimmer);
    this.count = file.frames;
  }

  fill(): void | Promise<void> {
    const { due } = this;
    if (due === undefined) return this.starving?.fill();
    this.due = undefined;
    return this.admit(due);
  }

  close(): void {
    for (const { file } of this.members) file.close();
  }

  /** The usual case, without a copy of the slot. */
  private nextOfOne(frame: Frame): Step {
    const { file } = this.members[0] as Member;
    this.admitted = 1;
    const step = file.next(frame);
    this.count = file.frames;
    if (step === MORE) this.starving = file;
    return step;
  }

  /** Reads the next frame of an active member; at its end, closes it. */
  private load(member: Member): Step {
    const { file } = member;
    const step = file.next(member.head);
    if (step === MORE) this.starving = file;
    else if (step === FRAME) member.loaded = true;
    else {
      this.count += file.frames - member.counted;
      this.active = this.active.filter((other) => other !== member);
      file.close();
    }
    return step;
  }

  private async admit(member: Member): Promise<void> {
    if (member.source.rewind !== undefined) {
      member.file = await CaptureFile.open(member.source, SET_BUFFER);
      member.loaded = false;
    }
    this.active.push(member);
    this.admitted++;
  }

  private handOut(member: Member, frame: Frame): void {
    const { head, file } = member;
    this.count += file.frames - member.counted;
    member.counted = file.frames;
    frame.bytes = head.bytes;
    frame.start = head.start;
    frame.captured = head.captured;
    frame.original = head.original;
    frame.fcs = head.fcs;
    frame.linkType = head.linkType;
    frame.seconds = head.seconds;
    frame.nanos = head.nanos;
    frame.untimed = head.untimed;
    frame.interfaceIndex = head.interfaceIndex;
    frame.comment = head.comment;
    frame.application = head.application;
    frame.number = this.count;
    this.currentFile = this.members.indexOf(member);
    this.last = member;
  }
}

/** Opens a source and, unless it is the only one, reads up to its first frame; then closes it if that can be undone. */
async function look(source: ByteSource, only: boolean): Promise<Member> {
  const file = await CaptureFile.open(source, only ? undefined : SET_BUFFER);
  const member: Member = { source, file, head: new Frame(), loaded: false, counted: 0, rank: 0 };
  if (only) return member;
  let step = file.next(member.head);
  for (; step === MORE; step = file.next(member.head)) await file.fill();
  member.loaded = step === FRAME;
  if (source.rewind !== undefined) {
    file.close();
    source.rewind();
    member.head.bytes = new Uint8Array(0);
  }
  return member;
}

/** As mergecap: a frame without a time goes before all others; a file without frames goes last. */
function earlier(a: Member, b: Member): number {
  return (
    compare(b.loaded ? 1 : 0, a.loaded ? 1 : 0) ||
    compare(b.head.untimed ? 1 : 0, a.head.untimed ? 1 : 0) ||
    compare(a.head.seconds, b.head.seconds) ||
    compare(a.head.nanos, b.head.nanos) ||
    a.rank - b.rank
  );
}

function compare<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
