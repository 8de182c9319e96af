/**
 * What a rule is: a pure function of Observations that answers one of five things. Owns the shape of rules and of
 * their answers; knows no rule.
 *
 * A rule that throws is reported as `failed` by the runner in `diagnose.ts`: one broken rule never silences the others.
 */
import type { Context } from "./context.ts";
import type { Finding } from "./finding.ts";
import type { Cause, Confidence } from "./vocabulary.ts";

export type RuleAnswer =
  | { readonly is: "finding"; readonly findings: readonly Finding[]; readonly checked: number }
  /** Looked at `checked` things, and nothing was wrong. */
  | { readonly is: "clear"; readonly checked: number }
  /** Nothing of the kind this rule is about is in the input. */
  | { readonly is: "not-applicable" }
  /** It may be there, but cannot be seen: `missing` says what would show it. */
  | { readonly is: "not-observed"; readonly missing: string };

/** What `sightline explain` tells of a rule: sentences for people who decide by it. */
export interface RuleDoc {
  /** What it looks for, why that shows something, and what it does not judge. */
  readonly about: string;
  /** How sure its findings can be, and when they are: every confidence that it can give. */
  readonly finds: { readonly [confidence in Confidence]?: string };
  /** Every cause that its findings can give; none where no cause says it. */
  readonly causes: readonly Cause[];
  /** What else looks the same. Empty where nothing does. */
  readonly innocent: readonly string[];
  /** What to do about a finding. */
  readonly advice: string;
}

export interface Rule {
  /** Lower case with hyphens; equals the file's name. */
  readonly id: string;
  /** What is wrong when it finds something, as a noun phrase for lists. */
  readonly title: string;
  /** Specifications and vendor pages. */
  readonly references: readonly string[];
  readonly doc: RuleDoc;
  check(context: Context): RuleAnswer;
}

/** The usual end of a rule: findings if any, otherwise clear when something was looked at. */
export function answer(findings: readonly Finding[], checked: number): RuleAnswer {
  if (findings.length > 0) return { is: "finding", findings, checked };
  return checked > 0 ? { is: "clear", checked } : { is: "not-applicable" };
}
