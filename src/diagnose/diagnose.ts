/**
 * Runs the rules over Observations and gives every connection its verdict. Owns the order of rules, the numbering of
 * findings and how findings make a verdict; knows no single rule and nothing of how a Report looks.
 */
import type { ConnectionObservation, Observations } from "../observe/observations.ts";
import { bypassEntries } from "./bypass.ts";
import { Context } from "./context.ts";
import type { Diagnosis, JudgedConnection, NumberedFinding, RuleResult } from "./diagnosis.ts";
import { featureStatuses } from "./features.ts";
import { overallVerdict } from "./overall.ts";
import { nameOf, peerOf } from "./peer.ts";
import type { Rule, RuleAnswer } from "./rule.ts";
import { RULES } from "./rules/index.ts";
import { identifyService, type ServiceClues, type ServiceIdentity, serviceContext } from "./service.ts";
import { verdictOf } from "./verdict.ts";

export type { JudgedConnection, NumberedFinding } from "./diagnosis.ts";

export function diagnose(observations: Observations): Diagnosis {
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
  const services = identifyServices(observations.connections);
  const judged = observations.connections.map((connection): JudgedConnection => {
    const service = services.get(connection);
    return {
      connection,
      verdict: verdictOf(context, connection, byConnection.get(connection) ?? []),
      ...(service === undefined ? {} : { service }),
    };
  });
  const features = featureStatuses(judged, (connection) => context.isCutShort(connection));
  const bypass = bypassEntries(judged);
  return {
    verdict: overallVerdict(judged, findings, features, bypass),
    connections: judged,
    findings,
    rules: results,
    features,
    bypass,
  };
}

function run(rule: Rule, context: Context): RuleAnswer | { is: "failed"; error: string } {
  try {
    return rule.check(context);
  } catch (error) {
    return { is: "failed", error: error instanceof Error ? error.message : String(error) };
  }
}

function identifyServices(connections: readonly ConnectionObservation[]): Map<ConnectionObservation, ServiceIdentity> {
  const clues = connections.map(cluesOf);
  const context = serviceContext(clues);
  const services = new Map<ConnectionObservation, ServiceIdentity>();
  const known = new Map<string, ServiceIdentity | undefined>();
  for (const [index, connection] of connections.entries()) {
    const clue = clues[index] as ServiceClues;
    const key = `${clue.protocol} ${clue.dialect} ${clue.framing} ${clue.transport} ${clue.server.ip} ${clue.server.port} ${clue.serverName} ${clue.proxied}`;
    if (!known.has(key)) known.set(key, identifyService(clue, context));
    const identity = known.get(key);
    if (identity !== undefined) services.set(connection, identity);
  }
  return services;
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
