/**
 * An X.509 certificate as a value (RFC 5280). Owns the shape and the parsing of one certificate; knows nothing of chains,
 * trust or where it came from.
 */

/** One attribute of a distinguished name, in wire order. `type` is a short name (CN, O, OU, C, ST, L, emailAddress, DC, serialNumber …) or a dotted OID. */
export interface NameAttribute {
  readonly type: string;
  readonly value: string;
}

export interface DistinguishedName {
  /** Wire order (usually C first). Multi-valued RDNs are flattened in order. */
  readonly attributes: readonly NameAttribute[];
  /** RFC 4514-like for people: `CN=…, O=…, C=…`: reversed wire order as OpenSSL and browsers show it. */
  readonly text: string;
  /** The DER bytes, for exact comparison. */
  readonly der: Uint8Array;
}

export interface CertificateExtension {
  /** Dotted OID. */
  readonly oid: string;
  readonly critical: boolean;
  /** Content of extnValue's OCTET STRING. */
  readonly value: Uint8Array;
}

export interface Certificate {
  readonly der: Uint8Array;
  /** Lower-case hexadecimal of the serial number's bytes as encoded (a leading 00 is kept off). */
  readonly serial: string;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** Seconds since 1970-01-01T00:00:00Z; may be negative. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** dNSName and iPAddress entries of subjectAltName in wire order (lower case; addresses in text form). */
  readonly names: readonly string[];
  /** Human form: `RSA 2048`, `EC P-256`, `Ed25519`, `DSA 1024`, `unknown(<oid>)`. */
  readonly key: string;
  /** The SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** `sha256WithRSAEncryption`, `ecdsa-with-SHA384`, … or a dotted OID. */
  readonly signature: string;
  readonly signatureValue: Uint8Array;
  /** The signed bytes (TBSCertificate, DER). */
  readonly tbs: Uint8Array;
  /** In wire order. */
  readonly extensions: readonly CertificateExtension[];
  /** basicConstraints cA. */
  readonly isCa: boolean;
  /** keyIdentifier of authorityKeyIdentifier / subjectKeyIdentifier, hexadecimal. */
  readonly authorityKeyId?: string;
  readonly subjectKeyId?: string;
  /** Number of SCTs in the embedded SignedCertificateTimestampList (RFC 6962 section 3.3). */
  readonly embeddedScts: number;
}
