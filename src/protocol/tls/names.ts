/**
 * Names for TLS codes: handshake messages, alerts, versions, cipher suites, groups. Look-up only: the code is the fact, the name a
 * convenience; a code without a name is written `unknown(…)`, decimal for one byte, hexadecimal for two (and GREASE is unknown).
 *
 * Sources: IANA "TLS Parameters" registries; message names as RFC 5246 and RFC 8446 write the structures; Wireshark for TLS 1.3 drafts.
 */
import { CIPHER_SUITES } from "./cipher-suites.ts";

/** `ServerHello` for 2; of an SSLv2 message (type 4 = ServerHello) when `format` is `sslv2`. */
export function handshakeName(type: number, format: "tls" | "sslv2" = "tls"): string {
  return (format === "tls" ? HANDSHAKE_NAMES : SSLV2_MESSAGE_NAMES)[type] ?? `unknown(${type})`;
}

export function isHandshakeType(type: number, format: "tls" | "sslv2"): boolean {
  return type in (format === "tls" ? HANDSHAKE_NAMES : SSLV2_MESSAGE_NAMES);
}

/** `handshake_failure` for 40. */
export function alertName(description: number): string {
  return ALERT_NAMES[description] ?? `unknown(${description})`;
}

/** `TLS 1.2` for 0x0303, `TLS 1.3 (draft 18)` for 0x7f12. */
export function versionName(version: number): string {
  const name = VERSION_NAMES[version];
  if (name !== undefined) return name;
  return version >= 0x7f0e && version <= 0x7f1c ? `TLS 1.3 (draft ${version & 0xff})` : unknownCode(version);
}

/** `x25519` for 29, `secp256r1` for 23. */
export function groupName(code: number): string {
  return GROUP_NAMES[code] ?? unknownCode(code);
}

/** `TLS_RSA_WITH_AES_128_CBC_SHA` for 0x002f, `SSL2_RC4_128_WITH_MD5` for 0x010080. */
export function cipherSuiteName(code: number): string {
  cipherSuites ??= new Map(
    CIPHER_SUITES.trim()
      .split("\n")
      .map((line) => {
        const space = line.indexOf(" ");
        return [Number.parseInt(line.slice(0, space), 16), line.slice(space + 1)];
      }),
  );
  return cipherSuites.get(code) ?? unknownCode(code);
}

/** Filled at the first look-up: most runs need few names, none of them at start-up. */
let cipherSuites: Map<number, string> | undefined;

function unknownCode(code: number): string {
  return `unknown(0x${code.toString(16).padStart(code > 0xffff ? 6 : 4, "0")})`;
}

const HANDSHAKE_NAMES: Readonly<Record<number, string>> = {
  0: "HelloRequest",
  1: "ClientHello",
  2: "ServerHello",
  3: "HelloVerifyRequest",
  4: "NewSessionTicket",
  5: "EndOfEarlyData",
  6: "HelloRetryRequest",
  8: "EncryptedExtensions",
  9: "RequestConnectionId",
  10: "NewConnectionId",
  11: "Certificate",
  12: "ServerKeyExchange",
  13: "CertificateRequest",
  14: "ServerHelloDone",
  15: "CertificateVerify",
  16: "ClientKeyExchange",
  17: "ClientCertificateRequest",
  20: "Finished",
  21: "CertificateURL",
  22: "CertificateStatus",
  23: "SupplementalData",
  24: "KeyUpdate",
  25: "CompressedCertificate",
  26: "EktKey",
  67: "NextProtocol",
  254: "MessageHash",
};

const SSLV2_MESSAGE_NAMES: Readonly<Record<number, string>> = { 1: "ClientHello", 4: "ServerHello" };

const VERSION_NAMES: Readonly<Record<number, string>> = {
  2: "SSL 2.0",
  257: "TLCP 1.1",
  768: "SSL 3.0",
  769: "TLS 1.0",
  770: "TLS 1.1",
  771: "TLS 1.2",
  772: "TLS 1.3",
  // Experiments of 2017 and 2018: Chrome's two, and Facebook's forks of drafts 23 and 26.
  32257: "TLS 1.3 (experiment 1)",
  32258: "TLS 1.3 (experiment 2)",
  64279: "TLS 1.3 (Facebook draft 23)",
  64282: "TLS 1.3 (Facebook draft 26)",
  65279: "DTLS 1.0",
  65277: "DTLS 1.2",
  65276: "DTLS 1.3",
};

/** IANA "TLS Supported Groups"; 25497 from a draft that browsers used in 2023 and 2024. */
const GROUP_NAMES: Readonly<Record<number, string>> = {
  22: "secp256k1",
  23: "secp256r1",
  24: "secp384r1",
  25: "secp521r1",
  29: "x25519",
  30: "x448",
  31: "brainpoolP256r1tls13",
  32: "brainpoolP384r1tls13",
  33: "brainpoolP512r1tls13",
  34: "GC256A",
  35: "GC256B",
  36: "GC256C",
  37: "GC256D",
  38: "GC512A",
  39: "GC512B",
  40: "GC512C",
  41: "curveSM2",
  256: "ffdhe2048",
  257: "ffdhe3072",
  258: "ffdhe4096",
  259: "ffdhe6144",
  260: "ffdhe8192",
  512: "MLKEM512",
  513: "MLKEM768",
  514: "MLKEM1024",
  4587: "SecP256r1MLKEM768",
  4588: "X25519MLKEM768",
  4589: "SecP384r1MLKEM1024",
  4590: "curveSM2MLKEM768",
  25497: "X25519Kyber768Draft00",
  25498: "SecP256r1Kyber768Draft00",
};

/** IANA "TLS Alerts"; 1 and 117 from drafts in their time. */
const ALERT_NAMES: Readonly<Record<number, string>> = {
  0: "close_notify",
  1: "end_of_early_data",
  10: "unexpected_message",
  20: "bad_record_mac",
  21: "decryption_failed_RESERVED",
  22: "record_overflow",
  30: "decompression_failure_RESERVED",
  40: "handshake_failure",
  41: "no_certificate_RESERVED",
  42: "bad_certificate",
  43: "unsupported_certificate",
  44: "certificate_revoked",
  45: "certificate_expired",
  46: "certificate_unknown",
  47: "illegal_parameter",
  48: "unknown_ca",
  49: "access_denied",
  50: "decode_error",
  51: "decrypt_error",
  52: "too_many_cids_requested",
  60: "export_restriction_RESERVED",
  70: "protocol_version",
  71: "insufficient_security",
  80: "internal_error",
  86: "inappropriate_fallback",
  90: "user_canceled",
  100: "no_renegotiation",
  109: "missing_extension",
  110: "unsupported_extension",
  111: "certificate_unobtainable_RESERVED",
  112: "unrecognized_name",
  113: "bad_certificate_status_response",
  114: "bad_certificate_hash_value_RESERVED",
  115: "unknown_psk_identity",
  116: "certificate_required",
  117: "general_error",
  120: "no_application_protocol",
  121: "ech_required",
};
