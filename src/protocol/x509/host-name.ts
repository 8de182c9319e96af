/**
 * Host names and certificates: for which hosts a certificate speaks (RFC 6125). Judges nothing else.
 */
import type { Certificate } from "./certificate.ts";

/**
 * Does a certificate speak for this host (RFC 6125 section 6.4.3: a wildcard stands for one whole left-most label)? Letter case
 * and the dot of the root at the end of either do not matter.
 */
export function speaksFor(certificate: Certificate, host: string): boolean {
  const name = withoutRoot(host.toLowerCase());
  const dot = name.indexOf(".");
  const wildcard = dot > 0 ? `*${name.slice(dot)}` : name;
  const { names, subject } = certificate;
  if (names.length + subject.attributes.length > MANY) {
    const patterns = patternsOf(certificate);
    return patterns.has(name) || patterns.has(wildcard);
  }
  return certificateNames(certificate).some((candidate) => {
    const pattern = toPattern(candidate);
    return pattern === name || pattern === wildcard;
  });
}

/** Names and attributes beyond which a certificate's names are made ready once, and not looked through at every question. */
const MANY = 16;

/** A certificate of a megabyte has fifty thousand names, and is asked again for every connection that presents it. */
const PATTERNS = new WeakMap<Certificate, ReadonlySet<string>>();

function patternsOf(certificate: Certificate): ReadonlySet<string> {
  let patterns = PATTERNS.get(certificate);
  if (patterns === undefined) {
    patterns = new Set(certificateNames(certificate).map(toPattern));
    PATTERNS.set(certificate, patterns);
  }
  return patterns;
}

function toPattern(name: string): string {
  return withoutRoot(name.toLowerCase());
}

/** A host name without the dot at its end, which stands for the root (RFC 1034 section 3.1) and makes it no other name. */
export function withoutRoot(name: string): string {
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

/** The names of subjectAltName; before it was required, the name stood in the subject. */
export function certificateNames({ names, subject }: Certificate): readonly string[] {
  if (names.length > 0) return names;
  return subject.attributes.filter(({ type }) => type === "CN").map(({ value }) => value);
}
