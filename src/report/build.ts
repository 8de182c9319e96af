/**
 * Observations and their diagnosis → the Report. Owns the mapping, the order of connections and the bound on its size;
 * judges nothing.
 */
import type { Writable } from "../bytes/writable.ts";
import type { JudgedConnection, NumberedFinding } from "../diagnose/diagnose.ts";
import { diagnose } from "../diagnose/diagnose.ts";
import type { ListUse } from "../diagnose/list-use.ts";
import { type Pair, pairingOf } from "../diagnose/pairing.ts";
import { nameOf } from "../diagnose/peer.ts";
import { differenceIn } from "../diagnose/rules/two-sided-hello.ts";
import type { ServiceLists } from "../diagnose/service-lists.ts";
import type {
  ConnectionObservation,
  DtlsObservation,
  Endpoint,
  HandshakeMessage,
  MediaObservation,
  Observations,
  ObservedCertificate,
  QuicObservation,
  StunObservation,
  TcpObservation,
  Timestamp,
  TlsObservation,
  Tunnel,
} from "../observe/observations.ts";
import type { Opening } from "../packet/opening.ts";
import { srtpProfileName } from "../protocol/dtls/messages.ts";
import { quicVersionName } from "../protocol/quic/versions.ts";
import { cipherSuiteName, groupName, versionName } from "../protocol/tls/names.ts";
import type { Trust } from "../protocol/x509/trust.ts";
import type {
  Finding,
  Report,
  ReportCertificate,
  ReportConnection,
  ReportGroup,
  ReportKnowledge,
  RuleAnswer,
} from "./schema.ts";

/** Rows of `groups`; the smallest beyond it are folded into one row per verdict. */
export const MAX_GROUPS = 5000;

/** IANA: https, 443/tcp. */
const HTTPS = 443;
/** RFC 9110 section 15: from REDIRECTION on an answer does not give what was asked for, but for the one that the client has it. */
const REDIRECTION = 300;
const NOT_MODIFIED = 304;

export interface BuildOptions {
  readonly version: string;
  /** At most this many `connections`. */
  readonly maxConnections: number;
  /** The built-in ones, unless others are given. */
  readonly lists?: ServiceLists;
}

export function buildReport(observations: Observations, { version, maxConnections, lists }: BuildOptions): Report {
  const diagnosis = diagnose(observations, lists);
  const keys = diagnosis.connections.map(groupKey);
  const connections = select(diagnosis.connections, keys, maxConnections);
  const pairs = new Map(pairingOf(observations)?.pairs.map((pair) => [pair.near, pair]));
  const shown = new Set(connections.map(({ connection }) => connection.id));
  const { verdict } = diagnosis;
  const overall = {
    judged: verdict.judged,
    notJudged: verdict.notJudged,
    headline: verdict.headline,
    ...(verdict.next === undefined ? {} : { next: verdict.next }),
  };
  return {
    schema: "sightline/report/1",
    generator: { name: "sightline", version },
    input: {
      kind: observations.far === undefined ? "capture" : "comparison",
      files: [...observations.files, ...(observations.far?.files ?? [])].map(
        ({ from, to, dropped, localTime: _, comments, ...file }) => ({
          ...file,
          ...(from === undefined ? {} : { from: moment(from) }),
          ...(to === undefined ? {} : { to: moment(to) }),
          ...(dropped > 0 && { dropped }),
          ...(comments.length > 0 && { comments }),
        }),
      ),
      vantage: observations.vantage,
      ...toComparison(observations),
    },
    verdict:
      verdict.is === "cannot-tell"
        ? { is: verdict.is, missing: verdict.missing ?? [], ...overall }
        : verdict.is === "clear"
          ? { is: verdict.is, ...overall }
          : { is: verdict.is, confidence: verdict.confidence ?? "likely", ...overall },
    connections: connections.map((judged) => {
      const row = toConnection(judged, observations.names);
      const pair = pairs.get(judged.connection);
      return pair === undefined ? row : { ...row, otherEnd: toOtherEnd(pair) };
    }),
    certificates: {
      ...certificatesOf(connections, observations),
      ...(observations.far !== undefined && certificatesOf(farEnds(connections, pairs), observations.far)),
    },
    totals: observations.totals,
    groups: groupsOf(diagnosis.connections, keys, observations.names),
    findings: diagnosis.findings.map((finding) => toFinding(finding, shown)),
    rules: diagnosis.rules satisfies readonly RuleAnswer[],
    features: diagnosis.features.map(({ by: _, ...feature }) => feature),
    bypass: diagnosis.bypass,
    ...(diagnosis.lists.length > 0 && { knowledge: diagnosis.lists.map(toKnowledge) }),
  };
}

