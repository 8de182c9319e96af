/**
 * The captures of test/captures as lists of records, to be cut, dropped, doubled and put in another order by tests. Reads
 * the plain pcap files among them and leaves the others out; knows nothing of what is in a frame.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { concat } from "./capture-writer.ts";

const FOLDER = join(import.meta.dirname, "../captures");

export const LAB_ROOTS = readFileSync(join(FOLDER, "roots.pem"), "utf8");

/** The secrets of all captures that have them. */
export const LAB_KEY_LOGS: readonly string[] = readdirSync(FOLDER)
  .map((name) => join(FOLDER, name, "keys.log"))
  .filter((path) => existsSync(path))
  .map((path) => readFileSync(path, "utf8"));

export interface RealCapture {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The file header. */
  readonly header: Uint8Array;
  /** Each with its 16-byte header. */
  readonly records: readonly Uint8Array[];
  /** Nobody intercepts anything in it. */
  readonly clean: boolean;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;

export const REAL_CAPTURES: readonly RealCapture[] = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => {
    const file = readdirSync(join(FOLDER, name)).find((entry) => entry === "capture.pcap");
    if (file === undefined) return [];
    const bytes = new Uint8Array(readFileSync(join(FOLDER, name, file)));
    const expected = JSON.parse(readFileSync(join(FOLDER, name, "expect.json"), "utf8")) as { intercepted: unknown[] };
    return [{ name, bytes, ...split(bytes), clean: expected.intercepted.length === 0 }];
  });

/** A file of these records. */
export function rebuilt({ header }: RealCapture, records: readonly Uint8Array[]): Uint8Array {
  return concat(header, ...records);
}

function split(bytes: Uint8Array): { header: Uint8Array; records: Uint8Array[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const little = view.getUint32(0, true) === 0xa1b2c3d4 || view.getUint32(0, true) === 0xa1b23c4d;
  const records: Uint8Array[] = [];
  for (let at = FILE_HEADER; at + RECORD_HEADER <= bytes.length; ) {
    const end = at + RECORD_HEADER + view.getUint32(at + 8, little);
    records.push(bytes.subarray(at, end));
    at = end;
  }
  return { header: bytes.subarray(0, FILE_HEADER), records };
}
