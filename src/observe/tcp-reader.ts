/**
 * TcpReader: what one TCP connection says, collected while its handshake is open. Feeds the protocol parsers and keeps
 * their answers with frame numbers; knows nothing of files or verdicts.
 *
 * Both directions are read as TLS from the first byte; recognition by content runs beside it on the first bytes of each
 * side, because a pseudo-TLS hello is TLS too until the answer. Reading stops as soon as nothing more can be learned in the
 * clear; from then on stream/ only counts the payload.
 */
import type { Blocks } from "../bytes/blocks.ts";
import { ParseError } from "../bytes/parse-error.ts";
import { fromHex, toHex } from "../bytes/text.ts";
import { beginsAnswer, HttpAnswer } from "../protocol/http/answer.ts";
import { beginPrelude, type Prelude } from "../protocol/prelude/prelude.ts";
import {
  mayBePseudoTls,
  type PseudoTlsDialect,
  pseudoTlsAnswer,
  pseudoTlsHello,
} from "../protocol/pseudo-tls/hello.ts";
import { type TurnFraming, TurnStream, turnFraming } from "../protocol/stun/stream.ts";
import { type FlightOffer, isClientDone, MAX_AFTER, MAX_RECORDS, MAX_TICKET } from "../protocol/tls/flight.ts";
import type { KeyLog } from "../protocol/tls/key-log.ts";
import {
  encryptedAlpn,
  HANDSHAKE_TYPE,
  helloSessionId,
  parseCertificateList,
  sessionTicket,
} from "../protocol/tls/messages.ts";
import { handshakeName } from "../protocol/tls/names.ts";
import { RecordProtection } from "../protocol/tls/protection.ts";
import { RecordProtection12 } from "../protocol/tls/protection12.ts";
import { APPLICATION_DATA, firstBytes } from "../protocol/tls/record.ts";
import { type HandshakeEvent, type TlsEvents, TlsStream } from "../protocol/tls/stream.ts";
import type { Flow, FlowReader } from "../stream/flow.ts";
import type { TcpReassembly } from "../stream/tcp.ts";
import type { CertificatePool, Chain } from "./certificate-pool.ts";
import type { DtlsShared } from "./dtls-reader.ts";
import { Head } from "./head.ts";
import {
  type Hellos,
  MAX_SESSIONS,
  type ObservedClientHello,
  type SeenClientHello,
  type SeenServerHello,
  sessionKey,
} from "./hellos.ts";
import { RealTime } from "./real-time.ts";

/** Handshake messages kept per connection: the longest honest handshake has about 15; renegotiation is encrypted. */
const MAX_MESSAGES = 64;
/** Alerts kept per connection. */
const MAX_ALERTS = 16;
/** Payload of a direction that is read looking for a handshake; the longest flights (post-quantum chains) are under 256 KiB. */
const MAX_FOLLOWED_BYTES = 1024 * 1024;
/** Payload of a direction that is no TLS before its beginning has told all it will. */
const MAX_OTHER_BYTES = 4096;
/** Payload of an HTTP answer whose page has not shown its title yet. */
const MAX_ANSWER_BYTES = 32 * 1024;
/** Headers kept of an answer in plain HTTP. */
const ANSWER_HEADERS = /^(?:server|location)$/i;
const NO_SESSIONS: readonly string[] = [];
const TLS_1_2 = 0x0303;
const TLS_1_3 = 0x0304;
/** Where the random stands in the body of a hello. */
const RANDOM_START = 2;
const RANDOM_END = 34;

type SideNumber = 0 | 1;

export interface SeenMessage {
  readonly side: SideNumber;
  readonly name: string;
  readonly frame: number;
  readonly frames: readonly number[];
  readonly record: number;
  readonly at: number;
  readonly length: number;
  readonly incomplete: boolean;
}

export interface SeenAlert {
  readonly side: SideNumber;
  readonly level: number;
  readonly code: number;
  readonly frame: number;
  readonly at: number;
}

