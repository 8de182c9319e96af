/**
 * Builds Observations for tests of the diagnosis: connections in a few words, in the order given, with frame numbers and
 * times that fit. Connection i has the frames 100 i + 1 to 100 i + 99 and begins i seconds after `NOW`.
 */
import { createHash } from "node:crypto";
import { Context } from "../../src/diagnose/context.ts";
import type { Finding } from "../../src/diagnose/finding.ts";
import type { Rule, RuleAnswer } from "../../src/diagnose/rule.ts";
import type {
  Alert,
  ConnectionObservation,
  HandshakeMessage,
  HttpObservation,
  LeafSigning,
  Observations,
  ObservedCertificate,
  PseudoTlsObservation,
  QuicObservation,
  Side,
  StunObservation,
  TcpDirection,
  TcpObservation,
  TlsObservation,
  Tunnel,
} from "../../src/observe/observations.ts";
import { type Certificate, type DistinguishedName, parseCertificate } from "../../src/protocol/x509/certificate.ts";
import { verifiesUnderOwnKey, verifySignature } from "../../src/protocol/x509/signature.ts";
import { judgeChain, type Trust, type TrustStore } from "../../src/protocol/x509/trust.ts";

/** 2026-11-22 12:00:00 UTC: when the captures of these tests were taken. */
export const NOW = Date.UTC(2026, 10, 22, 12) / 1000;
export const DAY = 86_400;

/** A connection to be numbered and timed by `observations`. */
export interface Spec {
  readonly certificates: readonly TestCertificate[];
  build(index: number, id: string): ConnectionObservation;
}

interface Told extends Pick<Observations, "inspectionDeclared" | "baseline" | "far"> {
  readonly seconds?: number;
  readonly localTime?: boolean;
}

/** The capture ends `seconds` after `NOW`; by default long after everything in it. */
export function observations(
  specs: readonly Spec[],
  { seconds = 3600, localTime = false, ...told }: Told = {},
): Observations {
  const count = { tcp: 0, udp: 0 };
  const connections = specs.map((spec, index) => {
    const { transport } = spec.build(index, "");
    return spec.build(index, `${transport}/${count[transport]++}`);
  });
  const certificates = specs.flatMap((spec) =>
    spec.certificates.map(({ sha256, observed }) => [sha256, observed] as const),
  );
  return {
    files: [
      {
        name: "test.pcap",
        bytes: 0,
        format: "pcap",
        frames: specs.length * 100,
        from: { seconds: NOW, nanos: 0 },
        to: { seconds: NOW + seconds, nanos: 0 },
        problems: [],
        dropped: 0,
        localTime,
        comments: [],
      },
    ],
    vantage: "client",
    connections,
    certificates: new Map(certificates),
    names: new Map(),
    ...told,
    totals: { connections: specs.length, handshakes: 0, chains: 0, frames: specs.length * 100, bytes: 0 },
  };
}

/** What a rule answers to these connections. */
export function ask(
  rule: Rule,
  specs: readonly Spec[],
  { earlier = [], ...told }: Told & { readonly earlier?: readonly Finding[] } = {},
): RuleAnswer {
  return rule.check(new Context(observations(specs, told), earlier));
}

/** Its findings; none when it answers anything else. */
export function found(rule: Rule, specs: readonly Spec[], options: Told = {}): readonly Finding[] {
  const answer = ask(rule, specs, options);
  return answer.is === "finding" ? answer.findings : [];
}

/** Ids of the connections of a finding. */
export const idsOf = (finding: Finding | undefined): string[] => finding?.connections.map(({ id }) => id) ?? [];

// Certificates

export interface TestCertificate {
  readonly sha256: string;
  readonly observed: ObservedCertificate;
}

type NameParts = Readonly<Record<string, string>>;

