/**
 * The one exception a parser may throw. It owns the description of what was wrong and where; it knows nothing of
 * networks, files or terminals.
 *
 * Every parser in this project has three outcomes: a value, "need more" (where input arrives in pieces), or ParseError.
 */

/**
 * - `truncated`: the bytes end early. For a whole file or a frame: cut by the capture, not by the peer.
 * - `malformed`: the bytes are there and break the format's rules.
 * - `unsupported`: well-formed as far as we can see, but a version or variant this parser does not read.
 * - `limit`: a named limit of ours was exceeded.
 */
export type ParseErrorKind = "truncated" | "malformed" | "unsupported" | "limit";

export class ParseError extends Error {
  readonly kind: ParseErrorKind;
  /** Field path such as `certificate.validity.notBefore`; empty when unknown. */
  readonly path: string;
  /** Absolute offset in bytes within the input the parser was given. */
  readonly offset: number;

  constructor(kind: ParseErrorKind, path: string, offset: number, detail: string) {
    super(`${path === "" ? "input" : path} at byte ${offset}: ${detail}`);
    this.name = "ParseError";
    this.kind = kind;
    this.path = path;
    this.offset = offset;
  }
}