/** One direction as far as it was read. */
export class SeenSide implements TlsEvents {
  head = new Head();
  stream: TlsStream;
  /** Bytes handed over so far, gaps included; of what follows a prelude, once it follows. */
  bytes = 0;
  /** Where this side is past the prelude. */
  pastPrelude = false;
  firstFrame = 0;
  firstAt = 0;
  records = 0;
  changeCipherSpecFrame = 0;
  encryptedFrame = 0;
  encryptedRecords = 0;
  /** Of TLS 1.3: lengths of the first of them, a character each. */
  lengths = "";
  applicationData = false;
  /** It begins with TLS and is no pseudo-TLS dialogue: `head` has nothing to tell. */
  ordinary = false;
  /** STUN and TURN: from the first byte, or after a pseudo-TLS hello. */
  turn: TurnStream | undefined = undefined;
  /** The frame of its first valid message. */
  turnFrame = 0;
  /** Its first bytes are neither STUN nor TURN. */
  notTurn = false;
  /** STUN and TURN in data that was opened. */
  insideTls: TurnStream | undefined = undefined;
  /** The first answer, where this side begins as HTTP does. */
  answer: HttpAnswer | undefined = undefined;

  private readonly reader: TcpReader;
  private readonly number: SideNumber;

  constructor(reader: TcpReader, number: SideNumber, midStream: boolean, blocks: Blocks) {
    this.reader = reader;
    this.number = number;
    this.stream = new TlsStream(this, midStream, blocks);
  }

  /** What follows the prelude begins here: the first bytes that count are the next ones. */
  beginAnew(): void {
    this.pastPrelude = true;
    this.head = new Head();
    this.bytes = 0;
    this.firstFrame = 0;
    this.answer = undefined;
    this.notTurn = false;
  }

  end(): void {
    if (!this.stream.inStep) this.reader.recordsMissed = true;
    this.stream.end();
    // A reader may wait long until somebody asks what it has seen.
    this.stream = NO_STREAM;
  }

  record(): void {
    this.records++;
  }

  handshake(message: HandshakeEvent): void {
    this.reader.handshake(this.number, message);
  }

  alert(level: number, code: number, frame: number): void {
    this.reader.alert(this.number, level, code, frame);
  }

  changeCipherSpec(frame: number): void {
    if (this.changeCipherSpecFrame === 0) this.changeCipherSpecFrame = frame;
  }

  encrypted(type: number, length: number, frame: number, opened?: number): void {
    if (this.encryptedFrame === 0) this.encryptedFrame = frame;
    this.encryptedRecords++;
    if (type === APPLICATION_DATA) this.reader.sealed(this.number, length);
    const data = opened === undefined ? this.reader.isPastHandshake(this.number) : opened === APPLICATION_DATA;
    if (type === APPLICATION_DATA && data) this.applicationData = true;
  }

  applicationContent(content: Uint8Array, frame: number): boolean {
    return this.reader.applicationContent(this.number, content, frame);
  }

  notTls(): void {}

  lost(): void {}
}

/** What was seen of a handshake, over TCP or in QUIC. */
export interface SeenHandshake {
  readonly messages: readonly SeenMessage[];
  readonly alerts: readonly SeenAlert[];
  readonly clientHello: ObservedClientHello | undefined;
  readonly clientHelloFrame: number;
  readonly serverHello: SeenServerHello | undefined;
  readonly serverHelloFrame: number;
  readonly helloRetryRequest: boolean;
  readonly retryGroup: number | undefined;
  /** As answered under protection. */
  readonly alpn: string | undefined;
  readonly decrypted: boolean;
  readonly chain: Chain | undefined;
  readonly chainFrame: number;
  readonly certificateSeen: boolean;
  readonly certificateRequested: boolean;
  readonly clientCertificates: number | undefined;
  readonly issuedSessions: readonly string[];
  readonly offeredSessions: readonly string[];
}

/** What the readers of a capture share. */
export interface Shared {
  readonly reassembly: TcpReassembly;
  readonly pool: CertificatePool;
  readonly hellos: Hellos;
  readonly keyLog: KeyLog;
  readonly blocks: Blocks;
  readonly dtls: DtlsShared;
}

