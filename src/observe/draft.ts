/**
 * Draft: the observation of one connection before cryptography (digests, trust) has been added. Owns the reading of flow
 * and reader into field terms: who is the client, how it ended, what was missing; knows nothing of verdicts.
 */
import { addressText } from "../bytes/address.ts";
import { identifyTcp } from "../protocol/identify.ts";
import { pseudoTlsAnswer } from "../protocol/pseudo-tls/hello.ts";
import { negotiatedVersion } from "../protocol/tls/messages.ts";
import { alertName } from "../protocol/tls/names.ts";
import type { Flow, Half } from "../stream/flow.ts";
import type { PooledCertificate } from "./certificate-pool.ts";
import type { Hellos } from "./hellos.ts";
import type {
  Alert,
  ConnectionObservation,
  Endpoint,
  HandshakeMessage,
  Protocol,
  PseudoTlsObservation,
  Side,
  TcpDirection,
  TcpObservation,
  TlsObservation,
} from "./observations.ts";
import type { SeenSide, TcpReader } from "./tcp-reader.ts";
import type { UdpReader } from "./udp-reader.ts";

/**
 * Seconds after a pseudo-TLS hello in which nothing came, before that is called silence: the documented answer comes within a
 * round trip, a lost one again within TCP's first timeout (1 s, RFC 6298). A capture that ends sooner saw nothing.
 */
const SILENCE = 3;
/** Bytes of `head` shown in an observation. */
const SHOWN_HEAD = 64;
const FATAL = 2;
const WARNING = 1;
const CLOSE_NOTIFY = 0;

/** An observation while it is put together: optional fields are set one by one, which is much faster than spreading them in. */
type Writable<T> = { -readonly [K in keyof T]: T[K] };

export type TlsDraft = Omit<TlsObservation, "certificates" | "trust" | "signing"> & {
  readonly certificates: readonly { readonly pooled: PooledCertificate; readonly frame: number }[];
};

export interface Draft extends Omit<ConnectionObservation, "tls" | "alike"> {
  readonly tls?: TlsDraft;
  alike: number;
  readonly firstFrame: number;
  readonly handshakeSeen: boolean;
  readonly chainSeen: boolean;
  /** Two connections of one kind are the same in everything the rules see. */
  readonly kind: string;
  /** The same without server and names, for when there are too many kinds. */
  readonly broadKind: string;
}

export function tcpDraft(flow: Flow, reader: TcpReader | undefined, hellos: Hellos): Draft {
  const clientSide = reader?.clientSide ?? (flow.clientSide >= 0 ? flow.clientSide : flow.aPort < flow.bPort ? 1 : 0);
  const serverSide = clientSide === 0 ? 1 : 0;
  const client = flow.halves[clientSide as 0 | 1];
  const server = flow.halves[serverSide];
  const sideName = (side: 0 | 1): Side => (side === clientSide ? "client" : "server");
  const clientSeen = reader?.sides[clientSide as 0 | 1];
  const serverSeen = reader?.sides[serverSide];
  const alerts = (reader?.alerts ?? []).map(
    ({ side, level, code, frame, at }): Alert => ({
      from: sideName(side),
      level: level === FATAL ? "fatal" : level === WARNING ? "warning" : "unknown",
      description: alertName(code),
      code,
      frame,
      at,
    }),
  );
  const tcp = tcpObservation(flow, client, server, sideName);
  const tls =
    reader === undefined || !reader.isTls ? undefined : tlsDraft(reader, hellos, alerts, clientSeen, serverSeen);
  const pseudoTls = reader === undefined ? undefined : pseudoDraft(reader, flow, client, server, serverSeen, alerts);
  const protocol: Protocol =
    pseudoTls !== undefined
      ? pseudoTls.dialect === "ms-turn"
        ? "pseudo-tls"
        : "ssltcp"
      : tls !== undefined
        ? "tls"
        : identifyTcp(clientSeen?.head.bytes, serverSeen?.head.bytes);
  const outcome = tcpOutcome(tcp, alerts, tls, clientSeen, serverSeen);
  const hello = helloDelay(reader, clientSeen, serverSeen);
  const rtt = flow.synFrame > 0 && flow.synAckFrame > 0 ? flow.synAckAt - flow.synAt : undefined;
  const timing: Writable<Draft["timing"]> = {};
  if (rtt !== undefined && rtt >= 0) timing.tcpRtt = rtt;
  if (hello !== undefined && hello >= 0) timing.hello = hello;
  const specific: Writable<Specific> = {
    protocol,
    handshake: handshake(reader, sideName),
    head: { ...shown("client", clientSeen), ...shown("server", serverSeen) },
    timing,
    outcome,
    tcp,
  };
  if (tls !== undefined) specific.tls = tls;
  if (pseudoTls !== undefined) specific.pseudoTls = pseudoTls;
  return finished(flow, clientSide === 0, specific);
}

