/**
 * Draft: the observation of one connection before cryptography (digests, trust) has been added. Owns the reading of flow
 * and reader into field terms: who is the client, how it ended, what was missing; knows nothing of verdicts.
 */
import { addressText } from "../bytes/address.ts";
import { toLatin1 } from "../bytes/text.ts";
import type { Writable } from "../bytes/writable.ts";
import { withoutQuery } from "../protocol/http/answer.ts";
import { identifyTcp } from "../protocol/identify.ts";
import { HttpConnect, isSuccess } from "../protocol/prelude/http-connect.ts";
import { Socks } from "../protocol/prelude/socks.ts";
import { pseudoTlsAnswer } from "../protocol/pseudo-tls/hello.ts";
import { type Flight, finishedAt, readFlight, signerKind } from "../protocol/tls/flight.ts";
import { alertName } from "../protocol/tls/names.ts";
import type { Certificate } from "../protocol/x509/certificate.ts";
import { speaksFor } from "../protocol/x509/host-name.ts";
import type { Flow, Half } from "../stream/flow.ts";
import type { PooledCertificate } from "./certificate-pool.ts";
import type { DtlsReader } from "./dtls-reader.ts";
import { stuckSegment, tcpIncident, udpIncident } from "./incident.ts";
import { daysBackAt, isAtHand, isFar } from "./lines.ts";
import type {
  Alert,
  ConnectionObservation,
  DtlsObservation,
  Endpoint,
  HandshakeMessage,
  HttpObservation,
  MediaObservation,
  Moment,
  Protocol,
  PseudoTlsObservation,
  Side,
  StunObservation,
  TcpDirection,
  TcpObservation,
  Timestamp,
  TlsObservation,
  Tunnel,
} from "./observations.ts";
import type { QuicReader } from "./quic-reader.ts";
import type { RealTime } from "./real-time.ts";
import {
  clientSideOf,
  type SeenAlert,
  type SeenHandshake,
  type SeenMessage,
  type SeenSide,
  type TcpReader,
} from "./tcp-reader.ts";
import type { UdpReader } from "./udp-reader.ts";

/**
 * Seconds after a pseudo-TLS hello in which nothing came, before that is called silence: the documented answer comes within a
 * round trip, a lost one again within TCP's first timeout (1 s, RFC 6298). A capture that ends sooner saw nothing.
 */
const SILENCE = 3;
/** Bytes of `head` shown in an observation. */
const SHOWN_HEAD = 64;
const DAY = 86_400;
/** Days for which a leaf counts as new; proxies that make them on demand date them back by up to two. */
const FRESH_DAYS = 4;
const TLS_1_3 = 0x0304;
const FATAL = 2;
const WARNING = 1;
const CLOSE_NOTIFY = 0;

export type TlsDraft = Omit<TlsObservation, "certificates" | "trust" | "signing"> & {
  readonly certificates: readonly { readonly pooled: PooledCertificate; readonly frame: number }[];
};

export type DtlsDraft = Omit<DtlsObservation, "certificates"> & Pick<TlsDraft, "certificates">;

export interface Draft extends Omit<ConnectionObservation, "tls" | "dtls" | "alike" | "elsewhere"> {
  readonly tls?: TlsDraft;
  readonly dtls?: DtlsDraft;
  alike: number;
  elsewhere: number;
}

/** Of IPv4 a number, of IPv6 text. */
export type AddressKey = number | string;

/**
 * What a connection was, as far as rules tell connections apart: enough to decide whether a draft of it is needed at all.
 * Taken when a connection is over.
 */
export interface Summary {
  readonly clientSide: 0 | 1;
  readonly protocol: Protocol;
  readonly outcome: ConnectionObservation["outcome"];
  readonly handshakeSeen: boolean;
  readonly chainSeen: boolean;
  /** All that rules look at, but for the server, its name and its certificates: two such texts are equal, or a rule may differ. */
  readonly facts: string;
  /** Port, server name and certificates; the client, where rules look at what else it met. */
  readonly names: string;
  /** Address of the server. */
  readonly server: AddressKey;
  /** Network of that address, as `networkOf` has it. */
  readonly network: AddressKey;
  readonly client: AddressKey;
  readonly firstFrame: number;
  /** Sessions given out. */
  readonly issued: readonly string[];
  /** It was resumed with one of these sessions. */
  readonly resumes: readonly string[];
  /** The client named the server. */
  readonly named: boolean;
  /** It went well, and nothing happened that is this connection's own or tells of another one. */
  readonly uneventful: boolean;
}

interface TcpSummary extends Summary {
  readonly version: number | undefined;
  readonly resumed: boolean | undefined;
  readonly pseudoTls: PseudoTlsObservation | undefined;
  readonly through: Tunnel | undefined;
  readonly inside: Draft["inside"];
  readonly http: HttpObservation | undefined;
}

const NO_HEAD: Draft["head"] = {};

