/**
 * Observations: what was seen, whatever the source, in one vocabulary. The only thing the rules may look at.
 * Owns facts with frame numbers; holds no opinion: nothing here says "good", "bad" or "forged".
 *
 * Frame numbers count from 1 as Wireshark's `frame.number` does; for several files read as one capture they count through
 * the set in time order, as in the output of `mergecap`. Connection ids are Wireshark's `tcp.stream` / `udp.stream`.
 */
import type { Application } from "../capture/frame.ts";
import type { CaptureProblem } from "../capture/problem.ts";
import type { Opening } from "../packet/opening.ts";
import type { HttpHeader } from "../protocol/http/answer.ts";
import type { Flight } from "../protocol/tls/flight.ts";
import type { Certificate } from "../protocol/x509/certificate.ts";
import type { Trust } from "../protocol/x509/trust.ts";
import type { IcmpError } from "../stream/flow.ts";
import type { Baseline } from "./baseline.ts";
import type { ObservedClientHello, ObservedServerHello } from "./hellos.ts";

export type Side = "client" | "server";
export type Transport = "tcp" | "udp";

export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

/** A moment: whole seconds since 1970-01-01T00:00:00Z and nanoseconds. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanos: number;
}

export interface InputFile {
  readonly name: string;
  /** Size in bytes as stored (compressed size for a compressed file). */
  readonly bytes: number;
  /** Format id: `pcap`, `pcapng`, …; a compressed one has a suffix: `pcap+gzip`. */
  readonly format: string;
  readonly frames: number;
  readonly from?: Timestamp;
  readonly to?: Timestamp;
  readonly problems: readonly CaptureProblem[];
  /** Packets that were lost while capturing, as far as the file says. */
  readonly dropped: number;
  /** Times are of a clock whose zone the file does not tell, taken for UTC. */
  readonly localTime: boolean;
  /** What somebody wrote about a frame; without one, about the file. In the file's order. */
  readonly comments: readonly Comment[];
}

export interface Comment {
  readonly frame?: number;
  readonly text: string;
}

export type Protocol =
  | "tls"
  | "pseudo-tls"
  | "ssltcp"
  | "dtls"
  | "quic"
  | "stun"
  | "turn"
  | "rtp"
  | "rtcp"
  | "dns"
  | "http"
  | "http-connect"
  | "socks"
  | "smtp"
  | "imap"
  | "pop3"
  | "xmpp"
  | "rdp"
  | "unknown";

export interface HandshakeMessage {
  readonly from: Side;
  /** Field name: ClientHello, ServerHello, Certificate, … or `unknown(200)`. */
  readonly message: string;
  /** The frame that completes the message. */
  readonly frame: number;
  readonly frames: readonly number[];
  /** 1-based number of the record, within its direction, in which the message begins. */
  readonly record: number;
  /** Seconds since the first frame of the connection. */
  readonly at: number;
  /** Length of the body in bytes, without the message header. */
  readonly length: number;
  /** Part of the message was not captured. */
  readonly incomplete: boolean;
}

export interface Alert {
  readonly from: Side;
  readonly level: "warning" | "fatal" | "unknown";
  /** RFC 8446 section 6 / IANA name: `handshake_failure`, or `unknown(255)`. */
  readonly description: string;
  readonly code: number;
  readonly frame: number;
  readonly at: number;
}

/** A certificate that was presented, with where. */
export interface PresentedCertificate {
  /** SHA-256 of the DER, hexadecimal; key of `Observations.certificates`. */
  readonly sha256: string;
  readonly frame: number;
}

/** A certificate that was presented, and the SHA-256 (hexadecimal) of its SubjectPublicKeyInfo. */
export interface ObservedCertificate {
  readonly certificate: Certificate;
  readonly spkiSha256: string;
}

/** What signed the leaf, as far as cryptography shows. */
export interface LeafSigning {
  /** The leaf's signature verifies under the leaf's own key. */
  readonly ownKey: boolean;
  /** SHA-256 of the SubjectPublicKeyInfo that verifies the leaf's signature, when its certificate was presented. */
  readonly issuerKey?: string;
  /** Of a chain that reaches no public root: the certificate in it that bears the name of one, and another key. */
  readonly namesake?: Certificate;
}