/** Stands for a stream that has ended. */
const NO_STREAM = new TlsStream({
  record: () => {},
  handshake: () => {},
  alert: () => {},
  changeCipherSpec: () => {},
  encrypted: () => {},
  notTls: () => {},
  lost: () => {},
});

export class TcpReader implements FlowReader, SeenHandshake {
  readonly messages: SeenMessage[] = [];
  readonly alerts: SeenAlert[] = [];
  readonly sides: readonly [SeenSide, SeenSide];
  clientHello: ObservedClientHello | undefined = undefined;
  clientHelloFrame = 0;
  clientHelloAt = 0;
  serverHello: SeenServerHello | undefined = undefined;
  serverHelloFrame = 0;
  helloRetryRequest = false;
  /** NamedGroup that it asked for. */
  retryGroup: number | undefined = undefined;
  /** What the client offers that bears on the server's encrypted flight. */
  flightOffer: FlightOffer | undefined = undefined;
  /** Encrypted records of the server, as far as noted, when the client's first came; -1 before it. */
  serverRecordsBefore = -1;
  /** Bytes are missing: what came behind them was handed over late. */
  holes = false;
  /** Known at the end: a record may have been missed, so that the lengths show nothing. */
  recordsMissed = false;
  /** ALPN as answered under protection. */
  alpn: string | undefined = undefined;
  /** Messages were read that were protected. */
  decrypted = false;
  /** What the server presented, and the frame that completed it. */
  chain: Chain | undefined = undefined;
  chainFrame = 0;
  certificateSeen = false;
  certificateRequested = false;
  clientCertificates: number | undefined = undefined;
  /** Keys of the sessions. */
  issuedSessions: readonly string[] = NO_SESSIONS;
  offeredSessions: readonly string[] = NO_SESSIONS;
  /** Side that must be the client by what it said; -1 while it said nothing telling. A Certificate does not tell: both send one. */
  helloSide: -1 | SideNumber = -1;
  pseudo: PseudoTlsDialect | undefined = undefined;
  pseudoHelloFrame = 0;
  pseudoHelloAt = 0;
  pseudoAnswered = false;
  pseudoAnswerFrame = 0;
  /** What is said in the clear before TLS, or instead of it. */
  prelude: Prelude | undefined = undefined;
  /** The tunnel in which that is said. */
  tunnel: Prelude | undefined = undefined;
  /** What STUN and TURN say, in the clear or in data that was opened. */
  realTime: RealTime | undefined = undefined;

  private readonly flow: Flow;
  private readonly reassembly: TcpReassembly;
  private readonly pool: CertificatePool;
  private readonly hellos: Hellos;
  private readonly keyLog: KeyLog;
  private readonly dtls: DtlsShared;
  /** Of the ClientHello, hexadecimal, where secrets may be known by it or captures are compared. */
  clientRandom: string | undefined = undefined;
  /** Of the ServerHello, where captures are compared. */
  serverRandom: string | undefined = undefined;
  /** Side that sent `certificates`. */
  private certificateSide: -1 | SideNumber = -1;
  /** Frame at which what is being read became available, and its time. */
  private available = 0;
  private at = 0;

  constructor(flow: Flow, { reassembly, pool, hellos, keyLog, blocks, dtls }: Shared) {
    this.flow = flow;
    this.reassembly = reassembly;
    this.pool = pool;
    this.hellos = hellos;
    this.keyLog = keyLog;
    this.dtls = dtls;
    this.sides = [
      new SeenSide(this, 0, !flow.half0.fromStart, blocks),
      new SeenSide(this, 1, !flow.half1.fromStart, blocks),
    ];
  }

