/**
 * DTLS handshake messages where they differ from TLS: hellos, which are given in TLS's layout so that one parser reads both, and
 * the extension by which media keys are agreed upon. Knows nothing of records.
 *
 * Sources: RFC 6347 section 4.2.1 (cookie), RFC 9147 section 5.3, RFC 5764 section 4.1.1 (use_srtp).
 */
import { Cursor } from "../../bytes/cursor.ts";
import { parseServerHello } from "../tls/messages.ts";

/** Body of a ClientHello without its cookie, which TLS has not: then it is laid out as one of TLS. Throws ParseError. */
export function asTlsClientHello(body: Uint8Array): Uint8Array {
  const cursor = new Cursor(body, "clientHello");
  cursor.u16("version");
  cursor.take(32, "random");
  cursor.take(cursor.u8("sessionIdLength"), "sessionId");
  const cookie = cursor.position;
  cursor.take(cursor.u8("cookieLength"), "cookie");
  const rest = cursor.rest();
  const hello = new Uint8Array(cookie + rest.length);
  hello.set(body.subarray(0, cookie));
  hello.set(rest, cookie);
  return hello;
}

/** The SRTP protection profile that a ServerHello chose; undefined when it chose none. Throws ParseError. */
export function srtpProfile(body: Uint8Array): number | undefined {
  const extension = parseServerHello(body).extensions?.find(({ type }) => type === USE_SRTP);
  if (extension === undefined) return undefined;
  const cursor = new Cursor(extension.data, "useSrtp");
  return cursor.sub(cursor.u16("profilesLength"), "profiles").u16("profile");
}

/** `SRTP_AES128_CM_HMAC_SHA1_80` for 1 (IANA "DTLS-SRTP protection profiles"). */
export function srtpProfileName(profile: number): string {
  return SRTP_PROFILES[profile] ?? `unknown(0x${profile.toString(16).padStart(4, "0")})`;
}

const USE_SRTP = 14;

const SRTP_PROFILES: Readonly<Record<number, string>> = {
  1: "SRTP_AES128_CM_HMAC_SHA1_80",
  2: "SRTP_AES128_CM_HMAC_SHA1_32",
  5: "SRTP_NULL_HMAC_SHA1_80",
  6: "SRTP_NULL_HMAC_SHA1_32",
  7: "SRTP_AEAD_AES_128_GCM",
  8: "SRTP_AEAD_AES_256_GCM",
  9: "DOUBLE_AEAD_AES_128_GCM_AEAD_AES_128_GCM",
  10: "DOUBLE_AEAD_AES_256_GCM_AEAD_AES_256_GCM",
};
