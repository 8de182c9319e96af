/**
 * Which features of a meeting service work and which do not, from the verdicts of the connections that carry them and the
 * paths the knowledge base gives each feature. Knows nothing of how a verdict was reached.
 */
import { SERVICES } from "../knowledge/services/index.ts";
import type { FeatureId, FeaturePath, Ports, ServiceId } from "../knowledge/services/service.ts";
import type { ConnectionObservation } from "../observe/observations.ts";
import type { FeatureStatus, JudgedConnection } from "./diagnosis.ts";
import { peerOf } from "./peer.ts";
import { isUsedAnyway, wentOn } from "./went-on.ts";
import { describe } from "./words.ts";

/** Whether the capture ends before it shows what became of a connection. */
type IsCutShort = (connection: ConnectionObservation) => boolean;

/** One row per feature of every service that is in the input. */
export function featureStatuses(judged: readonly JudgedConnection[], isCutShort: IsCutShort): FeatureStatus[] {
  return SERVICES.filter(({ id }) => judged.some(({ service }) => service?.id === id)).flatMap((service) => {
    const members = judged.filter((connection) => connection.service?.id === service.id);
    return (Object.entries(service.features) as [FeatureId, readonly FeaturePath[]][]).map(([feature, paths]) =>
      featureStatus(service.id, feature, paths, members, isCutShort),
    );
  });
}

/** From best to worst. */
const STATES = ["working", "at-risk", "broken"] as const;

interface PathState {
  readonly state: (typeof STATES)[number];
  /** Undefined: whatever the way, media flowed on it. */
  readonly path: FeaturePath | undefined;
  readonly connection: JudgedConnection;
}

/** `members`: the connections of this service. */
export function featureStatus(
  service: ServiceId,
  feature: FeatureId,
  paths: readonly FeaturePath[],
  members: readonly JudgedConnection[],
  isCutShort: IsCutShort,
): FeatureStatus {
  const seen = (uses: readonly FeaturePath["use"][]) =>
    paths.filter(({ use }) => uses.includes(use)).flatMap((path) => pathState(path, members, isCutShort) ?? []);
  // What only some clients use does not show whether the feature works.
  const required = seen(["required"]);
  const alternatives = [...(feature === "audio-video" ? flowing(members) : []), ...seen(["preferred", "fallback"])];
  const untried = paths.some(
    (path) => path.use === "fallback" && !alternatives.some((alternative) => alternative.path === path),
  );
  // Of alternatives the best counts, and of broken ones the last that was tried; of what is required the worst.
  const best = alternatives.reduce<PathState | undefined>(
    (one, other) =>
      one === undefined || rank(other) < rank(one) || (one.state === "broken" && other.state === "broken")
        ? other
        : one,
    undefined,
  );
  const [worst] = [...required, ...(best === undefined ? [] : [best])].toSorted((a, b) => rank(b) - rank(a));
  if (worst === undefined) return { service, feature, status: "not-seen", findings: [] };
  const open = worst === best && worst.state === "broken" && untried;
  // Better ways that were tried and do not work: why the feature takes this one, and what else is to be mended.
  const failed =
    worst === best ? alternatives.slice(0, alternatives.indexOf(best)).filter(({ state }) => state === "broken") : [];
  const facts = [...failed, worst].map(stateText).join(" ");
  return {
    service,
    feature,
    status: open ? "at-risk" : worst.state,
    because: `${[facts, worst.path?.reason ?? ""].join(" ").trim()}${open ? " Its fallback was not tried in this capture." : ""}`,
    findings:
      worst.state === "working"
        ? []
        : [...new Set([worst, ...failed].flatMap(({ connection }) => connection.verdict.findings))],
    by: worst.connection.connection,
  };
}

/** Media that comes and goes over UDP is what the feature is, wherever to. Over TCP it may be a shared desktop: there the paths tell. */
function flowing(members: readonly JudgedConnection[]): PathState[] {
  const connection = latest(members.filter((member) => isCall(member.connection)));
  return connection === undefined ? [] : [{ state: "working", path: undefined, connection }];
}

function isCall({ transport, media, stun }: ConnectionObservation): boolean {
  const isData = stun?.allocation?.stream === "data";
  return transport === "udp" && !isData && media?.client !== undefined && media.server !== undefined;
}

/** Undefined when no connection took the path, or none that tells. */
function pathState(
  path: FeaturePath,
  members: readonly JudgedConnection[],
  isCutShort: IsCutShort,
): PathState | undefined {
  const connection = latest(members.filter((member) => takes(member, path)));
  const state = connection === undefined ? undefined : connectionState(connection, isCutShort);
  return connection === undefined || state === undefined ? undefined : { state, path, connection };
}

function takes({ service, connection }: JudgedConnection, path: FeaturePath): boolean {
  if (service?.role !== path.role || connection.transport !== path.transport) return false;
  const { port } = peerOf(connection);
  return (
    port !== undefined &&
    path.ports.some((ports: Ports) =>
      typeof ports === "number" ? port === ports : ports[0] <= port && port <= ports[1],
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

function connectionState(
  { verdict, connection }: JudgedConnection,
  isCutShort: IsCutShort,
): PathState["state"] | undefined {
  switch (verdict.is) {
    case "genuine":
      return "working";
    case "not-judged":
      return connection.bytes.fromServer > 0 ? relayState(connection, verdict.findings) : undefined;
    case "impaired":
    case "intercepted":
      // A client that accepts what it is shown goes on: with a proxy reading along, or with a certificate that others refuse.
      // One of which the capture shows no more may go on too, but not in pseudo-TLS, which cannot take another answer.
      return wentOn(connection) || (connection.pseudoTls === undefined && isCutShort(connection))
        ? "at-risk"
        : "broken";
    default:
      return undefined;
  }
}

/** Who asked for a relay needs it; one that was refused is missed when a finding says so. */
function relayState({ stun }: ConnectionObservation, findings: readonly string[]): PathState["state"] | undefined {
  if (stun?.allocation === undefined || stun.allocated) return "working";
  return stun.allocation.is === "refused" && findings.length > 0 ? "broken" : undefined;
}

function rank({ state }: PathState): number {
  return STATES.indexOf(state);
}

/** `198.51.100.30:443 (tcp/1) is intercepted.` */
function stateText({ state, connection: judged }: PathState): string {
  const { connection, verdict } = judged;
  const where = `${describe(connection)} (${connection.id})`;
  const end =
    state === "at-risk" && !wentOn(connection) ? "; the capture ends before it shows whether the client goes on." : ".";
  if (verdict.is === "intercepted") return `${where} is intercepted${end}`;
  if (verdict.is !== "impaired") return `${where} ${workText(connection)}`;
  if (isUsedAnyway(judged)) return `${where} is used in spite of a fault.`;
  // A port says it shorter, and names what a firewall must let through.
  if (connection.transport === "udp" && verdict.cause === "no-answer")
    return `UDP ${connection.server.port} of ${connection.server.ip} (${connection.id}) gets no answer.`;
  return `${where} ${end === "." ? "failed" : "has a fault"}${end}`;
}

function workText({ media, stun }: ConnectionObservation): string {
  if (stun?.allocation?.is === "refused") return "refused the client a relay.";
  return media?.client && media.server ? "works: media flowed both ways." : "works.";
}
