/**
 * QuicReader: the handshake of a QUIC connection. Its two hellos are in Initial packets, under keys that anyone can derive; the rest
 * is read where a key log has the secrets. Owns the keys of one connection and what it said; its data is not read.
 */
import { ParseError } from "../bytes/parse-error.ts";
import { fromHex, toHex } from "../bytes/text.ts";
import { ciphers } from "../protocol/ciphers.ts";
import { type CryptoMessage, CryptoStream } from "../protocol/quic/crypto-stream.ts";
import { readFrames } from "../protocol/quic/frames.ts";
import { type LongPacket, type Packet, packets, type ShortPacket } from "../protocol/quic/packet.ts";
import { isGenuineRetry, PacketKeys } from "../protocol/quic/protection.ts";
import type { KeyLog } from "../protocol/tls/key-log.ts";
import { encryptedAlpn, HANDSHAKE_TYPE, parseCertificateList, sessionTicket } from "../protocol/tls/messages.ts";
import { handshakeName } from "../protocol/tls/names.ts";
import { sameBytes } from "../protocol/x509/der.ts";
import type { CertificatePool, Chain } from "./certificate-pool.ts";
import { type Hellos, MAX_SESSIONS, type ObservedClientHello, type SeenServerHello, sessionKey } from "./hellos.ts";
import type { SeenAlert, SeenHandshake, SeenMessage } from "./tcp-reader.ts";

/** Bytes of one side's Initial packets: two hellos with post-quantum keys, where the server wants another one, have 4 kB. */
const MAX_HELLO = 8 * 1024;
/** Bytes of one side's handshake: clients take chains of some 100 kB at most. */
const MAX_FLIGHT = 128 * 1024;
/** Bytes of a server's session tickets, which come first. */
const MAX_TICKETS = 16 * 1024;
/** Messages kept; the longest honest handshake has about 15. */
const MAX_MESSAGES = 32;
/** Packets that may fail to open before the connection is left alone: opening is the most costly thing done to a datagram. */
const MAX_UNOPENED = 8;
/** Packets behind the handshake that are looked through for tickets. */
const MAX_LOOKED_INTO = 16;
/** Datagrams kept while the ciphers are not loaded: the hellos of both sides, resent once. */
const MAX_KEPT = 8;
/** Packets of the handshake that came before the ServerHello, by which their keys are known. */
const MAX_EARLY = 16;
/** RFC 9000 section 20.1: CRYPTO_ERROR, whose last byte is an alert of TLS. */
const CRYPTO_ERROR = 0x100;
const FATAL = 2;

type SideNumber = 0 | 1;
type Space = "initial" | "handshake" | "application";

/** What the readers of a capture share. */
export interface QuicShared {
  readonly hellos: Hellos;
  readonly pool: CertificatePool;
  readonly keyLog: KeyLog;
  /** Set when there is a connection to be read. */
  met: boolean;
  /** Connections whose packets may still be opened: deriving keys and opening takes half a millisecond. */
  connections: number;
  /** Packets that may still fail to open. */
  failures: number;
}

/** Keys of both sides, by side. */
type Keys = readonly [PacketKeys | undefined, PacketKeys | undefined];

export class QuicReader implements SeenHandshake {
  /** Who sent the first Initial that opened as a client's; -1 before it. */
  clientSide: -1 | SideNumber = -1;
  /** As spoken: the server's, before it answers the client's. */
  version = 0;
  /** What the server speaks instead of what the client began with. */
  offered: readonly number[] | undefined = undefined;
  /** The server had the client prove its address. */
  retry = false;
  clientHello: ObservedClientHello | undefined = undefined;
  clientHelloFrame = 0;
  serverHello: SeenServerHello | undefined = undefined;
  serverHelloFrame = 0;
  helloRetryRequest = false;
  retryGroup: number | undefined = undefined;
  alpn: string | undefined = undefined;
  decrypted = false;
  chain: Chain | undefined = undefined;
  chainFrame = 0;
  certificateSeen = false;
  certificateRequested = false;
  clientCertificates: number | undefined = undefined;
  issuedSessions: readonly string[] = [];
  offeredSessions: readonly string[] = [];
  readonly messages: SeenMessage[] = [];
  readonly alerts: SeenAlert[] = [];
  /** By side: packets behind the handshake were seen, of which a client sends none before it has accepted the server. */
  readonly data: [boolean, boolean] = [false, false];