/** `latest`: the latest moment of the capture so far. */
export function tcpSummary(flow: Flow, reader: TcpReader | undefined, latest: Timestamp): TcpSummary {
  const clientSide = reader?.clientSide ?? clientSideOf(flow);
  const serverSide = clientSide === 0 ? 1 : 0;
  const client = flow.half(clientSide);
  const server = flow.half(serverSide);
  const clientSeen = reader?.sides[clientSide];
  const serverSeen = reader?.sides[serverSide];
  const tls = reader?.isTls === true ? reader : undefined;
  const pseudoTls = reader === undefined ? undefined : pseudoDraft(reader, flow, client, server, serverSeen);
  const protocol: Protocol =
    pseudoTls !== undefined
      ? pseudoTls.dialect === "ms-turn"
        ? "pseudo-tls"
        : "ssltcp"
      : tls !== undefined
        ? underlying(tls)
        : (binaryPrelude(reader) ??
          reader?.realTime?.protocol ??
          identifyTcp(clientSeen?.head.bytes, serverSeen?.head.bytes));
  const through = tunnel(reader);
  const inside = insideOf(reader, clientSide as 0 | 1);
  const http = httpAnswer(clientSeen, serverSeen);
  const outcome = tcpOutcome(flow, client, server, reader, serverSide);
  const version = tls?.serverHello?.version;
  const resumed = tls === undefined ? undefined : resumption(tls, version, serverSeen);
  const chain = tls?.chain;
  const serverName = tls?.clientHello?.serverName;
  // Numbers are characters: thousands of these texts are made, hashed and compared.
  const flags = tcpFlags(flow, client, server, serverSide);
  let facts = `${protocol} ${outcome}`;
  facts += tls === undefined ? String.fromCharCode(flags) : tlsFacts(flags, tls, resumed, clientSeen, serverSeen);
  if (client.unreachable !== undefined) facts += ` icmp ${client.unreachable.type} ${client.unreachable.code}`;
  if (tls !== undefined)
    for (const { side, level, code } of tls.alerts) facts += ` ${side === clientSide ? "<" : ">"}${level}.${code}`;
  if (pseudoTls !== undefined) {
    facts += ` ${pseudoTls.answer} ${pseudoTls.framedTurn.client !== undefined} ${pseudoTls.framedTurn.server !== undefined}`;
    facts += ` ${client.opening?.number} ${server.opening?.number} ${isAtHand(flow.synAckAt - flow.synAt)}`;
  }
  if (through !== undefined) facts += ` through ${through.kind} ${through.status} ${through.granted} ${through.login}`;
  if (inside !== undefined) facts += ` inside ${inside.client !== undefined} ${inside.server !== undefined}`;
  if (http !== undefined) facts += ` http ${http.status} ${http.location} ${http.server} ${http.title}`;
  if (tls?.decrypted === true) facts += " decrypted";
  if (tls !== undefined && clientSeen !== undefined && serverSeen !== undefined && chain === undefined)
    facts += outside(flow, tls, clientSeen, serverSeen, server);
  if (reader?.realTime !== undefined) facts += realTimeFacts(reader.realTime);
  facts += tcpIncident(flow, { clientSide, reader, isPseudo: pseudoTls !== undefined, through, inside }, latest);
  const leaf = chain?.certificates[0]?.certificate;
  if (reader !== undefined && leaf !== undefined) {
    facts += moments(flow, reader, leaf);
    if (mayBeForged(leaf)) facts += distance(flow, helloDelay(reader, clientSeen, serverSeen));
  }
  let names = `${serverSide === 0 ? flow.aPort : flow.bPort} ${serverName ?? ""}`;
  if (chain !== undefined) names += ` ${chain.key}`;
  if (through !== undefined) names += ` ${through.target}`;
  if (http !== undefined) names += ` ${http.host}`;
  // What else the same client met at this server is weighed with it.
  if (pseudoTls !== undefined && pseudoTls.answer !== "documented") names += ` ${addressKey(flow, clientSide)}`;
  return {
    clientSide,
    protocol,
    outcome,
    handshakeSeen: tls !== undefined && (tls.clientHelloFrame > 0 || tls.serverHelloFrame > 0),
    chainSeen: chain !== undefined && chain.certificates.length > 0,
    facts,
    names,
    server: addressKey(flow, serverSide),
    network: networkKey(flow, serverSide),
    named: serverName !== undefined,
    client: addressKey(flow, clientSide),
    firstFrame: flow.firstFrame,
    issued: tls?.issuedSessions ?? [],
    resumes: resumed === true && tls !== undefined ? tls.offeredSessions : [],
    uneventful:
      tls !== undefined &&
      pseudoTls === undefined &&
      reader?.realTime === undefined &&
      resumed !== true &&
      isUneventful(flow, tls, outcome) &&
      (leaf === undefined || isOrdinaryLeaf(leaf, serverName, flow.seconds)),
    version,
    resumed,
    pseudoTls,
    through,
    inside,
    http,
  };
}

