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
  return certificateNames(certificate).some((candidate) => {
    const pattern = withoutRoot(candidate.toLowerCase());
    if (!pattern.startsWith("*.")) return pattern === name;
    const dot = name.indexOf(".");
    return dot > 0 && name.slice(dot) === pattern.slice(1);
  });
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
