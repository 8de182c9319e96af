/**
 * Lines: the text lines of one direction, put together from pieces. Owns the bound on their length; knows no protocol.
 */
import { toLatin1 } from "../bytes/text.ts";

const LF = 0x0a;
/** Of a longer line only its beginning is given. RFC 9110 section 5.4 asks for 8000 bytes, mail protocols for fewer. */
const MAX_LINE = 8192;

export class Lines {
  private text = "";

  /**
   * Reads the next line of `bytes[start..end)`: its index behind the line end, or -1 when there is no line end yet and all was
   * taken. `line` is then the line.
   */
  next(bytes: Uint8Array, start: number, end: number): number {
    const found = bytes.subarray(start, end).indexOf(LF);
    const stop = found < 0 ? end : start + found;
    const room = Math.max(0, MAX_LINE - this.text.length);
    this.text += toLatin1(bytes.subarray(start, Math.min(stop, start + room)));
    if (found < 0) return -1;
    this.line = this.text.replace(/\r$/, "");
    this.text = "";
    return stop + 1;
  }

  /** The last line read, without its end. */
  line = "";

  /** Bytes are missing: what was begun is no line. */
  gap(): void {
    this.text = "";
  }
}
