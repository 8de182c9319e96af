/**
 * The shape of a diagnosis: findings with numbers, what every rule answered, verdicts, features, bypass entries. Owns types
 * only, so that the parts that make a diagnosis need not know each other.
 */
import type { FeatureId, InspectionPosition, ServiceId } from "../knowledge/services/service.ts";
import type { ConnectionObservation } from "../observe/observations.ts";
import type { Finding, NamedInterceptor } from "./finding.ts";
import type { ListUse } from "./list-use.ts";
import type { Rule, RuleAnswer } from "./rule.ts";
import type { ServiceIdentity } from "./service.ts";
import type { Cause } from "./vocabulary.ts";

export interface NumberedFinding extends Finding {
  /** `f1`, `f2`, … in the order of the rules. */
  readonly id: string;
  readonly rule: Rule;
  /** What the vendors of the services that it finds intercepted say of that. */
  readonly positions?: readonly VendorPosition[];
}

export interface VendorPosition extends InspectionPosition {
  readonly service: ServiceId;
}

export type RuleResult = { readonly rule: string } & (
  | Exclude<RuleAnswer, { is: "finding" }>
  | { readonly is: "finding"; readonly checked: number }
  | { readonly is: "failed"; readonly error: string }
);

/** Ids of findings come with the deciding ones first. */
export type ConnectionVerdict =
  | {
      readonly is: "intercepted";
      readonly confidence: "proven" | "likely";
      readonly cause: "tls-interception";
      readonly interceptor?: NamedInterceptor;
      readonly findings: readonly string[];
    }
  | {
      readonly is: "impaired";
      readonly confidence: "proven" | "likely";
      readonly cause: Exclude<Cause, "tls-interception">;
      readonly findings: readonly string[];
    }
  | { readonly is: "genuine" | "not-judged"; readonly findings: readonly string[] }
  | {
      readonly is: "cannot-tell";
      readonly missing: readonly string[];
      readonly cause?: "capture-incomplete";
      readonly findings: readonly string[];
    };

export interface JudgedConnection {
  readonly connection: ConnectionObservation;
  readonly verdict: ConnectionVerdict;
  readonly service?: ServiceIdentity;
}

export interface OverallVerdict {
  readonly is: "intercepted" | "impaired" | "clear" | "cannot-tell";
  readonly confidence?: "proven" | "likely";
  readonly missing?: readonly string[];
  readonly judged: number;
  readonly notJudged: number;
  readonly headline: string;
  readonly next?: string;
}

export interface FeatureStatus {
  readonly service: ServiceId;
  readonly feature: FeatureId;
  readonly status: "broken" | "at-risk" | "working" | "not-seen";
  readonly because?: string;
  readonly findings: readonly string[];
  /** The connection that decided. */
  readonly by?: ConnectionObservation;
}

export interface BypassEntry {
  readonly match: "ip" | "domain";
  readonly value: string;
  /** Absent when the client asked its proxy for none that can be. */
  readonly port?: number;
  readonly effective: "transparent+explicit" | "transparent" | "explicit";
  readonly findings: readonly string[];
  readonly note?: string;
}

export interface Diagnosis {
  readonly verdict: OverallVerdict;
  readonly connections: readonly JudgedConnection[];
  readonly findings: readonly NumberedFinding[];
  readonly rules: readonly RuleResult[];
  readonly features: readonly FeatureStatus[];
  readonly bypass: readonly BypassEntry[];
  /** Of addresses and names. */
  readonly lists: readonly ListUse[];
}
