import { expect, test } from "vitest";
import { Progress, progressLine } from "./progress.ts";

function setup() {
  const clock = { now: 5000 };
  const written: string[] = [];
  const progress = new Progress(
    (text) => written.push(text),
    () => clock.now,
  );
  return { clock, written, progress };
}

const half = { bytesRead: 50e6, bytesTotal: 100e6, frames: 1234 };

test("a run of less than a second writes nothing", () => {
  const { clock, written, progress } = setup();
  clock.now += 999;
  progress.update(half);
  progress.end();
  expect(written).toEqual([]);
});

test("a longer run shows one line at most ten times a second, and erases it", () => {
  const { clock, written, progress } = setup();
  clock.now += 2000;
  progress.update(half);
  clock.now += 99;
  progress.update(half);
  clock.now += 1;
  progress.update({ ...half, bytesRead: 100e6 });
  progress.end();
  expect(written).toEqual([
    "\r\x1b[2Ksightline: 50%, 1234 frames, 50 MB, 25 MB/s, 2 s left",
    "\r\x1b[2Ksightline: 100%, 1234 frames, 100 MB, 48 MB/s, 0 s left",
    "\r\x1b[2K",
  ]);
});

test("input of unknown size has no percentage and no end", () => {
  expect(progressLine({ ...half, bytesTotal: undefined }, 2)).toBe("sightline: 1234 frames, 50 MB, 25 MB/s");
});

test("a file that grew while it was read never shows more than 100%", () => {
  expect(progressLine({ bytesRead: 12, bytesTotal: 10, frames: 1 }, 1)).toContain("100%");
});