/** At most `most`: those with findings before one of every group before the rest. In order of appearance. */
function select(judged: readonly JudgedConnection[], keys: readonly string[], most: number): JudgedConnection[] {
  if (judged.length <= most) return [...judged];
  const found: JudgedConnection[] = [];
  const firsts: JudgedConnection[] = [];
  const others: JudgedConnection[] = [];
  const groups = new Set<string>();
  for (const [index, connection] of judged.entries()) {
    const key = keys[index] as string;
    if (connection.verdict.findings.length > 0) found.push(connection);
    else if (groups.has(key)) others.push(connection);
    else {
      groups.add(key);
      firsts.push(connection);
    }
  }
  const chosen = new Set([...found, ...firsts, ...others].slice(0, most));
  return judged.filter((connection) => chosen.has(connection));
}

/** Names of addresses that nobody has checked. */
type Names = Observations["names"];

function toConnection({ connection, verdict, service }: JudgedConnection, names: Names): ReportConnection {
  const { tls, dtls, quic, stun, media, tcp, through } = connection;
  const row: Writable<ReportConnection> = {
    id: connection.id,
    file: connection.file,
    transport: connection.transport,
    client: named(connection.client, names),
    server: named(connection.server, names),
    protocol: connection.protocol,
    frames: connection.frames,
    ...(connection.untimed !== true && { time: { from: moment(connection.from), to: moment(connection.to) } }),
    bytes: connection.bytes,
    handshake: connection.handshake.map(toMessage),
    certificates: (tls ?? dtls)?.certificates ?? [],
    timing: connection.timing,
    outcome: connection.outcome,
    verdict,
  };
  if (connection.application !== undefined) row.application = connection.application;
  if (tcp !== undefined) {
    const openings = toOpenings(tcp);
    if (openings !== undefined) row.tcp = openings;
  }
  if (through !== undefined) row.through = toThrough(through);
  const http = toHttp(connection);
  if (http !== undefined) row.http = http;
  const name = nameOf(connection);
  if (name !== undefined) row.serverName = name;
  if (quic !== undefined) row.quic = toQuic(quic);
  if (tls !== undefined) row.tls = toTls(tls);
  else if (dtls !== undefined) row.tls = toDtls(dtls);
  if (tls?.trust !== undefined) row.trust = toTrust(tls.trust);
  const answered = stun && toStun(stun);
  if (answered !== undefined) row.stun = answered;
  if (media !== undefined) row.media = toMedia(media);
  if (tcp?.reset !== undefined) row.reset = { from: tcp.reset.from, frame: tcp.reset.frame, at: tcp.reset.at };
  if (service !== undefined) row.service = service;
  if (connection.alike > 0) row.alike = connection.alike;
  return row;
}

function named(endpoint: Endpoint, names: Names): ReportConnection["server"] {
  const name = names.size === 0 ? undefined : names.get(endpoint.ip);
  return name === undefined ? endpoint : { ...endpoint, name };
}

function toOpenings({ client, server }: TcpObservation): ReportConnection["tcp"] {
  const row: Writable<NonNullable<ReportConnection["tcp"]>> = {};
  if (client.opening !== undefined) row.syn = toOpening(client.opening);
  if (server.opening === undefined) return row.syn === undefined ? undefined : row;
  row.synAck = toOpening(server.opening);
  if (server.dataTtl !== undefined && server.dataTtl !== server.opening.ttl) row.dataTtl = server.dataTtl;
  return row;
}

