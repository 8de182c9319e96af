/**
 * What the lengths of the encrypted records of a TLS 1.3 handshake show to somebody without keys (RFC 8446). Owns the arithmetic:
 * a record is a message, one byte of content type and the tag of the cipher (section 5.2), and of most messages the length is
 * settled by what is in them. Knows nothing of TCP, frames or verdicts.
 *
 * That holds only where every message has a record of its own and nothing is padded. A flight is read so only when its shape
 * leaves no other way: the record of Finished has exactly its length, the one before it that of a signature, the first one that
 * of EncryptedExtensions answering what this client asked. Nothing is said of any other flight but its lengths.
 */
import type { ClientHello } from "./messages.ts";

/** Of a client's hello, what bears on the server's flight. The same for all hellos of one shape. */
export interface FlightOffer {
  /** Extensions, but ALPN, that EncryptedExtensions may answer; UNKNOWN once for all whose answer is in no registry. */
  readonly answerable: readonly number[];
  /** Protocols of ALPN; undefined when there are more than anybody offers. */
  readonly alpn: readonly string[] | undefined;
  /** SignatureScheme codes. */
  readonly signatures: ReadonlySet<number>;
  /** The Certificate may come compressed (RFC 8879). */
  readonly compression: boolean;
}

export interface Flight {
  /**
   * - `separate`: every message has a record of its own, or more than one, and none is padded
   * - `joined-or-padded`: messages share records (NSS), or are padded (Java); from outside that looks alike
   * - `unfinished`: where the flight ends was not seen
   */
  readonly layout: "separate" | "joined-or-padded" | "unfinished";
  /** Lengths of the server's encrypted records, as in their headers: up to its Finished, or as far as they are known. */
  readonly server: readonly number[];
  /** Lengths of those that follow: session tickets first, where the server sends any, then data; which is which is not shown. */
  readonly after: readonly number[];
  /** Lengths of the client's encrypted records, up to its Finished. */
  readonly client: readonly number[];
  /** The client's first: its Finished, a Certificate that it was asked for, or an alert. Absent when none can be told. */
  readonly answer?: "finished" | "certificate" | "alert";
  /** The others only of `separate`. Did the server choose a protocol? Absent when the client offered none, or the length fits both. */
  readonly alpn?: "answered" | "not-answered";
  /** The protocol, where the length fits only one of those offered. */
  readonly protocol?: string;
  /** Bytes of the Certificate message; of a CompressedCertificate, perhaps, when `perhapsCompressed`. Absent of a resumption. */
  readonly certificate?: number;
  readonly perhapsCompressed?: true;
  /**
   * Key that signed the handshake, as `Certificate.key` has it: the certificate's, or one that it delegated (RFC 9345). One of RSA
   * may be for RSASSA-PSS alone. Several with ` or ` between where their signatures are of one length and the client takes either.
   */
  readonly key?: string;
}

/** Records of one direction whose lengths are worth keeping: a flight of separate messages has five, one of 512-byte records a dozen. */
export const MAX_RECORDS = 16;
/** Records behind the server's flight: OpenSSL sends two tickets, others one; a third shows that it is none of them. */
export const MAX_AFTER = 3;
/** Longest ticket whose followers matter: one with the client's certificate in it has some 1 700 bytes. What is longer is data. */
export const MAX_TICKET = 2048;
/** Of the client: Certificate, CertificateVerify and Finished. */
const MAX_CLIENT = 3;

interface Suite {
  readonly hash: number;
  /** Bytes that protection adds: the content type and the tag. */
  readonly overhead: number;
}

/** RFC 8446 appendix B.4, RFC 8998. */
const SUITES: ReadonlyMap<number, Suite> = new Map([
  [0x1301, { hash: 32, overhead: 17 }],
  [0x1302, { hash: 48, overhead: 17 }],
  [0x1303, { hash: 32, overhead: 17 }],
  [0x1304, { hash: 32, overhead: 17 }],
  [0x1305, { hash: 32, overhead: 9 }],
  [0x00c6, { hash: 32, overhead: 17 }],
  [0x00c7, { hash: 32, overhead: 17 }],
]);

