/**
 * Writing the result to stdout, however long it is and whoever reads it. Owns back-pressure and the reader that goes away;
 * knows nothing of what is written.
 */
import { UserError } from "./messages.ts";

/** Larger writes gain nothing, smaller ones cost a system call each. */
const WRITE_LENGTH = 1 << 16;

/** Resolves when everything is handed to the system, or when the reader has gone (`| head`). Throws UserError when writing fails. */
export async function writeOut(stream: NodeJS.WritableStream, pieces: Iterable<string>): Promise<void> {
  let gone = false;
  const onError = (): void => {
    gone = true;
  };
  stream.on("error", onError);
  let buffer = "";
  for (const piece of pieces) {
    buffer += piece;
    if (buffer.length < WRITE_LENGTH) continue;
    await write(stream, buffer);
    buffer = "";
    if (gone) return;
  }
  await write(stream, buffer);
}

/** One piece, as `writeOut`. */
export function write(stream: NodeJS.WritableStream, piece: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(piece, (error?: NodeJS.ErrnoException | null) => {
      if (error === undefined || error === null || error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED")
        resolve();
      else reject(new UserError(`cannot write the result: ${error.message}`));
    });
  });
}
