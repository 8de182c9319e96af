/**
 * What is kept of the hellos of a connection: name, version and fingerprints instead of the bytes. Owns the sharing of what
 * is the same on many connections: a hello is parsed in full once per shape.
 */
import { ByteTable } from "../bytes/byte-table.ts";
import { type Ja4Transport, ja3, ja3s, ja4 } from "../protocol/tls/fingerprints.ts";
import { type FlightOffer, flightOffer } from "../protocol/tls/flight.ts";
import { HelloShape } from "../protocol/tls/hello-shape.ts";
import {
  type ClientHello,
  helloSessionId,
  isHelloRetryRequest,
  negotiatedVersion,
  parseClientHello,
  parseServerHello,
  parseServerName,
  parseSslv2ClientHello,
} from "../protocol/tls/messages.ts";

/** Sessions kept per connection (one id and a few tickets). */
export const MAX_SESSIONS = 8;
/** Shapes and names remembered; a client that varies its hello at every connection must not cost memory. */
const MAX_REMEMBERED = 4096;

export interface ObservedClientHello {
  /** legacy_version as sent, e.g. 0x0303. */
  readonly version: number;
  /** server_name, lower case. */
  readonly serverName?: string;
  /** Undefined for a hello in SSLv2 format, for which they are not defined. */
  readonly ja3?: string;
  readonly ja4?: string;
}

export interface ObservedServerHello {
  readonly cipherSuite: number;
  /** NamedGroup of key_share (TLS 1.3): of its share, or what a HelloRetryRequest asks for. */
  readonly group?: number;
  /** As answered, in the clear or, where that could be read, under protection. */
  readonly alpn?: string;
  readonly ja3s: string;
}

export interface SeenClientHello {
  readonly observed: ObservedClientHello;
  /** Keys of the sessions it offers to resume: session id, tickets. */
  readonly offers: readonly string[];
  /** What bears on the server's encrypted flight. */
  readonly flight: FlightOffer;
}

/** Of a ServerHello, all that is the same in every one of its shape. */
export interface SeenServerHello {
  readonly observed: ObservedServerHello;
  /** Negotiated, e.g. 0x0303. */
  readonly version: number;
  readonly isHelloRetryRequest: boolean;
  readonly acceptsPsk: boolean;
}

/** Of a ClientHello, all that is the same in every one of its shape. */
interface ClientShape {
  readonly observed: Omit<ObservedClientHello, "serverName">;
  readonly flight: FlightOffer;
  /** With the names that came with it. */
  readonly named: Map<string, ObservedClientHello>;
}

const NO_TICKETS: readonly Uint8Array[] = [];
const NO_OFFERS: readonly string[] = [];

export class Hellos {
  /** Whoever reads hellos keeps their randoms as well: two captures are compared by them. */
  readonly traced: boolean;
  private readonly transport: Ja4Transport;
  private readonly shape = new HelloShape();
  private readonly clients = new ByteTable<ClientShape>(MAX_REMEMBERED);
  private readonly servers = new ByteTable<SeenServerHello>(MAX_REMEMBERED);
  /** By the data of server_name: a client hello of every name and shape. */
  private readonly names = new ByteTable<string | undefined>(MAX_REMEMBERED);
  /** Of a shape and a name, remembered. */
  private pairs = 0;

  /** `transport`: TLS over TCP, QUIC or DTLS, which JA4 tells apart. */
  constructor(transport: Ja4Transport = "t", traced = false) {
    this.transport = transport;
    this.traced = traced;
  }

  /** Throws ParseError when the body is no ClientHello. */
  client(body: Uint8Array): SeenClientHello {
    const { shape } = this;
    if (!shape.clientHello(body)) return this.seen(parseClientHello(body));
    const known = this.clients.get(shape.bytes, 0, shape.length);
    if (known === undefined) {
      const hello = parseClientHello(body);
      const common = clientShape(hello, this.transport);
      this.clients.add(copy(shape.bytes, 0, shape.length), common);
      return this.seen(hello, common);
    }
    // The shape says that the rest can be read; the name is not part of it.
    const serverName = this.name(body, shape.nameStart, shape.nameEnd);
    return {
      observed: this.observed(known, serverName),
      offers: offersOf(helloSessionId(body), shape.hasTickets ? shape.tickets(body) : NO_TICKETS),
      flight: known.flight,
    };
  }

