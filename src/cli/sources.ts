/**
 * Where captures come from on this machine: files, pipes and standard input, as ByteSources. Owns file descriptors and the
 * errors of opening; knows nothing of capture formats and prints nothing.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import type { ByteSource } from "../capture/input.ts";

/** A file that cannot be opened or read. The caller words it for the person, by `code`. */
export class SourceError extends Error {
  /** As of errno: ENOENT, EISDIR, EACCES, EIO, … */
  readonly code: string;
  readonly file: string;

  constructor(file: string, code: string, cause?: unknown) {
    super(`${file}: ${code}`, { cause });
    this.name = "SourceError";
    this.file = file;
    this.code = code;
  }
}

/**
 * A file or named pipe, read synchronously: a plain file answers faster than a promise would. Throws SourceError now when it
 * is missing, a directory or not readable, later when reading fails.
 */
export function fileSource(path: string): ByteSource {
  const plain = naming(path, () => statSync(path)).isFile();
  // A plain file is opened at its first read, so that a thousand of them do not need a thousand descriptors. A pipe cannot be
  // opened twice.
  const first = open(path);
  if (!plain) return new OpenFile(path, first);
  const size = naming(path, () => fstatSync(first)).size;
  closeSync(first);
  return new PlainFile(path, size);
}

/** Standard input. Reads from it only when asked, so a fast writer waits for us. */
export function stdinSource(): ByteSource {
  return new StandardInput();
}

class OpenFile implements ByteSource {
  readonly name: string;
  readonly size: number | undefined = undefined;
  protected descriptor: number | undefined;
  /** Where the next read begins; undefined for "behind the last one". */
  protected at: number | undefined = undefined;

  constructor(path: string, descriptor: number | undefined) {
    this.name = path;
    this.descriptor = descriptor;
  }

  read(into: Uint8Array): number {
    const { descriptor } = this;
    if (descriptor === undefined) return 0;
    const { at } = this;
    const count = naming(this.name, () => readSync(descriptor, into, 0, into.length, at ?? null));
    if (at !== undefined) this.at = at + count;
    return count;
  }

  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }
}

class PlainFile extends OpenFile {
  override readonly size: number;
  private fresh = true;

  constructor(path: string, size: number) {
    super(path, undefined);
    this.size = size;
  }

  override read(into: Uint8Array): number {
    if (this.fresh) {
      this.descriptor = open(this.name);
      this.fresh = false;
    }
    return super.read(into);
  }

  rewind(): void {
    this.close();
    this.fresh = true;
    this.at = undefined;
  }

  seek(offset: number): void {
    this.at = offset;
  }
}

class StandardInput implements ByteSource {
  readonly name = "-";
  readonly size = undefined;
  /** What the stream delivered beyond what was asked for. */
  private left: Uint8Array = new Uint8Array(0);
  private readonly chunks: AsyncIterator<Uint8Array> = process.stdin[Symbol.asyncIterator]();

  async read(into: Uint8Array): Promise<number> {
    while (this.left.length === 0) {
      const chunk = await this.chunks.next().catch((error: unknown) => {
        throw new SourceError(this.name, codeOf(error), error);
      });
      if (chunk.done === true) return 0;
      this.left = chunk.value;
    }
    const count = Math.min(into.length, this.left.length);
    into.set(this.left.subarray(0, count));
    this.left = this.left.subarray(count);
    return count;
  }

  close(): void {
    this.left = new Uint8Array(0);
    process.stdin.destroy();
  }
}

function open(path: string): number {
  const descriptor = naming(path, () => openSync(path, "r"));
  if (naming(path, () => fstatSync(descriptor)).isDirectory()) {
    closeSync(descriptor);
    throw new SourceError(path, "EISDIR");
  }
  return descriptor;
}

/** Runs an operation on a file; its error becomes a SourceError that names the file. */
function naming<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw new SourceError(path, codeOf(error), error);
  }
}

function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === "string" ? code : "EIO";
}