function toOpening({ ttl, window, options }: Opening): NonNullable<NonNullable<ReportConnection["tcp"]>["syn"]> {
  return { ttl, window, options };
}

function toThrough(tunnel: Tunnel): NonNullable<ReportConnection["through"]> {
  const { kind, version, target, status, title, headers } = tunnel;
  const row: Writable<NonNullable<ReportConnection["through"]>> = { kind };
  if (version !== undefined) row.version = version;
  if (target !== undefined) row.target = target;
  if (status !== undefined) row.status = status;
  if (title !== undefined) row.title = title;
  if (headers.length > 0) row.headers = headers;
  return row;
}

/** What people read on ordinary pages is not the Report's business. */
function toHttp({ protocol, server, http }: ConnectionObservation): ReportConnection["http"] {
  if (http === undefined || (protocol === "http" && server.port !== HTTPS && !isTelling(http.status))) return undefined;
  const { frame, at, status, title, server: named, location } = http;
  const row: Writable<NonNullable<ReportConnection["http"]>> = { frame, at, status };
  if (title !== undefined) row.title = title;
  if (named !== undefined) row.server = named;
  if (location !== undefined) row.location = location;
  return row;
}

function isTelling(status: number): boolean {
  return status >= REDIRECTION && status !== NOT_MODIFIED;
}

function toMessage({ from, message, frame, frames, record, at, length, incomplete }: HandshakeMessage): Message {
  const seen = { from, message, frame, frames, record, at, length };
  return incomplete ? { ...seen, incomplete: true } : seen;
}

type Message = ReportConnection["handshake"][number];

function toQuic({ version, offered, retry }: QuicObservation): NonNullable<ReportConnection["quic"]> {
  const row: Writable<NonNullable<ReportConnection["quic"]>> = {};
  if (version !== undefined) row.version = quicVersionName(version);
  if (offered !== undefined) row.offered = offered.map(quicVersionName);
  if (retry) row.retry = true;
  return row;
}

/** Undefined when no answer said anything. */
function toStun({ software, realm, mapped, allocation }: StunObservation): ReportConnection["stun"] {
  const row: Writable<NonNullable<ReportConnection["stun"]>> = {};
  if (software !== undefined) row.software = software;
  if (realm !== undefined) row.realm = realm;
  if (mapped !== undefined) row.mapped = mapped;
  if (allocation !== undefined) row.allocation = allocation;
  return Object.keys(row).length === 0 ? undefined : row;
}

function toMedia({ client, server }: MediaObservation): NonNullable<ReportConnection["media"]> {
  return { ...(client !== undefined && { fromClient: client }), ...(server !== undefined && { fromServer: server }) };
}

function toDtls(dtls: DtlsObservation): NonNullable<ReportConnection["tls"]> {
  const row = toTls({ ...dtls, helloRetryRequest: false, decrypted: false });
  return dtls.srtpProfile === undefined ? row : { ...row, srtp: srtpProfileName(dtls.srtpProfile) };
}

/** What the Report takes of TLS. */
type Told = Pick<TlsObservation, "helloRetryRequest" | "alerts" | "decrypted"> &
  Partial<Pick<TlsObservation, "clientHello" | "serverHello" | "retryGroup" | "version" | "resumed" | "flight">>;

function toTls(tls: Told): NonNullable<ReportConnection["tls"]> {
  const { clientHello, serverHello, helloRetryRequest, retryGroup, version, resumed, alerts, decrypted, flight } = tls;
  const row: Writable<NonNullable<ReportConnection["tls"]>> = {
    alerts: alerts.map(({ from, level, description, frame, at }) => ({ from, level, description, frame, at })),
    decrypted,
  };
  if (version !== undefined) row.version = versionName(version);
  if (serverHello !== undefined) {
    row.cipher = cipherSuiteName(serverHello.cipherSuite);
    row.ja3s = serverHello.ja3s;
    if (serverHello.group !== undefined) row.group = groupName(serverHello.group);
  }
  if (helloRetryRequest) row.helloRetryRequest = retryGroup === undefined ? {} : { group: groupName(retryGroup) };
  if (serverHello?.alpn !== undefined) row.alpn = serverHello.alpn;
  if (clientHello?.ja3 !== undefined) row.ja3 = clientHello.ja3;
  if (clientHello?.ja4 !== undefined) row.ja4 = clientHello.ja4;
  if (resumed !== undefined) row.resumed = resumed;
  if (flight !== undefined) row.flight = flight;
  return row;
}