export function tcpDraft(flow: Flow, reader: TcpReader | undefined, summary: TcpSummary): Draft {
  const { clientSide, pseudoTls, through, inside, http } = summary;
  const serverSide = clientSide === 0 ? 1 : 0;
  const sideName = (side: 0 | 1): Side => (side === clientSide ? "client" : "server");
  const clientSeen = reader?.sides[clientSide];
  const serverSeen = reader?.sides[serverSide];
  const hello = helloDelay(reader, clientSeen, serverSeen);
  const rtt = flow.synFrame > 0 && flow.synAckFrame > 0 ? flow.synAckAt - flow.synAt : undefined;
  const timing: Writable<Draft["timing"]> = {};
  if (!flow.untimed) {
    if (rtt !== undefined && rtt >= 0) timing.tcpRtt = inNanos(rtt);
    if (flow.synAckFrame > 0 && flow.ackAt >= flow.synAckAt) timing.tcpAck = inNanos(flow.ackAt - flow.synAckAt);
    if (hello !== undefined && hello >= 0) timing.hello = inNanos(hello);
  }
  const draft: Writable<Draft> = base(flow, summary);
  draft.handshake = handshake(reader, sideName);
  draft.timing = timing;
  draft.head = heads(clientSeen, serverSeen);
  draft.tcp = tcpObservation(flow, flow.half(clientSide), flow.half(serverSide), sideName);
  if (reader?.isTls === true) {
    const tls: Writable<TlsDraft> = tlsDraft(reader, summary, sideName, clientSeen, serverSeen);
    const flight = clientSeen && serverSeen && flightOf(reader, clientSeen, serverSeen);
    if (flight !== undefined) tls.flight = flight;
    draft.tls = tls;
  }
  if (pseudoTls !== undefined) draft.pseudoTls = pseudoTls;
  if (through !== undefined) draft.through = through;
  if (inside !== undefined) draft.inside = inside;
  if (http !== undefined) draft.http = http;
  if (reader?.realTime !== undefined) addRealTime(draft, reader.realTime, clientSide);
  return draft;
}

/** Without what subtracting leaves beyond the last digit of a capture. */
function inNanos(seconds: number): number {
  return Math.round(seconds * 1e9) / 1e9;
}

export function udpSummary(
  flow: Flow,
  { clientSide, protocol, realTime, quic }: UdpReader,
  latest: Timestamp,
): Summary {
  const serverSide = clientSide === 0 ? 1 : 0;
  const outcome = flow.half(serverSide).frames === 0 ? "unanswered" : (quic?.alerts.length ?? 0) > 0 ? "alert" : "open";
  const { unreachable } = flow.half(clientSide);
  let facts = `${protocol} ${outcome}${realTimeFacts(realTime)}`;
  if (unreachable !== undefined) facts += ` icmp ${unreachable.type} ${unreachable.code}`;
  if (quic !== undefined) facts += quicFacts(flow, quic);
  if (flow.half(serverSide).bytes === 0) {
    const stun = realTime.stun?.observation;
    facts += `${udpIncident(flow, stun?.requests ?? flow.frameCount, latest)} ${stun?.allocate}`;
  }
  let names = `${serverSide === 0 ? flow.aPort : flow.bPort} ${quic?.clientHello?.serverName ?? ""} ${quic?.chain?.key ?? ""}`;
  // That the server answers this client is weighed with what it got over TCP.
  if ((realTime.stun?.observation.responses ?? 0) > 0) names += ` ${addressKey(flow, clientSide)}`;
  const resumed = quic?.serverHello?.acceptsPsk === true;
  return {
    clientSide,
    protocol,
    outcome,
    handshakeSeen: quic?.clientHello !== undefined || quic?.serverHello !== undefined,
    chainSeen: (quic?.chain?.certificates.length ?? 0) > 0,
    facts,
    names,
    server: addressKey(flow, serverSide),
    network: networkKey(flow, serverSide),
    client: addressKey(flow, clientSide),
    firstFrame: flow.firstFrame,
    issued: quic?.issuedSessions ?? [],
    resumes: resumed ? quic.offeredSessions : [],
    named: false,
    // One that nobody answers may be why the client goes on elsewhere.
    uneventful: outcome !== "unanswered",
  };
}

export function udpDraft(flow: Flow, { realTime, quic }: UdpReader, summary: Summary): Draft {
  const draft: Writable<Draft> = base(flow, summary);
  addRealTime(draft, realTime, summary.clientSide);
  if (quic === undefined) return draft;
  const sideName = (side: 0 | 1): Side => (side === summary.clientSide ? "client" : "server");
  const { version, offered, retry, serverHello } = quic;
  draft.quic = { ...(version !== 0 && { version }), ...(offered !== undefined && { offered }), retry };
  draft.handshake = handshake(quic, sideName);
  if (quic.clientHello === undefined && serverHello === undefined) return draft;
  draft.tls = {
    ...tlsDraft(quic, { version: serverHello?.version, resumed: quicResumption(quic) }, sideName),
    applicationData: { client: quic.data[summary.clientSide], server: quic.data[summary.clientSide === 0 ? 1 : 0] },
  };
  return draft;
}

/** What rules ask of a call. */
function realTimeFacts({ stun, framing, dtls, media }: RealTime): string {
  let facts = framing === undefined ? "" : ` ${framing}`;
  if (stun !== undefined) {
    const { dialect, responses, allocation } = stun.observation;
    facts += ` ${dialect} ${responses > 0} ${allocation?.is} ${allocation?.error?.code}`;
  }
  if (dtls !== undefined) facts += ` ${dtls.clientHello !== undefined} ${dtls.serverHello?.version}`;
  if (media !== undefined) facts += ` ${media.rtp[0] > 0} ${media.rtp[1] > 0}`;
  return facts;
}

function addRealTime(draft: Writable<Draft>, { stun, framing, dtls, media }: RealTime, clientSide: 0 | 1): void {
  const sideName = (side: 0 | 1): Side => (side === clientSide ? "client" : "server");
  if (stun !== undefined) {
    const observed = draft.untimed === true ? withoutTime(stun.observation) : stun.observation;
    draft.stun = framing === undefined ? observed : { ...observed, framing };
  }
  if (media !== undefined && media.rtp[0] + media.rtp[1] > 0) {
    const found: Writable<MediaObservation> = {};
    for (const side of [0, 1] as const) if (media.rtp[side] > 0) found[sideName(side)] = media.rtp[side];
    draft.media = found;
  }
  // TLS keeps its own identity, whatever was opened inside.
  if (dtls === undefined || draft.tls !== undefined) return;
  draft.dtls = dtlsDraft(dtls, sideName);
  draft.handshake = [...draft.handshake, ...handshake(dtls, sideName)];
}

