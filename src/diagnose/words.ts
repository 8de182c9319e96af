/**
 * Words for sentences: servers, issuers, lists, counts and dates as people read them. What comes from the capture is
 * hostile and may be of any length, so it is cut short here; evidence keeps it whole. Knows no rule.
 */
import type { FeatureId } from "../knowledge/services/service.ts";
import type { ConnectionObservation, Endpoint, HttpObservation } from "../observe/observations.ts";
import type { Certificate, DistinguishedName } from "../protocol/x509/certificate.ts";
import { nameOf } from "./peer.ts";

/** Longer texts are cut: an issuer's CN has at most 64 characters (RFC 5280 appendix A.1), sensible host names fewer. */
const MAX_TEXT = 80;

/** `sip.fabrikam.example (198.51.100.20:443)`, or the bare address; `sip.fabrikam.example (through 10.0.0.1:3128)`. */
export function describe(connection: ConnectionObservation): string {
  const { server, through } = connection;
  const address = endpoint(server);
  const name = nameOf(connection);
  const asked = name === undefined || name === "" ? through?.target : name;
  if (asked === undefined) return address;
  return `${short(asked)} (${through === undefined ? "" : "through "}${address})`;
}

/** `198.51.100.20:443`, `[2001:db8::1]:443`. */
export function endpoint({ ip, port }: Endpoint): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** The servers of connections: up to three, then how many more. */
export function servers(connections: readonly ConnectionObservation[]): string {
  const named = connections.map(describe);
  if (!connections.some(({ elsewhere }) => elsewhere > 0)) return list(named);
  // To how many servers the look-alikes went is not known, only how many there were.
  const shown = [...new Set(named)].slice(0, MAX_LISTED);
  const all = connections.reduce((sum, { alike }) => sum + 1 + alike, 0);
  return `${shown.join(", ")} and ${plural(all - shown.length, "more connection")}`;
}

/** A name from the capture as a sentence can bear it. */
export function short(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  // Not through the middle of a surrogate pair.
  return `${text.slice(0, MAX_TEXT).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** What people call an issuer or a subject, in quotation marks: its CN, else its O, else the whole name. */
export function called(name: DistinguishedName): string {
  const value = (type: string) => name.attributes.findLast((a) => a.type === type && a.value.trim() !== "")?.value;
  const text = value("CN") ?? value("O") ?? name.text.trim();
  return text === "" ? "somebody without a name" : `“${short(text)}”`;
}

/** For whom a certificate is: its first names, else its subject. */
export function holder(certificate: Certificate): string {
  return once(HOLDERS, certificate, ({ names, subject }) =>
    names.length > 0 ? list(names.map(short)) : called(subject),
  );
}

/** The same for evidence, which has room for more. */
export function holders(certificate: Certificate): string {
  return once(ALL_HOLDERS, certificate, ({ names, subject }) =>
    names.length > 0 ? list(names, MAX_NAMES) : subject.text,
  );
}

/** Names shown in evidence: a certificate of a provider has a hundred and more. */
const MAX_NAMES = 20;

/** A certificate may have thousands of names, and be told of for every connection that presents it. */
const HOLDERS = new WeakMap<Certificate, string>();
const ALL_HOLDERS = new WeakMap<Certificate, string>();

function once(
  known: WeakMap<Certificate, string>,
  certificate: Certificate,
  tell: (certificate: Certificate) => string,
): string {
  let told = known.get(certificate);
  if (told === undefined) {
    told = tell(certificate);
    known.set(certificate, told);
  }
  return told;
}

/** `audio and video`, `desktop sharing`. */
export function featureText(feature: FeatureId): string {
  return feature
    .replace("im-presence", "IM and presence")
    .replace("audio-video", "audio and video")
    .replaceAll("-", " ");
}

/** An answer in plain HTTP: `403 “Blocked” by squid`, `302 by nginx, to http://login.hotel.example/`. */
export function page({ status, title, server, location }: HttpObservation): string {
  const name = title === undefined ? "" : ` “${short(title)}”`;
  const by = server === undefined || server === "" ? "" : ` by ${short(server)}`;
  return `${status}${name}${by}${location === undefined ? "" : `, to ${short(location)}`}`;
}

const MAX_LISTED = 3;

/** Up to `most`, then a count: `a, b and 3 more`. Each distinct item once. */
export function list(items: readonly string[], most = MAX_LISTED): string {
  const distinct = [...new Set(items)];
  if (distinct.length <= most) {
    if (distinct.length <= 1) return distinct[0] ?? "";
    return `${distinct.slice(0, -1).join(", ")} and ${distinct.at(-1)}`;
  }
  return `${distinct.slice(0, most).join(", ")} and ${distinct.length - most} more`;
}

/** `1 connection`, `2 connections`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `2026-11-22 13:05:09 UTC`; seconds since 1970-01-01T00:00:00Z, which a hostile file may put beyond every calendar. */
export function moment(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return seconds < 0 ? "before all calendars" : "after all calendars";
  return `${date
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace("T", " ")} UTC`;
}

/** `35 ms`, `0.31 ms`. */
export function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 0)} ms`;
}