  data(
    side: SideNumber,
    bytes: Uint8Array,
    start: number,
    end: number,
    frame: number,
    available: number,
    at: number,
  ): void {
    const seen = this.sides[side];
    this.available = available;
    this.at = at;
    const from = this.passPrelude(side, seen, bytes, start, end);
    // The last bytes of a prelude are not the first ones of what follows.
    if (seen.firstFrame === 0 && (from < end || !seen.pastPrelude)) {
      seen.firstFrame = available;
      seen.firstAt = at;
    }
    const before = seen.bytes;
    if (from < end) {
      seen.bytes += end - from;
      if (before === 0) seen.ordinary = this.beginsOrdinarily(bytes, from, end);
      if (!seen.ordinary) {
        seen.head.append(bytes, from, end);
        if (before === 0 && beginsAnswer(bytes, from, end)) seen.answer = new HttpAnswer(ANSWER_HEADERS);
        seen.answer?.data(bytes, from, end, available);
        if (!seen.notTurn) this.beginTurn(side, seen, before);
      }
      const tlsEnd = this.pseudoTls(side, seen, before, from, end, available);
      if (tlsEnd > from) seen.stream.data(bytes, from, tlsEnd, frame);
      if (tlsEnd < end) seen.turn?.data(bytes, tlsEnd, end, available);
    }
    this.stopWhenDone(side, seen);
  }

  gap(side: SideNumber, length: number): void {
    const seen = this.sides[side];
    this.holes = true;
    seen.bytes += length;
    seen.head.broken = true;
    seen.answer?.gap(length);
    if (this.prelude !== undefined && !seen.pastPrelude) this.prelude.gap(side === this.clientSide, length);
    else if (seen.turn !== undefined) seen.turn.gap();
    else seen.stream.gap(length);
    this.stopWhenDone(side, seen);
  }

  /** Lets the prelude of the connection take what is its own; answers where the rest begins, `end` when there is none. */
  private passPrelude(side: SideNumber, seen: SeenSide, bytes: Uint8Array, start: number, end: number): number {
    if (seen.pastPrelude) {
      if (!this.isOpenTunnel) return start;
      const inner = this.beginPrelude(side, bytes, start, end);
      if (inner === undefined) return start;
      this.tunnel = this.prelude;
      this.prelude = inner;
      for (const one of this.sides) one.pastPrelude = false;
    }
    this.prelude ??= this.beginPrelude(side, bytes, start, end);
    if (this.prelude === undefined) return start;
    const from = this.prelude.data(side === this.clientSide, bytes, start, end, this.available);
    if (from === end) {
      seen.bytes += end - start;
      // What is said to a SOCKS proxy may be a password.
      if (this.prelude.protocol !== "socks") seen.head.append(bytes, start, end);
    } else seen.beginAnew();
    // The last words of a prelude end it for both sides: whoever has spoken last has said nothing yet of what follows.
    for (const number of [0, 1] as const) {
      const other = this.sides[number];
      if (!other.pastPrelude && this.prelude.isOver(number === this.clientSide)) other.beginAnew();
    }
    return from;
  }

  /** A tunnel was granted, and may carry another dialogue before TLS. */
  private get isOpenTunnel(): boolean {
    const { prelude, sides } = this;
    if (this.tunnel !== undefined || prelude === undefined || !sides[0].pastPrelude || !sides[1].pastPrelude)
      return false;
    return prelude.protocol === "http-connect" || prelude.protocol === "socks";
  }

  private beginPrelude(side: SideNumber, bytes: Uint8Array, start: number, end: number): Prelude | undefined {
    if (this.sides[0].bytes > 0 || this.sides[1].bytes > 0) return undefined;
    // In the middle of a connection anything may look like the beginning of one.
    const found = this.flow.half(side).fromStart ? beginPrelude(bytes, start, end) : undefined;
    if (found === undefined) return undefined;
    const client = found.fromClient ? side : side === 0 ? 1 : 0;
    // Whoever opened the connection is the client.
    if (this.flow.clientSide >= 0 && client !== this.flow.clientSide) return undefined;
    this.helloSide = client;
    return found.prelude;
  }

