/**
 * What a rule finds: a statement about connections with its evidence. Owns the shape only; knows no rule, no verdict and
 * nothing of how a finding is shown.
 */
import type { ConnectionObservation } from "../observe/observations.ts";
import type { Cause, Confidence } from "./vocabulary.ts";

export interface Evidence {
  readonly file: number;
  readonly frame: number;
  /** Field path such as `tls.certificate[0].issuer`. */
  readonly path: string;
  readonly value: string;
  readonly expected?: string;
}

/** The product that intercepts, when something names it. */
export interface NamedInterceptor {
  readonly id: string;
  readonly name: string;
  readonly named: "by-issuer" | "by-structure" | "declared";
}

export interface Finding {
  readonly confidence: Confidence;
  /** What it means for its connections when it decides; absent where it never does: none of the causes says it. */
  readonly cause?: Cause;
  readonly connections: readonly ConnectionObservation[];
  /** One sentence with the values. */
  readonly what: string;
  /** Why this cannot be the real server, or why it fails. */
  readonly why: string;
  readonly fix: string;
  readonly evidence: readonly Evidence[];
  readonly interceptor?: NamedInterceptor;
}
