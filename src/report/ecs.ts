/**
 * The Report as events for a SIEM: a line of JSON for every connection that was judged or has a finding, in the field names of the
 * Elastic Common Schema. Owns which of its fields say what; what the schema has no name for stands under `sightline`.
 *
 * One JSON value a line whatever the capture holds: characters at which some reader would break a line, and those that would act on a
 * terminal, are written as JSON's own escapes, which change no value.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { parseAddress } from "../bytes/address.ts";
import { endpoint } from "../diagnose/words.ts";
import { communityId } from "./community-id.ts";
import { decidingFindings, leafOf, programOf, reasonOf, titleOf, verdictText } from "./phrases.ts";
import type { ConnectionVerdict, Finding, Report, ReportCertificate, ReportConnection } from "./schema.ts";

/** Every field here has been in the schema since 8.0. */
const ECS_VERSION = "8.11.0";

/** A line each, with its newline. */
export function* renderEcs(report: Report): Generator<string> {
  for (const connection of report.connections) {
    if (connection.verdict.is === "not-judged" && connection.verdict.findings.length === 0) continue;
    yield `${oneLine(JSON.stringify(eventOf(report, connection)))}\n`;
  }
}

/** C1 controls, invisible and bidirectional formatting, line and paragraph separators, white space that is no plain space. */
const ESCAPED = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]|(?! )\p{Zs}/gu;

