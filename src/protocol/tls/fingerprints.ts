/**
 * Fingerprints of TLS hellos: JA3 and JA3S (Salesforce, 2017) and the client's JA4 (FoxIO, BSD-3; JA4S and the other JA4+
 * methods are under another licence and are not here). Pure functions of a parsed hello; say nothing of what a fingerprint means.
 *
 * A hello in SSLv2 format has no fingerprint: neither method is defined for it.
 */
import { md5 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../bytes/text.ts";
import type { ClientHello, ServerHello } from "./messages.ts";

/** `version,ciphers,extensions,groups,point formats`: decimal codes joined by "-", wire order, GREASE left out. */
export function ja3String(hello: ClientHello): string | undefined {
  if (hello.format === "sslv2") return undefined;
  const extensions = (hello.extensions ?? []).map((extension) => extension.type);
  const fields = [hello.cipherSuites, extensions, hello.supportedGroups].map((codes) => withoutGrease(codes).join("-"));
  return [hello.version, ...fields, hello.ecPointFormats.join("-")].join(",");
}

/** MD5 of `ja3String`, hexadecimal. */
export function ja3(hello: ClientHello): string | undefined {
  const text = ja3String(hello);
  return text === undefined ? undefined : toHex(md5(ASCII.encode(text)));
}

/** `version,cipher,extensions` of a ServerHello, as in JA3. */
export function ja3sString(hello: ServerHello): string {
  const extensions = (hello.extensions ?? []).map((extension) => extension.type);
  return `${hello.version},${hello.cipherSuite},${withoutGrease(extensions).join("-")}`;
}

/** MD5 of `ja3sString`, hexadecimal. */
export function ja3s(hello: ServerHello): string {
  return toHex(md5(ASCII.encode(ja3sString(hello))));
}

/** What carries the hello: TCP, QUIC, or the datagrams of DTLS. */
export type Ja4Transport = "t" | "q" | "d";

/** JA4 of a client, e.g. `t13d1516h2_8daaf6152771_e5627efa2ab1`. */
export function ja4(hello: ClientHello, transport: Ja4Transport): string | undefined {
  if (hello.format === "sslv2") return undefined;
  const ciphers = withoutGrease(hello.cipherSuites);
  const extensions = withoutGrease((hello.extensions ?? []).map((extension) => extension.type));
  const head =
    transport +
    ja4Version(hello, transport) +
    (extensions.includes(SERVER_NAME) ? "d" : "i") +
    ja4Count(ciphers.length) +
    ja4Count(extensions.length) +
    ja4Alpn(hello.alpn[0]);
  const named = extensions.filter((type) => type !== SERVER_NAME && type !== ALPN);
  const algorithms = withoutGrease(hello.signatureAlgorithms).map(hex4);
  const tail = [sortedHex(named), ...(algorithms.length === 0 ? [] : [algorithms.join(",")])].join("_");
  return `${head}_${ja4Hash(sortedHex(ciphers))}_${named.length === 0 ? NOTHING : ja4Hash(tail)}`;
}

const ASCII = new TextEncoder();

const SERVER_NAME = 0;
const ALPN = 16;

/** JA4's hash of an empty list. */
const NOTHING = "000000000000";

const JA4_VERSIONS: Readonly<Record<number, string>> = {
  772: "13",
  771: "12",
  770: "11",
  769: "10",
  768: "s3",
  2: "s2",
  65276: "d3",
  65277: "d2",
  65279: "d1",
};

/** RFC 8701: both bytes alike, low nibbles a. */
function isGrease(code: number): boolean {
  return (code & 0x0f0f) === 0x0a0a && code >> 8 === (code & 0xff);
}

function withoutGrease(codes: readonly number[]): number[] {
  return codes.filter((code) => !isGrease(code));
}

function ja4Version(hello: ClientHello, transport: Ja4Transport): string {
  const offered = withoutGrease(hello.supportedVersions);
  // Versions of DTLS count down.
  const newest = transport === "d" ? Math.min(...offered) : Math.max(...offered);
  return JA4_VERSIONS[offered.length === 0 ? hello.version : newest] ?? "00";
}

/** Two digits; 99 stands for more. */
function ja4Count(count: number): string {
  return String(Math.min(count, 99)).padStart(2, "0");
}

/**
 * First and last character of the first protocol name, or of its hexadecimal form when either is not alphanumeric. A first
 * byte above ASCII gives 99: FoxIO's programs and their published results do so, where their text (and Wireshark) has hexadecimal.
 */
function ja4Alpn(name: string | undefined): string {
  if (name === undefined || name === "") return "00";
  if (name.charCodeAt(0) > 0x7f) return "99";
  const ends = name.charAt(0) + name.charAt(name.length - 1);
  if (/^[0-9A-Za-z]{2}$/.test(ends)) return ends;
  const hex = (at: number) => name.charCodeAt(at).toString(16).padStart(2, "0");
  return hex(0).charAt(0) + hex(name.length - 1).charAt(1);
}

function hex4(code: number): string {
  return code.toString(16).padStart(4, "0");
}

function sortedHex(codes: readonly number[]): string {
  return codes.map(hex4).sort().join(",");
}

function ja4Hash(text: string): string {
  return text === "" ? NOTHING : toHex(sha256(ASCII.encode(text))).slice(0, 12);
}
