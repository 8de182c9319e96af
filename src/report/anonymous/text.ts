/**
 * Text in payload, in the clear: what is private is replaced in its place, addresses by others. Owns what is kept of HTTP and of sessions
 * that go on in TLS by STARTTLS; everything else becomes `x`. Nothing changes its length, so that what follows stays where it was.
 */
import { toLatin1 } from "../../bytes/text.ts";
import type { AddressMap } from "../../packet/address-map.ts";
import { IMPERSONAL_HEADERS } from "../../protocol/prelude/http-connect.ts";

const IPV4 = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])/g;
/** Two colons at least, and digits: times of day have them too, and lose nothing by it. */
const IPV6 = /(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])/gi;

/** What shows that an address is private (RFC 1918, 3927). */
const PRIVATE = /^(?:10|127|169\.254|172\.(?:1[6-9]|2\d|3[01])|192\.168)\./;

/** The same text with other addresses. One that does not fit into the place of the real one becomes zeros behind what kind it is. */
export function withoutAddresses(text: string, map: AddressMap): string {
  return text
    .replace(IPV4, (address) => otherV4(address, map))
    .replace(IPV6, (address) => address.replace(/[0-9a-f]/gi, "0"));
}

/** Addresses that stand in a text. */
export function addressesIn(text: string): string[] {
  return [...(text.match(IPV4) ?? []), ...(text.match(IPV6) ?? [])];
}

function otherV4(address: string, map: AddressMap): string {
  const octets = address.split(".");
  if (octets.some((octet) => Number(octet) > 255)) return address.replace(/\d/g, "0");
  const mapped = map.text(octets.map(Number).join(".")).split(".");
  const spare = address.length - mapped.join(".").length;
  // Zeros in front make up for digits that the other has fewer.
  if (spare >= 0) {
    let left = spare;
    const filled = mapped.map((octet) => {
      const more = Math.min(left, 3 - octet.length);
      left -= more;
      return octet.padStart(octet.length + more, "0");
    });
    if (left === 0) return filled.join(".");
  }
  const kept = PRIVATE.exec(address)?.[0] ?? "";
  return kept + address.slice(kept.length).replace(/\d/g, "0");
}

/** `text` over `bytes[start..)`. */
export function put(bytes: Uint8Array, start: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[start + i] = text.charCodeAt(i);
}

const crossed = (text: string): string => text.replace(/[^\s]/g, "x");

/** Of a message's framing. */
const FRAMING =
  /^(?:content-length|transfer-encoding|content-encoding|content-type|connection|proxy-connection|host)$/i;
/** What is computed for one client alone (NTLM, Negotiate). */
const TOKEN = /(?<=^\s*[A-Za-z0-9-]{1,60} +)[A-Za-z0-9._~+/-]{16,}=*$/;

const FIRST_LINE = /^(?:HTTP\/1\.\d|[A-Z]{3,10} \S+ HTTP\/1\.\d)/;
/** Longest head of a message, and beginning of a page that is looked through for its title. */
const MAX_HEAD = 32_768;

/** Whether HTTP begins at `at`. */
export function beginsHttp(bytes: Uint8Array, at: number): boolean {
  return FIRST_LINE.test(toLatin1(bytes.subarray(at, at + 400)));
}

/**
 * Copies what may stay of the HTTP message at `at` from `bytes` to `into`, the rest crossed out; answers where it ends. What follows a
 * head belongs to it as far as its lengths say, or to the end.
 */
export function copyHttp(bytes: Uint8Array, into: Uint8Array, at: number, map: AddressMap): number {
  const head = toLatin1(bytes.subarray(at, at + MAX_HEAD));
  const lines = /^[\s\S]*?\r?\n\r?\n/.exec(head)?.[0] ?? head;
  let kept = "";
  let length: number | undefined;
  let isChunked = false;
  for (const [index, line] of lines.split(/(?<=\n)/).entries()) {
    if (index === 0) {
      kept += firstLine(line, map);
      continue;
    }
    const [, name = "", colon = "", value = "", end = ""] = /^([^:\r\n]*)(:?)([^\r\n]*)(\r?\n?)$/.exec(line) ?? [];
    if (/^content-length$/i.test(name)) length = Number(value);
    if (/^transfer-encoding$/i.test(name)) isChunked = /chunked/i.test(value);
    kept += name + colon + headerValue(name, value, map) + end;
  }
  put(into, at, kept);
  const body = at + lines.length;
  const isAnswer = head.startsWith("HTTP/");
  const granted = isAnswer && /^HTTP\/1\.\d 2/.test(head) && length === undefined && !isChunked;
  // A request without a length has no body; nor has the answer that grants a tunnel.
  if (length === undefined && !isChunked && (!isAnswer || granted) && !isPage(bytes, body)) return body;
  if (isChunked) return copyChunks(bytes, into, body, map);
  const end = length === undefined || Number.isNaN(length) ? bytes.length : Math.min(bytes.length, body + length);
  copyPage(bytes, into, body, end, map);
  return end;
}