/** Type and length of a handshake message. */
const MESSAGE_HEADER = 4;
/** Of CertificateVerify: the scheme and the length of the signature. */
const VERIFY_FIELDS = 2 + 2;
const ALERT_LENGTH = 2;
/** RFC 8446 section 5.1. */
const MAX_PLAINTEXT = 16384;

export interface SeenRecords {
  readonly cipherSuite: number;
  /** The ServerHello accepted a session: no certificate follows. */
  readonly resumed: boolean;
  /** Undefined when the ClientHello was not captured whole. */
  readonly offer: FlightOffer | undefined;
  /** Lengths of the encrypted records of each side, in order, a character each. */
  readonly server: string;
  readonly client: string;
  /** How many of the server's came before the client's first; undefined when that did not come, or the order is not known. */
  readonly before: number | undefined;
}

/**
 * Undefined of a suite that is not one of TLS 1.3, when the server sent nothing under protection before the client did, and when
 * the client's answer comes before the end of the flight that it answers: then they are not in the order in which they were sent.
 */
export function readFlight(seen: SeenRecords): Flight | undefined {
  const { server } = seen;
  const suite = SUITES.get(seen.cipherSuite);
  if (suite === undefined || server === "" || seen.before === 0) return undefined;
  const client = seen.client.slice(0, clientFlight(seen.client, suite));
  const answer = answerOf(client, seen.offer, suite);
  // A client that refuses a certificate need not wait for the rest.
  const before = answer === "alert" ? undefined : seen.before;
  const records = (end: number) => ({
    server: lengthsOf(server.slice(0, end)),
    after: afterwards(server, end),
    client: lengthsOf(client),
    ...(answer !== undefined && { answer }),
  });
  const finished = finishedAt({ ...seen, before });
  const reading = finished < 0 ? undefined : readSeparate(seen, suite, finished, answer);
  if (reading !== undefined) return { layout: "separate", ...records(finished + 1), ...reading };
  if (before === undefined || before >= MAX_RECORDS) return { layout: "unfinished", ...records(server.length) };
  if (finishedAt({ ...seen, before: undefined }) >= before) return undefined;
  return { layout: "joined-or-padded", ...records(before) };
}

/**
 * Index of the server's record that is its Finished, as its length and that of the record before it show; -1 when they do not.
 * Nothing but an alert answers it
 * before its end.
 */
export function finishedAt({ cipherSuite, resumed, server, before }: Omit<SeenRecords, "offer" | "client">): number {
  const suite = SUITES.get(cipherSuite);
  if (suite === undefined) return -1;
  const end = Math.min(server.length, before ?? server.length);
  // EncryptedExtensions, Certificate, CertificateVerify go before it; of a resumption only the first.
  for (let at = resumed ? 1 : 3; at < end; at++) {
    if (server.charCodeAt(at) === finishedLength(suite)) {
      if (resumed) return at === 1 ? at : -1;
      if (signersOf(signatureLength(server, at, suite)) !== undefined) return at;
    }
  }
  return -1;
}

/** Of a flight whose Finished was found: a text that is the same for keys of one kind, whose signatures differ by some bytes. */
export function signerKind(cipherSuite: number, server: string, finished: number): string {
  const suite = SUITES.get(cipherSuite);
  return (suite && signersOf(signatureLength(server, finished, suite))?.[0]?.key) ?? "";
}

/** The client's flight is over, or longer than any that is told apart. */
export function isClientDone(cipherSuite: number, client: string): boolean {
  const suite = SUITES.get(cipherSuite);
  if (suite === undefined) return true;
  const count = clientFlight(client, suite);
  return count === MAX_CLIENT || (count > 0 && client.charCodeAt(count - 1) === finishedLength(suite));
}

