/**
 * From the verdicts on connections to the one on the input: the answer to the person's question, worst first, with its
 * headline and the next step. Owns the order and the words; knows no rule.
 */
import type { ConnectionObservation } from "../observe/observations.ts";
import type {
  BypassEntry,
  ConnectionVerdict,
  FeatureStatus,
  JudgedConnection,
  NumberedFinding,
  OverallVerdict,
} from "./diagnosis.ts";
import { Fallbacks } from "./fallback.ts";
import { grouped } from "./grouped.ts";
import {
  BASELINE,
  FEWER_SERVERS,
  FULL_HANDSHAKE,
  KEY_LOG,
  NEWER_BASELINE,
  OTHER_DIRECTION,
  OVER_TCP,
  START,
  TIME,
  WHAT_BROKE_IT,
  WHOLE_HANDSHAKE,
  WHOLE_PACKETS,
} from "./lacks.ts";
import { isLocal, nameOf } from "./peer.ts";
import { isMeetingPort } from "./service.ts";
import { CAUSES, type Cause } from "./vocabulary.ts";
import { isUsedAnyway, wentOn } from "./went-on.ts";
import { describe, endpoint, featureText, list, plural, servers, short } from "./words.ts";

export function overallVerdict(
  judged: readonly JudgedConnection[],
  findings: readonly NumberedFinding[],
  features: readonly FeatureStatus[],
  bypass: readonly BypassEntry[],
): OverallVerdict {
  const of = (is: ConnectionVerdict["is"]) => judged.filter(({ verdict }) => verdict.is === is);
  const intercepted = of("intercepted");
  const impaired = of("impaired");
  const genuine = of("genuine");
  const unanswered = of("cannot-tell");
  const counts = { judged: total([...intercepted, ...impaired, ...genuine]), notJudged: total(unanswered) };
  const open = missingSentence(unanswered);
  if (intercepted.length > 0) {
    const blocked = blockedBeside(intercepted, findings, features);
    const allow = blocked.map(({ fix }) => ` ${fix}`).join("");
    return {
      is: "intercepted",
      confidence: isProven(intercepted) ? "proven" : "likely",
      ...counts,
      headline: interceptionHeadline(intercepted, features) + elsewhereSentences(features, blocked) + open,
      next: `Add ${toExempt(bypass)} to ${listOf(intercepted)}${allow === "" ? ", then" : `.${allow} Then`} capture again and run \`sightline analyze\`.`,
    };
  }
  const succeeded = successes(judged);
  const fallbacks = new Fallbacks(impaired.some(isUnansweredQuic) ? judged.map(({ connection }) => connection) : []);
  const overcome = new Set(
    impaired.filter(
      (failed) =>
        isOvercome(failed, succeeded) || (isUnansweredQuic(failed) && fallbacks.of(failed.connection) !== undefined),
    ),
  );
  const failing = impaired.filter((failed) => !overcome.has(failed));
  const meets = genuine.some(({ service }) => service !== undefined);
  const aside = meets ? failing.filter(isAside) : [];
  const [worst] = failing.filter((failed) => !meets || !isAside(failed)).sort((one, other) => rank(one) - rank(other));
  if (worst !== undefined) {
    const deciding = findings.find(({ id }) => id === worst.verdict.findings[0]);
    return {
      is: "impaired",
      confidence: isProven([worst]) ? "proven" : "likely",
      ...counts,
      headline: failureHeadline(worst, deciding, failing) + open,
      ...(deciding === undefined ? {} : { next: deciding.fix }),
    };
  }
  const blocking = unanswered.filter(({ service, connection }) => service !== undefined || isUnfinished(connection));
  const broken = brokenOff(genuine);
  if (genuine.length > 0 && blocking.length === 0 && broken.length === 0) {
    return {
      is: "clear",
      ...counts,
      headline:
        clearHeadline(
          genuine,
          [...overcome],
          [...unanswered, ...overcome].some((left) => isUnexplained(left, findings)),
        ) +
        asideSentence(aside) +
        open,
    };
  }
  const missing = [...new Set(unanswered.flatMap(({ verdict }) => ("missing" in verdict ? verdict.missing : [])))];
  if (broken.length > 0) missing.push(WHAT_BROKE_IT);
  if (missing.length === 0) missing.push("a capture with the connection that fails in it, from its first packet on");
  return {
    is: "cannot-tell",
    missing,
    ...counts,
    headline: cannotTellHeadline(unanswered, broken, judged.length) + asideSentence(aside),
    next: `To find out: ${list(missing.map(howToGet), 4)}.`,
  };
}