export interface TlsObservation {
  readonly clientHello?: ObservedClientHello;
  readonly clientHelloFrame?: number;
  /** The final one; after a HelloRetryRequest the ServerHello that follows it. */
  readonly serverHello?: ObservedServerHello;
  readonly serverHelloFrame?: number;
  readonly helloRetryRequest: boolean;
  /** NamedGroup that it asked for; absent when it asked for none. */
  readonly retryGroup?: number;
  /** TLS 1.3: what the lengths of encrypted records show. Absent when some may have been missed, and with early data. */
  readonly flight?: Flight;
  /** Messages were read that were protected: their secrets are known. */
  readonly decrypted: boolean;
  /** Negotiated version code, e.g. 0x0303; undefined until a ServerHello was seen. */
  readonly version?: number;
  /** What the server presented, leaf first. Empty when none was read. */
  readonly certificates: readonly PresentedCertificate[];
  readonly trust?: Trust;
  readonly signing?: LeafSigning;
  /** A server Certificate message was there but not readable (part not captured, or a certificate that does not parse). */
  readonly certificateUnreadable: boolean;
  readonly certificateRequested: boolean;
  /** Client's answer to CertificateRequest: number of certificates it sent; undefined when it sent no Certificate message. */
  readonly clientCertificates?: number;
  /** Sessions the server gave out, as far as they could be read: session id and tickets, a character per byte. */
  readonly issuedSessions: readonly string[];
  /** Sessions the client offered to resume: session id and ticket, a character per byte. */
  readonly offeredSessions: readonly string[];
  /** True: abbreviated handshake (session id, ticket or PSK). Undefined: not known. */
  readonly resumed?: boolean;
  readonly alerts: readonly Alert[];
  readonly changeCipherSpec: { readonly client?: number; readonly server?: number };
  /** Frames of the first encrypted records of each side. */
  readonly encrypted: { readonly client?: number; readonly server?: number };
  /** Encrypted application data flowed from both sides after the handshake. */
  readonly applicationData: { readonly client: boolean; readonly server: boolean };
}

/** A pseudo-TLS dialogue: [MS-TURN] 2.1.1, or WebRTC's ssltcp. */
export interface PseudoTlsObservation {
  readonly dialect: "ms-turn" | "ssltcp";
  readonly helloFrame: number;
  /**
   * - `documented`: the 83-byte (or ssltcp 79-byte) answer
   * - `certificate`: a TLS flight with a Certificate message
   * - `server-hello`: a TLS ServerHello that is not the documented answer, no Certificate seen
   * - `alert`, `other-bytes`, `reset`, `fin`, `silence`
   * - `not-captured`: the server's direction is missing or has a hole there
   */
  readonly answer:
    | "documented"
    | "certificate"
    | "server-hello"
    | "alert"
    | "other-bytes"
    | "reset"
    | "fin"
    | "silence"
    | "not-captured";
  readonly answerFrame?: number;
  /** First valid framed TURN message or data of the server after the documented answer. */
  readonly framedTurn: { readonly client?: number; readonly server?: number };
}

export interface StunObservation {
  /** Dialect by magic cookie: RFC 5389+ cookie, MS-TURN cookie attribute, or neither (RFC 3489). */
  readonly dialect: "rfc5389" | "ms-turn" | "rfc3489";
  /** In a stream: servers have messages bare, peers in frames of RFC 4571. */
  readonly framing?: "bare" | "rfc4571" | "ms-turn";
  readonly requests: number;
  readonly responses: number;
  readonly firstRequestFrame?: number;
  readonly firstResponseFrame?: number;
  /** An Allocate request was seen. */
  readonly allocate: boolean;
  /** A successful Allocate response was seen. */
  readonly allocated: boolean;
  /** Seconds from the first request that was answered to its response. */
  readonly rtt?: number;
  /** What the server calls itself. */
  readonly software?: string;
  readonly realm?: string;
  /** The client's address as the server sees it. */
  readonly mapped?: Endpoint;
  /** Where one was asked for. */
  readonly allocation?: AllocationObservation;
}

/** How the request for a relay ended (RFC 8656 section 7, [MS-TURN] section 3). */
export interface AllocationObservation {
  /**
   * - `allocated`
   * - `challenged`: asked for credentials, and the client did not go on
   * - `refused`: any other error, or credentials that were not accepted
   * - `redirected`: to another server
   * - `unanswered`: the last request has no answer
   */
  readonly is: "allocated" | "challenged" | "refused" | "redirected" | "unanswered";
  /** The answer that tells, or the request that has none. */
  readonly frame: number;
  /** Absent when the server gave no code that can be read. */
  readonly error?: { readonly code: number; readonly reason: string };
  readonly relay?: Endpoint;
  /** Seconds. */
  readonly lifetime?: number;
  /** The other server. */
  readonly alternate?: Endpoint;
  /** What the client wants it for, where it says so ([MS-TURN]). */
  readonly stream?: "audio" | "video" | "supplemental-video" | "data";
}