  /** Nothing more comes: what was cut short is reported. */
  end(): void {
    this.sides[0].end();
    this.sides[1].end();
    this.realTime?.end();
    if (this.certificateSide !== this.clientSide) return;
    // Who is who became clear only after it: a client's certificate must never be judged as a server's.
    this.clientCertificates ??= Math.max(1, this.chain?.certificates.length ?? 0);
    this.certificateSeen = false;
    this.release();
  }

  /** The connection's details are not kept. */
  release(): void {
    if (this.chain !== undefined) this.pool.releaseChain(this.chain);
    this.chain = undefined;
    this.realTime?.dtls?.release();
  }

  get clientSide(): SideNumber {
    return clientSideOf(this.flow, this.helloSide);
  }

  /** Some record of TLS was recognised in either direction. */
  get isTls(): boolean {
    return this.sides[0].records > 0 || this.sides[1].records > 0;
  }

  alert(side: SideNumber, level: number, code: number, frame: number): void {
    if (this.alerts.length === MAX_ALERTS) return;
    this.alerts.push({ side, level, code, frame: Math.max(frame, this.available), at: this.at });
  }

  private get isTls13(): boolean {
    return (this.serverHello?.version ?? 0) >= TLS_1_3;
  }

  /**
   * In TLS ≤ 1.2 an application_data record is application data. In TLS 1.3 the handshake looks the same: the client's is
   * over with its second such record, the server's when it speaks after the client's first.
   */
  isPastHandshake(side: SideNumber): boolean {
    if (!this.isTls13) return true;
    if (side === this.clientSide) return this.sides[side].encryptedRecords >= 2;
    return this.sides[side === 0 ? 1 : 0].encryptedRecords > 0;
  }

  /** A record of content type application_data, which everything is in under the protection of TLS 1.3. */
  sealed(side: SideNumber, length: number): void {
    const { serverHello } = this;
    // Stored out of order, the client's may come before the ServerHello.
    if (serverHello !== undefined && serverHello.version < TLS_1_3) return;
    const seen = this.sides[side];
    if (side === this.clientSide && this.serverRecordsBefore < 0) {
      this.serverRecordsBefore = this.sides[side === 0 ? 1 : 0].lengths.length;
    }
    if (seen.lengths.length < MAX_RECORDS) seen.lengths += String.fromCharCode(length);
  }

  /** Its handshake is over, but not all of the records whose lengths are noted may have come. */
  private awaitsRecords(side: SideNumber, { lengths, stream }: SeenSide): boolean {
    const { serverHello } = this;
    if (serverHello === undefined || serverHello.version < TLS_1_3 || !stream.inStep) return false;
    if (side === this.clientSide) return !isClientDone(serverHello.observed.cipherSuite, lengths);
    return (
      lengths.length < Math.min(MAX_RECORDS, this.serverRecordsBefore + MAX_AFTER) &&
      lengths.charCodeAt(lengths.length - 1) <= MAX_TICKET
    );
  }

  private beginsOrdinarily(bytes: Uint8Array, start: number, end: number): boolean {
    return this.pseudo === undefined && firstBytes(bytes, start, end) === "tls" && !mayBePseudoTls(bytes, start, end);
  }

  /** Recognises a pseudo-TLS dialogue; answers where in `[start, end)` the bytes stop being TLS. */
  private pseudoTls(
    side: SideNumber,
    seen: SeenSide,
    before: number,
    start: number,
    end: number,
    frame: number,
  ): number {
    if (seen.turn !== undefined) return start;
    const { head } = seen;
    if (seen.ordinary || head.broken) return end;
    if (this.pseudo === undefined) {
      const hello = pseudoTlsHello(head.bytes);
      if (typeof hello === "string") return end;
      this.pseudo = hello.dialect;
      this.pseudoHelloFrame = frame;
      this.pseudoHelloAt = this.at;
      this.helloSide = side;
      const server = side === 0 ? 1 : 0;
      this.earlierAnswer(hello.dialect, server, this.sides[server]);
      seen.turn = this.afterHello(hello.dialect, side);
      return Math.min(end, start + Math.max(0, hello.length - before));
    }
    if (side === this.helloSide || this.pseudoAnswered) return end;
    const length = pseudoTlsAnswer(head.bytes, this.pseudo);
    if (typeof length === "string") return end;
    this.pseudoAnswered = true;
    this.pseudoAnswerFrame = frame;
    seen.turn = this.afterHello(this.pseudo, side);
    return Math.min(end, start + Math.max(0, length - before));
  }

