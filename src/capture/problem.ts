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

/**
 * A hostile file can be wrong in every block. A hundred entries tell a person all that a million would;
 * Wireshark stops at the first one.
 */
export const MAX_PROBLEMS = 100;

/** Adds a problem, up to MAX_PROBLEMS; the last one says that the list is not complete. */
export function addProblem(list: CaptureProblem[], problem: CaptureProblem): void {
  if (list.length < MAX_PROBLEMS - 1) list.push(problem);
  else if (list.length === MAX_PROBLEMS - 1) {
    list.push({
      kind: "limit",
      frame: problem.frame,
      detail: `more than ${MAX_PROBLEMS - 1} problems: the rest is not listed`,
    });
  }
}