export function udpDraft(flow: Flow, reader: UdpReader): Draft {
  const { stun, protocol } = reader;
  const clientIsFirst = reader.clientSide === 0;
  return finished(flow, clientIsFirst, {
    protocol,
    handshake: [],
    ...(stun !== undefined && { stun }),
    head: {},
    timing: {},
    outcome: flow.halves[clientIsFirst ? 1 : 0].frames === 0 ? "unanswered" : "open",
  });
}

type Specific = Pick<Draft, "protocol" | "handshake" | "head" | "timing" | "outcome"> &
  Partial<Pick<Draft, "tcp" | "tls" | "pseudoTls" | "stun">>;

function finished(flow: Flow, clientIsFirst: boolean, specific: Specific): Draft {
  const a: Endpoint = { ip: addressText(flow.ipVersion, flow.a0, flow.a1, flow.a2, flow.a3), port: flow.aPort };
  const b: Endpoint = { ip: addressText(flow.ipVersion, flow.b0, flow.b1, flow.b2, flow.b3), port: flow.bPort };
  const server = clientIsFirst ? b : a;
  const { tls } = specific;
  const broadKind = kindOf(specific);
  return {
    id: `${flow.transport}/${flow.number}`,
    transport: flow.transport,
    file: flow.file,
    client: clientIsFirst ? a : b,
    server,
    frames: { first: flow.firstFrame, last: flow.lastFrame, count: flow.frameCount },
    from: { seconds: flow.seconds, nanos: flow.nanos },
    to: { seconds: flow.lastSeconds, nanos: flow.lastNanos },
    bytes: {
      fromClient: flow.halves[clientIsFirst ? 0 : 1].bytes,
      fromServer: flow.halves[clientIsFirst ? 1 : 0].bytes,
    },
    ...specific,
    alike: 0,
    firstFrame: flow.firstFrame,
    handshakeSeen: tls?.clientHelloFrame !== undefined || tls?.serverHelloFrame !== undefined,
    chainSeen: (tls?.certificates.length ?? 0) > 0,
    broadKind,
    kind: `${broadKind} ${server.ip} ${server.port} ${tls?.clientHello?.serverName ?? ""} ${tls?.certificates.map(({ pooled }) => pooled.number).join(",") ?? ""}`,
  };
}

/** Everything that rules look at, but for the server, its name and its certificates. */
function kindOf({ protocol, outcome, tcp, tls, pseudoTls, stun }: Specific): string {
  const flag = (value: unknown) => (value === undefined || value === false || value === 0 ? "-" : "+");
  return [
    protocol,
    outcome,
    tcp === undefined
      ? ""
      : [
          tcp.syns,
          tcp.synAckFrame,
          tcp.client.missing,
          tcp.server.missing,
          tcp.client.lost,
          tcp.server.lost,
          tcp.client.firstData,
          tcp.server.firstData,
          tcp.client.fin,
          tcp.server.fin,
          tcp.unreachable,
        ]
          .map(flag)
          .join(""),
    tcp?.reset?.from ?? "",
    tls === undefined
      ? ""
      : [
          tls.version,
          tls.serverHello?.cipherSuite,
          tls.resumed,
          flag(tls.certificateUnreadable),
          flag(tls.certificateRequested),
          tls.clientCertificates,
          tls.alerts.map(({ from, code }) => `${from}${code}`).join(","),
          flag(tls.applicationData.client) + flag(tls.applicationData.server),
          flag(tls.clientHello),
          tls.certificates.length > 0,
        ].join(" "),
    pseudoTls === undefined
      ? ""
      : `${pseudoTls.answer}${flag(pseudoTls.framedTurn.client)}${flag(pseudoTls.framedTurn.server)}`,
    stun === undefined ? "" : `${stun.dialect}${flag(stun.responses)}${flag(stun.allocated)}`,
  ].join("|");
}

