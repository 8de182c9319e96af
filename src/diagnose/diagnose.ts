/**
 * Runs the rules over Observations and gives every connection its verdict. Owns the order of rules, the numbering of
 * findings and how findings make a verdict; knows no single rule and nothing of how a Report looks.
 */
import { SERVICES } from "../knowledge/services/index.ts";
import type { ServiceId } from "../knowledge/services/service.ts";
import type { ConnectionObservation, Observations } from "../observe/observations.ts";
import { bypassEntries } from "./bypass.ts";
import { Context } from "./context.ts";
import type { Diagnosis, JudgedConnection, NumberedFinding, RuleResult } from "./diagnosis.ts";
import { featureStatuses } from "./features.ts";
import { listUses, type MappedConnection } from "./list-use.ts";
import { overallVerdict } from "./overall.ts";
import { nameOf, peerOf } from "./peer.ts";
import type { Rule, RuleAnswer } from "./rule.ts";
import { RULES } from "./rules/index.ts";
import { type FoundService, findService, type ServiceClues, serviceContext } from "./service.ts";
import { builtInLists, type ServiceLists } from "./service-lists.ts";
import { verdictOf } from "./verdict.ts";

export type { JudgedConnection, NumberedFinding } from "./diagnosis.ts";

export function diagnose(observations: Observations, lists = builtInLists()): Diagnosis {
  const findings: NumberedFinding[] = [];
  const results: RuleResult[] = [];
  for (const rule of RULES) {
    const answer = run(rule, new Context(observations, findings));
    if (answer.is !== "finding") {
      results.push({ rule: rule.id, ...answer });
      continue;
    }
    results.push({ rule: rule.id, is: "finding", checked: answer.checked });
    for (const finding of answer.findings) findings.push({ ...finding, id: `f${findings.length + 1}`, rule });
  }

  const context = new Context(observations, findings);
  const byConnection = new Map<ConnectionObservation, NumberedFinding[]>();
  for (const finding of findings) {
    for (const connection of finding.connections) {
      const known = byConnection.get(connection);
      if (known === undefined) byConnection.set(connection, [finding]);
      else known.push(finding);
    }
  }
  const mapped = mapServices(observations.connections, lists);
  const judged = mapped.map(({ connection, found }): JudgedConnection => {
    const service = found?.identity;
    return {
      connection,
      verdict: verdictOf(context, connection, byConnection.get(connection) ?? []),
      ...(service === undefined ? {} : { service }),
    };
  });
  const byObservation = new Map(judged.map((each) => [each.connection, each]));
  const features = featureStatuses(judged, (connection) => context.isCutShort(connection));
  const bypass = bypassEntries(judged);
  return {
    verdict: overallVerdict(judged, findings, features, bypass),
    connections: judged,
    findings: findings.map((finding) => withPositions(finding, byObservation)),
    rules: results,
    features,
    bypass,
    lists: listUses(mapped, lists),
  };
}

/** A finding by which connections of a service count as intercepted, with what that service's own vendor says of it. */
function withPositions(
  finding: NumberedFinding,
  judged: ReadonlyMap<ConnectionObservation, JudgedConnection>,
): NumberedFinding {
  if (finding.cause !== "tls-interception" || finding.confidence === "possible") return finding;
  const services = new Set<ServiceId>();
  for (const connection of finding.connections) {
    const { service, verdict } = judged.get(connection) ?? {};
    if (service !== undefined && verdict?.is === "intercepted") services.add(service.id);
  }
  const positions = SERVICES.filter(({ id }) => services.has(id)).flatMap(({ id, vendor, inspection }) =>
    inspection.filter(({ by }) => by === vendor).map((position) => ({ service: id, ...position })),
  );
  return positions.length === 0 ? finding : { ...finding, positions };
}

function run(rule: Rule, context: Context): RuleAnswer | { is: "failed"; error: string } {
  try {
    return rule.check(context);
  } catch (error) {
    return { is: "failed", error: error instanceof Error ? error.message : String(error) };
  }
}

function mapServices(connections: readonly ConnectionObservation[], lists: ServiceLists): MappedConnection[] {
  const clues = connections.map(cluesOf);
  const context = serviceContext(clues, lists);
  const known = new Map<string, FoundService | undefined>();
  return connections.map((connection, index) => {
    const clue = clues[index] as ServiceClues;
    const key = `${clue.protocol} ${clue.dialect} ${clue.framing} ${clue.transport} ${clue.server.ip} ${clue.server.port} ${clue.serverName} ${clue.proxied}`;
    if (!known.has(key)) known.set(key, findService(clue, context));
    return { connection, clues: clue, found: known.get(key) };
  });
}

function cluesOf(connection: ConnectionObservation): ServiceClues {
  const dialect = connection.pseudoTls?.dialect ?? connection.stun?.dialect;
  const framing = connection.stun?.framing;
  const serverName = nameOf(connection);
  return {
    // TURN inside TLS is TURN, where it was opened.
    protocol: connection.protocol === "tls" && connection.stun?.allocate === true ? "turn" : connection.protocol,
    transport: connection.transport,
    server: { ip: connection.server.ip, port: peerOf(connection).port },
    ...(connection.through === undefined ? {} : { proxied: true }),
    ...(dialect === undefined ? {} : { dialect }),
    ...(framing === undefined ? {} : { framing }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}
