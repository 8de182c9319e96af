/**
 * Every distinct certificate of a capture once, as long as a connection holds it. Owns the identity of certificates by
 * their bytes; knows nothing of trust. SHA-256 is computed later, and only for those that a Report will show.
 */
import { ByteTable } from "../bytes/byte-table.ts";
import { ParseError } from "../bytes/parse-error.ts";
import { decompressCertificate } from "../protocol/tls/certificate-compression.ts";
import { parseCertificateList } from "../protocol/tls/messages.ts";
import { type Certificate, parseCertificate } from "../protocol/x509/certificate.ts";

/** Certificates kept per chain; OpenSSL's and browsers' path limits are far below. */
const MAX_CERTIFICATES = 32;
/** Chains remembered as a whole, and their length in bytes: a capture has thousands of connections to a few hundred servers. */
const MAX_CHAINS = 1024;
const MAX_CHAIN_BYTES = 16 * 1024;

/** Compressed messages that turn out to be no chain: a hostile one may take half a second. */
const MAX_DAMAGED = 20;

export interface PooledCertificate {
  readonly number: number;
  readonly der: Uint8Array;
  /** Undefined when the bytes are no certificate we can read. */
  readonly certificate: Certificate | undefined;
  /** How many connections hold it. */
  holders: number;
}

/** What a Certificate message presents, the leaf first. */
export interface Chain {
  readonly certificates: readonly PooledCertificate[];
  /** Two chains of the same certificates have the same one. */
  readonly key: string;
}

export class CertificatePool {
  private readonly known = new ByteTable<PooledCertificate>();
  /** By the message that presents it, in the layout up to TLS 1.2 and in that of TLS 1.3. They hold their certificates. */
  private readonly chains12 = new ByteTable<Chain>(MAX_CHAINS);
  private readonly chains13 = new ByteTable<Chain>(MAX_CHAINS);
  private count = 0;
  /** How many more may. */
  private patience = MAX_DAMAGED;

  /** The chain that the body of a Certificate message presents, each of its certificates with one more holder. Throws ParseError when it is none. */
  holdChain(body: Uint8Array, tls13: boolean): Chain {
    const chains = tls13 ? this.chains13 : this.chains12;
    const known = chains.get(body);
    if (known !== undefined) {
      for (const pooled of known.certificates) pooled.holders++;
      return known;
    }
    const chain = this.readChain(body, tls13);
    // Not slice(), as below.
    if (body.length <= MAX_CHAIN_BYTES && chains.add(new Uint8Array(body), chain)) {
      for (const pooled of chain.certificates) pooled.holders++;
    }
    return chain;
  }

  /** As `holdChain`, for the body of a CompressedCertificate; undefined when it cannot be read. */
  holdCompressed(body: Uint8Array): Chain | undefined {
    if (this.patience === 0) return undefined;
    try {
      return this.holdChain(decompressCertificate(body), true);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.patience--;
      return undefined;
    }
  }

  releaseChain(chain: Chain): void {
    for (const pooled of chain.certificates) this.release(pooled);
  }

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

  private readChain(body: Uint8Array, tls13: boolean): Chain {
    const ders = parseCertificateList(body, tls13).slice(0, MAX_CERTIFICATES);
    const certificates = ders.map((der) => this.hold(der));
    return { certificates, key: certificates.map(({ number }) => number).join(" ") };
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
