/** Where our Report and tshark 4.0 differ, capture by capture, and why. */
export interface Difference {
  readonly why: string;
  /** As `connections.test.ts` writes them: `+` only ours, `-` only tshark's. */
  readonly lines?: readonly string[];
  /** We do not read the file at all. */
  readonly unreadable?: true;
}

export const DIFFERENCES: Readonly<Record<string, Difference>> = {};