function withoutTime({ rtt: _, ...stun }: StunObservation): StunObservation {
  return stun;
}

function dtlsDraft(reader: DtlsReader, sideName: (side: 0 | 1) => Side): DtlsDraft {
  const { clientHello, serverHello, chain } = reader;
  const dtls: Writable<DtlsDraft> = {
    certificates: (chain?.certificates ?? []).map((pooled) => ({ pooled, frame: reader.chainFrame })),
    alerts: reader.alerts.map((alert) => toAlert(alert, sideName)),
  };
  if (clientHello !== undefined) dtls.clientHello = clientHello;
  if (serverHello !== undefined) {
    dtls.serverHello = serverHello.observed;
    dtls.version = serverHello.version;
  }
  if (reader.srtpProfile !== undefined) dtls.srtpProfile = reader.srtpProfile;
  return dtls;
}

function quicFacts(flow: Flow, quic: QuicReader): string {
  const { version, offered, retry, serverHello, alerts, data, chain } = quic;
  let facts = ` ${version} ${offered?.join(",")} ${retry} ${quic.clientHello !== undefined} ${serverHello?.observed.cipherSuite}`;
  facts += ` ${quicResumption(quic)} ${quic.clientCertificates} ${quic.certificateRequested} ${isCertificateUnreadable(quic)} ${data}`;
  for (const { side, code } of alerts) facts += side === quic.clientSide ? ` <${code}` : ` >${code}`;
  if (quic.decrypted) facts += " decrypted";
  const leaf = chain?.certificates[0]?.certificate;
  return leaf === undefined ? facts : facts + moments(flow, quic, leaf);
}

/** Undefined while the server has not answered. */
function quicResumption({ serverHello }: QuicReader): boolean | undefined {
  return serverHello === undefined || serverHello.isHelloRetryRequest ? undefined : serverHello.acceptsPsk;
}

/** What a connection is without anything that could be judged. */
export function draftWithoutDetail(flow: Flow, summary: Summary): Draft {
  return { ...base(flow, { ...summary, protocol: "unknown", outcome: "open" }), undetailed: true };
}

function base(flow: Flow, { clientSide, protocol, outcome }: Summary): Draft {
  const { unreachable } = flow.half(clientSide);
  const a: Endpoint = { ip: addressText(flow.ipVersion, flow.a0, flow.a1, flow.a2, flow.a3), port: flow.aPort };
  const b: Endpoint = { ip: addressText(flow.ipVersion, flow.b0, flow.b1, flow.b2, flow.b3), port: flow.bPort };
  return {
    id: `${flow.transport}/${flow.number}`,
    transport: flow.transport,
    file: flow.file,
    client: clientSide === 0 ? a : b,
    server: clientSide === 0 ? b : a,
    protocol,
    frames: { first: flow.firstFrame, last: flow.lastFrame, count: flow.frameCount },
    from: { seconds: flow.seconds, nanos: flow.nanos },
    to: { seconds: flow.lastSeconds, nanos: flow.lastNanos },
    bytes: { fromClient: flow.half(clientSide).bytes, fromServer: flow.half(clientSide === 0 ? 1 : 0).bytes },
    handshake: [],
    head: NO_HEAD,
    timing: {},
    outcome,
    ...(flow.untimed && { untimed: true }),
    ...(flow.application !== undefined && { application: flow.application }),
    ...(unreachable !== undefined && { unreachable }),
    alike: 0,
    elsewhere: 0,
  };
}

function addressKey(flow: Flow, side: 0 | 1): AddressKey {
  if (flow.ipVersion === 4) return side === 0 ? flow.a3 : flow.b3;
  return side === 0 ? `${flow.a0} ${flow.a1} ${flow.a2} ${flow.a3}` : `${flow.b0} ${flow.b1} ${flow.b2} ${flow.b3}`;
}

/** Inside a tunnel TLS is TLS; after STARTTLS it is still mail or chat. */
function underlying({ prelude }: TcpReader): Protocol {
  return prelude === undefined || isTunnel(prelude) ? "tls" : prelude.protocol;
}

function isTunnel(prelude: TcpReader["prelude"]): prelude is HttpConnect | Socks {
  return prelude instanceof HttpConnect || prelude instanceof Socks;
}

/** Where no TLS followed, what is no text is known by its prelude alone; inside a tunnel it says nothing of what is there. */
function binaryPrelude(reader: TcpReader | undefined): Protocol | undefined {
  const prelude = reader?.prelude;
  if (prelude?.protocol === "rdp") return "rdp";
  return prelude instanceof Socks && prelude.confirmed && prelude.granted !== true ? "socks" : undefined;
}

function tunnel(reader: TcpReader | undefined): Tunnel | undefined {
  const prelude = reader?.tunnel ?? reader?.prelude;
  if (prelude instanceof HttpConnect) return httpTunnel(prelude);
  return prelude instanceof Socks ? socksTunnel(prelude) : undefined;
}

