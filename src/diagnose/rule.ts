/**
 * What a rule is: a pure function of Observations that answers one of five things. Owns the shape of rules, findings and
 * evidence; knows no rule and nothing of how a finding is shown.
 *
 * A rule that throws is reported as `failed` by the runner in `diagnose.ts`: one broken rule never silences the others.
 */
import type { ConnectionObservation } from "../observe/observations.ts";
import type { Context } from "./context.ts";
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
  /** What it means for its connections when it decides. */
  readonly cause: Cause;
  readonly connections: readonly ConnectionObservation[];
  /** One sentence with the values. */
  readonly what: string;
  /** Why this cannot be the real server, or why it fails. */
  readonly why: string;
  readonly fix: string;
  readonly evidence: readonly Evidence[];
  readonly interceptor?: NamedInterceptor;
}

export type RuleAnswer =
  | { readonly is: "finding"; readonly findings: readonly Finding[]; readonly checked: number }
  /** Looked at `checked` things, and nothing was wrong. */
  | { readonly is: "clear"; readonly checked: number }
  /** Nothing of the kind this rule is about is in the input. */
  | { readonly is: "not-applicable" }
  /** It may be there, but cannot be seen: `missing` says what would show it. */
  | { readonly is: "not-observed"; readonly missing: string };

export interface Rule {
  /** Lower case with hyphens; equals the file's name. */
  readonly id: string;
  /** What is wrong when it finds something, as a noun phrase for lists. */
  readonly title: string;
  /** Specifications and vendor pages. */
  readonly references: readonly string[];
  check(context: Context): RuleAnswer;
}

/** The usual end of a rule: findings if any, otherwise clear when something was looked at. */
export function answer(findings: readonly Finding[], checked: number): RuleAnswer {
  if (findings.length > 0) return { is: "finding", findings, checked };
  return checked > 0 ? { is: "clear", checked } : { is: "not-applicable" };
}