function isPage(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x3c;
}

function firstLine(line: string, map: AddressMap): string {
  if (line.startsWith("HTTP/")) return withoutAddresses(line, map);
  const [, method = "", target = "", rest = ""] = /^(\S+ )(\S+)([\s\S]*)$/.exec(line) ?? [];
  if (method === "CONNECT ") return method + withoutAddresses(target, map) + rest;
  const host = /^https?:\/\/[^/?]*/i.exec(target)?.[0] ?? target.slice(0, 1);
  return method + withoutAddresses(host, map) + crossed(target.slice(host.length)) + rest;
}

function headerValue(name: string, value: string, map: AddressMap): string {
  if (FRAMING.test(name)) return withoutAddresses(value, map);
  if (!IMPERSONAL_HEADERS.test(name)) return crossed(value);
  const plain = /^location$/i.test(name)
    ? value.replace(/(?<=[?#])[\s\S]*$/, crossed)
    : value.replace(TOKEN, (token) => "x".repeat(token.length));
  return withoutAddresses(plain, map);
}

/** The lengths, and of the data the title. */
function copyChunks(bytes: Uint8Array, into: Uint8Array, start: number, map: AddressMap): number {
  const text = toLatin1(bytes.subarray(start));
  copyPage(bytes, into, start, bytes.length, map);
  let at = 0;
  for (;;) {
    const size = /^([0-9a-f]{1,8})[^\r\n]*\r?\n/i.exec(text.slice(at, at + 100));
    if (size === null) return bytes.length;
    put(into, start + at, (size[1] as string) + size[0].slice(size[1]?.length).replace(/[^\r\n]/g, " "));
    const length = Number.parseInt(size[1] as string, 16);
    at += size[0].length + length;
    const end = /^\r?\n/.exec(text.slice(at, at + 2));
    if (end === null) return bytes.length;
    put(into, start + at, end[0]);
    at += end[0].length;
    if (length === 0) return start + at;
  }
}

/** Of a page the title: it says who speaks. */
function copyPage(bytes: Uint8Array, into: Uint8Array, start: number, end: number, map: AddressMap): void {
  const text = toLatin1(bytes.subarray(start, end));
  put(into, start, crossed(text));
  const title = /<title[\s>][\s\S]{0,1000}?<\/title\s*>/i.exec(text.slice(0, MAX_HEAD));
  if (title !== null) put(into, start + title.index, withoutAddresses(title[0], map));
}

/** Of a mail session: commands and codes, and what says that TLS begins. */
const PLAIN_LINE = /^(?:\S+ )?(?:STARTTLS|STLS|CAPABILITY|CAPA|NOOP|QUIT|LOGOUT)\s*$/i;
const TLS_RECORD = 22;

/**
 * Copies what may stay of a session of mail or chat that begins at `at`: the first word of every line, and of XML the names. Answers where
 * TLS begins, or the end.
 */
export function copySession(bytes: Uint8Array, into: Uint8Array, at: number, isXml: boolean): number {
  let end = at;
  // A record of TLS stands where a line or an element would.
  while (end < bytes.length && !(bytes[end] === TLS_RECORD && bytes[end + 1] === 3)) end++;
  const text = toLatin1(bytes.subarray(at, end));
  put(
    into,
    at,
    isXml
      ? plainXml(text)
      : text
          .split(/(?<=\n)/)
          .map(plainLine)
          .join(""),
  );
  return end;
}

function plainLine(line: string): string {
  if (PLAIN_LINE.test(line) || /^[\d*]+[ -]+STARTTLS\s*$/i.test(line)) return line;
  const [, first = "", second = "", rest = ""] =
    /^(\d{3}(?:[ -]|(?=\s))|\S+(?:\s+|$))(OK\b|NO\b|BAD\b|BYE\b)?([\s\S]*)$/.exec(line) ?? [];
  return first === "" ? crossed(line) : first + second + crossed(rest);
}

function plainXml(text: string): string {
  return text
    .replace(/(?<=>)[^<]+/g, crossed)
    .replace(
      /(?<=\s(?!xmlns)[\w:]+=)(["'])[^"'<>]*\1/g,
      (value) => value.slice(0, 1) + crossed(value.slice(1, -1)) + value.slice(-1),
    );
}