  /** A ClientHello in SSLv2 format. Throws ParseError when the body is none. */
  sslv2Client(body: Uint8Array): SeenClientHello {
    return this.seen(parseSslv2ClientHello(body));
  }

  /** Throws ParseError when the body is no ServerHello. */
  server(body: Uint8Array): SeenServerHello {
    const { shape } = this;
    if (isHelloRetryRequest(body) || !shape.serverHello(body)) return seenServer(body);
    const known = this.servers.get(shape.bytes, 0, shape.length);
    if (known !== undefined) return known;
    const seen = seenServer(body);
    this.servers.add(copy(shape.bytes, 0, shape.length), seen);
    return seen;
  }

  private seen(hello: ClientHello, shape = clientShape(hello, this.transport)): SeenClientHello {
    return {
      observed: this.observed(shape, hello.serverName),
      offers: offersOf(hello.sessionId, hello.tickets),
      flight: shape.flight,
    };
  }

  private observed({ observed, named }: ClientShape, serverName: string | undefined): ObservedClientHello {
    if (serverName === undefined) return observed;
    const known = named.get(serverName);
    if (known !== undefined) return known;
    const made = { ...observed, serverName };
    if (this.pairs < MAX_REMEMBERED) {
      this.pairs++;
      named.set(serverName, made);
    }
    return made;
  }

  private name(body: Uint8Array, start: number, end: number): string | undefined {
    if (start === end) return undefined;
    const known = this.names.get(body, start, end);
    if (known !== undefined) return known;
    const data = copy(body, start, end);
    const name = parseServerName(data);
    this.names.add(data, name);
    return name;
  }
}

function clientShape(hello: ClientHello, transport: Ja4Transport): ClientShape {
  const [one, four] = [ja3(hello), ja4(hello, transport)];
  return {
    observed: {
      version: hello.version,
      ...(one !== undefined && { ja3: one }),
      ...(four !== undefined && { ja4: four }),
    },
    flight: flightOffer(hello),
    named: new Map(),
  };
}

function seenServer(body: Uint8Array): SeenServerHello {
  const hello = parseServerHello(body);
  return {
    observed: {
      cipherSuite: hello.cipherSuite,
      ...(hello.group !== undefined && { group: hello.group }),
      ...(hello.alpn !== undefined && { alpn: hello.alpn }),
      ja3s: ja3s(hello),
    },
    version: negotiatedVersion(hello),
    isHelloRetryRequest: hello.isHelloRetryRequest,
    acceptsPsk: hello.acceptsPsk,
  };
}

function offersOf(sessionId: Uint8Array, tickets: readonly Uint8Array[]): readonly string[] {
  if (sessionId.length === 0 && tickets.length === 0) return NO_OFFERS;
  const sessions = sessionId.length === 0 ? tickets : [sessionId, ...tickets];
  return sessions.slice(0, MAX_SESSIONS).map(sessionKey);
}

/** Bytes of a session that make it up: of a long ticket its two ends. */
const TELLING = 32;

/** Sessions are compared, never shown: two bytes a character, and how many there are. */
export function sessionKey(session: Uint8Array): string {
  const { length } = session;
  if (length <= 2 * TELLING) return pairs(session, 0, length) + String.fromCharCode(length);
  return pairs(session, 0, TELLING) + pairs(session, length - TELLING, length) + String.fromCharCode(length & 0xffff);
}

/** An odd one out at the end is a character of its own. */
function pairs(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let at = start;
  // Made of many at once, a string is in one piece.
  for (; at + 16 <= end; at += 16)
    text += String.fromCharCode(
      pair(bytes, at),
      pair(bytes, at + 2),
      pair(bytes, at + 4),
      pair(bytes, at + 6),
      pair(bytes, at + 8),
      pair(bytes, at + 10),
      pair(bytes, at + 12),
      pair(bytes, at + 14),
    );
  for (; at < end; at += 2) text += String.fromCharCode(pair(bytes, at));
  return text;
}

function pair(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0);
}

/** Not slice(): on a Buffer that would be a view of the caller's reused memory. */
function copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}