function listOf(intercepted: readonly JudgedConnection[]): string {
  const isOnComputer = intercepted.every(({ connection }) => isLocal(connection));
  return isOnComputer ? "the exceptions of the program on that computer" : "the proxy's TLS inspection bypass list";
}

function toExempt(bypass: readonly BypassEntry[]): string {
  // A client can ask its proxy for what is neither host nor address: that must not stand in a list.
  if (bypass.length === 0) return "the server (the capture shows neither its name nor its address)";
  return list(
    bypass.map(({ value }) => short(value)),
    4,
  );
}

/** Sentences of a headline; a hostile capture could name every product there is. */
const MAX_SENTENCES = 3;

/** Who intercepts what, and how surely: a sentence for each, so that what is proven of one server is not said of another. */
function interceptionHeadline(intercepted: readonly JudgedConnection[], features: readonly FeatureStatus[]): string {
  // What the person cannot do comes first, then what merely is read along.
  const weight = ({ service, connection }: JudgedConnection) =>
    (service === undefined ? 0 : 2) + (connection.pseudoTls === undefined ? 0 : 1);
  const sorted = [...intercepted].sort((one, other) => weight(other) - weight(one));
  const all = [...grouped(sorted, (judged) => `${whoIntercepts(judged)} ${isProven([judged])}`).values()];
  const sentences = all.slice(0, MAX_SENTENCES).map((group) => interceptionSentence(group, features));
  const rest = all.slice(MAX_SENTENCES).flat();
  if (rest.length > 0) {
    const are = `${total(rest) === 1 ? "is" : "are"}${isProven(rest) ? "" : " very likely"}`;
    sentences.push(`${plural(total(rest), "more connection")} ${are} intercepted too.`);
  }
  return sentences.join(" ");
}

function whoIntercepts({ connection, verdict }: JudgedConnection): string {
  const named = "interceptor" in verdict ? verdict.interceptor?.name : undefined;
  return named ?? (isLocal(connection) ? "A program on the computer itself" : "A proxy in between");
}

/** Of connections of which the same can be said; the first is shown. */
function interceptionSentence(group: readonly JudgedConnection[], features: readonly FeatureStatus[]): string {
  const [first] = group;
  if (first === undefined) return "";
  const others = new Set(group.map(({ connection }) => describe(connection))).size - 1;
  // To how many servers look-alikes went is not known.
  const elsewhere = group.some(({ connection }) => connection.elsewhere > 0);
  const more = elsewhere
    ? ` and on ${plural(total(group) - 1, "more connection")}`
    : others > 0
      ? ` and ${others} more`
      : "";
  const shown = new Set(group.map(({ verdict }) => verdict.findings[0]));
  const broken = features
    .filter(({ status, findings }) => status === "broken" && shown.has(findings[0]))
    .map(({ feature }) => featureText(feature));
  const consequence = broken.length > 0 ? `; ${list(broken, 4)} cannot work through it` : "";
  const surely = isProven(group) ? "" : "very likely ";
  return `${whoIntercepts(first)} ${surely}intercepts TLS to ${describe(first.connection)}${more}${consequence}.`;
}

/** Ports over UDP that get no answer, without which a feature has only what is intercepted. */
function blockedBeside(
  intercepted: readonly JudgedConnection[],
  findings: readonly NumberedFinding[],
  features: readonly FeatureStatus[],
): NumberedFinding[] {
  const inspected = new Set(intercepted.map(({ connection }) => connection));
  const blamed = new Set(
    features
      .filter(({ status, by }) => status === "broken" && by !== undefined && inspected.has(by))
      .flatMap((feature) => feature.findings),
  );
  return findings
    .filter(
      ({ id, cause, connections }) => blamed.has(id) && cause === "no-answer" && connections[0]?.transport === "udp",
    )
    .slice(0, MAX_SENTENCES);
}