function toComparison(observations: Observations): Pick<Report["input"], "comparison"> {
  const pairing = pairingOf(observations);
  if (pairing === undefined) return {};
  const { pairs, nearOnly, farOnly, offset } = pairing;
  const counts = { inBoth: pairs.length, onlyHere: nearOnly, onlyThere: farOnly };
  // Beyond a microsecond it is the way, not the clock.
  return { comparison: offset === undefined ? counts : { clockOffset: Math.round(offset * 1e6) / 1e6, ...counts } };
}

function farEnds(
  connections: readonly JudgedConnection[],
  pairs: ReadonlyMap<ConnectionObservation, Pair>,
): Pick<JudgedConnection, "connection">[] {
  return connections
    .flatMap(({ connection }) => pairs.get(connection)?.far ?? [])
    .map((connection) => ({ connection }));
}

function toOtherEnd(pair: Pair): NonNullable<ReportConnection["otherEnd"]> {
  const { near, far, by } = pair;
  const name = nameOf(far);
  const seen = far.trace?.clientRandom !== undefined && near.trace?.clientRandom !== undefined;
  return {
    id: far.id,
    file: far.file,
    by,
    is: differenceIn(pair) !== undefined ? "different" : seen && near.pseudoTls === undefined ? "same" : "not-seen",
    clientHello: both(near.trace?.clientRandom, far.trace?.clientRandom),
    serverHello: both(near.trace?.serverRandom, far.trace?.serverRandom),
    client: far.client,
    server: far.server,
    ...(name !== undefined && { serverName: name }),
    protocol: far.protocol,
    frames: far.frames,
    ...(far.tls !== undefined && { tls: toTls(far.tls) }),
    certificates: far.tls?.certificates ?? [],
  };
}

function both(here: string | undefined, there: string | undefined): { here?: string; there?: string } {
  return { ...(here !== undefined && { here }), ...(there !== undefined && { there }) };
}

function toTrust({ is, anchor, detail }: Trust): NonNullable<ReportConnection["trust"]> {
  return { is, ...(anchor !== undefined && { anchor }), ...(detail !== undefined && { detail }) };
}

function certificatesOf(
  connections: readonly Pick<JudgedConnection, "connection">[],
  observations: Observations,
): Record<string, ReportCertificate> {
  const certificates: Record<string, ReportCertificate> = {};
  for (const { connection } of connections) {
    for (const { sha256 } of (connection.tls ?? connection.dtls)?.certificates ?? []) {
      const observed = observations.certificates.get(sha256);
      if (observed !== undefined && !(sha256 in certificates)) certificates[sha256] = toCertificate(observed);
    }
  }
  return certificates;
}

function toCertificate({ certificate, spkiSha256 }: ObservedCertificate): ReportCertificate {
  return {
    subject: certificate.subject.text,
    issuer: certificate.issuer.text,
    serial: certificate.serial,
    notBefore: moment({ seconds: certificate.notBefore, nanos: 0 }),
    notAfter: moment({ seconds: certificate.notAfter, nanos: 0 }),
    names: certificate.names,
    key: certificate.key,
    signature: certificate.signature,
    spkiSha256,
    embeddedScts: certificate.embeddedScts,
  };
}

