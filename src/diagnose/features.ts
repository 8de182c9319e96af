/**
 * Which features of a meeting service work and which do not, from the verdicts of the connections that carry them and the
 * paths the knowledge base gives each feature. Knows nothing of how a verdict was reached.
 */
import { SERVICES } from "../knowledge/services/index.ts";
import type { FeatureId, FeaturePath, Ports, ServiceId } from "../knowledge/services/service.ts";
import { describe } from "./context.ts";
import type { JudgedConnection } from "./diagnose.ts";

export interface FeatureStatus {
  readonly service: ServiceId;
  readonly feature: FeatureId;
  readonly status: "broken" | "at-risk" | "working" | "not-seen";
  readonly because?: string;
  readonly findings: readonly string[];
}

type PathStatus = "broken" | "at-risk" | "working" | "unknown" | "not-seen";

/** One row per feature of every service that is in the input. */
export function featureStatuses(judged: readonly JudgedConnection[]): FeatureStatus[] {
  return SERVICES.filter(({ id }) => judged.some(({ service }) => service?.id === id)).flatMap((service) => {
    const members = judged.filter((connection) => connection.service?.id === service.id);
    return (Object.entries(service.features) as [FeatureId, readonly FeaturePath[]][]).map(([feature, paths]) =>
      statusOf(service.id, feature, paths, members),
    );
  });
}

function statusOf(
  service: ServiceId,
  feature: FeatureId,
  paths: readonly FeaturePath[],
  members: readonly JudgedConnection[],
): FeatureStatus {
  // What only some clients use does not show whether the feature works.
  const decisive = paths.filter(({ use }) => use !== "sometimes");
  let reason: { status: PathStatus; path: FeaturePath; connection: JudgedConnection } | undefined;
  for (const path of decisive) {
    const connection = latest(members.filter((member) => takes(member, path)));
    if (connection === undefined) continue;
    const status = pathStatus(connection);
    if (status === "unknown") continue;
    // The first alternative that works settles it; otherwise the last one tried does.
    reason = { status, path, connection };
    if (status === "working") break;
  }
  if (reason === undefined || reason.status === "unknown") return { service, feature, status: "not-seen", findings: [] };
  return {
    service,
    feature,
    status: reason.status,
    because: `${reason.path.reason} ${stateText(reason.connection)}`,
    findings: reason.status === "working" ? [] : reason.connection.verdict.findings,
  };
}

function takes({ service, connection }: JudgedConnection, path: FeaturePath): boolean {
  return (
    service?.role === path.role &&
    connection.transport === path.transport &&
    path.ports.some((ports: Ports) =>
      typeof ports === "number"
        ? connection.server.port === ports
        : ports[0] <= connection.server.port && connection.server.port <= ports[1],
    )
  );
}

/** The state at the end of the capture is the one the person has. */
function latest(connections: readonly JudgedConnection[]): JudgedConnection | undefined {
  return connections.reduce<JudgedConnection | undefined>(
    (last, next) => (last === undefined || next.connection.frames.first > last.connection.frames.first ? next : last),
    undefined,
  );
}

function pathStatus({ verdict, connection }: JudgedConnection): PathStatus {
  switch (verdict.is) {
    case "genuine":
      return "working";
    case "not-judged":
      return connection.bytes.fromServer > 0 ? "working" : "unknown";
    case "impaired":
      return "broken";
    case "intercepted": {
      // A client that trusts the proxy's CA goes on, with the proxy reading along.
      const data = connection.tls?.applicationData;
      return connection.pseudoTls === undefined && data?.client === true && data.server ? "at-risk" : "broken";
    }
    default:
      return "unknown";
  }
}

function stateText({ verdict, connection }: JudgedConnection): string {
  const where = `${describe(connection)} (${connection.id})`;
  switch (verdict.is) {
    case "intercepted":
      return `${where} is intercepted.`;
    case "impaired":
      return `${where} failed.`;
    default:
      return `${where} works.`;
  }
}
