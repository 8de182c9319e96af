/**
 * What a rule is: a pure function of Observations that answers one of five things. Owns the shape of rules and of
 * their answers; knows no rule.
 *
 * A rule that throws is reported as `failed` by the runner in `diagnose.ts`: one broken rule never silences the others.
 */
import type { Context } from "./context.ts";
import type { Finding } from "./finding.ts";

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
