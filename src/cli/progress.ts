/**
 * One line of progress on stderr for a person who waits: shown on a terminal once reading takes longer than a second,
 * erased at the end. Owns the line; knows nothing of captures.
 */

export interface ProgressState {
  readonly bytesRead: number;
  readonly bytesTotal: number | undefined;
  readonly frames: number;
}

/** Shorter runs stay silent: a line that only flashes is noise. */
const QUIET_MS = 1000;
/** Ten times a second is as much as an eye follows. */
const INTERVAL_MS = 100;

const ERASE_LINE = "\r\x1b[2K";

export class Progress {
  private readonly write: (text: string) => void;
  private readonly now: () => number;
  private readonly started: number;
  private due: number;
  private shown = false;

  /** `now` in milliseconds, on a clock that never goes back. */
  constructor(write: (text: string) => void, now: () => number) {
    this.write = write;
    this.now = now;
    this.started = now();
    this.due = this.started + QUIET_MS;
  }

  update(state: ProgressState): void {
    const now = this.now();
    if (now < this.due) return;
    this.due = now + INTERVAL_MS;
    this.shown = true;
    this.write(`${ERASE_LINE}${progressLine(state, (now - this.started) / 1000)}`);
  }

  /** Leaves the line as if nothing had been there. */
  end(): void {
    if (this.shown) this.write(ERASE_LINE);
    this.shown = false;
  }
}

/** At most 79 columns. `elapsed` in seconds, above 0. MB is 10^6 bytes. */
export function progressLine({ bytesRead, bytesTotal, frames }: ProgressState, elapsed: number): string {
  const rate = bytesRead / elapsed;
  const parts = [`${frames} frames`, `${(bytesRead / 1e6).toFixed(0)} MB`, `${(rate / 1e6).toFixed(0)} MB/s`];
  if (bytesTotal !== undefined && bytesTotal > 0) {
    parts.unshift(`${Math.min(100, Math.floor((100 * bytesRead) / bytesTotal))}%`);
    if (rate > 0) parts.push(`${Math.max(0, Math.ceil((bytesTotal - bytesRead) / rate))} s left`);
  }
  return `sightline: ${parts.join(", ")}`;
}
