/**
 * Every distinct certificate of a capture once, as long as a connection holds it. Owns the identity of certificates by
 * their bytes; knows nothing of trust. SHA-256 is computed later, and only for those that a Report will show.
 */
import { ByteTable } from "../bytes/byte-table.ts";
import { ParseError } from "../bytes/parse-error.ts";
import { type Certificate, parseCertificate } from "../protocol/x509/certificate.ts";

export interface PooledCertificate {
  readonly number: number;
  readonly der: Uint8Array;
  /** Undefined when the bytes are no certificate we can read. */
  readonly certificate: Certificate | undefined;
  /** How many connections hold it. */
  holders: number;
}

export class CertificatePool {
  private readonly known = new ByteTable<PooledCertificate>();
  private count = 0;

  /** The pooled certificate with these bytes, with one more holder. `der` is copied only when it is new. */
  hold(der: Uint8Array): PooledCertificate {
    const known = this.known.get(der);
    if (known !== undefined) {
      known.holders++;
      return known;
    }
    // Not slice(): on a Buffer that would be a view of the caller's reused memory.
    const copy = new Uint8Array(der);
    const added: PooledCertificate = { number: this.count++, der: copy, certificate: read(copy), holders: 1 };
    this.known.add(copy, added);
    return added;
  }

  /** One holder less; the last one lets it go. */
  release(pooled: PooledCertificate): void {
    pooled.holders--;
    if (pooled.holders === 0 && this.known.get(pooled.der) === pooled) this.known.delete(pooled.der);
  }
}

function read(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}