/** What of a service that is hit goes over UDP: works all the same, or has no other way. */
function elsewhereSentences(features: readonly FeatureStatus[], blocked: readonly NumberedFinding[]): string {
  const broken = features.filter(({ status }) => status === "broken");
  const working = features.filter(
    ({ service, status, by }) =>
      status === "working" && by?.transport === "udp" && broken.some((other) => other.service === service),
  );
  const spared = [...grouped(working, ({ by }) => by?.server.port)].map(([port, features]) => {
    const text = list(features.map(({ feature }) => featureText(feature)));
    const verb = features.length === 1 && features[0]?.feature !== "audio-video" ? "works" : "work";
    return ` ${text[0]?.toUpperCase()}${text.slice(1)} still ${verb}, over UDP ${port}.`;
  });
  const without = blocked.flatMap(({ id, connections: [connection] }) => {
    if (connection === undefined) return [];
    const hit = broken.filter(({ findings }) => findings.includes(id)).map(({ feature }) => featureText(feature));
    return [
      ` UDP ${connection.server.port} of ${connection.server.ip} gets no answer either, so there is no other way for ${list(hit)}.`,
    ];
  });
  return [...new Set([...spared, ...without])].slice(0, MAX_SENTENCES).join("");
}

/** `failing`: all that count, `worst` among them. */
function failureHeadline(
  worst: JudgedConnection,
  deciding: NumberedFinding | undefined,
  failing: readonly JudgedConnection[],
): string {
  // The finding that decides can be a possible interception: then that is not ruled out, only not shown.
  const found =
    deciding?.cause === "tls-interception"
      ? "Interception is possible but not shown;"
      : "No interception was found, but";
  const used = failing.filter(isUsedAnyway);
  const isUsed = used.includes(worst);
  const failed = total(failing) - total(used) - (isUsed ? 0 : 1);
  const others = total(used) - (isUsed ? 1 : 0);
  const more = [
    ...(failed > 0 ? [`${failed} more failed`] : []),
    ...(others > 0 ? [`${others} more ${others === 1 ? "is" : "are"} used in spite of a fault`] : []),
  ];
  const rest = more.length > 0 ? ` (and ${list(more)})` : "";
  const state = isUsed ? "is used in spite of a fault" : "failed";
  return `${found} ${describe(worst.connection)} ${state}: ${CAUSE_TEXT[causeOf(worst)]}${rest}.`;
}

/** A certificate was shown that nobody vouches for, or a failure found that may be an interception: then it is not ruled out. */
function isUnexplained(
  { connection: { tls }, verdict }: JudgedConnection,
  findings: readonly NumberedFinding[],
): boolean {
  if (verdict.is === "cannot-tell" && tls !== undefined && tls.certificates.length > 0) return true;
  return findings.some(({ id, cause }) => cause === "tls-interception" && verdict.findings.includes(id));
}

function clearHeadline(
  genuine: readonly JudgedConnection[],
  overcome: readonly JudgedConnection[],
  unexplained: boolean,
): string {
  const reached = servers(genuine.map(({ connection }) => connection));
  const causes = list(
    overcome.map((failed) =>
      isUnansweredQuic(failed) ? "QUIC gets no answer, TCP does" : CAUSE_TEXT[causeOf(failed)],
    ),
  );
  const retried =
    overcome.length > 0
      ? ` ${plural(total(overcome), "earlier connection")} to the same servers failed (${causes}).`
      : "";
  return `${unexplained ? "No interception was found" : "Nothing intercepts"}: ${plural(total(genuine), "connection")} to ${reached} reached the genuine server.${retried}`;
}

function asideSentence(aside: readonly JudgedConnection[]): string {
  if (aside.length === 0) return "";
  const ports = `${plural(total(aside), "connection")} to ${servers(aside.map(({ connection }) => connection))}`;
  return ` ${ports} failed (${list(aside.map((failed) => CAUSE_TEXT[causeOf(failed)]))}), at ports that no meeting service uses.`;
}

function cannotTellHeadline(
  unanswered: readonly JudgedConnection[],
  broken: readonly JudgedConnection[],
  connections: number,
): string {
  const count = total(unanswered);
  const servers = list(broken.map(({ connection }) => describe(connection)));
  if (broken.length > 0)
    return `Cannot tell: ${servers} showed a good certificate, then the handshake was broken off.${count > 0 ? missingSentence(unanswered) : ""}`;
  if (count > 0) return `Cannot tell: ${plural(count, "connection")} could not be judged.`;
  return connections > 0
    ? "Cannot tell: no connection in this capture shows who is at the other end."
    : "Cannot tell: there is no connection in this capture.";
}