  private readonly shared: QuicShared;
  private readonly streams = new Map<string, CryptoStream>();
  /** The first packet with a long header, which a Version Negotiation answers. */
  private first:
    | { readonly side: SideNumber; readonly destination: Uint8Array; readonly source: Uint8Array }
    | undefined = undefined;
  /** Connection id from which the keys of Initial packets are derived, and the client's first one. */
  private destination: Uint8Array | undefined = undefined;
  private original: Uint8Array | undefined = undefined;
  /** Length of the connection id that the client gave itself: short headers to it bear one. */
  private clientIdLength = 0;
  private readonly initial: Record<"client" | "server", { version: number; keys: PacketKeys | undefined }> = {
    client: { version: 0, keys: undefined },
    server: { version: 0, keys: undefined },
  };
  private handshakeKeys: Keys | undefined = undefined;
  private ticketKeys: PacketKeys | undefined = undefined;
  private readonly finished: [boolean, boolean] = [false, false];
  private closed = false;
  private patience: number;
  private lookedInto = 0;
  /** Initial packets of each side so far. */
  private readonly packets: [number, number] = [0, 0];
  /** Hexadecimal; empty before the ClientHello. */
  clientRandom = "";
  /** Of the ServerHello, where captures are compared. */
  serverRandom = "";
  private kept: (readonly [side: SideNumber, bytes: Uint8Array, frame: number, at: number])[] = [];
  private early: (readonly [side: SideNumber, packet: LongPacket, frame: number, at: number])[] = [];

  constructor(shared: QuicShared) {
    this.shared = shared;
    this.patience = shared.connections > 0 ? MAX_UNOPENED : 0;
    shared.connections--;
    shared.met = true;
  }

  /** One datagram. Without ciphers it is kept until there are. */
  datagram(side: SideNumber, bytes: Uint8Array, frame: number, at: number): void {
    if (((bytes[0] as number) & 0xc0) === 0x40) this.data[side] = true;
    if (ciphers() === undefined) {
      // Not slice(): on a Buffer that would be a view of the caller's reused memory.
      if (this.kept.length < MAX_KEPT) this.kept.push([side, new Uint8Array(bytes), frame, at]);
      return;
    }
    this.flush();
    this.read(side, bytes, frame, at);
  }

  /** Nothing more comes. */
  end(): void {
    this.flush();
    this.early = [];
    this.streams.clear();
  }

  /** The connection's details are not kept. */
  release(): void {
    if (this.chain !== undefined) this.shared.pool.releaseChain(this.chain);
    this.chain = undefined;
  }

  /** Reads what was kept. */
  private flush(): void {
    const { kept } = this;
    this.kept = [];
    for (const datagram of kept) this.read(...datagram);
  }

  private read(side: SideNumber, bytes: Uint8Array, frame: number, at: number): void {
    try {
      for (const packet of packets(bytes)) {
        if (this.isOver) return;
        this.packet(side, packet, frame, at);
      }
    } catch (error) {
      // The rest of the datagram is no QUIC that we read.
      if (!(error instanceof ParseError)) throw error;
    }
  }

  private get isOver(): boolean {
    if (this.closed || this.patience === 0 || this.shared.failures === 0) return true;
    if (this.clientHello === undefined || this.serverHello === undefined || this.serverHello.isHelloRetryRequest)
      return false;
    if (this.handshakeKeys === undefined) return true;
    const [one, other] = this.finished;
    const told = this.ticketKeys === undefined || this.issuedSessions.length > 0 || this.lookedInto >= MAX_LOOKED_INTO;
    return one && other && told;
  }

