/** Walks a capture to its end and keeps everything, for comparisons in tests. */
import { type Application, FRAME, Frame, MORE } from "../../src/capture/frame.ts";
import { CaptureFile } from "../../src/capture/index.ts";
import type { ByteSource } from "../../src/capture/input.ts";
import type { CaptureProblem } from "../../src/capture/problem.ts";
import type { CaptureSet } from "../../src/capture/set.ts";

export interface SeenFrame {
  readonly number: number;
  readonly original: number;
  readonly linkType: number;
  readonly interfaceIndex: number;
  /** As tshark prints frame.time_epoch: 9 digits; empty when untimed. */
  readonly time: string;
  readonly fcs: number;
  readonly data: Uint8Array;
  readonly comment?: string | undefined;
  readonly application?: Application | undefined;
}

/** The frame that a test expects of a file of Ethernet with one interface; `time` as tshark prints it. */
export function ethernetFrame(number: number, data: Uint8Array, time: string, original = data.length): SeenFrame {
  return { number, data, time, original, linkType: 1, interfaceIndex: 0, fcs: 0 };
}

export interface Seen {
  readonly format: string;
  readonly frames: SeenFrame[];
  readonly count: number;
  readonly problems: readonly CaptureProblem[];
  readonly secrets: readonly Uint8Array[];
}

export async function walk(source: ByteSource, bufferSize?: number): Promise<Seen> {
  const file = await CaptureFile.open(source, bufferSize);
  const frames = await drain(file);
  file.close();
  return { format: file.format, frames, count: file.frames, problems: file.problems, secrets: file.secrets };
}

export async function drain(capture: CaptureFile | CaptureSet, after?: () => void): Promise<SeenFrame[]> {
  const frame = new Frame();
  const frames: SeenFrame[] = [];
  for (;;) {
    const step = capture.next(frame);
    if (step === MORE) await capture.fill();
    else if (step === FRAME) {
      frames.push(seen(frame));
      after?.();
    } else return frames;
  }
}

function seen(frame: Frame): SeenFrame {
  const { number, original, linkType, interfaceIndex, fcs, comment, application } = frame;
  // A frame must lie within its buffer: slice() would hide it if not.
  if (frame.start + frame.captured > frame.bytes.length) throw new RangeError("frame runs past its buffer");
  const data = frame.bytes.slice(frame.start, frame.start + frame.captured);
  const time = frame.untimed ? "" : epoch(frame);
  return { number, original, linkType, interfaceIndex, fcs, data, time, comment, application };
}

/** Seconds with 9 digits; a negative time with fraction is seconds rounded down plus nanoseconds, so -1.5 is { -2, 500000000 }. */
function epoch({ seconds, nanos }: Frame): string {
  const total = BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
  const size = total < 0n ? -total : total;
  return `${total < 0n ? "-" : ""}${size / 1_000_000_000n}.${(size % 1_000_000_000n).toString().padStart(9, "0")}`;
}