function httpTunnel({ target, requestFrame, answered, headers }: HttpConnect): Tunnel | undefined {
  if (target === undefined) return undefined;
  const found: Writable<Tunnel> = { kind: "http-connect", target, requestFrame, headers };
  if (answered?.status === undefined) return found;
  found.status = answered.status;
  found.statusFrame = answered.frame;
  found.granted = isSuccess(answered.status);
  if (answered.title !== undefined) found.title = answered.title;
  return found;
}

function socksTunnel(prelude: Socks): Tunnel | undefined {
  const { version, target, requestFrame, status, statusFrame, granted, loginRefused, confirmed } = prelude;
  if (!confirmed || (target === undefined && !loginRefused)) return undefined;
  const found: Writable<Tunnel> = { kind: "socks", requestFrame, headers: [] };
  if (version !== undefined) found.version = version;
  if (target !== undefined) found.target = target;
  if (status !== undefined) found.status = status;
  if (statusFrame > 0) found.statusFrame = statusFrame;
  if (granted !== undefined) found.granted = granted;
  if (loginRefused) found.login = "refused";
  return found;
}

/** What is said in a tunnel before TLS is inside as well. */
function insideOf(reader: TcpReader | undefined, clientSide: 0 | 1): Draft["inside"] {
  if (reader === undefined) return undefined;
  const begins = (seen: SeenSide): Moment | undefined =>
    seen.firstFrame > 0 && (seen.pastPrelude || reader.tunnel !== undefined)
      ? { frame: seen.firstFrame, at: seen.firstAt }
      : undefined;
  const [one, other] = reader.sides;
  if (reader.tunnel === undefined && !one.pastPrelude && !other.pastPrelude) return undefined;
  const inside: Writable<NonNullable<Draft["inside"]>> = {};
  const client = begins(clientSide === 0 ? one : other);
  const server = begins(clientSide === 0 ? other : one);
  if (client !== undefined) inside.client = client;
  if (server !== undefined) inside.server = server;
  return inside;
}

function httpAnswer(client: SeenSide | undefined, server: SeenSide | undefined): HttpObservation | undefined {
  const answer = server?.answer;
  if (answer?.status === undefined || server === undefined) return undefined;
  const found: Writable<HttpObservation> = { frame: answer.frame, at: server.firstAt, status: answer.status };
  const { title } = answer;
  const named = answer.header("server");
  const location = answer.header("location");
  const host = client === undefined ? undefined : hostOf(client);
  if (title !== undefined) found.title = title;
  if (named !== undefined) found.server = named;
  if (location !== undefined) found.location = withoutQuery(location);
  if (host !== undefined) found.host = host;
  return found;
}

/** Of a plain request; one in absolute form (RFC 9112 section 3.2.2) speaks to a proxy. */
function hostOf({ head }: SeenSide): string | undefined {
  return /^[A-Z]+ \/[^\r\n]* HTTP\/1\.[01]\r\n(?:[^\r\n]+\r\n)*?host:[ \t]*([^\s:]+)/i.exec(toLatin1(head.bytes))?.[1];
}

function networkKey(flow: Flow, side: 0 | 1): AddressKey {
  if (flow.ipVersion === 4) return (side === 0 ? flow.a3 : flow.b3) >>> 8;
  return side === 0 ? `${flow.a0} ${flow.a1}` : `${flow.b0} ${flow.b1}`;
}

/** What rules make of the leaf's dates and of where it stands, as far as it differs between connections that are else alike. */
function moments({ seconds, untimed }: Flow, reader: SeenHandshake, leaf: Certificate): string {
  let flags = isSplit(reader) ? 1 : 0;
  if (untimed) return String.fromCharCode(flags);
  if (seconds < leaf.notBefore) flags |= 2;
  if (seconds > leaf.notAfter) flags |= 4;
  const minted = mayBeForged(leaf) ? daysBackAt(seconds - leaf.notBefore) : undefined;
  // Trust in a root ends on a day.
  return String.fromCharCode(flags | 8, minted ?? 0xffff) + Math.floor(seconds / DAY);
}

/** Rules ask when and where a leaf was made only where no public log vouches for it. */
function mayBeForged(leaf: Certificate): boolean {
  return leaf.embeddedScts === 0;
}

/** Whether TLS is further away than TCP, as far as that is known. */
function distance({ synFrame, synAckFrame, synAt, synAckAt, untimed }: Flow, hello: number | undefined): string {
  if (untimed || synFrame === 0 || synAckFrame === 0 || hello === undefined) return "";
  return ` ${isFar(synAckAt - synAt, hello)}`;
}

/** The server's Certificate begins in a later frame than its ServerHello ends in. */
function isSplit({ messages }: SeenHandshake): boolean {
  let hello: SeenMessage | undefined;
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i] as SeenMessage;
    if (hello === undefined) {
      if (message.name === "ServerHello") hello = message;
    } else if (message.name === "Certificate" && message.side === hello.side) {
      return (hello.frames.at(-1) as number) < (message.frames[0] as number);
    }
  }
  return false;
}

/**
 * What is seen of a server that showed no certificate: how it chose, the lengths of its flight as far as they are the same for one
 * server, its SYN-ACK, and whether its answer to the hello came much later than that. A connection that was answered by another machine
 * differs in one of these. Where the certificate was read it says more than all of them.
 */
function outside(flow: Flow, tls: TcpReader, clientSeen: SeenSide, serverSeen: SeenSide, { opening }: Half): string {
  const { serverHello, retryGroup, helloRetryRequest } = tls;
  const near = flow.synAckAt - flow.synAt;
  const hello = helloDelay(tls, clientSeen, serverSeen) ?? 0;
  const late = isFar(near, hello);
  return ` ${serverHello?.observed.group} ${retryGroup} ${helloRetryRequest} ${flightKind(tls, serverSeen)} ${opening?.number} ${late}`;
}

