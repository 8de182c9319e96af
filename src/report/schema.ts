/**
 * The Report: the one JSON value that `--json` prints and that every other surface renders. Owns its shape and the closed
 * lists of words in it; knows nothing of how a verdict is reached or of how it is shown.
 *
 * Other modules import types from here, never values: zod stays out of the analysis and of a browser core.
 *
 * Objects are closed here, so that our own output cannot grow a field by accident. `schema/report.schema.json`, made from
 * this by `tools/make-schema.ts`, leaves them open, because a later version may add a field without a new schema number.
 */
import { z } from "zod";
import { CAUSES, CONFIDENCES } from "../diagnose/vocabulary.ts";

const CONNECTION_VERDICTS = ["intercepted", "genuine", "impaired", "not-judged", "cannot-tell"] as const;

const confidence = z.enum(["proven", "likely"]);

/** Worst first: when several are true of one connection, the first in this order is its cause. */
const cause = z.enum(CAUSES);

const serviceId = z.enum(["lync", "teams", "zoom", "webex", "meet", "webrtc"]);

const featureId = z.enum([
  "sign-in",
  "im-presence",
  "audio-video",
  "desktop-sharing",
  "file-transfer",
  "whiteboard",
  "powerpoint",
  "meeting-join",
  "federation",
]);