  /** The answer may be stored before the hello it answers. */
  private earlierAnswer(dialect: PseudoTlsDialect, side: SideNumber, server: SeenSide): void {
    const { head } = server;
    const length = pseudoTlsAnswer(head.bytes, dialect);
    if (typeof length === "string") return;
    this.pseudoAnswered = true;
    this.pseudoAnswerFrame = server.firstFrame;
    server.turn = this.afterHello(dialect, side);
    // What followed was read as TLS; as far as the head has it, it is read again.
    server.turn.data(head.bytes, length, head.length, server.firstFrame);
    if (server.bytes > head.length) server.turn.gap();
  }

  /** [MS-TURN] has a framing of its own; in WebRTC it is one of the others. */
  private afterHello(dialect: PseudoTlsDialect, side: SideNumber): TurnStream {
    return this.turnStream(side, dialect === "ms-turn" ? "ms-turn" : undefined);
  }

  /** Recognises STUN and TURN in the clear by the first bytes; `before`: how many there were before those at hand. */
  private beginTurn(side: SideNumber, seen: SeenSide, before: number): void {
    if (seen.turn !== undefined || this.pseudo !== undefined || seen.head.broken) return;
    const { bytes } = seen.head;
    const found = turnFraming(bytes);
    seen.notTurn = found === "no";
    if (found === "no" || found === "need-more") return;
    seen.turn = this.turnStream(side, found);
    seen.turn.data(bytes, 0, before, this.available);
  }

  private turnStream(side: SideNumber, framing?: TurnFraming): TurnStream {
    const seen = this.sides[side];
    const stream = new TurnStream(framing, {
      message: (message, kind, frame) => {
        if (seen.turnFrame === 0) seen.turnFrame = frame;
        this.realTime ??= new RealTime(this.dtls);
        this.realTime.framing ??= kind;
        this.realTime.message(side, message, frame, this.at);
      },
      data: (bytes, kind, frame) => {
        this.realTime ??= new RealTime(this.dtls);
        if (kind === "rfc4571") this.realTime.datagram(side, bytes, true, frame, this.at);
        else this.realTime.relayed(side, bytes, frame);
        if (this.realTime.isEnough(side)) stream.finish();
      },
    });
    return stream;
  }

  /** Data of TLS, opened; answers whether it may be TURN, and more of it is wanted. */
  applicationContent(side: SideNumber, content: Uint8Array, frame: number): boolean {
    const seen = this.sides[side];
    seen.insideTls ??= this.turnStream(side);
    seen.insideTls.data(content, 0, content.length, Math.max(frame, this.available));
    return !seen.insideTls.done;
  }

  handshake(side: SideNumber, event: HandshakeEvent): void {
    const name = handshakeName(event.type, event.format);
    const complete = event.whole;
    const frame = Math.max(event.frames.at(-1) ?? 0, complete ? this.available : 0);
    if (this.messages.length < MAX_MESSAGES) {
      const { frames, record, length } = event;
      this.messages.push({ side, name, frame, frames, record, at: this.at, length, incomplete: !complete });
    }
    try {
      this.read(side, event, frame);
    } catch (error) {
      // A message that does not parse is kept as seen; nothing is concluded from it.
      if (!(error instanceof ParseError)) throw error;
    }
  }

