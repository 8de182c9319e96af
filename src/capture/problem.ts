/** What was wrong with an input file: a value for the Report, never an exception. Knows nothing of how it is shown. */
export interface CaptureProblem {
  /**
   * - `truncated`: the file ends inside a frame or block
   * - `malformed`: bytes that break the format; reading stopped or resumed as `detail` says
   * - `unsupported`: something this version does not read was passed over (a link type, a block)
   * - `limit`: a named limit was reached
   */
  readonly kind: "truncated" | "malformed" | "unsupported" | "limit";
  /** Last frame read before the problem, 0 when none. */
  readonly frame: number;
  readonly detail: string;
}
