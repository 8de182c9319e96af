/**
 * Pseudo-TLS: fixed byte strings that look like a TLS hello and its answer, sent before TURN in the clear so that a firewall
 * lets it pass. Owns the templates and their comparison with the reassembled first bytes of a direction; knows nothing of
 * TCP, of TLS parsing, or of what another answer means.
 *
 * Sources: [MS-TURN] section 2.1.1 (fields and their fixed values; values as libnice sends and expects them), and WebRTC's
 * `rtc_base/socket_adapters.cc` (kSslClientHello, kSslServerHello) for ssltcp.
 */
/** `ms-turn`: Lync and Skype for Business. `ssltcp`: libjingle and WebRTC. */
export type PseudoTlsDialect = "ms-turn" | "ssltcp";

export interface PseudoTlsHello {
  readonly dialect: PseudoTlsDialect;
  /** Bytes of the hello; what follows in the same direction is framed TURN. */
  readonly length: number;
}

/** Whether the first bytes of a client are a pseudo-TLS hello (50 or 72 bytes). */
export function pseudoTlsHello(prefix: Uint8Array): PseudoTlsHello | "no" | "need-more" {
  let outcome: "no" | "need-more" = "no";
  for (const [dialect, template] of HELLOS) {
    const found = compare(prefix, template);
    if (found === "match") return { dialect, length: template.length };
    if (found === "need-more") outcome = "need-more";
  }
  return outcome;
}

/** Whether the first bytes of a server are the documented answer: its length (83 or 79) when they are. */
export function pseudoTlsAnswer(prefix: Uint8Array, dialect: PseudoTlsDialect): number | "no" | "need-more" {
  const template = ANSWERS[dialect];
  const found = compare(prefix, template);
  return found === "match" ? template.length : found;
}

/**
 * Whether `bytes[start..end)`, the first of a direction, may begin a pseudo-TLS hello or answer: they agree with one as far as
 * both go.
 */
export function mayBePseudoTls(bytes: Uint8Array, start: number, end: number): boolean {
  // No closure and no iterator: every direction of every connection comes by here.
  for (let i = 0; i < TEMPLATES.length; i++) {
    if (compare(bytes, TEMPLATES[i] as Template, start, end) !== "no") return true;
  }
  return false;
}

/** One number per byte; `ANY` where the sender chooses the byte. */
type Template = readonly number[];

const ANY = -1;

const CHOSEN_32 = "..".repeat(32);

/**
 * Only timestamp and random are free: the specification fixes every other field, and no TLS client is known that offers
 * TLS_DH_anon_WITH_RC4_128_MD5 alone, in TLS 1.0, without extensions or SCSV. Anything looser could take a genuine TLS
 * client for a pseudo one and then accuse the genuine Certificate that answers it.
 */
const MS_TURN_HELLO = template(
  "160301002d", // record: handshake, TLS 1.0, 45 bytes
  "010000290301", // ClientHello, 41 bytes, TLS 1.0
  CHOSEN_32, // timestamp and random
  "00", // no session id
  "00020018", // one cipher suite
  "0100", // one compression method: null
);

/** ServerHello and ServerHelloDone in one record; the server chooses timestamp, random and session id. */
const MS_TURN_ANSWER = template(
  "160301004e", // record: handshake, TLS 1.0, 78 bytes
  "020000460301", // ServerHello, 70 bytes, TLS 1.0
  CHOSEN_32, // timestamp and random
  "20", // session id of 32 bytes
  CHOSEN_32,
  "001800", // the cipher suite, null compression
  "0e000000", // ServerHelloDone
);

/** A constant, random included; the SSLv2 form of a ClientHello. */
const SSLTCP_HELLO = template(
  "804601", // record of 70 bytes, ClientHello
  "0301002d00000010", // TLS 1.0; 45 bytes of cipher kinds, no session id, challenge of 16
  "0100800300800700c0060040020080040080000004",
  "00feff00000a00fefe000009000064000062000003000006",
  "1f170ca62f0078fc46552eb18339f1ea", // challenge
);

/** A constant, random and session id included; no ServerHelloDone. */
const SSLTCP_ANSWER = template(
  "160301004a", // record: handshake, TLS 1.0, 74 bytes
  "020000460301", // ServerHello, 70 bytes, TLS 1.0
  "428545a727a95da0b3c5e753da482b3fc65aca89c15852a1783c5b174600853f", // timestamp and random
  "20", // session id of 32 bytes
  "0ed306725b5b1b5f15ac13f988539d9be83d7b0c30326e384da27557416c345c",
  "000400", // TLS_RSA_WITH_RC4_128_MD5, null compression
);

const HELLOS: readonly (readonly [PseudoTlsDialect, Template])[] = [
  ["ms-turn", MS_TURN_HELLO],
  ["ssltcp", SSLTCP_HELLO],
];

const ANSWERS: Readonly<Record<PseudoTlsDialect, Template>> = { "ms-turn": MS_TURN_ANSWER, ssltcp: SSLTCP_ANSWER };

const TEMPLATES: readonly Template[] = [MS_TURN_HELLO, SSLTCP_HELLO, MS_TURN_ANSWER, SSLTCP_ANSWER];

/** Hexadecimal pieces; `..` stands for a byte the sender chooses. */
function template(...pieces: readonly string[]): Template {
  const text = pieces.join("");
  return Array.from({ length: text.length / 2 }, (_, i) => {
    const digits = text.slice(2 * i, 2 * i + 2);
    return digits === ".." ? ANY : Number.parseInt(digits, 16);
  });
}

function compare(bytes: Uint8Array, template: Template, start = 0, end = bytes.length): "match" | "no" | "need-more" {
  const known = end - start;
  const length = Math.min(known, template.length);
  for (let i = 0; i < length; i++) if (template[i] !== ANY && template[i] !== bytes[start + i]) return "no";
  return known < template.length ? "need-more" : "match";
}