function oneLine(json: string): string {
  return json.replace(ESCAPED, (character) =>
    // A code unit each: JSON knows no other escape.
    character.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}

function eventOf(report: Report, connection: ReportConnection): object {
  const { id, client, server, transport, protocol, bytes, frames, application, http, verdict, file } = connection;
  const findings = report.findings.filter((finding) => verdict.findings.includes(finding.id));
  const decisive = decidingFindings(report, connection)[0] ?? findings[0];
  const { words, rest } = verdictText(verdict);
  const why = decisive?.what ?? reasonOf(connection);
  const [from, to] = [dateOf(connection.time?.from), dateOf(connection.time?.to)];
  const capture = report.input.files[file];
  return clean({
    "@timestamp": from,
    message: `${endpoint(server)} ${words}${rest}${why === "" ? "" : `: ${why}`}`,
    ecs: { version: ECS_VERSION },
    event: {
      kind: verdict.is === "intercepted" ? "alert" : "event",
      category: verdict.is === "intercepted" ? ["network", "intrusion_detection"] : ["network"],
      type: typesOf(connection),
      action: causeOf(verdict) ?? verdict.is,
      outcome: outcomeOf(connection),
      severity: severityOf(connection),
      reason: decisive?.why,
      module: "sightline",
      dataset: "sightline.connection",
      provider: "sightline",
      id: eventId(report, connection),
      start: from,
      end: to,
    },
    observer: { vendor: "Sightline", product: "sightline", version: report.generator.version, type: "sensor" },
    network: {
      transport,
      protocol: protocol === "unknown" ? undefined : protocol,
      type: server.ip.includes(":") ? "ipv6" : "ipv4",
      bytes: bytes.fromClient + bytes.fromServer,
      packets: frames.count,
      community_id: isAddress(client.ip) && isAddress(server.ip) ? communityId(transport, client, server) : undefined,
    },
    source: { ...endOf(client), bytes: bytes.fromClient },
    destination: {
      ...endOf(server),
      bytes: bytes.fromServer,
      domain: connection.through === undefined ? connection.serverName : undefined,
    },
    process:
      application === undefined
        ? undefined
        : { executable: application.path, name: programOf(application.path), pid: application.pid },
    http: http === undefined ? undefined : { response: { status_code: http.status } },
    tls: tlsOf(report, connection),
    rule: decisive === undefined ? undefined : ruleOf(report, decisive, verdict),
    related: relatedOf(report, connection),
    sightline: {
      verdict: verdictOf(connection),
      findings: findings.map(({ id, rule, confidence, what, why, fix, evidence }) => ({
        id,
        rule,
        confidence,
        what,
        why,
        fix,
        frames: [...new Set(evidence.map(({ frame }) => frame))],
      })),
      connection: {
        id,
        outcome: connection.outcome,
        frames: { first: frames.first, last: frames.last },
        through: connection.through && {
          kind: connection.through.kind,
          target: connection.through.target,
          status: connection.through.status,
        },
        server_name: connection.serverName,
        alike: connection.alike,
      },
      trust: connection.trust,
      ja4: connection.tls?.ja4,
      service: connection.service && { id: connection.service.id, role: connection.service.role },
      features: featuresOf(report, connection),
      bypass: bypassOf(report, connection),
      capture: capture && { file: capture.name, format: capture.format },
    },
  });
}

// --- event

/** What refuses, by its own act. */
const DENIALS: ReadonlySet<string> = new Set([
  "port-blocked",
  "port-refused",
  "reset-on-hello",
  "proxy-auth-required",
  "proxy-denied",
]);

function causeOf(verdict: ConnectionVerdict): string | undefined {
  return "cause" in verdict ? verdict.cause : undefined;
}

/** Closed lists of the schema: `network` allows connection, denied, info and others; `intrusion_detection` info. */
function typesOf({ verdict }: ReportConnection): string[] {
  if (verdict.is === "intercepted") return ["connection", "info"];
  return verdict.is === "impaired" && DENIALS.has(verdict.cause) ? ["connection", "denied"] : ["connection"];
}

/** Of the connection, not of the judgement: whether the client got what it asked for, as far as the packets show. */
function outcomeOf({ verdict, outcome }: ReportConnection): "success" | "failure" | "unknown" {
  if (verdict.is === "impaired") return "failure";
  if (outcome === "open" || outcome === "closed") return verdict.is === "cannot-tell" ? "unknown" : "success";
  // Connections that went well are ended by a reset, too.
  return outcome === "reset" ? "unknown" : "failure";
}

/** As Elastic's detection rules count: 21 low, 47 medium, 73 high. */
function severityOf({ verdict }: ReportConnection): number {
  switch (verdict.is) {
    case "intercepted":
      return verdict.confidence === "proven" ? 73 : 47;
    case "impaired":
      return 47;
    case "cannot-tell":
      return 21;
    default:
      return 0;
  }
}

/** The same for the same connection of the same files, so that what is sent twice can be told. */
function eventId({ input }: Report, { id, client, server, time, frames }: ReportConnection): string {
  const files = input.files.map(({ name, bytes, frames }) => [name, bytes, frames]);
  const about = [files, id, client.ip, client.port, server.ip, server.port, time?.from, frames.first];
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(about)))).slice(0, 32);
}

function verdictOf({ verdict }: ReportConnection): object {
  const { findings: _, ...rest } = verdict;
  return rest;
}

// --- who and what

function endOf({ ip, port, name }: ReportConnection["client"]): object {
  return { address: name ?? ip, ip: isAddress(ip) ? ip : undefined, port };
}

function isAddress(ip: string): boolean {
  try {
    parseAddress(ip);
    return true;
  } catch {
    return false;
  }
}

function tlsOf(report: Report, connection: ReportConnection): object | undefined {
  const { tls, serverName, through, protocol } = connection;
  const leaf = leafOf(report, connection);
  if (tls === undefined && leaf === undefined) return undefined;
  const [, name, version] = /^(TLS|SSL|DTLS) (\d.*)$/.exec(tls?.version ?? "") ?? [];
  return {
    // The schema knows ssl and tls.
    version_protocol: name === undefined ? undefined : name === "SSL" ? "ssl" : "tls",
    version,
    cipher: tls?.cipher,
    curve: tls?.group,
    next_protocol: tls?.alpn?.toLowerCase(),
    resumed: tls?.resumed,
    client: {
      // Behind a proxy the name may be that of the request for the tunnel.
      server_name: through === undefined && protocol !== "pseudo-tls" ? serverName : undefined,
      ja3: tls?.ja3,
    },
    server: { ja3s: tls?.ja3s, ...(leaf === undefined ? {} : serverOf(leaf, connection)) },
  };
}