function direction(half: Half): TcpDirection {
  const found: Writable<TcpDirection> = {
    frames: half.frames,
    bytes: half.bytes,
    missing: half.missing,
    lost: half.lost,
    unacknowledged: half.ackedSet && half.nextSet ? Math.max(0, (half.next - half.acked) | 0) : 0,
    retransmissions: half.retransmissions,
    largestSegment: half.largestSegment,
  };
  if (half.finFrame > 0) found.fin = half.finFrame;
  if (half.firstDataFrame > 0) found.firstData = half.firstDataFrame;
  if (half.ttl >= 0) found.ttl = half.ttl;
  return found;
}

function tcpObservation(flow: Flow, client: Half, server: Half, sideName: (side: 0 | 1) => Side): TcpObservation {
  const tcp: Writable<TcpObservation> = { client: direction(client), server: direction(server), syns: flow.syns };
  if (flow.synFrame > 0) tcp.synFrame = flow.synFrame;
  if (flow.synAckFrame > 0) tcp.synAckFrame = flow.synAckFrame;
  if (flow.resetFrame > 0) {
    tcp.reset = { from: sideName(flow.resetSide), frame: flow.resetFrame, at: flow.resetAt, ttl: flow.resetTtl };
  }
  if (flow.unreachableFrame > 0) {
    tcp.unreachable = {
      frame: flow.unreachableFrame,
      type: flow.unreachableType,
      code: flow.unreachableCode,
      from: flow.unreachableFrom,
    };
  }
  return tcp;
}

/** In the order in which they were complete. */
function handshake(reader: TcpReader | undefined, sideName: (side: 0 | 1) => Side): HandshakeMessage[] {
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
  reader: TcpReader,
  hellos: Hellos,
  alerts: readonly Alert[],
  client?: SeenSide,
  server?: SeenSide,
): TlsDraft {
  const { serverHello } = reader;
  const version = serverHello === undefined ? undefined : negotiatedVersion(serverHello);
  const tls: Writable<TlsDraft> = {
    helloRetryRequest: reader.helloRetryRequest,
    certificates: reader.certificates,
    certificateUnreadable: reader.certificateSeen && reader.certificates[0]?.pooled.certificate === undefined,
    certificateRequested: reader.certificateRequested,
    issuedSessions: reader.issuedSessions,
    offeredSessions: reader.offeredSessions,
    alerts,
    changeCipherSpec: frames(client?.changeCipherSpecFrame, server?.changeCipherSpecFrame),
    encrypted: frames(client?.encryptedFrame, server?.encryptedFrame),
    applicationData: { client: client?.applicationData === true, server: server?.applicationData === true },
  };
  if (reader.clientHello !== undefined) tls.clientHello = hellos.client(reader.clientHello);
  if (reader.clientHelloFrame > 0) tls.clientHelloFrame = reader.clientHelloFrame;
  if (serverHello !== undefined) tls.serverHello = hellos.server(serverHello);
  if (reader.serverHelloFrame > 0) tls.serverHelloFrame = reader.serverHelloFrame;
  if (version !== undefined) tls.version = version;
  if (reader.clientCertificates !== undefined) tls.clientCertificates = reader.clientCertificates;
  const resumed = resumption(reader, version, server);
  if (resumed !== undefined) tls.resumed = resumed;
  return tls;
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
  return server !== undefined && server.changeCipherSpecFrame > 0 && !server.head.broken ? true : undefined;
}