function toFinding(
  { id, rule, confidence, connections, what, why, fix, evidence, positions = [] }: NumberedFinding,
  shown: ReadonlySet<string>,
): Finding {
  return {
    id,
    rule: rule.id,
    confidence,
    connections: connections.map((connection) => connection.id).filter((connection) => shown.has(connection)),
    what,
    why,
    fix,
    evidence,
    references: [...new Set([...rule.references, ...positions.map(({ url }) => url)])],
    ...(positions.length > 0 && {
      positions: positions.map(({ service, by, statement, url, date, dated }) => ({
        service,
        by,
        statement,
        url,
        date,
        dated,
      })),
    }),
  };
}

function toKnowledge({ list, connections, stale }: ListUse): ReportKnowledge {
  const { service, source, date, sha256 } = list;
  const row: Writable<ReportKnowledge> = { service, source, date, connections };
  if (sha256 !== undefined) row.imported = { sha256 };
  if (stale) row.stale = true;
  return row;
}

type PlainGroup = Exclude<ReportGroup, { folded: number }>;

/** Every connection in exactly one row, the largest first. */
function groupsOf(judged: readonly JudgedConnection[], keys: readonly string[], names: Names): ReportGroup[] {
  const groups = new Map<string, Writable<PlainGroup>>();
  for (const [index, { connection, verdict }] of judged.entries()) {
    const key = keys[index] as string;
    const known = groups.get(key);
    if (known !== undefined) {
      known.connections += 1 + connection.alike;
      if (connection.elsewhere > 0) known.elsewhere = (known.elsewhere ?? 0) + connection.elsewhere;
      continue;
    }
    const { server, protocol, tls, id, alike, elsewhere } = connection;
    const name = nameOf(connection);
    const leaf = tls?.certificates[0]?.sha256;
    // In the contract's order.
    const group = { server: named(server, names) } as Writable<PlainGroup>;
    if (name !== undefined) group.serverName = name;
    group.protocol = protocol;
    if (leaf !== undefined) group.leaf = leaf;
    group.verdict = verdict.is;
    group.connections = 1 + alike;
    group.firstId = id;
    if (elsewhere > 0) group.elsewhere = elsewhere;
    groups.set(key, group);
  }
  const rows = [...groups.values()].sort((one, other) => other.connections - one.connections);
  if (rows.length <= MAX_GROUPS) return rows;
  const folded = new Map<string, Extract<ReportGroup, { folded: number }>>();
  // One row per verdict must still fit.
  const kept = rows.slice(0, MAX_GROUPS - 5);
  for (const row of rows.slice(MAX_GROUPS - 5)) {
    const known = folded.get(row.verdict);
    folded.set(row.verdict, {
      verdict: row.verdict,
      folded: (known?.folded ?? 0) + 1,
      connections: (known?.connections ?? 0) + row.connections,
      firstId: known?.firstId ?? row.firstId,
    });
  }
  return [...kept, ...folded.values()];
}

function groupKey({ connection, verdict }: JudgedConnection): string {
  const { server, tls, protocol, through } = connection;
  const leaf = tls?.certificates[0]?.sha256 ?? "";
  const target = through?.target?.toLowerCase() ?? "";
  // Target and name are last: only they come from the capture as they are.
  return `${server.ip} ${server.port} ${protocol} ${verdict.is} ${leaf} ${target} ${nameOf(connection) ?? ""}`;
}

/** ISO 8601 in UTC, to the nanosecond where there are any. */
export function moment({ seconds, nanos }: Timestamp): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return seconds < 0 ? "-000001-01-01T00:00:00Z" : "+275760-09-13T00:00:00Z";
  if (seconds !== second.seconds) {
    second.seconds = seconds;
    second.text = date.toISOString().slice(0, -5);
  }
  return nanos === 0 ? `${second.text}Z` : `${second.text}.${fraction(nanos)}Z`;
}

/** The last one written: connections come in order, thousands in a second. */
const second = { seconds: Number.NaN, text: "" };

/** Nine digits without the zeros at their end. */
function fraction(nanos: number): string {
  let value = nanos;
  let digits = 9;
  for (; value % 10 === 0; value /= 10) digits--;
  return `${value}`.padStart(digits, "0");
}