  private read(side: SideNumber, event: HandshakeEvent, frame: number): void {
    if (event.format === "sslv2") {
      if (event.type !== HANDSHAKE_TYPE.clientHello) return;
      const { body } = event;
      this.setClientHello(side, body && this.hellos.sslv2Client(body), frame);
      return;
    }
    switch (event.type) {
      case HANDSHAKE_TYPE.clientHello: {
        const { body } = event;
        this.setClientHello(side, body && this.hellos.client(body), frame);
        if (body !== undefined && (this.keyLog.size > 0 || this.hellos.traced))
          this.clientRandom = toHex(body.subarray(RANDOM_START, RANDOM_END));
        return;
      }
      case HANDSHAKE_TYPE.encryptedExtensions:
        this.decrypted = this.sides[side].stream.isOpened;
        // A client may send one of its own, with settings of the application.
        if (event.body !== undefined && side !== this.clientSide) this.alpn = encryptedAlpn(event.body);
        return;
      case HANDSHAKE_TYPE.serverHello:
        this.setTheOther(side);
        this.setServerHello(event.body, frame);
        return;
      case HANDSHAKE_TYPE.certificate:
        this.certificate(side, event, frame);
        return;
      case HANDSHAKE_TYPE.compressedCertificate:
        // Under protection only, and one: a hostile capture has thousands, of 26 bytes each, that unpack to 256 kB.
        if (this.sides[side].stream.isOpened && !this.certificateSeen) this.certificate(side, event, frame);
        return;
      case HANDSHAKE_TYPE.certificateRequest:
        this.certificateRequested = true;
        this.setTheOther(side);
        return;
      case HANDSHAKE_TYPE.newSessionTicket:
        if (event.body !== undefined && side !== this.clientSide) {
          this.issue(sessionTicket(event.body, this.isTls13));
        }
        return;
      case HANDSHAKE_TYPE.serverKeyExchange:
      case HANDSHAKE_TYPE.serverHelloDone:
        this.setTheOther(side);
        return;
      case HANDSHAKE_TYPE.clientKeyExchange:
      case HANDSHAKE_TYPE.certificateVerify:
        if (this.helloSide < 0) this.helloSide = side;
        return;
    }
  }

  private setClientHello(side: SideNumber, hello: SeenClientHello | undefined, frame: number): void {
    if (this.clientHelloFrame === 0) {
      this.helloSide = side;
      this.clientHelloFrame = frame;
      this.clientHelloAt = this.at;
    }
    // The first one is what the client wanted; the one after a HelloRetryRequest repeats it.
    if (hello === undefined || this.clientHello !== undefined) return;
    this.clientHello = hello.observed;
    this.offeredSessions = hello.offers;
    this.flightOffer = hello.flight;
  }

  private setServerHello(body: Uint8Array | undefined, frame: number): void {
    if (body === undefined) {
      if (this.serverHelloFrame === 0) this.serverHelloFrame = frame;
      return;
    }
    const hello = this.hellos.server(body);
    if (hello.isHelloRetryRequest) {
      this.helloRetryRequest = true;
      this.retryGroup = hello.observed.group;
      if (this.serverHello === undefined) {
        this.serverHello = hello;
        this.serverHelloFrame = frame;
      }
      return;
    }
    if (this.serverHello !== undefined && !this.serverHello.isHelloRetryRequest) return;
    this.serverHello = hello;
    this.serverHelloFrame = frame;
    if (this.hellos.traced) this.serverRandom = toHex(body.subarray(RANDOM_START, RANDOM_END));
    if (hello.version >= TLS_1_3) this.useSecrets(hello.observed.cipherSuite);
    else if (hello.version === TLS_1_2) this.useMasterSecret(hello.observed.cipherSuite, body);
    const session = helloSessionId(body);
    if (session.length > 0) this.issue(session);
  }

  /** Opens what follows on both sides, where its secrets are known. */
  private useSecrets(cipherSuite: number): void {
    const secrets = this.clientRandom === undefined ? undefined : this.keyLog.find(this.clientRandom);
    if (secrets === undefined) return;
    const { clientSide } = this;
    const protection = (secret: string | undefined) =>
      secret === undefined ? undefined : RecordProtection.of(cipherSuite, fromHex(secret));
    const client = protection(secrets.client);
    const server = protection(secrets.server);
    if (client !== undefined) this.sides[clientSide].stream.protect(client, protection(secrets.clientTraffic));
    if (server !== undefined)
      this.sides[clientSide === 0 ? 1 : 0].stream.protect(server, protection(secrets.serverTraffic));
  }