function missingSentence(unanswered: readonly JudgedConnection[]): string {
  const count = total(unanswered);
  if (count === 0) return "";
  const missing = unanswered.flatMap(({ verdict }) => ("missing" in verdict ? verdict.missing : []));
  return ` ${plural(count, "connection")} could not be judged (missing: ${list(missing)}).`;
}

/**
 * Servers that are genuine by their certificate, and nothing came after it: a filter that reads the certificate, a client that pins
 * another, a path that swallows what follows. Not where the same client got further with the same server.
 */
function brokenOff(genuine: readonly JudgedConnection[]): JudgedConnection[] {
  const server = ({ connection }: JudgedConnection) => `${connection.client.ip} ${endpoint(connection.server)}`;
  const isBroken = ({ connection: { tls, outcome } }: JudgedConnection) =>
    (outcome === "reset" || outcome === "stalled") && tls !== undefined && tls.encrypted.server === undefined;
  const reached = new Set(genuine.filter((judged) => !isBroken(judged)).map(server));
  return genuine.filter((judged) => isBroken(judged) && !reached.has(server(judged)));
}

/** A handshake of which the capture shows a part, and not the part that would answer. */
function isUnfinished({ tls, pseudoTls, outcome, handshake }: ConnectionObservation): boolean {
  if (tls === undefined && pseudoTls === undefined) return false;
  if (outcome === "stalled" || outcome === "alert") return true;
  const whole = tls?.clientHello !== undefined && tls.serverHello !== undefined;
  return handshake.length > 0 && !whole;
}

/**
 * TCP that was refused or never answered at a port that no meeting service uses, such as a laptop's search for its neighbours: where
 * a meeting service was reached, it is not what the person asks about.
 */
function isAside({ connection, verdict, service }: JudgedConnection): boolean {
  if (verdict.is !== "impaired" || service !== undefined) return false;
  if (verdict.cause !== "port-blocked" && verdict.cause !== "port-refused") return false;
  return !isMeetingPort(connection.transport, connection.server.port);
}

/** By what succeeded, the first frame of the last one that did. */
type Successes = ReadonlyMap<string, number>;

/** Reached servers, and tunnels that a proxy granted. */
function successes(judged: readonly JudgedConnection[]): Successes {
  const last = new Map<string, number>();
  const add = (key: string, { frames }: ConnectionObservation) =>
    last.set(key, Math.max(last.get(key) ?? 0, frames.first));
  for (const { connection, verdict } of judged) {
    const isGranted = connection.through?.granted === true;
    const isGenuine = verdict.is === "genuine";
    // Whether it is genuine may be hidden, as in TLS 1.3; that it works is not.
    const works = isGenuine || (verdict.is === "cannot-tell" && wentOn(connection));
    if (!works && !isGranted) continue;
    const asked = askedBy(connection);
    if (isGranted) add(asked, connection);
    if (!works) continue;
    for (const name of new Set([nameOf(connection), undefined])) {
      const reached = reaching(connection, asked, name, connection.transport);
      add(reached, connection);
      if (isGenuine) add(`genuine ${reached}`, connection);
    }
  }
  return last;
}

/** The same client reached the same server later, under the same name: the person's problem is not this failure. */
function isOvercome(failed: JudgedConnection, successes: Successes): boolean {
  const { connection, verdict } = failed;
  const asked = askedBy(connection);
  const isLater = (key: string) => (successes.get(key) ?? 0) > connection.frames.first;
  // A proxy refused the tunnel or could not make it; granted to the same client later, by whichever proxy, it is no fault.
  if (verdict.is === "impaired" && verdict.cause.startsWith("proxy-") && isLater(asked)) return true;
  // What worked with a wrong certificate is not mended by working again.
  const how = isUsedAnyway(failed) ? "genuine " : "";
  // Where QUIC gets no answer, clients go on over TCP.
  const others = connection.protocol === "quic" ? ["tcp"] : [];
  // Who got as far as naming the server may have failed by that name: a filter, or a certificate, looks at it.
  const name = nameOf(connection);
  return [connection.transport, ...others].some((transport) =>
    isLater(`${how}${reaching(connection, asked, name, transport)}`),
  );
}