/** Signatures of one key differ by some bytes; so do flights in which messages share records. */
function flightKind({ serverHello, serverRecordsBefore }: TcpReader, { lengths }: SeenSide): string {
  if (serverHello === undefined || lengths === "") return "";
  const { cipherSuite } = serverHello.observed;
  const before = serverRecordsBefore < 0 ? undefined : serverRecordsBefore;
  const finished = finishedAt({ cipherSuite, resumed: serverHello.acceptsPsk, server: lengths, before });
  if (finished < 0) return `${total(lengths, 0, before ?? lengths.length)}`;
  const kind = serverHello.acceptsPsk ? "" : signerKind(cipherSuite, lengths, finished);
  return `${lengths.charCodeAt(0)} ${total(lengths, 1, finished - 1)} ${kind}`;
}

function total(lengths: string, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at++) sum += lengths.charCodeAt(at);
  return sum;
}

/** For the host that was asked for, and not made within the last days: one made on demand tells by its connections. */
function isOrdinaryLeaf(leaf: Certificate, name: string | undefined, now: number): boolean {
  const age = now - leaf.notBefore;
  if (age > -DAY && age < FRESH_DAYS * DAY) return false;
  return name === undefined || isFor(leaf, name);
}

/** The host that a leaf was last asked about: mostly one and the same. */
const ASKED = new WeakMap<Certificate, { readonly name: string; readonly answer: boolean }>();

function isFor(leaf: Certificate, name: string): boolean {
  const before = ASKED.get(leaf);
  if (before?.name === name) return before.answer;
  const answer = speaksFor(leaf, name);
  ASKED.set(leaf, { name, answer });
  return answer;
}

function isUneventful(flow: Flow, tls: TcpReader, outcome: Draft["outcome"]): boolean {
  const [one, other] = tls.sides;
  return (
    (outcome === "closed" || outcome === "open") &&
    one.encryptedFrame > 0 &&
    other.encryptedFrame > 0 &&
    stuckSegment(flow.half0, flow.half1) === undefined &&
    stuckSegment(flow.half1, flow.half0) === undefined &&
    !lacks(flow.half0) &&
    !lacks(flow.half1) &&
    flow.half0.unreachable === undefined &&
    flow.half1.unreachable === undefined &&
    tls.alerts.length === 0 &&
    tls.clientCertificates === undefined &&
    !isCertificateUnreadable(tls) &&
    tls.prelude === undefined
  );
}

function lacks({ missing, lost, fromStart }: Half): boolean {
  return missing > 0 || lost > 0 || !fromStart;
}

/** What rules ask of TCP, a bit each. */
function tcpFlags(flow: Flow, client: Half, server: Half, serverSide: 0 | 1): number {
  const reset = flow.resetFrame > 0;
  let flags = 0;
  if (flow.syns > 0) flags |= 1;
  if (flow.synAckFrame > 0) flags |= 2;
  if (client.missing > 0) flags |= 4;
  if (server.missing > 0) flags |= 8;
  if (client.lost > 0) flags |= 16;
  if (server.lost > 0) flags |= 32;
  if (client.firstDataFrame > 0) flags |= 64;
  if (server.firstDataFrame > 0) flags |= 128;
  if (client.finFrame > 0) flags |= 256;
  if (server.finFrame > 0) flags |= 512;
  if (stuckSegment(client, server) !== undefined) flags |= 8192;
  if (stuckSegment(server, client) !== undefined) flags |= 16_384;
  if (reset && flow.resetSide === serverSide) flags |= 1024;
  if (reset && flow.resetSide !== serverSide) flags |= 2048;
  if (server.opening !== undefined && server.firstDataFrame > 0 && server.firstDataTtl !== server.opening.ttl)
    flags |= 4096;
  return flags;
}

function tlsFacts(
  tcp: number,
  reader: TcpReader,
  resumed: boolean | undefined,
  client: SeenSide | undefined,
  server: SeenSide | undefined,
): string {
  const { serverHello, clientCertificates } = reader;
  let flags = 0;
  if (serverHello !== undefined) flags |= 64;
  if (resumed !== undefined) flags |= resumed ? 128 : 256;
  if (clientCertificates !== undefined) flags |= 512;
  if (isCertificateUnreadable(reader)) flags |= 1;
  if (reader.certificateRequested) flags |= 2;
  if (client?.applicationData === true) flags |= 4;
  if (server?.applicationData === true) flags |= 8;
  if (reader.clientHello !== undefined) flags |= 16;
  if (reader.chain?.certificates[0] !== undefined) flags |= 32;
  const { version = 0, observed } = serverHello ?? {};
  const certificates = Math.min(clientCertificates ?? 0, 0xffff);
  return String.fromCharCode(tcp, flags, version, observed?.cipherSuite ?? 0, certificates);
}

function direction(half: Half, other: Half): TcpDirection {
  const stuck = stuckSegment(half, other);
  const found: Writable<TcpDirection> = {
    frames: half.frames,
    bytes: half.bytes,
    missing: half.missing,
    lost: half.lost,
    unacknowledged: half.unacknowledged,
    retransmissions: half.retransmissions,
    largestSegment: half.largestSegment,
  };
  if (stuck !== undefined) found.stuck = stuck;
  if (half.finFrame > 0) found.fin = half.finFrame;
  if (half.firstDataFrame > 0) {
    found.firstData = half.firstDataFrame;
    found.dataTtl = half.firstDataTtl;
  }
  if (half.ttl >= 0) found.ttl = half.ttl;
  if (half.opening !== undefined) found.opening = half.opening;
  return found;
}