/** RTP (or SRTP, which looks the same) recognised by content: of each side the frame from which on it is sure. */
export interface MediaObservation {
  readonly client?: number;
  readonly server?: number;
}

/** What DTLS up to 1.2 shows of a handshake; of DTLS 1.3 the hellos. Its certificates are mostly made for the call and name nobody. */
export interface DtlsObservation {
  readonly clientHello?: ObservedClientHello;
  readonly serverHello?: ObservedServerHello;
  /** Negotiated version code, e.g. 0xfefd. */
  readonly version?: number;
  /** SRTP protection profile that the server chose (RFC 5764 section 4.1.2). */
  readonly srtpProfile?: number;
  /** What the DTLS server presented, leaf first. */
  readonly certificates: readonly PresentedCertificate[];
  readonly alerts: readonly Alert[];
}

export interface TcpDirection {
  /** Frames seen in this direction. */
  readonly frames: number;
  /** Payload bytes by sequence number (retransmissions once), as far as known. */
  readonly bytes: number;
  /** Payload bytes missing in the capture within what was followed (holes, and frames cut by the snaplen). */
  readonly missing: number;
  /** Payload bytes that never arrived: a hole that the receiver never acknowledged. */
  readonly lost: number;
  /** Payload bytes sent that the receiver never acknowledged, when it acknowledged anything. */
  readonly unacknowledged: number;
  /** The first bytes never acknowledged, where they were sent again and are the beginning of a segment larger than any before. */
  readonly stuck?: StuckSegment;
  readonly fin?: number;
  /** Frame of the first data segment. */
  readonly firstData?: number;
  /** TTL / hop limit of its first frame. */
  readonly ttl?: number;
  /** TTL / hop limit of its first data segment. */
  readonly dataTtl?: number;
  /** Of its SYN or SYN-ACK; absent when not captured, or cut off within its TCP header. */
  readonly opening?: Opening;
  /** Frames that repeated already seen sequence numbers. */
  readonly retransmissions: number;
  /** Largest segment seen, payload bytes. */
  readonly largestSegment: number;
}

export interface StuckSegment {
  readonly frame: number;
  /** Payload bytes. */
  readonly size: number;
  /** How often it was sent again. */
  readonly repeats: number;
  /** Seconds since the first frame of the connection, when it was sent first. */
  readonly at: number;
  /** Frames of the other side after that. */
  readonly heard: number;
}

export interface TcpObservation {
  readonly client: TcpDirection;
  readonly server: TcpDirection;
  /** Frames of the connection's SYNs (count and first). Zero: the capture has no beginning of this connection. */
  readonly syns: number;
  readonly synFrame?: number;
  readonly synAckFrame?: number;
  readonly reset?: { readonly from: Side; readonly frame: number; readonly at: number; readonly ttl: number };
}

/** What a client asks of a proxy. */
export interface Tunnel {
  readonly kind: "http-connect" | "socks";
  /** Of SOCKS. */
  readonly version?: "4" | "4a" | "5";
  /** As asked for last: `host:port`. Absent when SOCKS ended before it, with the login. */
  readonly target?: string;
  /** Of the request; without one of the client's greeting. */
  readonly requestFrame: number;
  /** The proxy's last answer, absent when it gave none: the HTTP status, the reply code of SOCKS. */
  readonly status?: number;
  readonly statusFrame?: number;
  /** Whether that was a yes; absent without an answer. */
  readonly granted?: boolean;
  /** SOCKS: the proxy refused the login, or all ways to log in that the client has. */
  readonly login?: "refused";
  /** Of the page in a refusal. */
  readonly title?: string;
  /** Headers of the answer in which the proxy tells who it is and what it wants. */
  readonly headers: readonly HttpHeader[];
}

/** The first answer in plain HTTP: to a plain request, or to a hello that asked for something else. */
export interface HttpObservation {
  /** Of the status line. */
  readonly frame: number;
  /** Seconds since the first frame of the connection. */
  readonly at: number;
  readonly status: number;
  /** What the page calls itself. */
  readonly title?: string;
  readonly server?: string;
  /** Where a redirect leads, without its query. */
  readonly location?: string;
  /** The host that a plain request to a server (not to a proxy) named. */
  readonly host?: string;
}

