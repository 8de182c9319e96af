/**
 * `sightline extract`: opens a Report and its captures and writes the evidence. Owns the file that is written, which never takes the
 * place of another, and what is said to the person. Knows nothing of which frames prove what.
 */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { ParseError } from "../../bytes/parse-error.ts";
import type { ByteSource } from "../../capture/input.ts";
import { EvidenceError, type EvidenceOptions, extractEvidence } from "../../report/evidence.ts";
import { readReport } from "../../report/read.ts";
import type { Report } from "../../report/schema.ts";
import { say, UserError } from "../messages.ts";
import { write } from "../output.ts";
import { Progress } from "../progress.ts";
import { fileSource } from "../sources.ts";
import { cannotRead, detailOf, explained } from "./analyze.ts";

export interface ExtractFlags {
  readonly output: string;
  readonly anonymize?: true;
}

/** Throws UserError when nothing was written. */
export async function extractCommand(report: string, captures: readonly string[], flags: ExtractFlags): Promise<void> {
  const output = openOutput(flags.output);
  const progress = new Progress(
    (text) => process.stderr.write(text),
    () => performance.now(),
  );
  const options: EvidenceOptions = {
    // Of every run another one, kept nowhere: nobody can undo it, and two files do not show the same addresses.
    ...(flags.anonymize && { anonymize: { key: randomBytes(KEY_LENGTH) } }),
    ...(process.stderr.isTTY && { onProgress: (state) => progress.update(state) }),
  };
  let done = false;
  try {
    const read = await readReportFile(report);
    const sources = [...new Set(captures)].map(openCapture);
    const { frames, connections, findings, certified } = await extractEvidence(read, sources, output.write, options);
    done = true;
    progress.end();
    if (certified.length > 0) say("warning", `certificates name addresses, which stay: ${list(certified)}`);
    if (output.isStdout) return;
    const what = findings === 1 ? "the finding" : `the ${findings} findings`;
    await write(
      process.stdout,
      `${flags.output}: ${frames} frames of ${connections} connection${connections === 1 ? "" : "s"}, which prove ${what}\n`,
    );
  } catch (error) {
    throw wordsFor(error);
  } finally {
    progress.end();
    output.close(done);
  }
}

/** Of HMAC-SHA-256: as long as what it makes (RFC 2104 section 3). */
const KEY_LENGTH = 32;
/** More of them say no more. */
const MAX_LISTED = 4;

function list(items: readonly string[]): string {
  const more = items.length - MAX_LISTED;
  return items.slice(0, MAX_LISTED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

interface Output {
  readonly isStdout: boolean;
  write(piece: Uint8Array): void | Promise<void>;
  /** `whole`: all of it is written; else what there is of it goes. */
  close(whole: boolean): void;
}

function openOutput(path: string): Output {
  if (path !== "-") return new OutputFile(path);
  if (process.stdout.isTTY)
    throw new UserError("a capture is no text for a terminal", "name a file: -o evidence.pcapng; or pipe it on");
  return { isStdout: true, write: (piece) => write(process.stdout, piece), close: () => {} };
}

/** Made with the first piece: when that is there, all that may be wrong with the request has been looked at. */
class OutputFile implements Output {
  readonly isStdout = false;
  private readonly path: string;
  /** A pipe or a device; of these nothing is replaced, and nothing removed. */
  private readonly isOther: boolean;
  private descriptor: number | undefined;

  constructor(path: string) {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory())
      throw new UserError(`${path}: is a directory`, `name a file in it: -o ${path}/evidence.pcapng`);
    if (there?.isFile()) throw exists(path);
    this.path = path;
    this.isOther = there !== undefined;
  }

  readonly write = (piece: Uint8Array): void => {
    try {
      this.descriptor ??= openSync(this.path, this.isOther ? "w" : "wx");
      for (let at = 0; at < piece.length; ) at += writeSync(this.descriptor, piece, at);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EEXIST") throw exists(this.path);
      throw new UserError(`${this.path}: cannot be written (${code ?? String(error)})`);
    }
  };

  close(whole: boolean): void {
    if (this.descriptor === undefined) return;
    closeSync(this.descriptor);
    if (!whole && !this.isOther) rmSync(this.path, { force: true });
  }
}

function exists(path: string): UserError {
  return new UserError(`${path}: exists already, and stays as it is`, "remove it first, or name another file after -o");
}

function openCapture(path: string): ByteSource {
  const source = path === "-" ? undefined : fileSource(path);
  if (source?.rewind !== undefined) return source;
  source?.close();
  throw new UserError(
    `${path}: a capture has to be read twice for this, and a pipe can be read only once`,
    "save it as a file first, and name that",
  );
}

async function readReportFile(path: string): Promise<Report> {
  let text: string;
  try {
    text = readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (error) {
    throw cannotRead(path, (error as NodeJS.ErrnoException).code ?? String(error));
  }
  try {
    return await readReport(text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new UserError(
      `${path}: ${detailOf(error)}`,
      "make one with: sightline analyze --json capture.pcapng > report.json",
    );
  }
}

function wordsFor(error: unknown): unknown {
  if (error instanceof EvidenceError) {
    const hint = "analyze the very files that you name here: sightline analyze --json FILES > report.json";
    return new UserError(error.message, ...(error.kind === "other-capture" ? [hint] : []));
  }
  return explained(error, error instanceof ParseError ? error.path : "");
}