function serverOf(leaf: ReportCertificate, { certificates }: ReportConnection): object {
  const { subject, issuer, serial, notBefore, notAfter, names, key, signature } = leaf;
  const [algorithm, size] = key.split(" ");
  const [not_before, not_after] = [dateOf(notBefore), dateOf(notAfter)];
  return {
    subject,
    issuer,
    not_before,
    not_after,
    hash: { sha256: certificates[0]?.sha256.toUpperCase() },
    x509: {
      subject: { distinguished_name: subject, common_name: commonNames(subject) },
      issuer: { distinguished_name: issuer, common_name: commonNames(issuer) },
      serial_number: serial.toUpperCase(),
      not_before,
      not_after,
      alternative_names: names,
      public_key_algorithm: algorithm,
      ...(size === undefined || !/^\d+$/.test(size) ? { public_key_curve: size } : { public_key_size: Number(size) }),
      signature_algorithm: signature,
    },
  };
}

/** Of a name as RFC 4514 writes it. */
function commonNames(name: string): string[] {
  return [...name.matchAll(/(?:^|, )CN=((?:\\.|[^\\,])*)/gs)].map(([, value = ""]) => value.replace(/\\(.)/gs, "$1"));
}

function ruleOf(report: Report, { rule, references }: Finding, verdict: ConnectionVerdict): object {
  return {
    id: rule,
    name: titleOf(rule),
    category: causeOf(verdict),
    ruleset: "sightline",
    version: report.generator.version,
    reference: references[0],
  };
}

function relatedOf(report: Report, connection: ReportConnection): object {
  const { client, server, serverName, certificates, tls } = connection;
  const names = leafOf(report, connection)?.names ?? [];
  return {
    ip: [...new Set([client.ip, server.ip].filter(isAddress))],
    hosts: [...new Set([...(serverName === undefined ? [] : [serverName]), ...names])],
    hash: [...new Set([...certificates.map(({ sha256 }) => sha256.toUpperCase()), tls?.ja3, tls?.ja3s])].filter(
      (hash) => hash !== undefined,
    ),
  };
}

/** What suffers from the findings of this connection: `{"broken":["lync/desktop-sharing"]}`. */
function featuresOf({ features }: Report, { verdict }: ReportConnection): object {
  const of = (wanted: string): string[] =>
    features
      .filter(({ status, findings }) => status === wanted && findings.some((id) => verdict.findings.includes(id)))
      .map(({ service, feature }) => `${service}/${feature}`);
  return { broken: of("broken"), at_risk: of("at-risk") };
}

function bypassOf({ bypass }: Report, { verdict }: ReportConnection): object[] {
  return bypass
    .filter(({ findings }) => findings.some((id) => verdict.findings.includes(id)))
    .map(({ match, value, port }) => ({ match, value, port }));
}

/** A date that every reader of the schema takes; a hostile capture may hold a year of more than four digits. */
function dateOf(moment: string | undefined): string | undefined {
  return moment !== undefined && /^\d{4}-/.test(moment) ? moment : undefined;
}

/** Without what is undefined or empty. */
function clean(value: object): object {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
      if (inner === undefined || (Array.isArray(inner) && inner.length === 0)) return [];
      if (typeof inner !== "object" || inner === null) return [[key, inner]];
      if (Array.isArray(inner))
        return [[key, inner.map((item) => (typeof item === "object" && item !== null ? clean(item) : item))]];
      const cleaned = clean(inner);
      return Object.keys(cleaned).length === 0 ? [] : [[key, cleaned]];
    }),
  );
}
