/**
 * Which protocol a connection speaks, by content, never by port: from the first bytes of both directions of a TCP
 * connection, or from one UDP datagram. Owns the order of the tests and the few that have no parser of their own; knows
 * nothing of flows or verdicts.
 *
 * A new protocol is one line in `TCP` or `UDP`. An answer never changes as more bytes arrive, except from `unknown`.
 */
import { ParseError } from "../bytes/parse-error.ts";
import { toLatin1 } from "../bytes/text.ts";
import { isDns } from "./dns.ts";
import { dtlsRecords, mayBeDtls } from "./dtls/record.ts";
import { type PseudoTlsDialect, pseudoTlsAnswer, pseudoTlsHello } from "./pseudo-tls/hello.ts";
import { beginsLong } from "./quic/packet.ts";
import { isQuicVersion, quicVersionName } from "./quic/versions.ts";
import { isTurn, MULTIPLEXED, parseChannelData, parseStun, STUN_HEADER } from "./stun/message.ts";
import { FRAME_HEADER, turnFraming } from "./stun/stream.ts";
import { FIRST_BYTES, firstBytes } from "./tls/record.ts";

export type TcpProtocol =
  | "pseudo-tls"
  | "ssltcp"
  | "tls"
  | "stun"
  | "turn"
  | "http-connect"
  | "http"
  | "smtp"
  | "imap"
  | "pop3"
  | "xmpp"
  | "unknown";

export type UdpProtocol = "stun" | "turn" | "dtls" | "quic" | "dns" | "unknown";

/**
 * The first bytes of each direction, as many as there are (512 are enough); undefined or empty for a direction without any.
 * What the client sends decides; the server's bytes count when the client sent none, or waits for a greeting.
 * `tls` includes SSLv2-format hellos; `pseudo-tls` and `ssltcp` need the whole hello.
 */
export function identifyTcp(client: Uint8Array | undefined, server: Uint8Array | undefined): TcpProtocol {
  const byClient = decide(client, "client");
  const found = byClient === "no" ? decide(server, "server") : byClient;
  return found === "no" || found === "need-more" ? "unknown" : found;
}

/** One whole datagram. */
export function identifyUdp(datagram: Uint8Array): UdpProtocol {
  return UDP.find(({ matches }) => matches(datagram))?.is ?? "unknown";
}

type Match = "yes" | "no" | "need-more";
type Test = (bytes: Uint8Array) => Match;

interface TcpTest {
  readonly is: TcpProtocol;
  readonly client?: Test;
  readonly server?: Test;
}