/** How many of the client's records are its flight. */
function clientFlight(client: string, suite: Suite): number {
  const end = Math.min(client.length, MAX_CLIENT);
  for (let at = 0; at < end; at++) if (client.charCodeAt(at) === finishedLength(suite)) return at + 1;
  return end;
}

/** Nothing else that a client may say at this point is as short, or as long; and before its Finished it says a Certificate alone. */
function answerOf(client: string, offer: FlightOffer | undefined, suite: Suite): Flight["answer"] {
  if (client === "") return undefined;
  const first = client.charCodeAt(0);
  if (first === finishedLength(suite)) return "finished";
  if (first === ALERT_LENGTH + suite.overhead) return "alert";
  // With settings of the application a client has EncryptedExtensions of its own (draft-vvv-tls-alps section 4).
  if (offer === undefined || offersSettings(offer)) return undefined;
  return client.charCodeAt(client.length - 1) === finishedLength(suite) ? "certificate" : undefined;
}

function finishedLength({ hash, overhead }: Suite): number {
  return MESSAGE_HEADER + hash + overhead;
}

function signatureLength(server: string, finished: number, { overhead }: Suite): number {
  return server.charCodeAt(finished - 1) - overhead - MESSAGE_HEADER - VERIFY_FIELDS;
}

function afterwards(server: string, start: number): number[] {
  const lengths = lengthsOf(server.slice(start, start + MAX_AFTER));
  const data = lengths.findIndex((length) => length > MAX_TICKET);
  return data === -1 ? lengths : lengths.slice(0, data + 1);
}

function lengthsOf(text: string): number[] {
  return Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
}

type Reading = Pick<Flight, "alpn" | "protocol" | "certificate" | "perhapsCompressed" | "key">;

/** Undefined when the records before the Finished are not one message each after all. */
function readSeparate(
  { server, client, resumed, offer }: SeenRecords,
  suite: Suite,
  finished: number,
  answer: Flight["answer"],
): Reading | undefined {
  const alpn = answeredAlpn(server.charCodeAt(0) - suite.overhead - MESSAGE_HEADER - LIST_LENGTH, offer);
  if (alpn === undefined) return undefined;
  if (resumed) return alpn;
  const key = signersOf(signatureLength(server, finished, suite))
    ?.filter(({ schemes }) => offer === undefined || schemes.some((scheme) => offer.signatures.has(scheme)))
    .map(({ key }) => key)
    .join(" or ");
  // The client does not take such signatures.
  if (key === undefined || key === "") return undefined;
  let records = lengthsOf(server.slice(1, finished - 1));
  if (records.length === 1) {
    // Whoever is asked for a certificate answers with one, or none (section 4.4.2); no record here can have been that request.
    if (answer === "certificate" || (answer === undefined && client !== "")) return undefined;
  } else {
    // The first one may be the request.
    if (answer !== "finished" && answer !== "certificate") return { ...alpn, key };
    if (answer === "certificate") records = records.slice(1);
    if (!isFragmented(records, server, suite)) return undefined;
  }
  const certificate = records.reduce((sum, length) => sum + length - suite.overhead, 0) - MESSAGE_HEADER;
  if (certificate <= 0) return undefined;
  return { ...alpn, key, certificate, ...(offer?.compression !== false && { perhapsCompressed: true }) };
}

/** One message too long for a record: all its records are full but the last, and none of the flight is longer. */
function isFragmented(records: readonly number[], server: string, { overhead }: Suite): boolean {
  if (records.length === 1) return true;
  const full = records[0] as number;
  const last = records.length - 1;
  if (full > MAX_PLAINTEXT + overhead || server.charCodeAt(0) > full) return false;
  return records.every((length, at) => (at < last ? length === full : length <= full));
}

// --- CertificateVerify

interface Signer {
  readonly key: string;
  /** SignatureScheme codes (IANA) under which TLS 1.3 takes a signature of such a key. */
  readonly schemes: readonly number[];
}

const RSA_SCHEMES: readonly number[] = [0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b];
/** A signature is as long as the modulus (RFC 8017 section 8.1.1): of 1 024 to 16 384 bits, in steps that key generators offer. */
const RSA_STEP = 32;
const MIN_RSA = 128;
const MAX_RSA = 2048;