function tcpObservation(flow: Flow, client: Half, server: Half, sideName: (side: 0 | 1) => Side): TcpObservation {
  const tcp: Writable<TcpObservation> = {
    client: direction(client, server),
    server: direction(server, client),
    syns: flow.syns,
  };
  if (flow.synFrame > 0) tcp.synFrame = flow.synFrame;
  if (flow.synAckFrame > 0) tcp.synAckFrame = flow.synAckFrame;
  if (flow.resetFrame > 0) {
    tcp.reset = { from: sideName(flow.resetSide), frame: flow.resetFrame, at: flow.resetAt, ttl: flow.resetTtl };
  }
  return tcp;
}

/** In the order in which they were complete. */
function handshake(
  reader: Pick<SeenHandshake, "messages"> | undefined,
  sideName: (side: 0 | 1) => Side,
): HandshakeMessage[] {
  if (reader === undefined) return [];
  const messages = reader.messages.map(
    ({ side, name, frame, frames, record, at, length, incomplete }): HandshakeMessage => ({
      from: sideName(side),
      message: name,
      frame,
      frames,
      record,
      at,
      length,
      incomplete,
    }),
  );
  return messages.sort((one, other) => one.frame - other.frame);
}

function tlsDraft(
  reader: SeenHandshake,
  { version, resumed }: Pick<TcpSummary, "version" | "resumed">,
  sideName: (side: 0 | 1) => Side,
  client?: SeenSide,
  server?: SeenSide,
): TlsDraft {
  const { serverHello, chain } = reader;
  const tls: Writable<TlsDraft> = {
    helloRetryRequest: reader.helloRetryRequest,
    decrypted: reader.decrypted,
    certificates: (chain?.certificates ?? []).map((pooled) => ({ pooled, frame: reader.chainFrame })),
    certificateUnreadable: isCertificateUnreadable(reader),
    certificateRequested: reader.certificateRequested,
    issuedSessions: reader.issuedSessions,
    offeredSessions: reader.offeredSessions,
    alerts: reader.alerts.map((alert) => toAlert(alert, sideName)),
    changeCipherSpec: frames(client?.changeCipherSpecFrame, server?.changeCipherSpecFrame),
    encrypted: frames(client?.encryptedFrame, server?.encryptedFrame),
    applicationData: { client: client?.applicationData === true, server: server?.applicationData === true },
  };
  if (reader.clientHello !== undefined) tls.clientHello = reader.clientHello;
  if (reader.clientHelloFrame > 0) tls.clientHelloFrame = reader.clientHelloFrame;
  if (serverHello !== undefined) {
    const { observed } = serverHello;
    tls.serverHello = reader.alpn === undefined ? observed : { ...observed, alpn: reader.alpn };
  }
  if (reader.serverHelloFrame > 0) tls.serverHelloFrame = reader.serverHelloFrame;
  if (version !== undefined) tls.version = version;
  if (reader.retryGroup !== undefined) tls.retryGroup = reader.retryGroup;
  if (reader.clientCertificates !== undefined) tls.clientCertificates = reader.clientCertificates;
  if (resumed !== undefined) tls.resumed = resumed;
  return tls;
}

/** Of TLS 1.3 itself: its drafts had other lengths. */
function flightOf(reader: TcpReader, client: SeenSide, server: SeenSide): Flight | undefined {
  const { serverHello, serverRecordsBefore, holes } = reader;
  if (serverHello?.version !== TLS_1_3 || serverHello.isHelloRetryRequest || reader.recordsMissed) return undefined;
  return readFlight({
    cipherSuite: serverHello.observed.cipherSuite,
    resumed: serverHello.acceptsPsk,
    offer: reader.flightOffer,
    server: server.lengths,
    client: client.lengths,
    before: serverRecordsBefore < 0 || holes ? undefined : serverRecordsBefore,
  });
}

function toAlert({ side, level, code, frame, at }: SeenAlert, sideName: (side: 0 | 1) => Side): Alert {
  return {
    from: sideName(side),
    level: level === FATAL ? "fatal" : level === WARNING ? "warning" : "unknown",
    description: alertName(code),
    code,
    frame,
    at,
  };
}

function isCertificateUnreadable(reader: SeenHandshake): boolean {
  return reader.certificateSeen && reader.chain?.certificates[0]?.certificate === undefined;
}

/** Frame numbers of both sides; 0 and undefined mean none. */
function frames(client = 0, server = 0): { client?: number; server?: number } {
  const found: { client?: number; server?: number } = {};
  if (client > 0) found.client = client;
  if (server > 0) found.server = server;
  return found;
}

/** Known only when the server's flight was seen from its ServerHello on. */
function resumption(reader: TcpReader, version: number | undefined, server?: SeenSide): boolean | undefined {
  const { serverHello } = reader;
  if (serverHello === undefined || version === undefined) return undefined;
  if (version >= 0x0304) return serverHello.acceptsPsk;
  if (reader.certificateSeen) return false;
  if (server === undefined || server.changeCipherSpecFrame === 0 || server.head.broken) return undefined;
  // A full handshake without a Certificate is anonymous, or has a pre-shared key.
  return !reader.messages.some(isOfFullHandshake);
}