/** Something in a connection: its frame, and seconds since the first frame of the connection. */
export interface Moment {
  readonly frame: number;
  readonly at: number;
}

/** What QUIC itself shows; its TLS is `tls`. */
export interface QuicObservation {
  /** As spoken, e.g. 1 or 0x6b3343cf; undefined when no packet told. */
  readonly version?: number;
  /** What the server speaks instead of what the client began with (Version Negotiation). */
  readonly offered?: readonly number[];
  /** The server had the client prove its address (Retry). */
  readonly retry: boolean;
}

/** What passes networks and translated addresses unchanged. */
export interface Trace {
  /** Of the hellos, hexadecimal; of the server the one that is no HelloRetryRequest. */
  readonly clientRandom?: string;
  readonly serverRandom?: string;
  /** Of the SYN and the SYN-ACK. */
  readonly clientSequence?: number;
  readonly serverSequence?: number;
}

export interface ConnectionObservation {
  readonly id: string;
  readonly transport: Transport;
  readonly file: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly protocol: Protocol;
  readonly frames: { readonly first: number; readonly last: number; readonly count: number };
  readonly from: Timestamp;
  readonly to: Timestamp;
  /** Some of its packets have no time: then `from`, `to` and every `at` mean nothing, and nothing is timed. */
  readonly untimed?: true;
  /** Payload bytes. */
  readonly bytes: { readonly fromClient: number; readonly fromServer: number };
  /** The program it belongs to, on the machine where the capture was taken. */
  readonly application?: Application;
  readonly tcp?: TcpObservation;
  /** The first ICMP error that says that what the client sent did not get there (unreachable, time exceeded), and who sent it. */
  readonly unreachable?: IcmpError;
  /** The tunnel that the connection asks of a proxy; `server` is then the proxy. */
  readonly through?: Tunnel;
  /** The first bytes of each side behind what was said before TLS; present once that is over. */
  readonly inside?: { readonly client?: Moment; readonly server?: Moment };
  readonly http?: HttpObservation;
  readonly handshake: readonly HandshakeMessage[];
  readonly tls?: TlsObservation;
  readonly pseudoTls?: PseudoTlsObservation;
  readonly stun?: StunObservation;
  readonly dtls?: DtlsObservation;
  readonly media?: MediaObservation;
  readonly quic?: QuicObservation;
  /** First payload bytes of each side (at most 64); absent for a side that begins as TLS does. */
  readonly head: { readonly client?: Uint8Array; readonly server?: Uint8Array };
  /**
   * Seconds. tcpRtt: SYN→SYN-ACK, the way from where the capture was taken to the server and back; a SYN that was repeated makes it
   * longer, never shorter. tcpAck: SYN-ACK→ACK, the way to the client and back. hello: first (pseudo-)TLS hello → first byte from
   * the server.
   */
  readonly timing: { readonly tcpRtt?: number; readonly tcpAck?: number; readonly hello?: number };
  readonly outcome: "open" | "closed" | "reset" | "alert" | "stalled" | "refused" | "unanswered";
  /** Kept where captures are compared. */
  readonly trace?: Trace;
  /** Further connections that look the same in everything the rules see and were folded into this one. */
  readonly alike: number;
  /** Stands for connections of more kinds than are kept: nothing but addresses and counts is known of it and `alike`. */
  readonly undetailed?: true;
  /** How many of these went to other addresses, under the same name and with the same certificates where there are any. */
  readonly elsewhere: number;
}

export interface Observations {
  readonly files: readonly InputFile[];
  /** Where the capture was taken, as far as the packets show. */
  readonly vantage: "client" | "server" | "middle" | "unknown";
  /** In id order of their first frames. */
  readonly connections: readonly ConnectionObservation[];
  /** Every distinct certificate that a kept connection presented, by SHA-256. */
  readonly certificates: ReadonlyMap<string, ObservedCertificate>;
  /** The person has declared a CA to be for inspection. */
  readonly inspectionDeclared?: true;
  /** What was seen at the same time at the server's end. Its files follow these. */
  readonly far?: Observations;
  /** What the person knows of servers from elsewhere. */
  readonly baseline?: Baseline;
  /** Names of addresses that the capture brings along. Nobody has checked them: for people to read, never for rules. */
  readonly names: ReadonlyMap<string, string>;
  readonly totals: {
    readonly connections: number;
    readonly handshakes: number;
    readonly chains: number;
    readonly frames: number;
    readonly bytes: number;
  };
}
