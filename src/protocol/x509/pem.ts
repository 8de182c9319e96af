/**
 * PEM text (RFC 7468) to DER, for certificate files that a person names. Owns the armour and base64; does not look into
 * the certificates.
 */
import { ParseError } from "../../bytes/parse-error.ts";

/**
 * The DER bytes of every certificate in `text`, in order. Text around the blocks and blocks with other labels (keys, CRLs)
 * are passed over. Throws ParseError when there is no certificate, a block does not end, or its base64 is broken.
 */
export function parsePem(text: string): Uint8Array[] {
  const found: Uint8Array[] = [];
  BEGIN.lastIndex = 0;
  for (let begin = BEGIN.exec(text); begin !== null; begin = BEGIN.exec(text)) {
    const end = text.indexOf("-----END", BEGIN.lastIndex);
    if (end < 0) throw new ParseError("truncated", "pem", begin.index, "a certificate begins and does not end");
    const der = fromBase64(text.slice(BEGIN.lastIndex, end));
    if (der === undefined || der.length === 0) throw new ParseError("malformed", "pem", begin.index, "broken base64");
    found.push(der);
    BEGIN.lastIndex = end;
  }
  if (found.length === 0) throw new ParseError("malformed", "pem", 0, "no certificate in PEM form");
  return found;
}

/** Base64 (RFC 4648 section 4) with any white space; undefined when broken. */
export function fromBase64(text: string): Uint8Array | undefined {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return undefined;
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** OpenSSL writes three labels for certificates: the RFC's, an old one, and one with trust settings behind the certificate, which is not read. */
const BEGIN = /-----BEGIN (?:X509 )?CERTIFICATE-----/g;