/** `{ C: "US", O: "Contoso", CN: "x" }`, in wire order. */
export function name(parts: NameParts | string): DistinguishedName {
  const attributes = Object.entries(typeof parts === "string" ? { CN: parts } : parts).map(([type, value]) => ({
    type,
    value,
  }));
  const text = attributes
    .map(({ type, value }) => `${type}=${value}`)
    .reverse()
    .join(", ");
  return { attributes, text, der: new TextEncoder().encode(text) };
}

export interface CertificateRecipe {
  readonly subject?: NameParts | string;
  readonly issuer: NameParts | string;
  readonly names?: readonly string[];
  /** Stands for the key pair: equal texts, equal keys. */
  readonly key?: string;
  /** Seconds. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly scts?: number;
  readonly authorityKeyId?: string;
  readonly isCa?: boolean;
}

/** A certificate as a plain object: for rules that look at fields and not at signatures. Issued 100 days ago, for a year. */
export function certificate(recipe: CertificateRecipe): TestCertificate {
  const names = recipe.names ?? [];
  const subject = name(recipe.subject ?? names[0] ?? "leaf");
  const issuer = name(recipe.issuer);
  const notBefore = recipe.notBefore ?? NOW - 100 * DAY - 4321;
  const sha256 = digest(JSON.stringify({ ...recipe, subject: subject.text }));
  const value: Certificate = {
    der: new Uint8Array(),
    serial: sha256.slice(0, 32),
    issuer,
    subject,
    notBefore,
    notAfter: recipe.notAfter ?? notBefore + 365 * DAY,
    names,
    key: "RSA 2048",
    spki: new Uint8Array(),
    signature: "sha256WithRSAEncryption",
    signatureValue: new Uint8Array(),
    tbs: new Uint8Array(),
    extensions: [],
    isCa: recipe.isCa ?? false,
    ...(recipe.authorityKeyId === undefined ? {} : { authorityKeyId: recipe.authorityKeyId }),
    embeddedScts: recipe.scts ?? 0,
  };
  return { sha256, observed: { certificate: value, spkiSha256: digest(`key ${recipe.key ?? sha256}`) } };
}

/** A chain of real certificates (DER, leaf first) with what cryptography says of it at `NOW`, as `derive` would find it. */
export async function realChain(
  ders: readonly Uint8Array[],
  store: TrustStore,
): Promise<{ chain: TestCertificate[]; trust: Trust; signing: LeafSigning }> {
  const certificates = ders.map((der) => parseCertificate(der));
  const [leaf, ...others] = certificates as [Certificate, ...Certificate[]];
  const chain = certificates.map((value, i) => ({
    sha256: createHash("sha256")
      .update(ders[i] as Uint8Array)
      .digest("hex"),
    observed: { certificate: value, spkiSha256: createHash("sha256").update(value.spki).digest("hex") },
  }));
  const ownKey = (await verifiesUnderOwnKey(leaf)) === "valid";
  let issuerKey = ownKey ? chain[0]?.observed.spkiSha256 : undefined;
  for (const [i, issuer] of others.entries()) {
    if ((await verifySignature(leaf, issuer)) === "valid") issuerKey = chain[i + 1]?.observed.spkiSha256;
  }
  return {
    chain,
    trust: await judgeChain(certificates, [], NOW, store),
    signing: { ownKey, ...(issuerKey === undefined ? {} : { issuerKey }) },
  };
}

export const PUBLIC: Trust = { is: "public-root", anchor: "CN=Example Public Root R1" };
export const PRIVATE: Trust = { is: "private-root", anchor: "CN=Contoso Root" };
export const SELF_SIGNED: Trust = { is: "self-signed" };
export const INCOMPLETE: Trust = { is: "incomplete", anchor: "CN=Somebody" };
export const INSPECTION: Trust = { is: "private-root", anchor: "CN=Box CA", declared: "inspection-ca" };
export const IN_BASELINE: Trust = { is: "private-root", anchor: "CN=Contoso Root", declared: "baseline" };
export const DECLARED: Trust = { is: "private-root", anchor: "CN=Contoso Root", declared: "private-ca" };

// Connections

export interface Where {
  /** Address of the server. */
  readonly to?: string;
  readonly port?: number;
  readonly client?: string;
  readonly outcome?: ConnectionObservation["outcome"];
  readonly timing?: ConnectionObservation["timing"];
  /** Seconds from the first frame to the last. */
  readonly lasts?: number;
  readonly bytes?: ConnectionObservation["bytes"];
  readonly protocol?: ConnectionObservation["protocol"];
  readonly head?: ConnectionObservation["head"];
  readonly alike?: number;
  readonly elsewhere?: number;
  readonly undetailed?: true;
  readonly untimed?: true;
  readonly tcp?: TcpOverrides;
  readonly unreachable?: ConnectionObservation["unreachable"];
  readonly through?: Tunnel;
  /** Frames behind what was said before TLS, 0.1 seconds after the first frame. */
  readonly inside?: { readonly client?: number; readonly server?: number };
  /** In frame 6 unless told otherwise. */
  readonly http?: Partial<HttpObservation> & { readonly status: number };
}

/** Frames are relative to the connection: 1 to 99. */
interface TcpOverrides extends Omit<Partial<TcpObservation>, "client" | "server" | "reset" | "synAckFrame"> {
  readonly client?: Partial<TcpDirection>;
  readonly server?: Partial<TcpDirection>;
  /** Null: no SYN-ACK. */
  readonly synAck?: number | null;
  readonly reset?: { readonly from: Side; readonly frame: number; readonly at?: number; readonly ttl?: number };
}

export interface TlsOptions extends Where {
  /** server_name. */
  readonly name?: string;
  /** As presented, leaf first. */
  readonly chain?: readonly TestCertificate[];
  readonly trust?: Trust;
  readonly signing?: LeafSigning;
  readonly alerts?: readonly { readonly from: Side; readonly code: number; readonly description: string }[];
  /** Handshake messages instead of the usual ones, with the frames they are in. */
  readonly messages?: readonly (readonly [from: Side, message: string, ...frames: number[]])[];
  /** Whatever else differs. */
  readonly tls?: Partial<TlsObservation>;
}

/** A TLS 1.2 connection that went well and presented `chain`; without one, a handshake that shows no certificate. */
export function tls(options: TlsOptions = {}): Spec {
  const chain = options.chain ?? [];
  return {
    certificates: chain,
    build(index, id) {
      const frame = (relative: number) => index * 100 + relative;
      const messages: NonNullable<TlsOptions["messages"]> = options.messages ?? [
        ["client", "ClientHello", 4],
        ["server", "ServerHello", 6],
        ...(chain.length > 0 ? [["server", "Certificate", 6, 7] as const] : []),
      ];
      const at = (message: string) => messages.find(([, shown]) => shown === message)?.at(-1) as number | undefined;
      const [clientHello, serverHello] = [at("ClientHello"), at("ServerHello")];
      const alerts = (options.alerts ?? []).map(
        ({ from, code, description }): Alert => ({ from, code, description, level: "fatal", frame: frame(9), at: 0.2 }),
      );
      return {
        ...tcpConnection(index, id, { protocol: "tls", ...options }),
        handshake: messages.map(
          ([from, message, ...frames], i): HandshakeMessage => ({
            from,
            message,
            frame: frame(frames.at(-1) ?? 0),
            frames: frames.map(frame),
            record: 1,
            at: 0.04 * (i + 1),
            length: 100,
            incomplete: false,
          }),
        ),
        tls: {
          ...(clientHello === undefined
            ? {}
            : {
                clientHello: { version: 0x0303, ...(options.name === undefined ? {} : { serverName: options.name }) },
                clientHelloFrame: frame(clientHello),
              }),
          ...(serverHello === undefined
            ? {}
            : {
                serverHello: { cipherSuite: 0xc030, ja3s: "" },
                serverHelloFrame: frame(serverHello),
                version: 0x0303,
              }),
          helloRetryRequest: false,
          decrypted: false,
          certificates: chain.map(({ sha256 }) => ({ sha256, frame: frame(7) })),
          ...(options.trust === undefined ? {} : { trust: options.trust }),
          ...(options.signing === undefined ? {} : { signing: options.signing }),
          certificateUnreadable: false,
          certificateRequested: false,
          issuedSessions: [],
          offeredSessions: [],
          alerts,
          changeCipherSpec: {},
          encrypted: {},
          applicationData: { client: false, server: false },
          ...options.tls,
        },
      };
    },
  };
}

/** A pseudo-TLS dialogue ([MS-TURN] unless told otherwise). Frames in `pseudo` are relative to the connection. */
export function pseudoTls(
  answer: PseudoTlsObservation["answer"],
  options: TlsOptions & { readonly pseudo?: Partial<PseudoTlsObservation> } = {},
): Spec {
  const answered = answer !== "silence" && answer !== "not-captured";
  const spec = tls({
    to: "198.51.100.30",
    protocol: "pseudo-tls",
    messages: [["client", "ClientHello", 4]],
    ...options,
  });
  return {
    certificates: spec.certificates,
    build(index, id) {
      const { pseudo } = options;
      const frame = (relative: number) => index * 100 + relative;
      return {
        ...spec.build(index, id),
        pseudoTls: {
          dialect: pseudo?.dialect ?? "ms-turn",
          helloFrame: frame(4),
          answer,
          ...(answered ? { answerFrame: frame(6) } : {}),
          framedTurn: pseudo?.framedTurn ?? {},
        },
      };
    },
  };
}

/** The same over QUIC version 1, read with its keys. */
export function quic(options: TlsOptions & { readonly quic?: Partial<QuicObservation> } = {}): Spec {
  const spec = tls({ outcome: "open", ...options, protocol: "quic", timing: {} });
  return {
    certificates: spec.certificates,
    build(index, id) {
      const { tcp: _, ...rest } = spec.build(index, id);
      return { ...rest, transport: "udp", quic: { version: 1, retry: false, ...options.quic } };
    },
  };
}

/** A TCP connection that says nothing known. */
export function tcp(options: Where = {}): Spec {
  return { certificates: [], build: (index, id) => tcpConnection(index, id, options) };
}

/** An UDP exchange: STUN with `requests` and `responses` unless told otherwise. */
export function udp(
  options: Where &
    Pick<ConnectionObservation, "media" | "dtls"> & {
      readonly stun?: Partial<StunObservation>;
      readonly quic?: QuicObservation;
    } = {},
): Spec {
  return {
    certificates: [],
    build(index, id) {
      const requests = options.stun?.requests ?? 1;
      const responses = options.stun?.responses ?? 1;
      const protocol = options.protocol ?? "turn";
      return {
        ...base(index, id, { to: "198.51.100.30", port: 3478, ...options }, protocol),
        transport: "udp",
        bytes: options.bytes ?? { fromClient: 80 * requests, fromServer: 100 * responses },
        ...(options.quic === undefined ? {} : { quic: options.quic }),
        ...(protocol === "stun" || protocol === "turn"
          ? {
              stun: {
                dialect: "ms-turn" as const,
                requests,
                responses,
                firstRequestFrame: index * 100 + 1,
                ...(responses > 0 ? { firstResponseFrame: index * 100 + 2 } : {}),
                allocate: protocol === "turn",
                allocated: responses > 0,
                ...options.stun,
              },
            }
          : {}),
        ...(options.media !== undefined && { media: options.media }),
        ...(options.dtls !== undefined && { dtls: options.dtls }),
      };
    },
  };
}

/** What a proxy was asked for in frame 4, and its answer in frame 6; none without a status. */
export function tunnel(target: string, answer: Partial<Pick<Tunnel, "status" | "headers">> = { status: 200 }): Tunnel {
  const { status, headers = [] } = answer;
  return {
    kind: "http-connect",
    target,
    requestFrame: 4,
    ...(status !== undefined && { status, statusFrame: 6, granted: status < 300 }),
    headers,
  };
}

function base(
  index: number,
  id: string,
  options: Where,
  protocol: ConnectionObservation["protocol"],
): ConnectionObservation {
  const lasts = options.lasts ?? 0.5;
  return {
    id,
    transport: "tcp",
    file: 0,
    client: { ip: options.client ?? "10.20.0.50", port: 40_000 + index },
    server: { ip: options.to ?? "192.0.2.10", port: options.port ?? 443 },
    protocol,
    frames: { first: index * 100 + 1, last: index * 100 + 99, count: 99 },
    from: { seconds: NOW + index, nanos: 0 },
    to: { seconds: NOW + index + Math.floor(lasts), nanos: Math.round((lasts % 1) * 1e9) },
    bytes: options.bytes ?? { fromClient: 500, fromServer: 3000 },
    handshake: [],
    timing: options.timing ?? { tcpRtt: 0.03, hello: 0.031 },
    outcome: options.outcome ?? "closed",
    head: options.head ?? {},
    alike: options.alike ?? 0,
    elsewhere: options.elsewhere ?? 0,
    ...(options.undetailed === true && { undetailed: true }),
    ...(options.untimed === true && { untimed: true }),
    ...(options.unreachable !== undefined && {
      unreachable: { ...options.unreachable, frame: index * 100 + options.unreachable.frame },
    }),
  };
}

function tcpConnection(index: number, id: string, options: Where): ConnectionObservation {
  const frame = (relative: number) => index * 100 + relative;
  const spoke = (options.bytes?.fromClient ?? 500) > 0;
  const answered = (options.bytes?.fromServer ?? 3000) > 0;
  const { client, server, synAck, reset, ...rest } = options.tcp ?? {};
  const side = (given: Partial<TcpDirection> | undefined, first: number | undefined): TcpDirection => ({
    frames: 40,
    bytes: 0,
    missing: 0,
    lost: 0,
    unacknowledged: 0,
    ttl: 57,
    retransmissions: 0,
    largestSegment: 1400,
    ...(first === undefined ? {} : { firstData: frame(first) }),
    ...given,
    ...(given?.stuck === undefined ? {} : { stuck: { ...given.stuck, frame: frame(given.stuck.frame) } }),
    ...(given?.fin === undefined ? {} : { fin: frame(given.fin) }),
  });
  return {
    ...base(index, id, options, options.protocol ?? "unknown"),
    ...(options.through === undefined
      ? {}
      : {
          through: {
            ...options.through,
            requestFrame: frame(options.through.requestFrame),
            ...(options.through.statusFrame !== undefined && { statusFrame: frame(options.through.statusFrame) }),
          },
        }),
    ...(options.inside === undefined ? {} : { inside: insideOf(options.inside, frame) }),
    ...(options.http === undefined
      ? {}
      : { http: { at: 0.1, ...options.http, frame: frame(options.http.frame ?? 6) } }),
    tcp: {
      client: side(client, spoke ? 4 : undefined),
      server: side(server, answered ? 6 : undefined),
      syns: 1,
      synFrame: frame(1),
      ...(synAck === null ? {} : { synAckFrame: frame(synAck ?? 2) }),
      ...(reset === undefined
        ? {}
        : { reset: { from: reset.from, frame: frame(reset.frame), at: reset.at ?? 0.1, ttl: reset.ttl ?? 57 } }),
      ...rest,
    },
  };
}

function insideOf(
  { client, server }: NonNullable<Where["inside"]>,
  frame: (relative: number) => number,
): NonNullable<ConnectionObservation["inside"]> {
  return {
    ...(client !== undefined && { client: { frame: frame(client), at: 0.1 } }),
    ...(server !== undefined && { server: { frame: frame(server), at: 0.1 } }),
  };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