  /** As `useSecrets`, for TLS 1.2. `body`: of the ServerHello. */
  private useMasterSecret(cipherSuite: number, body: Uint8Array): void {
    const random = this.clientRandom;
    const master = random === undefined ? undefined : this.keyLog.find(random)?.master;
    if (random === undefined || master === undefined) return;
    const secret = {
      master: fromHex(master),
      clientRandom: fromHex(random),
      // Not slice(): on a Buffer that would be a view of the caller's reused memory.
      serverRandom: new Uint8Array(body.subarray(RANDOM_START, RANDOM_END)),
    };
    for (const side of [0, 1] as const) {
      const protection = RecordProtection12.of(cipherSuite, secret, side === this.clientSide);
      if (protection !== undefined) this.sides[side].stream.protectAfterChange(protection);
    }
  }

  private certificate(side: SideNumber, { type, body }: HandshakeEvent, frame: number): void {
    const compressed = type === HANDSHAKE_TYPE.compressedCertificate;
    if (side === this.clientSide) {
      const known = body !== undefined && !compressed;
      this.clientCertificates ??= known ? parseCertificateList(body, this.isTls13).length : 1;
      return;
    }
    // Both sides sent one before it was clear who is who: what the client sent is dropped.
    if (this.certificateSide >= 0 && this.certificateSide !== side) this.release();
    this.certificateSeen = true;
    this.certificateSide = side;
    if (body === undefined || this.chain?.certificates[0] !== undefined) return;
    this.chain = compressed ? this.pool.holdCompressed(body) : this.pool.holdChain(body, this.isTls13);
    this.chainFrame = frame;
  }

  private setTheOther(server: SideNumber): void {
    if (this.helloSide < 0) this.helloSide = server === 0 ? 1 : 0;
  }

  private issue(session: Uint8Array): void {
    // An empty one takes a session back.
    const issued = this.issuedSessions;
    if (session.length === 0 || issued.length >= MAX_SESSIONS) return;
    const key = sessionKey(session);
    this.issuedSessions = issued === NO_SESSIONS ? [key] : [...issued, key];
  }

  private stopWhenDone(side: SideNumber, seen: SeenSide): void {
    if (this.isDone(side, seen)) this.reassembly.unfollow(this.flow, side);
  }

  private isDone(side: SideNumber, seen: SeenSide): boolean {
    if (seen.bytes > MAX_FOLLOWED_BYTES) return true;
    if (this.prelude !== undefined && !seen.pastPrelude) return this.prelude.dead && seen.bytes > MAX_OTHER_BYTES;
    if (seen.turn !== undefined) return seen.turn.done;
    // Until the answer is there it is open whether this is pseudo-TLS.
    if (this.pseudo !== undefined && side !== this.helloSide)
      return seen.stream.state === "lost" || seen.stream.state === "not-tls";
    if (seen.stream.state === "not-tls" || seen.stream.state === "sslv2")
      return seen.bytes > (seen.answer?.isSettled === false ? MAX_ANSWER_BYTES : MAX_OTHER_BYTES);
    if (seen.stream.state === "lost") return true;
    // What is opened ends when it is seen what it is.
    if (seen.stream.opens) return false;
    if (seen.applicationData) return !this.awaitsRecords(side, seen);
    return seen.encryptedRecords >= MAX_RECORDS;
  }
}

/** Side of the client: who sent the SYN, else who spoke as a client, else the higher port. */
export function clientSideOf(flow: Flow, helloSide: -1 | SideNumber = -1): SideNumber {
  if (flow.clientSide >= 0) return flow.clientSide as SideNumber;
  if (helloSide >= 0) return helloSide as SideNumber;
  return flow.aPort < flow.bPort ? 1 : 0;
}