/** Who asks for what: what a proxy was asked for, or a connection without one. */
function askedBy({ client, through }: ConnectionObservation): string {
  return `${client.ip} ${through === undefined ? "" : `through ${through.target?.toLowerCase() ?? ""}`}`;
}

/** Often on purpose. */
function isUnansweredQuic({ connection, verdict }: JudgedConnection): boolean {
  return connection.protocol === "quic" && verdict.is === "impaired" && verdict.cause === "no-answer";
}

/** `name`: undefined for whatever was asked for there. */
function reaching(
  { server }: ConnectionObservation,
  asked: string,
  name: string | undefined,
  transport: string,
): string {
  return `${transport} ${endpoint(server)} ${name?.toLowerCase() ?? "*"} ${asked}`;
}

function isProven(judged: readonly JudgedConnection[]): boolean {
  return judged.some(({ verdict }) => "confidence" in verdict && verdict.confidence === "proven");
}

function total(connections: readonly JudgedConnection[]): number {
  return connections.reduce((sum, { connection }) => sum + 1 + connection.alike, 0);
}

function causeOf({ verdict }: JudgedConnection): Exclude<Cause, "tls-interception"> {
  return verdict.is === "impaired" ? verdict.cause : "capture-incomplete";
}

/** Connections of meeting services first, then the order of causes. */
function rank(judged: JudgedConnection): number {
  return CAUSES.indexOf(causeOf(judged)) + (judged.service === undefined ? CAUSES.length : 0);
}

function howToGet(missing: string): string {
  return HOW_TO_GET.get(missing) ?? `get ${missing}`;
}

const HOW_TO_GET: ReadonlyMap<string, string> = new Map([
  [
    KEY_LOG,
    "let the client write a key log while you capture (SSLKEYLOGFILE) and pass it with --keylog, since TLS 1.3 encrypts the certificate; or let it speak TLS 1.2 at most",
  ],
  [
    OVER_TCP,
    "turn QUIC off in the client while you capture: its handshake is not here, or of a version that is not read",
  ],
  [OTHER_DIRECTION, "capture both directions"],
  [TIME, "save the time of every packet with it: pcapng can leave it out"],
  [START, "start the capture before the client connects"],
  [WHOLE_PACKETS, "capture whole packets (tcpdump -s 0)"],
  [FULL_HANDSHAKE, "start the capture before the client's first connection to this server"],
  [WHAT_BROKE_IT, "look into the client's log at that moment, and capture at the other end of the path too"],
  [WHOLE_HANDSHAKE, "let the capture run until the handshake is over (this one ends in the middle of it)"],
  [FEWER_SERVERS, "split the capture (editcap -c), which has more servers and certificates than are kept"],
  [
    BASELINE,
    "declare the issuer with --private-ca if it is legitimate, or pass with --baseline what the server presents on another network",
  ],
  [
    NEWER_BASELINE,
    "look at what the server presents on another network today and pass its chain with --baseline, or declare the issuer with --private-ca if it is legitimate",
  ],
]);

const CAUSE_TEXT: Record<Exclude<Cause, "tls-interception">, string> = {
  "captive-portal": "a captive portal answers for it",
  "proxy-auth-required": "the proxy demands authentication",
  "proxy-denied": "the proxy denies it",
  "proxy-upstream-failed": "the proxy cannot reach it",
  "port-blocked": "the port never answers",
  "port-refused": "the port refuses connections",
  "reset-on-hello": "the connection is reset after the client's hello",
  "path-mtu-black-hole": "full-size packets are lost on the path",
  "client-certificate-required": "the server demands a client certificate",
  "tls-version-mismatch": "client and server have no TLS version in common",
  "tls-alert": "the handshake ended with a TLS alert",
  "certificate-expired": "its certificate has expired",
  "certificate-not-yet-valid": "its certificate is not valid yet",
  "name-mismatch": "its certificate is for another name",
  "self-signed": "the client does not trust its self-signed certificate",
  "private-ca": "the client does not trust its private issuer",
  "local-agent": "a local agent replaces its certificate",
  "non-tls-answer": "what answers does not speak the protocol the client asked for",
  "closed-without-answer": "the other side closes without an answer",
  "no-answer": "it never answers",
  "packet-loss": "packets are lost",
  "capture-incomplete": "the capture is incomplete",
};
