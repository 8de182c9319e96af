/**
 * Servers of many unrelated networks whose SYN-ACKs are all alike (options, window) and have travelled no hop: one system at hand
 * answers TCP for all of them. A proxy that intercepts does so, and so does one that passes TLS on, a device that speeds up a slow
 * link, the network of a virtual machine: possible only. Asked where nothing has shown the servers' own certificates.
 */
import { networkOf } from "../../bytes/address.ts";
import type { ConnectionObservation } from "../../observe/observations.ts";
import type { Context, TlsConnection } from "../context.ts";
import type { Finding } from "../finding.ts";
import { grouped } from "../grouped.ts";
import { answer, type Rule } from "../rule.ts";
import { plural, servers } from "../words.ts";
import { chainIsGood, isOwn, isUnrouted, LOOK_INSIDE } from "./support.ts";

/** Networks of which all are never reached without a hop, and never run one system. */
const MIN_NETWORKS = 5;
/** Evidence rows of one finding. */
const MAX_EVIDENCE = 10;

export const uniformSynAck: Rule = {
  id: "uniform-syn-ack",
  title: "one system at hand that answers TCP for unrelated networks",
  references: ["https://www.rfc-editor.org/rfc/rfc3135#section-3.1"],
  doc: {
    about:
      "Looks for servers of many unrelated networks whose SYN-ACKs are all alike (TTL, window, options) and have travelled no hop: one system at hand answers TCP for all of them. Asked where nothing has shown the servers' own certificates.",
    finds: { possible: "always: what ends TCP need not end TLS" },
    causes: ["tls-interception"],
    innocent: [
      "a proxy that passes TLS on unchanged",
      "a device that speeds up a slow or long link",
      "the network of a virtual machine",
    ],
    advice:
      "Capture again with the client's key log (SSLKEYLOGFILE): then the certificates tell. Or ask who runs the device.",
  },
  check(context) {
    const judged = context.tls().filter((connection) => isOpen(context, connection));
    const findings = [...grouped(judged, likeness).values()].flatMap((one) => finding(one));
    return answer(findings, judged.length);
  },
};

/** Asked a server directly, and shown nothing that settles it. */
function isOpen(context: Context, connection: TlsConnection): boolean {
  const { through, tcp } = connection;
  if (through !== undefined || tcp?.server.opening === undefined || isOwn(connection)) return false;
  return !chainIsGood(connection) && context.interception(connection) === undefined;
}

/** Of which client, and what answered it; undefined unless neither's packets have travelled a hop. */
function likeness({ client, tcp }: ConnectionObservation): string | undefined {
  const [sent, answered] = [tcp?.client.opening, tcp?.server.opening];
  return isUnrouted(sent?.ttl) && isUnrouted(answered?.ttl) ? `${client.ip} ${answered?.number}` : undefined;
}

function finding(connections: readonly ConnectionObservation[]): Finding[] {
  const networks = new Set(connections.map(({ server }) => networkOf(server.ip)));
  const opening = connections[0]?.tcp?.server.opening;
  if (networks.size < MIN_NETWORKS || opening === undefined) return [];
  const shown = `TTL ${opening.ttl}, window ${opening.window}, ${opening.options}`;
  return [
    {
      confidence: "possible",
      cause: "tls-interception",
      connections,
      what: `One and the same SYN-ACK (${shown}), without a hop in between, came from ${plural(networks.size, "network")}: ${servers(connections)}.`,
      why: "One system at hand ends TCP for all of them. A proxy that intercepts TLS does that; so does one that passes TLS on unchanged, a device that speeds up a slow link, or the network of a virtual machine.",
      fix: LOOK_INSIDE,
      evidence: connections.slice(0, MAX_EVIDENCE).map(({ file, tcp, frames }) => ({
        file,
        frame: tcp?.synAckFrame ?? frames.first,
        path: "tcp.synAck",
        value: shown,
        expected: "a TTL that routers have lowered",
      })),
    },
  ];
}
