/** What a client did while something else went on: what it reached then shows that the network let it out. Knows no rule. */
import type { ConnectionObservation } from "../../observe/observations.ts";

/** For each client the frames with which the first and the last of its `connections` begin. */
export function spansOf(connections: readonly ConnectionObservation[]): Map<string, { first: number; last: number }> {
  const spans = new Map<string, { first: number; last: number }>();
  for (const { client, frames } of connections) {
    const { first, last } = spans.get(client.ip) ?? { first: frames.first, last: frames.first };
    spans.set(client.ip, { first: Math.min(first, frames.first), last: Math.max(last, frames.first) });
  }
  return spans;
}

export function isWithin(spans: ReturnType<typeof spansOf>, { client, frames }: ConnectionObservation): boolean {
  const span = spans.get(client.ip);
  return span !== undefined && span.first < frames.first && frames.first < span.last;
}
