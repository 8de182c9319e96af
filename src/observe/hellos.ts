/**
 * What is kept of the hellos of a connection: name, version and fingerprints instead of the bytes. Owns the sharing of what
 * is the same on many connections: a hello is parsed in full once per shape.
 */
import { ByteTable } from "../bytes/byte-table.ts";
import { toLatin1 } from "../bytes/text.ts";
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
}

const NO_TICKETS: readonly Uint8Array[] = [];
const NO_OFFERS: readonly string[] = [];

export class Hellos {
  private readonly transport: Ja4Transport;
  private readonly shape = new HelloShape();
  private readonly clients = new ByteTable<ClientShape>(MAX_REMEMBERED);
  private readonly servers = new ByteTable<SeenServerHello>(MAX_REMEMBERED);
  /** By the data of server_name: a client hello of every name and shape. */
  private readonly names = new ByteTable<string | undefined>(MAX_REMEMBERED);

  /** `transport`: TLS over TCP, QUIC or DTLS, which JA4 tells apart. */
  constructor(transport: Ja4Transport = "t") {
    this.transport = transport;
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
      return seenClient(hello, common);
    }
    // The shape says that the rest can be read; the name is not part of it.
    const serverName = this.name(body, shape.nameStart, shape.nameEnd);
    const { observed, flight } = known;
    return {
      observed: serverName === undefined ? observed : { ...observed, serverName },
      offers: offersOf(helloSessionId(body), shape.hasTickets ? shape.tickets(body) : NO_TICKETS),
      flight,
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

  private seen(hello: ClientHello): SeenClientHello {
    return seenClient(hello, clientShape(hello, this.transport));
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
  };
}

function seenClient(hello: ClientHello, shape: ClientShape): SeenClientHello {
  const { serverName } = hello;
  const { observed, flight } = shape;
  return {
    observed: serverName === undefined ? observed : { ...observed, serverName },
    offers: offersOf(hello.sessionId, hello.tickets),
    flight,
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

/** Sessions are compared, hardly ever shown: a character per byte, of a long ticket its two ends. */
export function sessionKey(session: Uint8Array): string {
  if (session.length <= 64) return toLatin1(session);
  return `${toLatin1(session.subarray(0, 32))}…${toLatin1(session.subarray(session.length - 32))}`;
}

/** Not slice(): on a Buffer that would be a view of the caller's reused memory. */
function copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}
