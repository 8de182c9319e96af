/**
 * Every distinct certificate of a capture once, as long as a connection holds it. Owns the identity of certificates by
 * their bytes; knows nothing of trust.
 *
 * Identity is by a cheap hash and then byte for byte, so that no two certificates are ever taken for one; SHA-256 is
 * computed later, once per distinct certificate, and only for those that a Report will show.
 */
import { ParseError } from "../bytes/parse-error.ts";
import { type Certificate, parseCertificate } from "../protocol/x509/certificate.ts";

/** Certificates with one hash value that are looked through; a hostile capture could make thousands. Beyond: kept apart. */
const MAX_SAME_HASH = 16;

export interface PooledCertificate {
  readonly number: number;
  readonly der: Uint8Array;
  /** Undefined when the bytes are no certificate we can read. */
  readonly certificate: Certificate | undefined;
  /** How many connections hold it. */
  holders: number;
}

export class CertificatePool {
  private readonly byHash = new Map<number, PooledCertificate[]>();
  private count = 0;

  /** The pooled certificate with these bytes, with one more holder. `der` is copied only when it is new. */
  hold(der: Uint8Array): PooledCertificate {
    const hash = hashOf(der);
    const same = this.byHash.get(hash) ?? [];
    const known = same.find((other) => equal(other.der, der));
    if (known !== undefined) {
      known.holders++;
      return known;
    }
    const copy = der.slice();
    const added: PooledCertificate = { number: this.count++, der: copy, certificate: read(copy), holders: 1 };
    if (same.length < MAX_SAME_HASH) {
      same.push(added);
      this.byHash.set(hash, same);
    }
    return added;
  }

  /** One holder less; the last one lets it go. */
  release(pooled: PooledCertificate): void {
    pooled.holders--;
    if (pooled.holders > 0) return;
    const hash = hashOf(pooled.der);
    const rest = (this.byHash.get(hash) ?? []).filter((other) => other !== pooled);
    if (rest.length === 0) this.byHash.delete(hash);
    else this.byHash.set(hash, rest);
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

/** FNV-1a (32 bits) over length and bytes. */
function hashOf(der: Uint8Array): number {
  let hash = 0x811c9dc5 ^ der.length;
  for (let i = 0; i < der.length; i++) hash = Math.imul(hash ^ (der[i] as number), 0x01000193);
  return hash;
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}