/**
 * ECDSA signatures are two numbers in DER (RFC 3279 section 2.2.3), each shorter than its longest form by a byte in one of 256: six
 * bytes less than the longest happens once in billions of times.
 */
const ECDSA_SLACK = 6;
const ECDSA: readonly { readonly longest: number; readonly signers: readonly Signer[] }[] = [
  {
    longest: 72,
    signers: [
      { key: "EC P-256", schemes: [0x0403] },
      { key: "EC brainpoolP256r1", schemes: [0x081a] },
      { key: "EC SM2", schemes: [0x0708] },
    ],
  },
  {
    longest: 104,
    signers: [
      { key: "EC P-384", schemes: [0x0503] },
      { key: "EC brainpoolP384r1", schemes: [0x081b] },
    ],
  },
  {
    longest: 139,
    signers: [
      { key: "EC P-521", schemes: [0x0603] },
      { key: "EC brainpoolP512r1", schemes: [0x081c] },
    ],
  },
];

/** Signatures of one length: RFC 8032, FIPS 204. */
const FIXED: ReadonlyMap<number, Signer> = new Map([
  [64, { key: "Ed25519", schemes: [0x0807] }],
  [114, { key: "Ed448", schemes: [0x0808] }],
  [2420, { key: "ML-DSA-44", schemes: [0x0904] }],
  [3309, { key: "ML-DSA-65", schemes: [0x0905] }],
  [4627, { key: "ML-DSA-87", schemes: [0x0906] }],
]);

/** Whose signatures are that long; undefined when nobody's are. */
function signersOf(length: number): readonly Signer[] | undefined {
  const fixed = FIXED.get(length);
  if (fixed !== undefined) return [fixed];
  for (const { longest, signers } of ECDSA) {
    if (length <= longest && length >= longest - ECDSA_SLACK) return signers;
  }
  if (length < MIN_RSA || length > MAX_RSA || length % RSA_STEP !== 0) return undefined;
  return [{ key: `RSA ${8 * length}`, schemes: RSA_SCHEMES }];
}

const SCHEMES: ReadonlySet<number> = new Set([
  ...RSA_SCHEMES,
  ...ECDSA.flatMap(({ signers }) => signers.flatMap(({ schemes }) => schemes)),
  ...[...FIXED.values()].flatMap(({ schemes }) => schemes),
]);

// --- EncryptedExtensions

/** Of an extension: type and length. */
const EXTENSION_HEADER = 4;
/** Length of a list: of the extensions, and of the protocols within ALPN. */
const LIST_LENGTH = 2;
/** Of ALPN: header, list, and the length of the one name that a server answers (RFC 7301 section 3.1). */
const ALPN_FIELDS = EXTENSION_HEADER + LIST_LENGTH + 1;
/** Longer blocks of extensions are not explained: an answer of every kind there is, with retry configurations, has a few hundred. */
const MAX_EXTENSIONS = 2048;
/** More protocols than any client offers. */
const MAX_PROTOCOLS = 16;

/** Stands for extensions that no registry knows: what a server would answer to them may be of any length. */
const UNKNOWN = -1;
const ALPN = 16;
const COMPRESS_CERTIFICATE = 27;
/** ALPS, old and new code: only together with ALPN (draft-vvv-tls-alps section 4). */
const APPLICATION_SETTINGS: ReadonlySet<number> = new Set([17513, 17613]);

/** Bytes of an answer, header included: `least`, or more in steps. */
interface Answer {
  readonly least: number;
  readonly step?: number;
}

