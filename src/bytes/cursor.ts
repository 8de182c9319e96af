/**
 * Cursor: reads big-endian fields from a byte array, and knows where it is when something is wrong.
 * It owns bounds checking; it knows nothing of any protocol.
 *
 * A length prefix makes a sub-cursor (`sub`), so a field can never read past its container; `end` notices trailing bytes.
 */
import { ParseError, type ParseErrorKind } from "./parse-error.ts";

export class Cursor {
  readonly bytes: Uint8Array;
  /** Index into `bytes` of the next byte to read. */
  position: number;
  /** Index into `bytes` just past the last byte this cursor may read. */
  readonly limit: number;
  readonly path: string;
  /** Absolute offset of `bytes[0]` in the outermost input, used in errors only. */
  private readonly base: number;

  constructor(bytes: Uint8Array, path = "", start = 0, limit = bytes.length, base = 0) {
    this.bytes = bytes;
    this.path = path;
    this.position = start;
    this.limit = limit;
    this.base = base;
  }

  get remaining(): number {
    return this.limit - this.position;
  }

  get offset(): number {
    return this.base + this.position;
  }

  u8(field: string): number {
    this.need(1, field);
    return this.bytes[this.position++] as number;
  }

  u16(field: string): number {
    this.need(2, field);
    const at = this.position;
    this.position += 2;
    return ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number);
  }

  u24(field: string): number {
    this.need(3, field);
    const at = this.position;
    this.position += 3;
    return ((this.bytes[at] as number) << 16) | ((this.bytes[at + 1] as number) << 8) | (this.bytes[at + 2] as number);
  }

  u32(field: string): number {
    // Asked for as a whole, so that a failure leaves the position at the field.
    this.need(4, field);
    return this.u16(field) * 0x10000 + this.u16(field);
  }

  /** A view (not a copy) of the next `length` bytes. */
  take(length: number, field: string): Uint8Array {
    this.need(length, field);
    const view = this.bytes.subarray(this.position, this.position + length);
    this.position += length;
    return view;
  }

  /** A cursor over the next `length` bytes, which this one steps over. */
  sub(length: number, field: string): Cursor {
    this.need(length, field);
    const start = this.position;
    this.position += length;
    return new Cursor(this.bytes, this.at(field), start, start + length, this.base);
  }

  /** Everything that is left, as a view. */
  rest(): Uint8Array {
    const view = this.bytes.subarray(this.position, this.limit);
    this.position = this.limit;
    return view;
  }

  /** Throws when bytes are left over: a length that does not match its content. */
  end(): void {
    if (this.remaining > 0) throw this.fail("malformed", "", `${this.remaining} byte(s) left over`);
  }

  fail(kind: ParseErrorKind, field: string, detail: string): ParseError {
    return new ParseError(kind, field === "" ? this.path : this.at(field), this.offset, detail);
  }

  private need(length: number, field: string): void {
    // A length computed from hostile fields must never step backwards.
    if (!(length >= 0)) throw this.fail("malformed", field, `length ${length} is impossible`);
    if (length > this.limit - this.position) {
      throw this.fail("truncated", field, `needs ${length} byte(s), ${this.remaining} left`);
    }
  }

  private at(field: string): string {
    return this.path === "" ? field : `${this.path}.${field}`;
  }
}
