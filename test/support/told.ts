/** What a Report tells a person, whatever it lists: for comparing two of the same input. */
import type { Report } from "../../src/index.ts";

/** `next` and sentences are left out: they may name other connections of a kind. */
export function told({ verdict, rules, features, totals, groups, input, bypass }: Report): unknown {
  const { headline, next: _, ...answer } = verdict;
  const connections = new Map<string, number>();
  for (const group of groups) connections.set(group.verdict, (connections.get(group.verdict) ?? 0) + group.connections);
  return {
    answer,
    counts: headline.match(/\d+ (?:connections|more failed)/g),
    rules: rules.map(({ rule, is }) => [rule, is]),
    features: features.map(({ service, feature, status }) => [service, feature, status]),
    vantage: input.vantage,
    bypass: bypass.map(({ match, value }) => [match, value]),
    totals,
    connections: [...connections].sort(),
  };
}