const side = z.enum(["client", "server"]);
const count = z.int().nonnegative();
/** A frame as Wireshark's frame.number counts it. */
const frame = z.int().positive();
const port = z.int().min(0).max(65535);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const connectionId = z.string().regex(/^(tcp|udp)\/\d+$/);
const findingId = z.string().regex(/^f\d+$/);
const slug = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/);
/** ISO 8601 in UTC with up to nine decimals; a hostile capture may hold a year of more than four digits. */
const moment = z.string().regex(/^(\d{4}|[+-]\d{6,})-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
const text = z.string().min(1);

const endpoint = z.strictObject({
  ip: text,
  port,
  /** What whoever captured resolved the address to. Nobody has checked it: for people to read. */
  name: text.exactOptional(),
});

const inputFile = z.strictObject({
  name: z.string(),
  /** As stored: the compressed size of a compressed file. */
  bytes: count,
  /** `pcap`, `pcapng+gzip`, `netmon2.3`: Network Monitor's clock before version 2.3 is local time, taken for UTC here. */
  format: text,
  frames: count,
  /** First and last timestamp; absent in a file without frames or without times. */
  from: moment.exactOptional(),
  to: moment.exactOptional(),
  problems: z.array(
    z.strictObject({
      /** `unreadable`: nothing at all could be read from this file. */
      kind: z.enum(["truncated", "malformed", "unsupported", "limit", "unreadable"]),
      /** Last frame read before the problem, 0 when none. */
      frame: count,
      detail: text,
    }),
  ),
  /** Packets that were lost while capturing, as the file says; absent when it says none. */
  dropped: z.int().positive().exactOptional(),
  /** What somebody wrote about a frame or, without one, about the file. */
  comments: z.array(z.strictObject({ frame: frame.exactOptional(), text })).exactOptional(),
});

/** What would answer the question: `key log`, `the other direction`, … Never empty. */
const missing = z.array(text).min(1);

const overall = {
  /** Connections for which the question arises: answered, and unanswered. */
  judged: count,
  notJudged: count,
  headline: text,
  next: text.exactOptional(),
};

const verdict = z.discriminatedUnion("is", [
  z.strictObject({ is: z.enum(["intercepted", "impaired"]), confidence, ...overall }),
  z.strictObject({ is: z.literal("clear"), ...overall }),
  z.strictObject({ is: z.literal("cannot-tell"), missing, ...overall }),
]);

const interceptor = z.strictObject({
  id: slug,
  name: text,
  named: z.enum(["by-issuer", "by-structure", "declared"]),
});

/** Every finding that concerns the connection, those that decided the verdict first. */
const findings = z.array(findingId);

const connectionVerdict = z.discriminatedUnion("is", [
  z.strictObject({
    is: z.literal("intercepted"),
    confidence,
    cause: z.literal("tls-interception"),
    interceptor: interceptor.exactOptional(),
    findings,
  }),
  z.strictObject({ is: z.literal("impaired"), confidence, cause: cause.exclude(["tls-interception"]), findings }),
  z.strictObject({ is: z.enum(["genuine", "not-judged"]), findings }),
  z.strictObject({
    is: z.literal("cannot-tell"),
    missing,
    cause: cause.extract(["self-signed", "private-ca", "capture-incomplete"]).exactOptional(),
    findings,
  }),
]);

const protocol = z.enum([
  "tls",
  "pseudo-tls",
  "ssltcp",
  "dtls",
  "quic",
  "stun",
  "turn",
  "rtp",
  "rtcp",
  "dns",
  "http",
  "http-connect",
  "socks",
  "smtp",
  "imap",
  "pop3",
  "xmpp",
  "rdp",
  "unknown",
]);

const handshakeMessage = z.strictObject({
  from: side,
  /** Field name: ClientHello, Certificate, … or `unknown(200)`. */
  message: text,
  /** The frame that completes the message. */
  frame,
  frames: z.array(frame).min(1),
  /** 1-based number, within its direction, of the record in which the message begins. */
  record: z.int().positive(),
  /** Seconds since the first frame of the connection. */
  at: z.number(),
  /** Bytes of the body, without the message header. */
  length: count,
  /** Part of the message was not captured; absent otherwise. */
  incomplete: z.literal(true).exactOptional(),
});

/**
 * What TLS 1.3 shows without keys: lengths of encrypted records, as in their headers, and what follows from them by the
 * specification's arithmetic.
 */
const flight = z.strictObject({
  /**
   * `separate`: a record or more for every message, no padding: alpn, protocol, certificate and key are read from the lengths.
   * `joined-or-padded`: messages share records, or are padded: nothing is. `unfinished`: where the server's flight ends was not seen.
   */
  layout: z.enum(["separate", "joined-or-padded", "unfinished"]),
  /** The server's, up to its Finished. */
  server: z.array(count),
  /** Those that follow: session tickets first, where the server sends any, then data. */
  after: z.array(count),
  /** The client's, up to its Finished. */
  client: z.array(count),
  /** The client's first: its Finished, a Certificate that it was asked for, or an alert; absent when none can be told. */
  answer: z.enum(["finished", "certificate", "alert"]).exactOptional(),
  /** Did the server choose a protocol? Absent when the client offered none, or the length allows both. */
  alpn: z.enum(["answered", "not-answered"]).exactOptional(),
  /** The one it chose, where the length fits no other that was offered. */
  protocol: z.string().exactOptional(),
  /** Bytes of the Certificate message. */
  certificate: count.exactOptional(),
  /** Unless that was compressed, which the client offered. */
  perhapsCompressed: z.literal(true).exactOptional(),
  /** Key that signed the handshake: the leaf's, or one that it delegated. `RSA 2048`; `EC P-256 or EC SM2` where both fit. */
  key: text.exactOptional(),
});

const tls = z.strictObject({
  /** `TLS 1.2`; absent until a ServerHello was seen. */
  version: text.exactOptional(),
  cipher: text.exactOptional(),
  /** Key exchange of TLS 1.3: `x25519`. */
  group: text.exactOptional(),
  /** The server first asked for another hello; for a key share of `group`, where it asked for one. */
  helloRetryRequest: z.strictObject({ group: text.exactOptional() }).exactOptional(),
  alpn: z.string().exactOptional(),
  ja3: text.exactOptional(),
  ja3s: text.exactOptional(),
  ja4: text.exactOptional(),
  /** Absent when not known. */
  resumed: z.boolean().exactOptional(),
  alerts: z.array(
    z.strictObject({
      from: side,
      level: z.enum(["warning", "fatal", "unknown"]),
      description: text,
      frame,
      /** Seconds since the first frame of the connection. */
      at: z.number(),
    }),
  ),
  /** Handshake messages were read with a key log. */
  decrypted: z.boolean(),
  /** DTLS: the SRTP protection profile that was agreed upon for media. */
  srtp: text.exactOptional(),
  /** Absent when records may have been missed, and with early data. */
  flight: flight.exactOptional(),
});

/** What the answers of a STUN or TURN server say. */
const stun = z.strictObject({
  /** The server's program. */
  software: z.string().exactOptional(),
  realm: z.string().exactOptional(),
  /** The client's address as the server sees it. */
  mapped: endpoint.exactOptional(),
  /** How the request for a relay ended. */
  allocation: z
    .strictObject({
      /** `challenged`: asked for credentials, and the client did not go on. */
      is: z.enum(["allocated", "challenged", "refused", "redirected", "unanswered"]),
      /** Of the answer that tells, or of the request that has none. */
      frame,
      error: z.strictObject({ code: count, reason: z.string() }).exactOptional(),
      relay: endpoint.exactOptional(),
      /** Seconds. */
      lifetime: count.exactOptional(),
      /** The server to ask instead. */
      alternate: endpoint.exactOptional(),
      /** What the client wants it for, where it says so. */
      stream: z.enum(["audio", "video", "supplemental-video", "data"]).exactOptional(),
    })
    .exactOptional(),
});

/** Of a SYN or SYN-ACK. */
const opening = z.strictObject({
  /** TTL or hop limit, as captured. */
  ttl: count,
  /** As sent, unscaled. */
  window: count,
  /** TCP options in order, as tcpdump writes them: `mss 1460,sackOK,TS,nop,wscale 7`; empty when there are none. */
  options: z.string(),
});

/** What the two systems show of themselves. */
const tcp = z.strictObject({
  /** Absent when not captured. */
  syn: opening.exactOptional(),
  synAck: opening.exactOptional(),
  /** TTL or hop limit of the server's first data, where it is not that of the SYN-ACK. */
  dataTtl: count.exactOptional(),
});

/** A hello on both sides of a comparison, by its random: 64 hexadecimal digits. */
const twoHellos = z.strictObject({ here: sha256.exactOptional(), there: sha256.exactOptional() });

/** The same connection in the capture at the server's end, or the one that was made in its place. */
const otherEnd = z.strictObject({
  /** Of that capture, as are all frames. */
  id: connectionId,
  /** Index into `input.files`. */
  file: count,
  /** By which it was found: the client's random, the initial sequence numbers of both sides, or server name and time, which may be chance. */
  by: z.enum(["hello", "tcp", "time"]),
  /** Are the hellos and the certificate the same at both ends, as far as they are seen? */
  is: z.enum(["same", "different", "not-seen"]),
  clientHello: twoHellos,
  serverHello: twoHellos,
  client: endpoint,
  server: endpoint,
  serverName: text.exactOptional(),
  protocol,
  frames: z.strictObject({ first: frame, last: frame, count }),
  tls: tls.exactOptional(),
  /** As presented, leaf first. */
  certificates: z.array(z.strictObject({ sha256, frame })),
});

const connection = z.strictObject({
  id: connectionId,
  /** Index into `input.files` of its first frame. */
  file: count,
  transport: z.enum(["tcp", "udp"]),
  client: endpoint,
  server: endpoint,
  /** Absent when direct; `server` is then the proxy. */
  through: z
    .strictObject({
      kind: z.enum(["http-connect", "socks"]),
      /** Of SOCKS. */
      version: z.enum(["4", "4a", "5"]).exactOptional(),
      /** host:port as asked of the proxy; absent when a SOCKS proxy refused the login before it was asked. */
      target: text.exactOptional(),
      /** The proxy's last answer: the HTTP status, or the reply code of SOCKS (granted: 0 in version 5, 90 in 4). */
      status: count.exactOptional(),
      /** Of the page in a refusal. */
      title: text.exactOptional(),
      /** What the proxy says of itself and wants: Via, Server, Proxy-Authenticate, vendors' own. Proves nothing. */
      headers: z.array(z.strictObject({ name: text, value: z.string() })).exactOptional(),
    })
    .exactOptional(),
  /** The first answer in plain HTTP where something else was asked for, or a page was refused or is elsewhere. */
  http: z
    .strictObject({
      frame,
      /** Seconds since the first frame of the connection. */
      at: z.number(),
      status: count,
      title: text.exactOptional(),
      server: z.string().exactOptional(),
      /** Without its query. */
      location: z.string().exactOptional(),
    })
    .exactOptional(),
  /** SNI or CONNECT target. */
  serverName: text.exactOptional(),
  protocol,
  frames: z.strictObject({ first: frame, last: frame, count }),
  /** Absent where packets have no time; then no `at` of the connection tells anything. */
  time: z.strictObject({ from: moment, to: moment }).exactOptional(),
  /** Payload bytes. */
  bytes: z.strictObject({ fromClient: count, fromServer: count }),
  /** The program it belongs to, as the capture of the machine where it runs says. */
  application: z.strictObject({ path: text, pid: count }).exactOptional(),
  handshake: z.array(handshakeMessage),
  tls: tls.exactOptional(),
  quic: z
    .strictObject({
      /** `1`, `2`, `draft-29`, `Q050`, `0x0000abcd`; of others than 1 and 2 nothing more is read. */
      version: text.exactOptional(),
      /** What the server speaks instead of the version that the client began with. */
      offered: z.array(text).exactOptional(),
      /** The server had the client prove its address first (Retry). */
      retry: z.literal(true).exactOptional(),
    })
    .exactOptional(),
  /** As presented, leaf first. */
  certificates: z.array(z.strictObject({ sha256, frame })),
  trust: z
    .strictObject({
      is: z.enum(["public-root", "private-root", "self-signed", "incomplete", "invalid-signature", "unknown"]),
      anchor: z.string().exactOptional(),
      /** What could not be checked: `signature not checkable: md5WithRSAEncryption`. */
      detail: text.exactOptional(),
    })
    .exactOptional(),
  stun: stun.exactOptional(),
  /** RTP was recognised: of each side the frame from which on it is sure. */
  media: z.strictObject({ fromClient: frame.exactOptional(), fromServer: frame.exactOptional() }).exactOptional(),
  /**
   * Seconds. tcpRtt: SYN to SYN-ACK, from the capture to the server and back. tcpAck: SYN-ACK to ACK, from the capture to the
   * client and back. hello: ClientHello to the first byte of the server.
   */
  timing: z.strictObject({
    tcpRtt: z.number().exactOptional(),
    tcpAck: z.number().exactOptional(),
    hello: z.number().exactOptional(),
  }),
  /** Absent over UDP, and when neither a SYN nor a SYN-ACK was captured. */
  tcp: tcp.exactOptional(),
  outcome: z.enum(["open", "closed", "reset", "alert", "stalled", "refused", "unanswered"]),
  /** The first RST, whoever sent it; `at` in seconds since the first frame of the connection. */
  reset: z.strictObject({ from: side, frame, at: z.number() }).exactOptional(),
  service: z.strictObject({ id: serviceId, role: slug.exactOptional(), because: text }).exactOptional(),
  verdict: connectionVerdict,
  /** In a comparison, where it was found. */
  otherEnd: otherEnd.exactOptional(),
  /** Further connections that look the same in everything that is judged and were folded into this one. */
  alike: z.int().positive().exactOptional(),
});

const certificate = z.strictObject({
  subject: z.string(),
  issuer: z.string(),
  /** Hexadecimal. */
  serial: z.string(),
  notBefore: moment,
  notAfter: moment,
  names: z.array(z.string()),
  /** `RSA 2048`, `EC P-256`, `unknown(<oid>)`. */
  key: text,
  signature: text,
  spkiSha256: sha256,
  embeddedScts: count,
});

const groupVerdict = { verdict: z.enum(CONNECTION_VERDICTS), connections: z.int().positive(), firstId: connectionId };

const group = z.strictObject({
  server: endpoint,
  serverName: text.exactOptional(),
  protocol,
  leaf: sha256.exactOptional(),
  ...groupVerdict,
  /** How many of `connections` went to other addresses under the same name; counted here in a very large capture. */
  elsewhere: z.int().positive().exactOptional(),
});

/** The smallest groups of one verdict beyond the row limit; `folded` says how many groups the row stands for. */
const foldedGroups = z.strictObject({ folded: z.int().positive(), ...groupVerdict });

const evidence = z.strictObject({
  file: count,
  frame,
  /** Field path such as `tls.certificate[0].issuer`. */
  path: text,
  /** Bytes, within the frame; absent when the fact has no single place in it (silence, a time, a reassembled field). */
  offset: count.exactOptional(),
  length: count.exactOptional(),
  value: z.string(),
  expected: text.exactOptional(),
});

const finding = z.strictObject({
  id: findingId,
  rule: slug,
  confidence: z.enum(CONFIDENCES),
  connections: z.array(connectionId),
  /** One sentence, with the values. */
  what: text,
  /** Why this cannot be the real server, or why it fails. */
  why: text,
  fix: text,
  evidence: z.array(evidence),
  /** URLs. */
  references: z.array(text),
  /** What the vendors of the services that are intercepted say of TLS inspection. */
  positions: z
    .array(
      z.strictObject({
        service: serviceId,
        by: text,
        /** Quoted where in quotation marks. */
        statement: text,
        url: text,
        date: z.string().regex(/^\d{4}-\d\d(-\d\d)?$/),
        /** The date is the page's own; or the page has none, and was read then. */
        dated: z.enum(["page", "read"]),
      }),
    )
    .exactOptional(),
});

const ruleAnswer = z.discriminatedUnion("is", [
  /** `checked`: how many connections, certificates or dialogues the rule looked at. */
  z.strictObject({ rule: slug, is: z.enum(["finding", "clear"]), checked: count }),
  z.strictObject({ rule: slug, is: z.literal("not-applicable") }),
  z.strictObject({ rule: slug, is: z.literal("not-observed"), missing: text }),
  z.strictObject({ rule: slug, is: z.literal("failed"), error: text }),
]);

const feature = z.strictObject({
  service: serviceId,
  feature: featureId,
  status: z.enum(["broken", "at-risk", "working", "not-seen"]),
  /** In words: `UDP 3478 of 198.51.100.30 answers (frame 28)`. */
  because: text.exactOptional(),
  findings,
});

const bypass = z.strictObject({
  /** `ip`: an address or prefix in CIDR form. `domain`: a host name, `.example.com` for all below it. */
  match: z.enum(["ip", "domain"]),
  value: text,
  port: port.exactOptional(),
  /** In which kind of deployment of the interceptor the entry takes effect. */
  effective: z.enum(["transparent+explicit", "transparent", "explicit"]),
  findings,
  note: text.exactOptional(),
});

/** A dated list of a service's addresses and names. */
const knowledge = z.strictObject({
  service: serviceId,
  /** Where it was published. */
  source: text,
  /** What the vendor said on this day. */
  date: z.string().regex(/^\d{4}-\d\d-\d\d$/),
  /** Connections whose service it told. 0: it did not know an address that may be the service's, or was imported and not needed. */
  connections: count,
  /** With `sightline update-knowledge`: the digest of the file as it came. Absent: built in. */
  imported: z.strictObject({ sha256 }).exactOptional(),
  /** More than 90 days older than the connections that it was used for, or might have been. */
  stale: z.literal(true).exactOptional(),
});

export const reportSchema = z.strictObject({
  schema: z.literal("sightline/report/1"),
  generator: z.strictObject({ name: z.literal("sightline"), version: text }),
  input: z.strictObject({
    kind: z.enum(["capture", "probe", "comparison"]),
    files: z.array(inputFile),
    /** Where the capture was taken, as far as the packets show. */
    vantage: z.enum(["client", "server", "middle", "unknown"]),
    /** Of a comparison. The other capture is the last of `files`; all but `otherEnd` is of the ones before it. */
    comparison: z
      .strictObject({
        /** Seconds by which its clock is ahead; absent when no connection that is sure to be in both tells. */
        clockOffset: z.number().exactOptional(),
        /** TLS connections in both captures, and in one alone. */
        inBoth: count,
        onlyHere: count,
        onlyThere: count,
      })
      .exactOptional(),
  }),
  verdict,
  connections: z.array(connection),
  /** Every distinct certificate that `connections` refers to, by SHA-256. */
  certificates: z.record(sha256, certificate),
  /** Always exact, whatever was folded. */
  totals: z.strictObject({ connections: count, handshakes: count, chains: count, frames: count, bytes: count }),
  /** Every connection is in exactly one row. */
  groups: z.array(z.union([group, foldedGroups])),
  findings: z.array(finding),
  rules: z.array(ruleAnswer),
  features: z.array(feature),
  bypass: z.array(bypass),
  /** Lists that told a service, old ones that may have failed to, and all that were imported; absent when there are none. */
  knowledge: z.array(knowledge).exactOptional(),
});

/** Deeply readonly: a rendering must not change it, and readonly observations can be put in as they are. */
type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

export type Report = Frozen<z.infer<typeof reportSchema>>;

export type ReportFile = Report["input"]["files"][number];
export type ReportConnection = Report["connections"][number];
export type ConnectionVerdict = ReportConnection["verdict"];
export type ReportCertificate = Report["certificates"][string];
export type ReportGroup = Report["groups"][number];
export type Finding = Report["findings"][number];
export type Evidence = Finding["evidence"][number];
export type RuleAnswer = Report["rules"][number];
export type FeatureStatus = Report["features"][number];
export type BypassEntry = Report["bypass"][number];
export type ReportKnowledge = NonNullable<Report["knowledge"]>[number];
export type ServiceId = z.infer<typeof serviceId>;
export type FeatureId = z.infer<typeof featureId>;