/** What EncryptedExtensions may hold: IANA "TLS ExtensionType Values", column TLS 1.3. */
const ANSWERS: ReadonlyMap<number, Answer> = new Map<number, Answer>([
  // server_name, early_data: empty.
  [0, { least: 4 }],
  [42, { least: 4 }],
  // max_fragment_length, heartbeat, client_certificate_type, server_certificate_type, ticket_request: a byte.
  [1, { least: 5 }],
  [15, { least: 5 }],
  [19, { least: 5 }],
  [20, { least: 5 }],
  [58, { least: 5 }],
  // record_size_limit.
  [28, { least: 6 }],
  // supported_groups: a list of one or more.
  [10, { least: 8, step: 2 }],
  // use_srtp: one profile, and a key identifier.
  [14, { least: 9, step: 1 }],
  // encrypted_client_hello: retry configurations, one of the shortest possible (RFC 9849 sections 4 and 5).
  [0xfe0d, { least: 27, step: 1 }],
  [UNKNOWN, { least: EXTENSION_HEADER, step: 1 }],
]);

/** Never in EncryptedExtensions: of TLS 1.2, or answered in another message. */
const ELSEWHERE: ReadonlySet<number> = new Set([
  ...[2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 17, 18, 21, 22, 23, 24, 25, 27, 29, 30, 31, 34, 35],
  ...[41, 43, 44, 45, 47, 48, 49, 50, 51, 59, 13172, 65281],
]);

function offersSettings({ answerable }: FlightOffer): boolean {
  return answerable.some((type) => APPLICATION_SETTINGS.has(type));
}

/** What a ClientHello offers. */
export function flightOffer({ extensions = [], alpn, signatureAlgorithms }: ClientHello): FlightOffer {
  const answerable = new Set<number>();
  for (const { type } of extensions) {
    if (type === ALPN || ELSEWHERE.has(type) || isGrease(type)) continue;
    answerable.add(ANSWERS.has(type) || APPLICATION_SETTINGS.has(type) ? type : UNKNOWN);
  }
  const protocols = new Set(alpn);
  return {
    answerable: [...answerable],
    alpn: protocols.size > MAX_PROTOCOLS ? undefined : [...protocols],
    signatures: new Set(signatureAlgorithms.filter((scheme) => SCHEMES.has(scheme))),
    compression: extensions.some(({ type }) => type === COMPRESS_CERTIFICATE),
  };
}

/** RFC 8701: values that nobody may answer. */
function isGrease(type: number): boolean {
  return (type & 0x0f0f) === 0x0a0a && type >> 8 === (type & 0xff);
}

/**
 * What extensions of `length` bytes say of ALPN, by all the answers to this client that are that long together. Undefined when none
 * is: then these are not extensions.
 */
function answeredAlpn(length: number, offer: FlightOffer | undefined): Pick<Flight, "alpn" | "protocol"> | undefined {
  if (length < 0 || length > MAX_EXTENSIONS) return undefined;
  if (offer?.alpn === undefined) return {};
  const without = new Uint8Array(length + 1);
  without[0] = 1;
  for (const type of offer.answerable) {
    const answer = ANSWERS.get(type);
    if (answer !== undefined) add(without, answer);
  }
  const beside = without.slice();
  if (offer.answerable.some((type) => APPLICATION_SETTINGS.has(type)))
    add(beside, { least: EXTENSION_HEADER, step: 1 });
  const protocols = offer.alpn.filter((name) => beside[length - ALPN_FIELDS - name.length] === 1);
  const [protocol] = protocols;
  if (without[length] === 1) return protocol === undefined && offer.alpn.length > 0 ? { alpn: "not-answered" } : {};
  if (protocol === undefined) return undefined;
  return { alpn: "answered", ...(protocols.length === 1 && { protocol }) };
}

/** `sums[n]` = 1: answers of n bytes together are possible. With another answer, or without it. */
function add(sums: Uint8Array, { least, step }: Answer): void {
  const before = sums.slice();
  const reached = new Uint8Array(sums.length);
  for (let sum = 0; sum + least < sums.length; sum++) {
    if (before[sum] === 0) continue;
    // Where one row of steps has been, all that follows is done.
    for (let at = sum + least; at < sums.length && reached[at] === 0; at += step ?? sums.length)
      reached[at] = sums[at] = 1;
  }
}
