/**
 * Shell transcripts as tests. Owns the format, below; knows nothing of the program that is run.
 *
 *     # a comment
 *     $ sightline analyze missing.pcap
 *     a line of stdout
 *     ! a line of stderr
 *     [exit 2]
 *
 * A command runs in `sh`. Its lines follow: stdout as it is, stderr behind `! `, the exit status unless it is 0. A line `...`
 * stands for any number of lines of stdout, `! ...` of stderr. Blank lines at the end do not count.
 */
import { spawnSync } from "node:child_process";

interface Step {
  readonly command: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly status: number;
}

const EXIT = /^\[exit (\d+)\]$/;

export function parseTranscript(text: string): Step[] {
  const steps: { command: string; stdout: string[]; stderr: string[]; status: number }[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("# ")) continue;
    if (line.startsWith("$ ")) {
      steps.push({ command: line.slice(2), stdout: [], stderr: [], status: 0 });
      continue;
    }
    const step = steps.at(-1);
    if (step === undefined) {
      if (line.trim() !== "") throw new Error(`a transcript begins with a command, not with: ${line}`);
    } else if (line.startsWith("! ")) step.stderr.push(line.slice(2));
    else if (EXIT.test(line)) step.status = Number(EXIT.exec(line)?.[1]);
    else step.stdout.push(line);
  }
  if (steps.length === 0) throw new Error("a transcript without a command tests nothing");
  return steps.map((step) => ({ ...step, stdout: trimmed(step.stdout) }));
}

/** Runs one step and gives what was expected and what came, in the same form: equal when the step passes. */
export function runStep(step: Step, cwd: string, env: NodeJS.ProcessEnv): { expected: object; actual: object } {
  const { stdout, stderr, status, error } = spawnSync("sh", ["-c", step.command], {
    cwd,
    env,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error !== undefined) throw error;
  const { command } = step;
  return {
    expected: { command, stdout: step.stdout, stderr: step.stderr, status: step.status },
    actual: {
      command,
      stdout: fold(trimmed(stdout.split("\n")), step.stdout),
      stderr: fold(trimmed(stderr.split("\n")), step.stderr),
      status,
    },
  };
}

/** `lines`, with `...` in the place of the lines it stands for; `lines` as they are when they do not match. */
export function fold(lines: readonly string[], pattern: readonly string[]): readonly string[] {
  return matches(lines, pattern) ? pattern : lines;
}

function matches(lines: readonly string[], pattern: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return lines.length === 0;
  if (first === "...") {
    for (let skipped = 0; skipped <= lines.length; skipped++) if (matches(lines.slice(skipped), rest)) return true;
    return false;
  }
  return lines[0] === first && matches(lines.slice(1), rest);
}

function trimmed(lines: readonly string[]): string[] {
  const end = lines.findLastIndex((line) => line !== "");
  return lines.slice(0, end + 1);
}