/** An abbreviated handshake has neither (RFC 5246 section 7.3). */
function isOfFullHandshake({ name }: SeenMessage): boolean {
  return name === "ServerKeyExchange" || name === "ServerHelloDone";
}

function pseudoDraft(
  reader: TcpReader,
  flow: Flow,
  client: Half,
  server: Half,
  seen: SeenSide | undefined,
): PseudoTlsObservation | undefined {
  if (reader.pseudo === undefined) return undefined;
  const clientSide = reader.clientSide;
  const framed = {
    client: reader.sides[clientSide].turnFrame,
    server: reader.sides[clientSide === 0 ? 1 : 0].turnFrame,
  };
  const reset = flow.resetFrame > 0 && flow.resetSide !== clientSide ? flow.resetFrame : 0;
  const [answer, frame] = spokenAnswer(reader, server, seen) ?? ending(reader, flow, client, server, reset);
  return {
    dialect: reader.pseudo,
    helloFrame: reader.pseudoHelloFrame,
    answer,
    ...(frame > 0 && { answerFrame: frame }),
    framedTurn: {
      ...(framed.client > 0 && { client: framed.client }),
      ...(framed.server > 0 && { server: framed.server }),
    },
  };
}

type PseudoAnswer = [PseudoTlsObservation["answer"], frame: number];

const NOT_CAPTURED: PseudoAnswer = ["not-captured", 0];

/** What the server said; undefined when it said nothing, and the capture shows that. */
function spokenAnswer(reader: TcpReader, server: Half, seen: SeenSide | undefined): PseudoAnswer | undefined {
  if (reader.pseudoAnswered) return ["documented", reader.pseudoAnswerFrame];
  // Only what stands at the start of the server's stream answers the hello.
  if (!server.fromStart) return NOT_CAPTURED;
  if (reader.chain?.certificates[0] !== undefined) return ["certificate", reader.chainFrame];
  if (reader.certificateSeen)
    return ["certificate", reader.messages.find(({ name }) => name === "Certificate")?.frame ?? 0];
  // What is missing in the capture may have been the documented answer, or the rest of it.
  if (server.missing + server.lost > 0 || seen?.head.broken === true) return NOT_CAPTURED;
  if (seen === undefined || seen.bytes === 0) return undefined;
  const { pseudo, clientSide } = reader;
  if (!seen.ordinary && pseudo !== undefined && pseudoTlsAnswer(seen.head.bytes, pseudo) === "need-more")
    return NOT_CAPTURED;
  const alert = reader.alerts.find(({ side }) => side !== clientSide);
  if (alert !== undefined) return ["alert", alert.frame];
  if (reader.serverHelloFrame > 0) return ["server-hello", reader.serverHelloFrame];
  return ["other-bytes", seen.firstFrame];
}

/** How a dialogue ended in which the server said nothing. */
function ending(reader: TcpReader, flow: Flow, client: Half, server: Half, reset: number): PseudoAnswer {
  if (reset > 0) return ["reset", reset];
  if (server.finFrame > 0) return ["fin", server.finFrame];
  const clientGaveUp = client.finFrame > 0 || flow.resetFrame > 0;
  const waited = flow.since(flow.lastSeconds, flow.lastNanos) - reader.pseudoHelloAt;
  return clientGaveUp || waited >= SILENCE ? ["silence", 0] : NOT_CAPTURED;
}

function tcpOutcome(
  flow: Flow,
  client: Half,
  server: Half,
  reader: TcpReader | undefined,
  serverSide: 0 | 1,
): ConnectionObservation["outcome"] {
  const data = client.firstDataFrame > 0 || server.firstDataFrame > 0;
  if (flow.syns > 0 && flow.synAckFrame === 0 && !data) {
    if (client.unreachable !== undefined || (flow.resetFrame > 0 && flow.resetSide === serverSide)) return "refused";
    if (server.frames === 0 && client.frames === flow.syns + (flow.resetFrame > 0 ? 1 : 0)) return "unanswered";
  }
  const bothFin = client.finFrame > 0 && server.finFrame > 0;
  if (flow.resetFrame > 0 && !bothFin) return "reset";
  if (reader?.alerts.some(({ level, code }) => level !== WARNING && code !== CLOSE_NOTIFY)) return "alert";
  if (client.finFrame > 0 || server.finFrame > 0) return "closed";
  if (reader === undefined || !reader.isTls || reader.clientHelloFrame === 0) return "open";
  const [one, other] = reader.sides;
  const done = one.encryptedFrame > 0 && other.encryptedFrame > 0;
  return done || reader.sides[serverSide].turnFrame > 0 ? "open" : "stalled";
}

function helloDelay(reader: TcpReader | undefined, client?: SeenSide, server?: SeenSide): number | undefined {
  if (reader === undefined || client === undefined || server === undefined || server.firstFrame === 0) return undefined;
  if (reader.clientHelloFrame === 0) return undefined;
  return server.firstAt - reader.clientHelloAt;
}

function heads(client: SeenSide | undefined, server: SeenSide | undefined): Draft["head"] {
  const head: Writable<Draft["head"]> = {};
  if (client !== undefined && client.head.length > 0) head.client = client.head.bytes.slice(0, SHOWN_HEAD);
  if (server !== undefined && server.head.length > 0) head.server = server.head.bytes.slice(0, SHOWN_HEAD);
  return head;
}