  private packet(side: SideNumber, packet: Packet, frame: number, at: number): void {
    if (packet.type !== "short" && this.first === undefined) {
      this.first = { side, destination: copy(packet.destination), source: copy(packet.source) };
    }
    switch (packet.type) {
      case "version-negotiation": {
        const { first } = this;
        // RFC 8999 section 6: it has the ids of what it answers, turned round.
        if (first === undefined || first.side === side) return;
        if (sameBytes(packet.destination, first.source) && sameBytes(packet.source, first.destination))
          this.offered = packet.versions;
        return;
      }
      case "other":
        if (this.version === 0) this.version = packet.version;
        return;
      case "initial":
        this.packets[side]++;
        this.frames(side, "initial", this.openInitial(side, packet), frame, at);
        return;
      case "handshake":
        this.handshakePacket(side, packet, frame, at);
        return;
      case "short":
        this.shortPacket(side, packet, frame, at);
        return;
      case "retry":
        if (this.original !== undefined && side !== this.clientSide && isGenuineRetry(packet, this.original))
          this.retry = true;
        return;
      case "0-rtt":
        return;
    }
  }

  // --- opening

  private openInitial(side: SideNumber, packet: LongPacket): Uint8Array | undefined {
    const isServer = this.clientSide >= 0 && side !== this.clientSide;
    const opened = this.openWith(isServer ? "server" : "client", packet);
    if (opened !== undefined) {
      if (isServer || this.serverHello === undefined) this.version = packet.version;
      return opened;
    }
    if (isServer) return undefined;
    // The client's first, or its first after a Retry, which gave it another connection id to derive keys from.
    const { version, destination } = packet;
    const keys = PacketKeys.initial(version, destination, "client");
    const frames = keys?.open(packet);
    if (frames === undefined) return undefined;
    this.initial.client = { version, keys };
    this.initial.server = { version: 0, keys: undefined };
    this.destination = copy(destination);
    this.original ??= this.destination;
    this.clientIdLength = packet.source.length;
    this.clientSide = side;
    this.version = version;
    return frames;
  }

  /** Either side may go on in another version that is compatible (RFC 9368), with keys from the same connection id. */
  private openWith(side: "client" | "server", packet: LongPacket): Uint8Array | undefined {
    const { destination } = this;
    if (destination === undefined) return undefined;
    let known = this.initial[side];
    if (known.version !== packet.version) {
      known = { version: packet.version, keys: PacketKeys.initial(packet.version, destination, side) };
    }
    const opened = known.keys?.open(packet);
    if (opened !== undefined) this.initial[side] = known;
    return opened;
  }

  private handshakePacket(side: SideNumber, packet: LongPacket, frame: number, at: number): void {
    if (this.handshakeKeys !== undefined) {
      const keys = this.handshakeKeys[side];
      if (keys !== undefined) this.frames(side, "handshake", keys.open(packet), frame, at);
    } else if (this.shared.keyLog.size > 0 && this.early.length < MAX_EARLY) {
      this.early.push([side, { ...packet, bytes: copy(packet.bytes) }, frame, at]);
    }
  }

  private shortPacket(side: SideNumber, packet: ShortPacket, frame: number, at: number): void {
    if (this.ticketKeys === undefined || side === this.clientSide || this.lookedInto === MAX_LOOKED_INTO) return;
    this.lookedInto++;
    const opened = this.ticketKeys.open({ bytes: packet.bytes, numberAt: 1 + this.clientIdLength });
    // What another path or a new key made unreadable is no sign that these are the wrong ones.
    if (opened !== undefined) this.frames(side, "application", opened, frame, at);
  }

  private frames(side: SideNumber, space: Space, opened: Uint8Array | undefined, frame: number, at: number): void {
    if (opened === undefined) {
      this.patience--;
      this.shared.failures--;
      return;
    }
    for (const one of readFrames(opened)) {
      if (one.type === "crypto") {
        for (const message of this.stream(side, space).add(one.offset, one.data, frame))
          this.message(side, space, message, frame, at);
      } else this.close(side, one.error, frame, at);
    }
  }

  private stream(side: SideNumber, space: Space): CryptoStream {
    const key = `${side} ${space}`;
    const known = this.streams.get(key);
    if (known !== undefined) return known;
    const limit = { initial: MAX_HELLO, handshake: MAX_FLIGHT, application: MAX_TICKETS }[space];
    const stream = new CryptoStream(limit);
    this.streams.set(key, stream);
    return stream;
  }

  private close(side: SideNumber, error: number, frame: number, at: number): void {
    this.closed = true;
    if (error < CRYPTO_ERROR || error > CRYPTO_ERROR + 0xff) return;
    this.alerts.push({ side, level: FATAL, code: error - CRYPTO_ERROR, frame, at });
  }