/** In order: an earlier protocol that still needs bytes holds back the later ones. */
const TCP: readonly TcpTest[] = [
  { is: "pseudo-tls", client: pseudoHello("ms-turn"), server: pseudoAnswer("ms-turn") },
  { is: "ssltcp", client: pseudoHello("ssltcp"), server: pseudoAnswer("ssltcp") },
  { is: "tls", client: tlsRecord, server: tlsRecord },
  { is: "turn", client: stunStream(true), server: stunStream(true) },
  { is: "stun", client: stunStream(false), server: stunStream(false) },
  { is: "http-connect", client: start("CONNECT ") },
  { is: "http", client: start("GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "PATCH ", "PROPFIND ", "PRI * HTTP/2.0") },
  {
    is: "http",
    client: start("RPC_IN_DATA ", "RPC_OUT_DATA ", "RDG_IN_DATA ", "RDG_OUT_DATA "),
    server: start("HTTP/1."),
  },
  { is: "xmpp", client: xmppStream, server: xmppStream },
  { is: "smtp", client: start("EHLO ", "HELO ") },
  // Tests of a whole line come last: they wait for its end.
  {
    is: "imap",
    client: line(/^\w+ (CAPABILITY|STARTTLS|LOGIN .*|AUTHENTICATE .*)$/i),
    server: start("* OK", "* PREAUTH"),
  },
  { is: "pop3", client: line(/^(CAPA|STLS)$/i), server: start("+OK") },
  { is: "smtp", server: line(/^220[ -].*SMTP/i) },
  { is: "http", client: line(/^OPTIONS \S+ HTTP\/1\.[01]$/) },
];

const UDP: readonly { readonly is: UdpProtocol; readonly matches: (datagram: Uint8Array) => boolean }[] = [
  { is: "turn", matches: stunMessage(true) },
  { is: "stun", matches: stunMessage(false) },
  { is: "quic", matches: isQuicLongHeader },
  { is: "dtls", matches: isDtls },
  { is: "dns", matches: isDns },
  { is: "turn", matches: isChannelData },
];

/** The first protocol that matches; "need-more" when an earlier one, or none yet, could still match. */
function decide(bytes: Uint8Array | undefined, side: "client" | "server"): TcpProtocol | "no" | "need-more" {
  if (bytes === undefined || bytes.length === 0) return "no";
  for (const test of TCP) {
    const found = test[side]?.(bytes) ?? "no";
    if (found === "yes") return test.is;
    if (found === "need-more") return "need-more";
  }
  return "no";
}

// --- binary protocols over TCP

function pseudoHello(dialect: PseudoTlsDialect): Test {
  return (bytes) => {
    const found = pseudoTlsHello(bytes);
    return typeof found === "string" ? found : found.dialect === dialect ? "yes" : "no";
  };
}

function pseudoAnswer(dialect: PseudoTlsDialect): Test {
  return (bytes) => {
    const found = pseudoTlsAnswer(bytes, dialect);
    return typeof found === "string" ? found : "yes";
  };
}

function tlsRecord(bytes: Uint8Array): Match {
  const found = firstBytes(bytes.subarray(0, FIRST_BYTES));
  return found === "no" || found === "need-more" ? found : "yes";
}

/** STUN or TURN in one of its framings. */
function stunStream(turn: boolean): Test {
  return (bytes) => {
    const framing = turnFraming(bytes);
    if (framing === "no" || framing === "need-more") return framing;
    return (framing === "ms-turn" || isTurnType(bytes, FRAME_HEADER[framing])) === turn ? "yes" : "no";
  };
}

/** A method above Binding and Shared Secret (RFC 8489 section 18.2). */
function isTurnType(bytes: Uint8Array, at: number): boolean {
  return (u16(bytes, at) & 0x3eef) > 2;
}

// --- text protocols over TCP

/** Longest first line waited for; RFC 5321 section 4.5.3.1.5 allows 512 in SMTP, the others need less. */
const MAX_LINE = 512;

/** Begins with one of the words, in any case of letters. */
function start(...words: readonly string[]): Test {
  return (bytes) => {
    const text = toLatin1(bytes.subarray(0, 16)).toUpperCase();
    if (words.some((word) => text.startsWith(word))) return "yes";
    return words.some((word) => word.startsWith(text)) ? "need-more" : "no";
  };
}

/** The first line, of printable ASCII and without its line end, matches. */
function line(pattern: RegExp): Test {
  return (bytes) => {
    const text = toLatin1(bytes.subarray(0, MAX_LINE));
    const end = text.search(/[^\x20-\x7e]/);
    if (end < 0) return text.length < MAX_LINE ? "need-more" : "no";
    return /^\r?\n|^\r$/.test(text.slice(end, end + 2)) && pattern.test(text.slice(0, end)) ? "yes" : "no";
  };
}

/** RFC 6120 section 4.7: a stream header, mostly after an XML declaration. */
function xmppStream(bytes: Uint8Array): Match {
  const text = toLatin1(bytes.subarray(0, MAX_LINE));
  if (/^(<\?xml[^>]*>\s*)?<stream:stream[\s>]/.test(text)) return "yes";
  const plausible = ["<?xml", "<stream:stream"].some((word) => text.startsWith(word) || word.startsWith(text));
  return plausible && text.length < MAX_LINE ? "need-more" : "no";
}

// --- datagrams

function stunMessage(turn: boolean): (datagram: Uint8Array) => boolean {
  return (datagram) => {
    // Cheap tests first here and below: most datagrams of a capture are media, and an exception costs more than a frame.
    if (datagram.length < STUN_HEADER || (datagram[0] as number) >= 0x40) return false;
    if (u16(datagram, 2) + STUN_HEADER !== datagram.length) return false;
    return parses(() => isTurn(parseStun(datagram)) === turn);
  };
}

/** Only the channels of RFC 8656: those above share their first byte with QUIC's short header. And the one of Multiplexed TURN. */
function isChannelData(datagram: Uint8Array): boolean {
  if (datagram.length <= 4 || ((datagram[0] as number) >> 4 !== 4 && u16(datagram, 0) !== MULTIPLEXED)) return false;
  return parses(() => parseChannelData(datagram).data.length > 0);
}

/** What `test` says; false when it throws ParseError. */
function parses(test: () => boolean): boolean {
  try {
    return test();
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}

/** A packet of QUIC with a long header, of a version that is known; of a reserved one, which any bytes may be, a client's first. */
function isQuicLongHeader(datagram: Uint8Array): boolean {
  if (datagram.length < 7 || (datagram[0] as number) < 0xc0) return false;
  return parses(() =>
    beginsLong(datagram, (version) =>
      quicVersionName(version) === "reserved" ? datagram.length >= QUIC_FIRST_DATAGRAM : isQuicVersion(version),
    ),
  );
}

/** RFC 9000 section 14.1: at least as long are the datagrams of a client's first packets. */
const QUIC_FIRST_DATAGRAM = 1200;

/** Records to the end of the datagram; protected ones of DTLS 1.3 may follow the first. */
function isDtls(datagram: Uint8Array): boolean {
  return mayBeDtls(datagram) && parses(() => dtlsRecords(datagram).length > 0);
}

/** Bytes must be there. */
function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