function pseudoDraft(
  reader: TcpReader,
  flow: Flow,
  client: Half,
  server: Half,
  seen: SeenSide | undefined,
  alerts: readonly Alert[],
): PseudoTlsObservation | undefined {
  if (reader.pseudo === undefined) return undefined;
  const clientSide = reader.clientSide;
  const framed = {
    client: reader.sides[clientSide].framedFrame,
    server: reader.sides[clientSide === 0 ? 1 : 0].framedFrame,
  };
  const reset = flow.resetFrame > 0 && flow.resetSide !== clientSide ? flow.resetFrame : 0;
  const [answer, frame] = spokenAnswer(reader, server, seen, alerts) ?? ending(reader, flow, client, server, reset);
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
function spokenAnswer(
  reader: TcpReader,
  server: Half,
  seen: SeenSide | undefined,
  alerts: readonly Alert[],
): PseudoAnswer | undefined {
  if (reader.pseudoAnswered) return ["documented", reader.pseudoAnswerFrame];
  // Only what stands at the start of the server's stream answers the hello.
  if (!server.fromStart) return NOT_CAPTURED;
  const certificate = reader.certificates[0];
  if (certificate !== undefined) return ["certificate", certificate.frame];
  if (reader.certificateSeen)
    return ["certificate", reader.messages.find(({ name }) => name === "Certificate")?.frame ?? 0];
  // What is missing in the capture may have been the documented answer, or the rest of it.
  if (server.missing + server.lost > 0 || seen?.head.broken === true) return NOT_CAPTURED;
  if (seen === undefined || seen.bytes === 0) return undefined;
  if (reader.pseudo !== undefined && pseudoTlsAnswer(seen.head.bytes, reader.pseudo) === "need-more")
    return NOT_CAPTURED;
  const alert = alerts.find(({ from }) => from === "server");
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
  tcp: TcpObservation,
  alerts: readonly Alert[],
  tls: TlsDraft | undefined,
  client: SeenSide | undefined,
  server: SeenSide | undefined,
): ConnectionObservation["outcome"] {
  const answered = tcp.synAckFrame !== undefined;
  const data = tcp.client.firstData !== undefined || tcp.server.firstData !== undefined;
  if (tcp.syns > 0 && !answered && !data) {
    if (tcp.unreachable !== undefined || tcp.reset?.from === "server") return "refused";
    if (tcp.server.frames === 0 && tcp.client.frames === tcp.syns + (tcp.reset === undefined ? 0 : 1))
      return "unanswered";
  }
  const bothFin = tcp.client.fin !== undefined && tcp.server.fin !== undefined;
  if (tcp.reset !== undefined && !bothFin) return "reset";
  if (alerts.some(({ level, code }) => level !== "warning" && code !== CLOSE_NOTIFY)) return "alert";
  if (tcp.client.fin !== undefined || tcp.server.fin !== undefined) return "closed";
  const begun = tls?.clientHelloFrame !== undefined;
  const done = (client?.encryptedFrame ?? 0) > 0 && (server?.encryptedFrame ?? 0) > 0;
  return begun && !done && (server?.framedFrame ?? 0) === 0 ? "stalled" : "open";
}

function helloDelay(reader: TcpReader | undefined, client?: SeenSide, server?: SeenSide): number | undefined {
  if (reader === undefined || client === undefined || server === undefined || server.firstFrame === 0) return undefined;
  if (reader.clientHelloFrame === 0) return undefined;
  return server.firstAt - reader.clientHelloAt;
}

function shown<S extends Side>(side: S, seen: SeenSide | undefined): { [K in S]?: Uint8Array } {
  if (seen === undefined || seen.head.length === 0) return {};
  return { [side]: seen.head.bytes.slice(0, SHOWN_HEAD) } as { [K in S]?: Uint8Array };
}