  // --- messages

  private message(
    side: SideNumber,
    space: Space,
    { type, body, frames }: CryptoMessage,
    frame: number,
    at: number,
  ): void {
    const name = handshakeName(type, "tls");
    // QUIC has packets in the place of records.
    const record = Math.max(1, this.packets[side]);
    if (this.messages.length < MAX_MESSAGES)
      this.messages.push({ side, name, frame, frames, record, at, length: body.length, incomplete: false });
    try {
      if (space === "initial") this.hello(side, type, body, frame);
      else this.opened(side, space, type, body, frame);
    } catch (error) {
      // A message that does not parse is kept as seen; nothing is concluded from it.
      if (!(error instanceof ParseError)) throw error;
    }
  }

  private hello(side: SideNumber, type: number, body: Uint8Array, frame: number): void {
    if (side === this.clientSide && type === HANDSHAKE_TYPE.clientHello) {
      // The one after a HelloRetryRequest repeats it.
      if (this.clientHello !== undefined) return;
      const hello = this.shared.hellos.client(body);
      this.clientHello = hello.observed;
      this.clientHelloFrame = frame;
      this.offeredSessions = hello.offers;
      this.clientRandom = toHex(body.subarray(2, 34));
    } else if (side !== this.clientSide && type === HANDSHAKE_TYPE.serverHello) {
      this.serverHello = this.shared.hellos.server(body);
      this.serverHelloFrame = frame;
      if (this.serverHello.isHelloRetryRequest) {
        this.helloRetryRequest = true;
        this.retryGroup = this.serverHello.observed.group;
        return;
      }
      if (this.shared.hellos.traced) this.serverRandom = toHex(body.subarray(2, 34));
      this.useSecrets(this.serverHello.observed.cipherSuite);
    }
  }

  private useSecrets(cipherSuite: number): void {
    const secrets = this.shared.keyLog.find(this.clientRandom);
    if (secrets === undefined) return;
    const keys = (secret?: string) => (secret ? PacketKeys.of(this.version, cipherSuite, fromHex(secret)) : undefined);
    const [client, server] = [keys(secrets.client), keys(secrets.server)];
    if (client === undefined && server === undefined) return;
    this.handshakeKeys = this.clientSide === 0 ? [client, server] : [server, client];
    this.ticketKeys = keys(secrets.serverTraffic);
    const { early } = this;
    this.early = [];
    for (const packet of early) this.handshakePacket(...packet);
  }

  /** What was under a key of the handshake, or of the data behind it. */
  private opened(side: SideNumber, space: Space, type: number, body: Uint8Array, frame: number): void {
    const fromClient = side === this.clientSide;
    this.decrypted = true;
    switch (type) {
      case HANDSHAKE_TYPE.encryptedExtensions:
        if (!fromClient) this.alpn = encryptedAlpn(body);
        return;
      case HANDSHAKE_TYPE.certificateRequest:
        this.certificateRequested = true;
        return;
      case HANDSHAKE_TYPE.certificate:
      case HANDSHAKE_TYPE.compressedCertificate:
        this.certificate(fromClient, body, frame, type === HANDSHAKE_TYPE.compressedCertificate);
        return;
      case HANDSHAKE_TYPE.finished:
        this.finished[side] = true;
        return;
      case HANDSHAKE_TYPE.newSessionTicket: {
        const ticket = sessionTicket(body, true);
        if (!fromClient && space === "application" && ticket.length > 0 && this.issuedSessions.length < MAX_SESSIONS)
          this.issuedSessions = this.issuedSessions.concat(sessionKey(ticket));
        return;
      }
    }
  }

  private certificate(fromClient: boolean, body: Uint8Array, frame: number, compressed: boolean): void {
    if (fromClient) {
      this.clientCertificates ??= compressed ? 1 : parseCertificateList(body, true).length;
      return;
    }
    if (this.certificateSeen) return;
    this.certificateSeen = true;
    const { pool } = this.shared;
    this.chain = compressed ? pool.holdCompressed(body) : pool.holdChain(body, true);
    this.chainFrame = frame;
  }
}

/** Not slice(): on a Buffer that would be a view of the caller's reused memory. */
function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
